"""When a study's runs ran: how long it took, and how many ran at a time lately."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from study.ledger.result import SeedRunResult


LATELY_SECONDS = 600.0
"""Span before the last result over which the slots in use are reckoned."""


def elapsed(spans: list[Span]) -> float | None:
    """Seconds from the first start to the last end; None where nothing ran."""
    return max(end for _, end in spans) - min(start for start, _ in spans) if spans else None


def slots_lately(spans: list[Span]) -> float | None:
    """Time spent in runs over the last of the time, divided by it."""
    if not spans:
        return None
    to = max(end for _, end in spans)
    since = max(to - LATELY_SECONDS, min(start for start, _ in spans))
    busy = sum(max(0.0, end - max(start, since)) for start, end in spans)
    return busy / (to - since) if to > since else None


Span = tuple[float, float]
"""Start and end of a run, seconds since 1970."""


def spans_of(ended: Iterable[SeedRunResult]) -> Iterable[Span]:
    """When runs ran; the record tells the end and the length."""
    for one in ended:
        if one.seconds is not None and one.finished_at:
            end = datetime.fromisoformat(one.finished_at).astimezone(UTC).timestamp()
            yield end - one.seconds, end
