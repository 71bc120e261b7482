"""Which settings tell the configurations of a study apart: what a label has to say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from musebar_core.settings import SETTINGS, setting, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from musebar_core.config import Configuration
    from musebar_core.setting import Setting, Value

    Values = Mapping[str, Value]

ALWAYS = ("latent_length", "regularizers", "annealing")
"""Settings that every label says."""


def telling(configs: Sequence[Configuration], *, searched: bool) -> dict[str, tuple[str, ...]]:
    """Name the settings by whose values each configuration differs from the others.

    Of each setting one value is left unsaid: its default, or in a grid the one that more than
    half of the configurations have, so that an ablation is told by what was changed. The three of
    :data:`ALWAYS` are always said. What follows from a schedule's kind is left out.

    Parameters
    ----------
    configs
        All configurations of a study, or of a genre.
    searched
        Whether they were proposed one after another, and not laid out as a grid.

    Returns
    -------
    dict
        config_id to names in the table's order. No two different configurations have the same
        names with the same values.
    """
    rows = {config.config_id: values(config) for config in configs}
    every = list(rows.values())
    unsaid = {one.name: _unsaid(one, every, searched) for one in SETTINGS}
    varies = _varying(every)
    of_kind = {
        kind: _varying([row for row in every if row["annealing"] == kind])
        for kind in {row["annealing"] for row in every}
    }

    def says(one: Setting, row: Values) -> bool:
        if one.name in ALWAYS:
            return True
        if one.kind_only:
            return one.name in of_kind[row["annealing"]]
        return one.name in varies and row[one.name] != unsaid[one.name]

    return {
        config_id: tuple(one.name for one in SETTINGS if says(one, row))
        for config_id, row in rows.items()
    }


def _varying(rows: Sequence[Values]) -> set[str]:
    """Settings of which rows have several values."""
    return {one.name for one in SETTINGS if len({row[one.name] for row in rows}) > 1}


def _unsaid(one: Setting, rows: Sequence[Values], searched: bool) -> Value:
    counts = Counter(row[one.name] for row in rows)
    if searched or not counts:
        return one.default
    value, n = counts.most_common(1)[0]
    return value if 2 * n > len(rows) else one.default


def in_order(cells: Iterable[Value]) -> list[Value]:
    """Distinct values of one setting: numbers ascending, words in alphabetical order."""
    return sorted(set(cells), key=lambda value: (isinstance(value, str), value))


def varied(configs: Iterable[Configuration]) -> tuple[str, ...]:
    """Names of the settings that differ between configurations, those of :data:`ALWAYS` too."""
    rows = [values(config) for config in configs]
    names = rows[0] if rows else {}
    return tuple(name for name in names if name in ALWAYS or len({row[name] for row in rows}) > 1)


def own_settings(rows: Sequence[Values]) -> tuple[str, ...]:
    """Settings that varied; those of a schedule that its kind alone decides add nothing."""
    names = rows[0] if rows else {}
    several = [name for name in names if len({row[name] for row in rows}) > 1]
    return tuple(
        name
        for name in several
        if not setting(name).kind_only
        or len({(row["annealing"], row[name]) for row in rows})
        > len({row["annealing"] for row in rows})
    )
