"""What the commands' tests borrow from the rooms that they call."""

from tests.musebar_core.corpus.conftest import grid, source, tune, write_midi
from tests.reports.conftest import four_methods, make_config, make_study, rich_tables

__all__ = [
    "four_methods",
    "grid",
    "make_config",
    "make_study",
    "rich_tables",
    "source",
    "tune",
    "write_midi",
]
