"""Statistics of reports: numbers in, numbers out. Nothing here draws or speaks."""
