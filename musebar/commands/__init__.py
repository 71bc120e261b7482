"""The command line, one module a command group. Heavy imports stay inside the commands."""
