"""What one or two settings do while all others stay as they are (Figures 6 and 7 of the paper)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.answers.summaries import ConfigurationSummary

Setting = Literal["latent_length", "regularizers"]

MOST_LINES = 4
"""Sweeps shown a genre: those with the most values, and of these the ones of the lowest BCE."""


@dataclass(frozen=True)
class Sweep:
    """Configurations that differ in one setting alone.

    Attributes
    ----------
    setting
        The setting that varies.
    rows
        One configuration a value, values ascending, all in one phase.
    searched
        Whether it is a slice of a search (few seeds, values where the search went) and not
        a grid that was asked for.
    """

    setting: Setting
    rows: tuple[ConfigurationSummary, ...]
    searched: bool

    @property
    def values(self) -> tuple[int, ...]:
        """Values of the setting, ascending."""
        return tuple(_value(row, self.setting) for row in self.rows)


def sweeps(rows: Iterable[ConfigurationSummary], setting: Setting) -> tuple[Sweep, ...]:
    """Find the configurations that differ in ``setting`` alone.

    A grid gives such sets of two values or more, a search its slices of three values or more;
    at most :data:`MOST_LINES` of each, those with the most values first, then those that reach
    the lowest BCE.
    """
    groups: dict[tuple[str, str], list[ConfigurationSummary]] = {}
    for row in rows:
        if row.validation is not None and row.phase != "methods":
            groups.setdefault((row.phase, _others(row, (setting,))), []).append(row)
    found = [
        Sweep(setting, tuple(sorted(group, key=lambda r: _value(r, setting))), phase == "search")
        for (phase, _), group in groups.items()
    ]
    grid = [one for one in found if not one.searched and len(one.rows) >= 2]
    slices = [one for one in found if one.searched and len(one.rows) >= 3]
    if slices:  # finalists alone are no grid
        grid = [one for one in grid if len(one.rows) >= 3]
    return (*sorted(grid, key=_rank)[:MOST_LINES], *sorted(slices, key=_rank)[:MOST_LINES])


def _rank(one: Sweep) -> tuple[int, float, str]:
    lowest = min(_bce(row)[0] for row in one.rows)
    return -len(one.rows), lowest, _others(one.rows[0], (one.setting,))


@dataclass(frozen=True)
class HeatCell:
    """One cell: the configuration shown, and of how many it is the best.

    ``n_configurations`` is above one only where the cell of a search pools other settings.
    """

    latent_length: int
    regularizers: int
    row: ConfigurationSummary
    n_configurations: int


@dataclass(frozen=True)
class Heatmap:
    """Latent length against number of regularizers.

    Attributes
    ----------
    cells
        The cells that were measured; the others are empty.
    pooled
        Whether the cells pool whatever else was tried; else they share all other settings.
    searched
        Whether it comes from a search.
    chosen
        Latent length and regularizers of the recommended configuration, where it lies on this
        slice; None where it does not.
    """

    cells: tuple[HeatCell, ...]
    pooled: bool
    searched: bool
    chosen: tuple[int, int] | None = None

    @property
    def latent_lengths(self) -> tuple[int, ...]:
        """Latent lengths, ascending."""
        return tuple(sorted({cell.latent_length for cell in self.cells}))

    @property
    def regularizers(self) -> tuple[int, ...]:
        """Numbers of regularizers, ascending."""
        return tuple(sorted({cell.regularizers for cell in self.cells}))


MOST_SLICES = 8
"""Slices of a heatmap that are offered: that of the recommendation, then those of most cells."""


def heatmap(
    rows: Iterable[ConfigurationSummary], chosen: ConfigurationSummary | None = None
) -> Heatmap | None:
    """Return the first of :func:`heatmaps`; None where there is none."""
    return next(iter(heatmaps(rows, chosen)), None)


def heatmaps(
    rows: Iterable[ConfigurationSummary], chosen: ConfigurationSummary | None = None
) -> tuple[Heatmap, ...]:
    """Lay a genre's configurations out by latent length and number of regularizers.

    Where configurations that share all other settings fill two values of each, each such slice is
    a heatmap: first the one through the recommended configuration, then those of most cells.
    Otherwise each cell shows the lowest mean validation BCE of all that were tried
    there, and says of how many. Empty where that does not span two values of each either.
    """
    measured = [row for row in rows if row.validation is not None and row.phase != "methods"]
    groups: dict[tuple[str, str], list[ConfigurationSummary]] = {}
    for row in measured:
        key = row.phase, _others(row, ("latent_length", "regularizers"))
        groups.setdefault(key, []).append(row)
    exact = [_heatmap(group, chosen, pooled=False) for group in groups.values()]
    whole = [one for one in exact if _spans(one) and len(one.cells) >= 4]
    if whole:
        whole.sort(key=_shared)
        whole.sort(key=lambda one: (one.chosen is None, one.searched, -len(one.cells)))
        return tuple(whole[:MOST_SLICES])
    searched = [row for row in measured if row.phase == "search"]
    pooled = _heatmap(searched or measured, chosen, pooled=True)
    return (pooled,) if _spans(pooled) and len(pooled.cells) >= 4 else ()


def _heatmap(
    rows: list[ConfigurationSummary], chosen: ConfigurationSummary | None, *, pooled: bool
) -> Heatmap:
    cells: dict[tuple[int, int], list[ConfigurationSummary]] = {}
    for row in rows:
        key = row.config.model.latent_length, row.config.model.regularizers
        cells.setdefault(key, []).append(row)
    found = tuple(
        HeatCell(*key, min(cells[key], key=_bce), len(cells[key])) for key in sorted(cells)
    )
    shown = {cell.row.config_id: (cell.latent_length, cell.regularizers) for cell in found}
    marked = None if chosen is None else shown.get(chosen.config_id)
    return Heatmap(found, pooled, any(row.phase == "search" for row in rows), marked)


def _shared(one: Heatmap) -> str:
    return _others(one.cells[0].row, ("latent_length", "regularizers"))


def _spans(one: Heatmap) -> bool:
    return len(one.latent_lengths) >= 2 and len(one.regularizers) >= 2


def _bce(row: ConfigurationSummary) -> tuple[float, str]:
    return (float("inf") if row.validation is None else row.validation.bce.mean, row.config_id)


def _value(row: ConfigurationSummary, setting: Setting) -> int:
    model = row.config.model
    return model.latent_length if setting == "latent_length" else model.regularizers


def _others(row: ConfigurationSummary, settings: tuple[Setting, ...]) -> str:
    """Write the configuration without these settings: equal where all the rest is equal."""
    config = row.config.to_dict()
    model = {name: value for name, value in config["model"].items() if name not in settings}
    return json.dumps(config | {"model": model}, sort_keys=True)
