"""The words of sweeps and heatmaps: what their configurations hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.labels import training_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.sweeps import Heatmap, Sweep


def parts(sweep: Sweep) -> tuple[str, ...]:
    """Say each setting that all configurations of a sweep share."""
    config = sweep.rows[0].config
    first = (
        f"{config.model.regularizers} of {config.grid.bars} bars regularized"
        if sweep.setting == "latent_length"
        else f"latent length {config.model.latent_length}"
    )
    return (first, *training_parts(config, sweep.rows[0].told_by))


def held_by_cells(found: Heatmap) -> str | None:
    """Say the settings that all cells share; None where they pool whatever else was tried."""
    row = found.cells[0].row
    return None if found.pooled else ", ".join(training_parts(row.config, row.told_by))


def line_names(sweeps: Sequence[Sweep]) -> tuple[str, ...]:
    """Name lines of one chart by what they do not share: all they hold, where that is alike.

    In the few characters that a legend has room for on a phone.
    """
    common = set.intersection(*(set(parts(one)) for one in sweeps)) if len(sweeps) > 1 else set()
    return tuple(
        ", ".join(_brief(part) for part in parts(one) if part not in common)
        or ", ".join(map(_brief, parts(one)))
        for one in sweeps
    )


def _brief(part: str) -> str:
    for words, few in (
        ("latent length ", "L "),
        (" annealing", ""),
        (" of training", ""),
        ("input dropout", "dropout"),
    ):
        part = part.replace(words, few)
    return part


def shared_settings(sweeps: Sequence[Sweep]) -> tuple[str, ...]:
    """What all lines of one chart hold."""
    return tuple(p for p in parts(sweeps[0]) if all(p in parts(one) for one in sweeps))
