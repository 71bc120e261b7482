"""Figures: frozen answers in, Plotly figures out. Nothing here computes a statistic."""
