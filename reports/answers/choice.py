"""The choice of one configuration a genre: who may be chosen, who is, and what decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from musebar_core.annealing import ScheduleKind
from reports.answers.summaries import (
    ConfigurationSummary,
    SplitSummary,
    baseline_bce,
    seeds_wanted,
    summaries,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.results.tables import StudyState, StudyTables

CHOICE_PHASES = ("confirm", "methods")
"""Phases that a choice is made from; where a configuration has both in full, the first."""


class Prefer(StrEnum):
    """What the choice favours among eligible configurations."""

    BCE = "bce"
    INFORMATION = "information"


NEEDED = {Prefer.BCE: ("bce",), Prefer.INFORMATION: ("mi_lower", "bce")}
"""Metrics that a choice is made on."""


class Tiebreak(StrEnum):
    """What decides between configurations that lie within one standard error, in this order."""

    LATENT_LENGTH = "latent_length"
    REGULARIZERS = "regularizers"
    SCHEDULE = "schedule"
    CONFIG_ID = "config_id"


class Caution(StrEnum):
    """What to know before trusting a choice or a recommendation, the gravest first."""

    NONE_ELIGIBLE = "none_eligible"
    MARKOV_UNKNOWN = "markov_unknown"
    MARKOV_UNBEATEN = "markov_unbeaten"
    UNFINISHED = "unfinished"
    BASELINES_UNBEATEN = "baselines_unbeaten"
    BASELINES_UNKNOWN = "baselines_unknown"
    COLLAPSED_SEEDS = "collapsed_seeds"
    FEW_SEEDS = "few_seeds"
    FEW_SNIPPETS = "few_snippets"
    SMALL_SCALE = "small_scale"


@dataclass(frozen=True)
class Shortfall:
    """No configuration has all its seeds yet, so that nothing can be compared fairly.

    Attributes
    ----------
    study, state
        The study, and how it stands.
    n_wanted
        Seeds of a full count.
    most
        The configuration with most of them; None while no confirmation run has ended.
    n_failed
        Confirmation runs that failed.
    unmeasured
        Metrics that the choice needs together, and that no configuration with all its seeds has on
        all of them: the study is older than one. Empty where seeds are lacking.
    """

    genre: str
    study: str
    state: StudyState
    n_wanted: int
    most: ConfigurationSummary | None
    n_failed: int
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A chosen configuration and how it was come by.

    Attributes
    ----------
    chosen
        The configuration, in the phase whose seeds were used.
    pool
        Those it was chosen from, best first.
    tied
        Those that the last step chose between, the chosen one first.
    n_wanted
        Seeds of a full count.
    n_full, n_eligible
        Configurations with a full count, and the eligible ones of them.
    markov
        Validation BCE of the Markov chain, nats per snippet; None where it is not recorded.
    n_beating
        How many of those that could be chosen beat it in mean validation BCE.
    """

    genre: str
    prefer: Prefer
    chosen: ConfigurationSummary
    pool: tuple[ConfigurationSummary, ...]
    tied: tuple[ConfigurationSummary, ...]
    n_wanted: int
    n_full: int
    n_eligible: int
    markov: float | None
    n_beating: int

    @property
    def eligible(self) -> bool:
        """Whether the pool is eligible; False where none was and collapse had to be ignored."""
        return self.n_eligible > 0

    @property
    def tiebreak(self) -> Tiebreak | None:
        """What decided between the tied ones; None where there was one alone."""
        if len(self.tied) < 2:
            return None
        pairs = zip(Tiebreak, simplicity(self.tied[0]), simplicity(self.tied[1]), strict=True)
        return next(rule for rule, first, second in pairs if first != second)

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What to know of the choice itself before trusting it."""
        found = [] if self.eligible else [Caution.NONE_ELIGIBLE]
        if self.prefer is Prefer.INFORMATION and self.markov is None:
            found.append(Caution.MARKOV_UNKNOWN)
        elif self.prefer is Prefer.INFORMATION and not self.n_beating:
            found.append(Caution.MARKOV_UNBEATEN)
        return tuple(found)


def choose(tables: StudyTables, genre: str, prefer: Prefer = Prefer.BCE) -> Choice | Shortfall:
    """Choose a genre's configuration on validation figures, or say how far it is from that.

    Parameters
    ----------
    tables
        The study.
    genre
        One of its genres.
    prefer
        ``bce``: lowest mean BCE, then the simplest within one standard error of it.
        ``information``: highest mean ``mi_lower`` among those whose BCE beats the
        Markov baseline.
    """
    wanted = seeds_wanted(tables)
    counted = full_counts(summaries(tables, genre), wanted)
    full = [row for row in counted if _is_measured(row, prefer, wanted)]
    if not full:
        unmeasured = NEEDED[prefer] if counted else ()
        return _shortfall(tables, genre, wanted, unmeasured)
    eligible = [summary for summary in full if not summary.is_collapsed]
    candidates = eligible or full
    markov = baseline_bce(tables, genre, "validation").get("markov")
    beating = [s for s in candidates if markov is not None and validation(s).bce.mean < markov]
    match prefer:
        case Prefer.BCE:
            pool = _by_bce(candidates)
            tied = _within_one_error(pool)
        case Prefer.INFORMATION:
            pool = _by_information(beating or candidates)
            tied = pool[:1]
        case _:
            assert_never(prefer)
    return Choice(
        genre=genre,
        prefer=prefer,
        chosen=tied[0],
        pool=tuple(pool),
        tied=tuple(tied),
        n_wanted=wanted,
        n_full=len(full),
        n_eligible=len(eligible),
        markov=markov,
        n_beating=len(beating),
    )


def full_counts(rows: tuple[ConfigurationSummary, ...], wanted: int) -> list[ConfigurationSummary]:
    """Keep the configurations with all ``wanted`` seeds, one row set each, never pooled."""
    found: dict[str, ConfigurationSummary] = {}
    for phase in CHOICE_PHASES:
        for row in rows:
            if row.phase == phase and row.n_measured >= wanted:
                found.setdefault(row.config_id, row)
    return sorted(found.values(), key=lambda row: row.config_id)


def _is_measured(row: ConfigurationSummary, prefer: Prefer, wanted: int) -> bool:
    figures = validation(row)
    return all(figures.metric(name).n_seeds >= wanted for name in NEEDED[prefer])


def simplicity(summary: ConfigurationSummary) -> tuple[int, int, int, str]:
    """Sort key of the tie: latent length, regularizers, schedule's order, config_id."""
    model = summary.config.model
    order = list(ScheduleKind).index(summary.config.annealing.kind)
    return model.latent_length, model.regularizers, order, summary.config_id


