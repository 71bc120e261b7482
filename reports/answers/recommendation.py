"""The recommendation: a configuration for a genre, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from reports.answers.card import Card, decision_card
from reports.answers.choice import SURE, Caution, Choice, choose, validation
from reports.answers.headline import Verdict
from reports.answers.naming import varied
from reports.answers.overview import Scale, scale
from reports.answers.summaries import ConfigurationSummary, baseline_bce, summaries
from study.results.tables import StudyState
from study.statistics.intervals import SeedMean, paired_difference

if TYPE_CHECKING:
    from musebar_core.setting import Value
    from reports.answers.unchosen import NothingWorks, Shortfall
    from study.results.tables import StudyTables
    from study.statistics.purposes import Aim

ALTERNATIVES = 5
SPLITS = ("validation", "test")
GAINS = ("nll", "bce", "mi_lower")
"""In what the choice is held against the paper's default."""
LEADING = (Caution.DEFAULT_BETTER, Caution.DEFAULT_BETTER_ON_TEST, Caution.OTHER_BETTER)
"""What belongs into an answer's first line, the gravest first."""
FEW_SEEDS = 5
"""Below so many seeds an interval is wide and a collapse rate is coarse."""


@dataclass(frozen=True)
class Alternative:
    """A next best configuration.

    Attributes
    ----------
    settings
        Those that differ within the genre, by name.
    metric
        What the choice is told by.
    difference
        Its validation figure in that metric minus the choice's, seed by seed; None where they
        share no seed.
    """

    summary: ConfigurationSummary
    settings: dict[str, Value]
    metric: str
    difference: SeedMean | None


@dataclass(frozen=True)
class Gain:
    """What the choice has over the paper's default on test.

    ``difference`` is its figure minus the default's, in ``metric``, seed by seed.
    """

    metric: str
    difference: SeedMean

    @property
    def is_surely_worse(self) -> bool:
        """Whether the default is better by more than two paired standard errors."""
        error, cost = self.difference.standard_error, metric(self.metric).cost(self.difference.mean)
        return error is not None and cost > SURE * error


@dataclass(frozen=True)
class Recommendation:
    """What to use for a genre, and why one may believe it.

    Attributes
    ----------
    study, state
        The study, and how it stands.
    choice
        The chosen configuration and how it was come by.
    card
        How sure the choice is, and what else would do.
    baselines
        Split to baseline to BCE, nats per snippet.
    alternatives
        The next best of the configurations it was chosen from, best first.
    gains
        What it has over the paper's default on test; none where the default is not measured.
    scale
        How large the study is.
    cautions
        What to know before trusting it, the gravest first.
    corpus
        ``path`` and ``fingerprint`` of the genre's corpus, as far as they are known.
    """

    study: str
    state: str
    genre: str
    aim: Aim
    choice: Choice
    card: Card
    baselines: dict[str, dict[str, float]]
    alternatives: tuple[Alternative, ...]
    gains: tuple[Gain, ...]
    scale: Scale
    cautions: tuple[Caution, ...]
    corpus: dict[str, str | None]

    @property
    def chosen(self) -> ConfigurationSummary:
        """The recommended configuration."""
        return self.choice.chosen

    @property
    def works(self) -> bool:
        """Whether a seed of it has what the purpose asks for."""
        return self.card.headline.verdict is not Verdict.NOTHING_WORKS

    @property
    def leading(self) -> Caution | None:
        """What is surely better than it: the first thing to say."""
        first = self.cautions[0] if self.cautions else None
        return first if first in LEADING else None

    @property
    def losses(self) -> tuple[Gain, ...]:
        """In what the paper's default is surely better on test, of what the purpose goes by."""
        return _losses(self.choice, self.gains)

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """Baselines that its mean validation BCE does not beat."""
        return _unbeaten(self.choice, self.baselines["validation"])


