"""The words of a search: why a configuration was left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.search import PassedOver
from reports.words.labels import count, plain
from study.statistics.eligibility import COLLAPSED_SHARE

if TYPE_CHECKING:
    from reports.answers.search import LeftBehind


def left_text(one: LeftBehind) -> str:
    """Say why a searched configuration did not get to a full count."""
    row = one.row
    match one.reason:
        case PassedOver.UNFINISHED:
            return f"only {row.n_measured} of {count(row.n_planned, 'search seed')} done"
        case PassedOver.COLLAPSED:
            share = f"{row.collapsed} of {row.n_done} seeds collapsed"
            return f"{share}, more than {COLLAPSED_SHARE:.0%}: others went first"
        case PassedOver.NOT_AMONG_BEST:
            return f"not among the best for the study's purpose ({one.n_confirmed} went)"
    return plain(one.reason)