def validation(summary: ConfigurationSummary) -> SplitSummary:
    """Return validation figures, of a configuration that is known to have them."""
    if summary.validation is None:
        raise ValueError(f"{summary.config_id} has no validation figures")
    return summary.validation


def _by_bce(candidates: Sequence[ConfigurationSummary]) -> list[ConfigurationSummary]:
    return sorted(candidates, key=lambda s: (validation(s).bce.mean, simplicity(s)))


def _within_one_error(ranked: Sequence[ConfigurationSummary]) -> list[ConfigurationSummary]:
    """Those within one standard error of the best, the simplest first."""
    bce = validation(ranked[0]).bce
    most = bce.mean + (bce.standard_error or 0.0)
    return sorted((s for s in ranked if validation(s).bce.mean <= most), key=simplicity)


def _by_information(candidates: Sequence[ConfigurationSummary]) -> list[ConfigurationSummary]:
    def order(summary: ConfigurationSummary) -> tuple[float, float, tuple[int, int, int, str]]:
        figures = validation(summary)
        return -figures.mi_lower.mean, figures.bce.mean, simplicity(summary)

    return sorted(candidates, key=order)


def _shortfall(
    tables: StudyTables, genre: str, wanted: int, unmeasured: tuple[str, ...]
) -> Shortfall:
    rows = [s for s in summaries(tables, genre) if s.phase in CHOICE_PHASES]
    return Shortfall(
        genre=genre,
        study=tables.name,
        state=tables.state,
        n_wanted=wanted,
        most=max(rows, key=lambda s: s.n_measured, default=None),
        n_failed=sum(len(s.failures) for s in rows),
        unmeasured=unmeasured,
    )