def recommendation(
    tables: StudyTables, genre: str, aim: Aim | None = None
) -> Recommendation | NothingWorks | Shortfall:
    """Recommend a configuration for a genre of a study, or tell how far it is from that.

    ``aim`` is what it is wanted for; None: what the study was asked for.
    """
    choice = choose(tables, genre, aim)
    if not isinstance(choice, Choice):
        return choice
    baselines = {split: baseline_bce(tables, genre, split) for split in SPLITS}
    size = scale(tables)
    card = decision_card(tables, choice)
    gains = _gains(card)
    return Recommendation(
        study=tables.name,
        state=tables.standing,
        genre=genre,
        aim=choice.aim,
        choice=choice,
        card=card,
        baselines=baselines,
        alternatives=_alternatives(tables, choice),
        gains=gains,
        scale=size,
        cautions=(
            *_first_cautions(choice, gains),
            *_cautions(tables, choice, baselines["validation"]),
            *([Caution.SMALL_SCALE] if size.below_paper else []),
        ),
        corpus=_corpus(tables, genre),
    )


def short_splits(row: ConfigurationSummary) -> dict[str, int]:
    """Splits of too few snippets for a code's length (N < 10 L), and their N."""
    counts = {name: split.n_snippets for name in SPLITS if (split := row.split(name)) is not None}
    return {name: n for name, n in counts.items() if n < 10 * row.config.model.latent_length}


def longest_code(
    rows: tuple[ConfigurationSummary, ...], chosen: ConfigurationSummary | None
) -> ConfigurationSummary | None:
    """Return the evaluated configuration of the longest code; None if no longer than the chosen."""
    evaluated = [row for row in rows if row.validation is not None]
    longest = max(evaluated, key=lambda row: row.config.model.latent_length, default=None)
    if longest is None or chosen is None:
        return longest
    same = longest.config.model.latent_length == chosen.config.model.latent_length
    return None if same else longest


def _alternatives(tables: StudyTables, choice: Choice) -> tuple[Alternative, ...]:
    names = varied(row.config for row in summaries(tables, choice.genre))
    chosen = validation(choice.chosen).metric(choice.metric)
    others = [row for row in choice.pool if row.config_id != choice.chosen.config_id]
    return tuple(
        Alternative(
            summary=row,
            settings={name: row.settings[name] for name in names},
            metric=choice.metric,
            difference=paired_difference(validation(row).metric(choice.metric), chosen),
        )
        for row in others[:ALTERNATIVES]
    )


def _gains(card: Card) -> tuple[Gain, ...]:
    mine = card.chosen.split("test")
    other = None if card.default is None else card.default.summary.split("test")
    if mine is None or other is None:
        return ()
    found = ((name, paired_difference(mine.metric(name), other.metric(name))) for name in GAINS)
    return tuple(Gain(name, difference) for name, difference in found if difference is not None)


def _losses(choice: Choice, gains: tuple[Gain, ...]) -> tuple[Gain, ...]:
    asked = {choice.likelihood, choice.metric}
    return tuple(one for one in gains if one.metric in asked and one.is_surely_worse)


def _first_cautions(choice: Choice, gains: tuple[Gain, ...]) -> list[Caution]:
    """Those of the choice, and what test figures say against it that validation did not."""
    found = {*choice.cautions}
    if Caution.DEFAULT_BETTER not in found and _losses(choice, gains):
        found.add(Caution.DEFAULT_BETTER_ON_TEST)
    return [one for one in Caution if one in found]


def _cautions(tables: StudyTables, choice: Choice, baselines: dict[str, float]) -> list[Caution]:
    applies = {
        Caution.UNFINISHED: tables.standing is not StudyState.FINISHED,
        Caution.BASELINES_UNBEATEN: bool(_unbeaten(choice, baselines)),
        Caution.BASELINES_UNKNOWN: not baselines,
        Caution.COLLAPSED_SEEDS: choice.chosen.collapsed > 0,
        Caution.FEW_SEEDS: choice.chosen.n_done < FEW_SEEDS,
        Caution.FEW_SNIPPETS: bool(short_splits(choice.chosen)),
    }
    return [caution for caution, does in applies.items() if does]


def _unbeaten(choice: Choice, baselines: dict[str, float]) -> tuple[str, ...]:
    mean = validation(choice.chosen).bce.mean
    return tuple(name for name, bce in baselines.items() if bce <= mean)


def _corpus(tables: StudyTables, genre: str) -> dict[str, str | None]:
    genres = tables.genres
    rows = genres if genres.empty else genres[genres["genre"] == genre]
    return {
        "path": tables.corpus_path,
        "fingerprint": str(rows["fingerprint"].iloc[0]) if len(rows) else None,
    }
