"""Where studies, corpora and files live: folders and URLs."""
