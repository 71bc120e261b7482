"""The choice of one configuration a genre: who may be chosen, who is, and what decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from musebar_core.size import n_parameters
from reports.answers.methods import DEFAULT
from reports.answers.summaries import (
    ConfigurationSummary,
    SplitSummary,
    baseline_bce,
    seeds_wanted,
    summaries,
)
from reports.answers.unchosen import NothingWorks, Shortfall, remedies_of
from study.statistics.eligibility import mostly_undertrained
from study.statistics.intervals import paired_difference
from study.statistics.purposes import FIGURES, GOALS, Aim, Candidate, Purpose, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean
    from study.statistics.purposes import Ranking

CHOICE_PHASES = ("confirm", "methods")
"""Phases that a choice is made from; where a configuration has both in full, the first."""

SURE = 2.0
"""Paired standard errors beyond which another is said to be better."""


class Tiebreak(StrEnum):
    """What decides between near ties, in this order."""

    COLLAPSED = "collapsed"
    PARAMETERS = "parameters"
    CONFIG_ID = "config_id"


class Caution(StrEnum):
    """What to know before trusting a choice or a recommendation, the gravest first."""

    DEFAULT_BETTER = "default_better"
    DEFAULT_BETTER_ON_TEST = "default_better_on_test"
    OTHER_BETTER = "other_better"
    RATE_UNMET = "rate_unmet"
    NLL_UNMEASURED = "nll_unmeasured"
    UNFINISHED = "unfinished"
    BASELINES_UNBEATEN = "baselines_unbeaten"
    BASELINES_UNKNOWN = "baselines_unknown"
    COLLAPSED_SEEDS = "collapsed_seeds"
    FEW_SEEDS = "few_seeds"
    FEW_SNIPPETS = "few_snippets"
    SMALL_SCALE = "small_scale"


@dataclass(frozen=True)
class Better:
    """Another configuration that is surely better than the choice in one metric.

    Attributes
    ----------
    difference
        How much better, seed by seed, above 0 in the metric's unit.
    price
        How much worse in the other of the two, ``price_metric``, above 0; None where it is not.
    """

    row: ConfigurationSummary
    metric: str
    difference: SeedMean
    price: SeedMean | None
    price_metric: str

    @property
    def is_default(self) -> bool:
        """Whether it is the paper's own method."""
        return self.row.method == DEFAULT


