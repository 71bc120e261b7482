"""How many seeds of a configuration may collapse, or be undertrained."""

from __future__ import annotations

COLLAPSED_SHARE = 0.2
"""A configuration of which more than one seed in five collapsed is not eligible."""


def too_many_collapsed(collapsed: int, seeds: int) -> bool:
    """Whether more than one seed in five collapsed; of no seeds none did."""
    return collapsed > COLLAPSED_SHARE * seeds


def mostly_undertrained(undertrained: int, seeds: int) -> bool:
    """Whether more than half of the seeds are undertrained; of no seeds not."""
    return 2 * undertrained > seeds
