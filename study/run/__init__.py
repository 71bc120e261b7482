"""Running a study: driver, Ray Tune, workers, machines."""
