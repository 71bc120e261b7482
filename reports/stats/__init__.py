"""Statistics: pure functions from a study's tables to frozen answers. Nothing here draws."""