@dataclass(frozen=True)
class Choice:
    """A chosen configuration and how it was come by.

    Attributes
    ----------
    chosen
        The configuration, in the phase whose seeds were used.
    candidates
        All that could be chosen: full counts that are not mostly undertrained, best first.
    pool
        Those of them between which the purpose's metric decided, the chosen one first: for a
        representation NLL within the tolerance (all, where one seed tells of none), for a
        reconstruction KL within the rate.
    tied
        Near ties that the last step chose between, the chosen one first.
    ranking
        The numbers behind it.
    likelihood
        ``nll``, or ``elbo`` where not all had it measured.
    n_wanted
        Seeds of a full count.
    n_full, n_undertrained
        Configurations with a full count, and those of them that are no candidates.
    better
        Candidates that are better by more than two paired standard errors: the paper's own method
        first, then by how much.
    """

    genre: str
    aim: Aim
    chosen: ConfigurationSummary
    candidates: tuple[ConfigurationSummary, ...]
    pool: tuple[ConfigurationSummary, ...]
    tied: tuple[ConfigurationSummary, ...]
    ranking: Ranking
    likelihood: str
    n_wanted: int
    n_full: int
    n_undertrained: int
    better: tuple[Better, ...]

    @property
    def metric(self) -> str:
        """The purpose's own metric, or what stands for it."""
        return metric_of(self.aim.purpose, self.likelihood)

    @property
    def leader(self) -> ConfigurationSummary:
        """The one that the ranking put first, before near ties were looked at."""
        if len(self.tied) < 2:
            return self.candidates[0]
        return min(self.tied, key=lambda row: (self.ranking.costs[row.config_id], row.config_id))

    @property
    def leading(self) -> SplitSummary:
        """Validation figures of the leader."""
        return validation(self.leader)

    @property
    def tiebreak(self) -> Tiebreak | None:
        """What decided between the tied ones; None where there was one alone."""
        if len(self.tied) < 2:
            return None
        pairs = zip(Tiebreak, preference(self.tied[0]), preference(self.tied[1]), strict=True)
        return next(rule for rule, first, second in pairs if first != second)

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What to know of the choice itself before trusting it."""
        defaults = [one.is_default for one in self.better]
        applies = {
            Caution.DEFAULT_BETTER: any(defaults),
            Caution.OTHER_BETTER: not all(defaults),
            Caution.RATE_UNMET: self.ranking.rate is not None and not self.ranking.admitted,
            Caution.NLL_UNMEASURED: self.likelihood != "nll",
        }
        return tuple(caution for caution, does in applies.items() if does)


def metric_of(purpose: Purpose, likelihood: str) -> str:
    """Name the metric that a purpose is told by."""
    own = GOALS[purpose].improved[0]
    return likelihood if own == "nll" else own


def needed(purpose: Purpose) -> tuple[str, ...]:
    """Name what a choice for a purpose needs, beside NLL or the ELBO that stands for it."""
    goal = GOALS[purpose]
    names = dict.fromkeys((*goal.improved, *goal.bounded, "bce"))
    return tuple(name for name in names if name != "nll")


def choose(
    tables: StudyTables, genre: str, aim: Aim | None = None
) -> Choice | NothingWorks | Shortfall:
    """Choose a genre's configuration on validation figures, or say how far it is from that.

    Parameters
    ----------
    tables
        The study.
    genre
        One of its genres.
    aim
        What it is wanted for; None: what the study was asked for.
    """
    aim = tables.spec.search.aim if aim is None else aim
    wanted = seeds_wanted(tables)
    counted = full_counts(summaries(tables, genre), wanted)
    full = [row for row in counted if _is_measured(row, aim.purpose, wanted)]
    if not full:
        return _shortfall(tables, genre, wanted, needed(aim.purpose) if counted else ())
    markov = baseline_bce(tables, genre, "validation").get("markov")
    trained = [
        row for row in full if not mostly_undertrained(len(row.undertrained_seeds), row.n_measured)
    ]
    if not trained and markov is not None:
        closest = min(full, key=lambda row: (validation(row).bce.mean, row.config_id))
        return NothingWorks(
            genre, tables.name, aim, len(full), wanted, closest, markov, remedies_of(full)
        )
    return _choice(genre, aim, trained, wanted, len(full))


def _choice(
    genre: str, aim: Aim, trained: list[ConfigurationSummary], wanted: int, n_full: int
) -> Choice:
    measured = all(validation(row).metric("nll").n_seeds >= wanted for row in trained)
    likelihood = "nll" if measured else "elbo"
    ranking = rank(_candidates(trained, bound=not measured), aim)
    by_id = {row.config_id: row for row in trained}
    ordered = tuple(by_id[i] for i in ranking.order)
    is_blind = aim.purpose is Purpose.REPRESENTATION and ranking.tolerance is None
    chosen, pool = ordered[0], (not is_blind and ranking.admitted) or ranking.order
    return Choice(
        genre=genre,
        aim=aim,
        chosen=chosen,
        candidates=ordered,
        pool=tuple(by_id[i] for i in pool),
        tied=tuple(by_id[i] for i in ranking.tied),
        ranking=ranking,
        likelihood=likelihood,
        n_wanted=wanted,
        n_full=n_full,
        n_undertrained=n_full - len(trained),
        better=_better(ordered, metric_of(aim.purpose, likelihood), likelihood),
    )


def _candidates(rows: Sequence[ConfigurationSummary], *, bound: bool) -> list[Candidate]:
    """What is ranked, on the seeds that all rows have; ``bound``: -ELBO stands for NLL."""
    shared = shared_seeds(rows)

    def figures(row: ConfigurationSummary, name: str) -> tuple[float, ...]:
        mean = validation(row).metric("elbo" if bound and name == "nll" else name)
        by_seed = dict(zip(mean.seeds, mean.values, strict=True))
        found = tuple(by_seed.get(seed, float("nan")) for seed in shared)
        return tuple(-value for value in found) if bound and name == "nll" else found

    return [
        Candidate(
            config_id=row.config_id,
            collapsed=row.collapsed,
            n_parameters=n_parameters(row.config.model),
            **{name: figures(row, name) for name in FIGURES},
        )
        for row in rows
    ]


def shared_seeds(rows: Sequence[ConfigurationSummary]) -> tuple[int, ...]:
    """Seeds that all rows have measured, ascending: those that a ranking counts on."""
    return tuple(sorted(set.intersection(*({*validation(row).bce.seeds} for row in rows))))


def _better(
    ordered: Sequence[ConfigurationSummary], own: str, likelihood: str
) -> tuple[Better, ...]:
    """Whatever is surely better than the first, in the purpose's metric or in NLL."""
    chosen, found = validation(ordered[0]), []
    for row in ordered[1:]:
        for name, other in {likelihood: own, own: likelihood}.items():
            apart = _gain(chosen, validation(row), name)
            price = _gain(validation(row), chosen, other)
            error = None if apart is None else apart.standard_error
            if apart is not None and error is not None and apart.mean > SURE * error:
                paid = price if price is not None and price.mean > 0 else None
                found.append(Better(row, name, apart, paid, other))
    first = {likelihood: 0}
    return tuple(
        sorted(
            found,
            key=lambda one: (
                not one.is_default,
                first.get(one.metric, 1),
                -one.difference.mean,
                one.row.config_id,
            ),
        )
    )


