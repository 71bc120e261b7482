"""What a search did: its course, its spread, its front, and whom it left behind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

import pandas as pd

from reports.answers.naming import own_settings
from reports.stats.importance import importances, weighable
from study.results.columns import DecisionStage, Outcome
from study.statistics.pareto import pareto_front as dominated_by_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.setting import Value
    from reports.answers.summaries import ConfigurationSummary, SplitSummary
    from reports.stats.importance import Importances
    from study.results.tables import StudyTables

FEWEST = 5
"""Configurations below which a search has no course worth drawing."""


@dataclass(frozen=True)
class Trial:
    """One configuration of a search, on its search seeds (of a grid, on its seeds).

    Attributes
    ----------
    number
        Its place in the order in which configurations first ended, from 1.
    settings
        The settings that varied, by name.
    """

    number: int
    row: ConfigurationSummary
    settings: dict[str, Value]

    @property
    def figures(self) -> SplitSummary:
        """Validation figures."""
        if self.row.validation is None:
            raise ValueError(f"{self.row.config_id} has no validation figures")
        return self.row.validation

    @property
    def bce(self) -> float:
        """Mean validation BCE, nats per snippet."""
        return self.figures.bce.mean

    @property
    def information(self) -> float:
        """Mean validation mi_lower, nats."""
        return self.figures.mi_lower.mean


@dataclass(frozen=True)
class Search:
    """The configurations that a genre's study tried.

    Attributes
    ----------
    trials
        In the order in which they first ended.
    names
        Settings that varied.
    is_search
        Whether they were proposed one generation after another; False for a grid.
    """

    trials: tuple[Trial, ...]
    names: tuple[str, ...]
    is_search: bool

    @property
    def weighed(self) -> tuple[str, ...]:
        """Settings of which two values at least were tried several times."""
        return tuple(name for name in self.names if weighable(self.cells(name)))

    @property
    def rare(self) -> tuple[str, ...]:
        """Settings that varied too rarely to be compared value by value."""
        return tuple(name for name in self.names if not weighable(self.cells(name)))

    def cells(self, name: str) -> list[Value]:
        """The value of a setting in each trial."""
        return [trial.settings[name] for trial in self.trials]

    @property
    def best_so_far(self) -> tuple[float, ...]:
        """Lowest mean BCE up to each trial."""
        return tuple(accumulate((trial.bce for trial in self.trials), min))


def search(tables: StudyTables, genre: str, rows: Sequence[ConfigurationSummary]) -> Search | None:
    """Gather what was searched, or the grid where nothing was; None below :data:`FEWEST`."""
    is_search = any(row.phase == "search" for row in rows)
    phase = "search" if is_search else "confirm"
    found = [row for row in rows if row.phase == phase and row.validation is not None]
    if len(found) < FEWEST:
        return None
    first = _first_ends(tables, genre, phase)
    found.sort(key=lambda row: (first.get(row.config_id, ""), row.config_id))
    several = own_settings([row.settings for row in found])
    trials = tuple(
        Trial(at, row, {name: row.settings[name] for name in several})
        for at, row in enumerate(found, start=1)
    )
    return Search(trials, several, is_search)


def importance(found: Search) -> Importances | None:
    """Weigh the settings of a search against each other by mean validation BCE.

    Only those that can be: see :attr:`Search.rare`.
    """
    names = found.weighed
    if not names:
        return None
    return importances(
        [{name: trial.settings[name] for name in names} for trial in found.trials],
        [trial.bce for trial in found.trials],
        [trial.figures.bce.values for trial in found.trials],  # noqa: PD011  (no pandas)
    )


def pareto_front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Keep the trials that none beats in both: lower mean BCE and higher mean mi_lower.

    In order of BCE, lowest first; equal ones are all kept. A trial in which either was not
    measured is compared with none and is left out.
    """
    measured = [t for t in trials if math.isfinite(t.bce) and math.isfinite(t.information)]
    front = dominated_by_none({str(t.number): (t.bce, -t.information) for t in measured})
    kept = [t for t in measured if str(t.number) in front]
    return tuple(sorted(kept, key=lambda t: (t.bce, t.number)))


