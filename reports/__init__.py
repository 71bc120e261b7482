"""Reports: a study's tables in, recommendations and pages out. No engine is imported."""
