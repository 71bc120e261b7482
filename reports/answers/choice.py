"""The choice of one configuration a genre: who may be chosen, who is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from musebar_core.annealing import ScheduleKind
from musebar_core.errors import WorkError
from reports.answers.summaries import (
    ConfigurationSummary,
    SplitSummary,
    baseline_bce,
    seeds_wanted,
    summaries,
)
from reports.words.labels import METHODS, count, number
from study.statistics.eligibility import most_collapsed

if TYPE_CHECKING:
    from study.results.tables import StudyTables

CHOICE_PHASES = ("confirm", "methods")
"""Phases that a choice is made from; where a configuration has both in full, the first."""


class Prefer(StrEnum):
    """What the choice favours among eligible configurations."""

    BCE = "bce"
    INFORMATION = "information"


class NoFullCountError(WorkError):
    """No configuration has all its seeds yet, so that nothing can be compared fairly."""


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
        Those that the last step chose between, the chosen one included.
    eligible
        Whether the pool is eligible; False where none was and collapse had to be ignored.
    reasons
        How it was chosen, a sentence a step.
    warnings
        What to know before trusting it.
    """

    genre: str
    prefer: Prefer
    chosen: ConfigurationSummary
    pool: tuple[ConfigurationSummary, ...]
    tied: tuple[ConfigurationSummary, ...]
    eligible: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def choose(
    tables: StudyTables, genre: str, prefer: Prefer = Prefer.BCE, musebar: str = "musebar"
) -> Choice:
    """Choose a genre's configuration on validation figures.

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
    musebar
        How the command in the error begins.

    Raises
    ------
    NoFullCountError
        If no configuration has all its seeds yet.
    """
    wanted = seeds_wanted(tables)
    full = full_counts(summaries(tables, genre), wanted)
    if not full:
        raise NoFullCountError(_nothing_full(tables, genre, wanted, musebar))
    eligible = [summary for summary in full if not summary.is_collapsed]
    pool = eligible or full
    steps = [_pool_sentence(len(full), len(eligible), wanted)]
    warnings = [] if eligible else [_none_eligible(len(full))]
    if prefer is Prefer.BCE:
        pool, tied, how = _by_bce(pool)
    else:
        pool, tied, how, more = _by_information(pool, baseline_bce(tables, genre, "validation"))
        warnings += more
    chosen = tied[0]
    return Choice(
        genre,
        prefer,
        chosen,
        tuple(pool),
        tuple(tied),
        bool(eligible),
        (*steps, *how),
        tuple(warnings),
    )


def full_counts(rows: tuple[ConfigurationSummary, ...], wanted: int) -> list[ConfigurationSummary]:
    """Keep the configurations with all ``wanted`` seeds, one row set each, never pooled."""
    found: dict[str, ConfigurationSummary] = {}
    for phase in CHOICE_PHASES:
        for row in rows:
            if row.phase == phase and row.n_measured >= wanted:
                found.setdefault(row.config_id, row)
    return sorted(found.values(), key=lambda row: row.config_id)


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


Ranked = list[ConfigurationSummary]


def _by_bce(pool: Ranked) -> tuple[Ranked, Ranked, list[str]]:
    ranked = sorted(pool, key=lambda s: (validation(s).bce.mean, simplicity(s)))
    best = ranked[0]
    bce = validation(best).bce
    error = bce.standard_error or 0.0
    within = [s for s in ranked if validation(s).bce.mean <= bce.mean + error]
    tied = sorted(within, key=simplicity)
    how = [_best_sentence(best, bce.standard_error)]
    if len(tied) > 1:
        how.append(_tie_sentence(tied, error))
    return ranked, tied, how


def _by_information(
    pool: Ranked, baselines: dict[str, float]
) -> tuple[Ranked, Ranked, list[str], list[str]]:
    def order(summary: ConfigurationSummary) -> tuple[Any, ...]:
        figures = validation(summary)
        return -figures.mi_lower.mean, figures.bce.mean, simplicity(summary)

    ranked = sorted(pool, key=order)
    markov = baselines.get("markov")
    beating = [s for s in ranked if markov is not None and validation(s).bce.mean < markov]
    kept = beating or ranked
    if markov is None:
        among, why = "all of them", "The Markov baseline is not recorded"
    else:
        baseline = f"the Markov baseline ({number(markov)})"
        verb = "beats" if len(beating) == 1 else "beat"
        among = f"{len(beating)} that {verb} {baseline} in BCE" if beating else "all of them"
        why = f"No configuration's mean validation BCE beats {baseline}"
    mi = validation(kept[0]).mi_lower
    how = (
        f"Highest mean validation mi_lower among {among}: "
        f"{kept[0].config_id} at {number(mi.mean)} nats."
    )
    warning = f"{why}: the highest mi_lower was taken among all of them."
    return kept, kept[:1], [how], [] if beating else [warning]


def _pool_sentence(full: int, eligible: int, wanted: int) -> str:
    have = f"has {_all_seeds(wanted)}" if full == 1 else f"have {_all_seeds(wanted, 'their')}"
    return (
        f"{count(full, 'configuration')} {have}; {eligible} of them eligible "
        f"(at most {most_collapsed(wanted)} of {wanted} collapsed on validation)."
    )


def _all_seeds(wanted: int, whose: str = "its") -> str:
    return f"{whose} one seed" if wanted == 1 else f"all {wanted} seeds"


def _best_sentence(best: ConfigurationSummary, error: float | None) -> str:
    spread = (
        "one seed, so its standard error is unknown"
        if error is None
        else f"standard error over its seeds {number(error)}"
    )
    bce = number(validation(best).bce.mean)
    return f"Lowest mean validation BCE: {best.config_id} at {bce} ({spread})."


def _tie_sentence(tied: Ranked, error: float) -> str:
    chosen, second = simplicity(tied[0]), simplicity(tied[1])
    rules = (
        "smallest latent length",
        "fewest regularizers",
        "schedule that stands first",
        "config_id that sorts first",
    )
    deciding = next(i for i in range(len(rules)) if chosen[i] != second[i])
    values = (str(chosen[0]), str(chosen[1]), str(tied[0].config.annealing.kind), str(chosen[3]))
    lie = "lie within one standard error of it" if error else "have this same mean"
    return (
        f"{len(tied)} configurations {lie}; among them the "
        f"{rules[deciding]} ({values[deciding]}) decides for {tied[0].config_id}."
    )


def _none_eligible(full: int) -> str:
    which = "the only one" if full == 1 else f"each of the {full}"
    return (
        f"No configuration is eligible: {which} with a full count collapsed in "
        "more than one seed of five. The choice below ignores collapse."
    )


def _nothing_full(tables: StudyTables, genre: str, wanted: int, musebar: str) -> str:
    rows = [s for s in summaries(tables, genre) if s.phase in CHOICE_PHASES]
    most = max(rows, key=lambda s: s.n_measured, default=None)
    head = f"no configuration has {_all_seeds(wanted)} yet"
    if most is None:
        return f"{head}: no confirmation run of '{genre}' has ended (study {tables.state})"
    failed = sum(len(s.failures) for s in rows)
    name = f" ({METHODS[most.method]})" if most.method in METHODS else ""
    text = f"{head}: {most.config_id}{name} has most, {most.n_measured} of {wanted}"
    if failed:
        text += f"; {count(failed, 'run')} failed"
    return f"{text} (study {tables.state}{_go_on(tables, musebar)})"


def _go_on(tables: StudyTables, musebar: str) -> str:
    if tables.state == "finished":
        return ""
    verb = "watch" if tables.state == "running" else "resume"
    return f": `{musebar} study {verb} {tables.name}`"
