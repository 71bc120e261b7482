"""Runs studies: what to run next, the record of what ran, and the commands."""