class PassedOver(StrEnum):
    """Why a configuration was not confirmed, where the study has not recorded it."""

    UNFINISHED = "unfinished"
    COLLAPSED = "collapsed"
    NOT_AMONG_BEST = "not_among_best"


@dataclass(frozen=True)
class LeftBehind:
    """A searched configuration that did not get to a full count, and why.

    Attributes
    ----------
    row
        Its figures in the phase in which it was left.
    stage
        ``search`` (passed over for the confirmation) or ``race`` (dropped on the way).
    reason
        Why: in the words that the study recorded, else as its figures tell it.
    n_confirmed
        Configurations that went on instead, where nothing is recorded; else None.
    p_value
        Of the race's sign-flip test, uncorrected; None elsewhere.
    """

    row: ConfigurationSummary
    stage: DecisionStage
    reason: str | PassedOver
    n_confirmed: int | None = None
    p_value: float | None = None


def left_behind(
    tables: StudyTables, genre: str, rows: Sequence[ConfigurationSummary]
) -> tuple[LeftBehind, ...]:
    """Name every searched configuration that was passed over or raced away.

    From the study's recorded decisions; tables that hold none tell it from what is planned.
    Empty until the confirmation has begun: before, nobody has been left behind.
    """
    if not len(tables.decisions):
        return _unrecorded(tables, genre, rows)
    mine = tables.decisions[tables.decisions["genre"] == genre]
    out = mine[mine["decision"].isin([Outcome.PASSED_OVER, Outcome.DROPPED])]
    phases = {DecisionStage.SEARCH: "search", DecisionStage.RACE: "confirm"}
    by_key = {(row.config_id, row.phase): row for row in rows}
    found = []
    for one in out.to_dict("records"):
        stage = DecisionStage(str(one["stage"]))
        row = by_key.get((str(one["config_id"]), phases[stage]))
        if row is not None:
            p = None if pd.isna(one["p_value"]) else float(one["p_value"])
            found.append(LeftBehind(row, stage, str(one["reason"]), p_value=p))
    raced_first = {DecisionStage.RACE: 0, DecisionStage.SEARCH: 1}
    return tuple(sorted(found, key=lambda one: (raced_first[one.stage], _order(one.row))))


def _unrecorded(
    tables: StudyTables, genre: str, rows: Sequence[ConfigurationSummary]
) -> tuple[LeftBehind, ...]:
    planned = tables.planned
    going = planned[(planned["genre"] == genre) & (planned["phase"] == "confirm")]
    on = {str(config_id) for config_id in going["config_id"]}
    if not on:
        return ()
    return tuple(
        LeftBehind(row, DecisionStage.SEARCH, _reason(row), len(on))
        for row in sorted((row for row in rows if row.phase == "search"), key=_order)
        if row.config_id not in on
    )


def _reason(row: ConfigurationSummary) -> PassedOver:
    if row.is_partial or row.validation is None:
        return PassedOver.UNFINISHED
    return PassedOver.COLLAPSED if row.is_collapsed else PassedOver.NOT_AMONG_BEST


def _order(row: ConfigurationSummary) -> tuple[float, str]:
    bce = float("inf") if row.validation is None else row.validation.bce.mean
    return bce, row.config_id


def _first_ends(tables: StudyTables, genre: str, phase: str) -> dict[str, str]:
    """When each configuration's first seed run ended, as text that sorts by time."""
    results = tables.results
    found = results[(results["genre"] == genre) & (results["phase"] == phase)]
    ends: dict[str, str] = {}
    for config_id, at in zip(found["config_id"], found["finished_at"].fillna(""), strict=True):
        ends[str(config_id)] = min(str(at), ends.get(str(config_id), str(at)))
    return ends
