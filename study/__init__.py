"""Runs studies: what to run next, the record of what ran, and its tables."""
