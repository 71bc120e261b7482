"""The one truth about a study: its record in a SQL database, and who may write it."""