def _gain(one: SplitSummary, other: SplitSummary, name: str) -> SeedMean | None:
    """By how much the other is better in a metric, seed by seed."""
    mine, its = one.metric(name), other.metric(name)
    lower = metric(name).cost(1.0) > 0
    return paired_difference(mine, its) if lower else paired_difference(its, mine)


def full_counts(rows: tuple[ConfigurationSummary, ...], wanted: int) -> list[ConfigurationSummary]:
    """Keep the configurations with all ``wanted`` seeds, one row set each, never pooled."""
    found: dict[str, ConfigurationSummary] = {}
    for phase in CHOICE_PHASES:
        for row in rows:
            if row.phase == phase and row.n_measured >= wanted:
                found.setdefault(row.config_id, row)
    return sorted(found.values(), key=lambda row: row.config_id)


def _is_measured(row: ConfigurationSummary, purpose: Purpose, wanted: int) -> bool:
    figures = validation(row)
    likelihood = max(figures.metric(name).n_seeds for name in ("nll", "elbo"))
    measured = (figures.metric(name).n_seeds for name in needed(purpose))
    return min(likelihood, *measured) >= wanted


def preference(summary: ConfigurationSummary) -> tuple[int, int, str]:
    """Sort key of near ties: collapsed seeds, weights of the model, config_id."""
    return summary.collapsed, n_parameters(summary.config.model), summary.config_id


def validation(summary: ConfigurationSummary) -> SplitSummary:
    """Return validation figures, of a configuration that is known to have them."""
    if summary.validation is None:
        raise ValueError(f"{summary.config_id} has no validation figures")
    return summary.validation


def _shortfall(
    tables: StudyTables, genre: str, wanted: int, unmeasured: tuple[str, ...]
) -> Shortfall:
    rows = [s for s in summaries(tables, genre) if s.phase in CHOICE_PHASES]
    return Shortfall(
        genre=genre,
        study=tables.name,
        state=tables.standing,
        n_wanted=wanted,
        most=max(rows, key=lambda s: s.n_measured, default=None),
        n_failed=sum(len(s.failures) for s in rows),
        unmeasured=unmeasured,
    )
