"""Pages: answers and figures in, HTML out. Names that come from data are text, never mark-up."""
