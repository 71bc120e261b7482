"""What is worked out of a study's tables once, for every page and card that asks."""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from study.results.tables import StudyTables

Answer = TypeVar("Answer")


def of_tables(work: Callable[[StudyTables], Answer]) -> Callable[[StudyTables], Answer]:
    """Keep what a function makes of tables while these are alive; they are not to be changed."""
    known: dict[int, Answer] = {}

    @functools.wraps(work)
    def kept(tables: StudyTables) -> Answer:
        key = id(tables)
        if key not in known:
            known[key] = work(tables)
            weakref.finalize(tables, known.pop, key)
        return known[key]

    return kept
