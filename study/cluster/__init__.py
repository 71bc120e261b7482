"""Studies on clusters: jobs, and the files that start clusters."""
