"""Benchmarks: ratios taken in one run, beside the limit they are held against."""
