"""The curves of a study: most of its ledger, and read where they are asked for, not before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, overload

import pandas as pd

from study.ledger.result import flat_epoch
from study.results.columns import CURVE, CURVES
from study.results.frames import frame_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from musebar_core.metric_table import EpochMetrics
    from study.ledger.ledger import Ledger
    from study.ledger.record import Record, SeedRun
    from study.results.columns import Column

_CHUNK = 200
"""Seed runs whose curves are in memory at a time, where a table is written."""


@dataclass(frozen=True)
class StoredCurves:
    """Curves that are still in the ledger.

    Parameters
    ----------
    record
        Of the study; what its music says is all that is asked of it.
    runs
        Those that had ended when the study was read; any that have since are left out.
    """

    name: str
    ledger: Ledger
    record: Record
    runs: Collection[SeedRun]

    @classmethod
    def of_record(cls, name: str, ledger: Ledger, record: Record) -> StoredCurves:
        """Those of a record that was read without them, whose results need not be kept for it."""
        slim = replace(record, configurations={}, generations={}, ended={}, failed_attempts={})
        return cls(name, ledger, slim, frozenset(record.ended))

    def of(
        self, genre: str, config_id: str, phase: str, columns: tuple[Column, ...] = CURVES
    ) -> pd.DataFrame:
        """Those of a configuration."""
        found = self.ledger.curves(self.name, genre=genre, config_id=config_id, phase=phase)
        return curve_frame(self.name, self.record, self._known(found), columns)

    def all(self) -> pd.DataFrame:
        """All of them, in the order of their keys."""
        return pd.concat(self.chunks(), ignore_index=True)

    def chunks(self) -> Iterator[pd.DataFrame]:
        """All of them, some runs at a time; at least one table, which may be empty."""
        found = self._known(self.ledger.curves(self.name))
        while True:
            runs = list(islice(found, _CHUNK))
            yield curve_frame(self.name, self.record, runs)
            if len(runs) < _CHUNK:
                return

    def _known(
        self, found: Iterable[tuple[SeedRun, tuple[EpochMetrics, ...]]]
    ) -> Iterator[tuple[SeedRun, tuple[EpochMetrics, ...]]]:
        return (pair for pair in found if pair[0] in self.runs)


class CurvesField:
    """A field that holds a table of curves, or what reads it from a ledger each time it is got."""

    @overload
    def __get__(self, owner: None, kind: type) -> CurvesField: ...
    @overload
    def __get__(self, owner: object, kind: type) -> pd.DataFrame: ...
    def __get__(self, owner: object | None, kind: type) -> CurvesField | pd.DataFrame:
        if owner is None:
            raise AttributeError("curves")  # a dataclass takes what it gets here for a default
        held = vars(owner)["curves"]
        return held.all() if isinstance(held, StoredCurves) else held

    def __set__(self, owner: object, value: pd.DataFrame | StoredCurves) -> None:
        vars(owner)["curves"] = value


def curve_frame(
    name: str,
    record: Record,
    curves: Iterable[tuple[SeedRun, Iterable[EpochMetrics]]],
    columns: tuple[Column, ...] = CURVES,
) -> pd.DataFrame:
    """A table of some runs' curves, judged as the study's music has it."""
    rows: list[dict[str, object]] = []
    for run, curve in curves:
        key = {"study": name, **run._asdict(), "phase": str(run.phase)}
        whole = record.facts.get(run.genre, {}).get("validation_snippets")
        for row in curve:
            split = "validation" if row.validation.n_snippets == whole else CURVE
            judged = record.judged(run.genre, split, row.validation)
            rows.append(key | flat_epoch(replace(row, validation=judged)))
    return frame_of(rows, columns)
