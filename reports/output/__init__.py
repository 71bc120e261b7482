"""Output: what is handed to a reader: folders of pages, Markdown, a recommendation's files."""
