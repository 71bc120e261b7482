"""Words: what is said of answers, the same on page, terminal and file."""
