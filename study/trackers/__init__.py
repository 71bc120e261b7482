"""Copies of a study for trackers: TensorBoard, MLflow, W&B. The ledger stays the truth."""
