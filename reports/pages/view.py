"""A study as its pages see it: every genre's summaries and answers, worked out once."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.answers.overview import overview
from reports.answers.recommendation import SPLITS, Recommendation, recommendation
from reports.answers.summaries import (
    ConfigurationSummary,
    baseline_bce,
    genre_names,
    seeds_wanted,
    summaries,
)
from reports.answers.unchosen import NothingWorks
from reports.answers.views import compared
from reports.figures.style import genre_colours
from study.results.columns import CURVE, SeedRunState
from study.results.tables import StudyState
from study.statistics.purposes import Aim, Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.answers.unchosen import Shortfall
    from reports.music.listen import Music
    from study.results.inflight import InFlight
    from study.results.tables import StudyTables


@dataclass(frozen=True)
class Answers:
    """A genre's recommendations.

    Attributes
    ----------
    answer
        For what the study was asked for; None where there is none.
    others
        For the other purposes, where there is one.
    missing
        Why there is none.
    """

    answer: Recommendation | None
    others: tuple[Recommendation, ...]
    missing: Shortfall | NothingWorks | None

    @property
    def chosen(self) -> ConfigurationSummary | None:
        """The configuration recommended for the study's purpose."""
        return None if self.answer is None else self.answer.chosen


@dataclass(frozen=True)
class GenreView:
    """One genre.

    Attributes
    ----------
    rows
        A summary a configuration and phase.
    compared
        The paper's methods, and the choice where it is none of them.
    baselines
        Split to baseline to BCE, nats per snippet; what a curve is held against is ``curve``'s.
    """

    name: str
    rows: tuple[ConfigurationSummary, ...]
    found: Answers
    compared: tuple[ConfigurationSummary, ...]
    baselines: dict[str, dict[str, float]]

    @property
    def chosen(self) -> ConfigurationSummary | None:
        """The configuration recommended for the study's purpose."""
        return self.found.chosen

    @property
    def closest(self) -> ConfigurationSummary | None:
        """Where nothing works yet, the configuration of lowest BCE; else None."""
        missing = self.found.missing
        return missing.closest if isinstance(missing, NothingWorks) else None


@dataclass(frozen=True)
class StudyView:
    """A study.

    Attributes
    ----------
    wanted
        Seeds of a full count.
    music, silent
        What each genre's recommended configuration plays; why others play nothing.
    running
        Seed runs on their way; empty where the report is not a served one.
    log
        Where its log is served; empty where it is not.
    """

    tables: StudyTables
    genres: tuple[GenreView, ...]
    wanted: int
    music: Mapping[str, Music] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    running: tuple[InFlight, ...] = ()
    log: str = ""

    @property
    def name(self) -> str:
        """The study."""
        return self.tables.name

    @functools.cached_property
    def fingerprints(self) -> dict[str, str]:
        """Genre to the fingerprint of its music."""
        rows = self.tables.genres.to_dict("records")
        return {str(row["genre"]): str(row["fingerprint"]) for row in rows}

    @functools.cached_property
    def versions(self) -> tuple[str, ...]:
        """Versions of the product that its runs used."""
        return overview(self.tables).versions.get("musebar-study", ())

    @functools.cached_property
    def date(self) -> str:
        """Day on which its last run ended; empty before one has."""
        ends = [str(one) for one in self.tables.results["finished_at"].dropna()]
        return max(ends, default="")[:10]

    @property
    def colours(self) -> dict[str, str]:
        """Colour of each genre."""
        return genre_colours([genre.name for genre in self.genres])

    @property
    def on_the_way(self) -> str:
        """Say on what curves are measured, where that is less than figures are; else nothing."""
        training = self.tables.spec.configuration({}).training
        if not training.curve_is_partial:
            return ""
        return (
            f" Evaluations on the way, and baselines beside them, are of at most "
            f"{training.curve_snippets:,} validation snippets; the figures of a run are of "
            "all, measured at its end."
        )

    @property
    def partial(self) -> str | None:
        """Say how far a study that goes on is; None where it is finished."""
        if self.tables.standing is StudyState.FINISHED:
            return None
        done = int((self.tables.results["state"] != SeedRunState.FAILED).sum())
        planned = int(self.tables.planned["n_seeds"].sum())
        return (
            f"Not finished: the study is {self.tables.state}, {done:,} of {planned:,} seed runs "
            "planned so far are done."
        )


def view(tables: StudyTables) -> StudyView:
    """Work out what a study's pages show, without its music."""
    wanted = seeds_wanted(tables)
    genres = tuple(_genre(tables, genre, wanted) for genre in genre_names(tables))
    return StudyView(tables, genres, wanted)


def answers(tables: StudyTables, genre: str) -> Answers:
    """Recommend for a genre, or say why nothing can be recommended yet."""
    answer = recommendation(tables, genre)
    if not isinstance(answer, Recommendation):
        return Answers(None, (), answer)
    asked = (Aim(purpose) for purpose in Purpose if purpose is not answer.aim.purpose)
    found = (recommendation(tables, genre, aim) for aim in asked)
    return Answers(answer, tuple(one for one in found if isinstance(one, Recommendation)), None)


def _genre(tables: StudyTables, genre: str, wanted: int) -> GenreView:
    rows, found = summaries(tables, genre), answers(tables, genre)
    baselines = {split: baseline_bce(tables, genre, split) for split in (*SPLITS, CURVE)}
    baselines[CURVE] = baselines[CURVE] or baselines["validation"]
    return GenreView(
        name=genre,
        rows=rows,
        found=found,
        compared=compared(rows, found.chosen, wanted),
        baselines=baselines,
    )
