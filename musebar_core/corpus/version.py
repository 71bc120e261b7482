"""The version of the rules by which music is read, from bytes to steps."""

READING_VERSION = 14
"""Raised whenever any file may be read otherwise than before; a test pins what it stands for.

A corpus is named and kept by it: one that older rules read is built again.
"""
