"""What things are called, and how numbers are written: the same words on every page."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from musebar_core.annealing import ScheduleKind
from musebar_core.metric_table import METRICS, metric
from musebar_core.settings import SETTINGS, setting, values
from reports.answers.methods import Method
from reports.answers.naming import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.config import Configuration
    from musebar_core.setting import Value
    from reports.answers.summaries import ConfigurationSummary, SplitSummary
    from study.statistics.intervals import SeedMean

METHODS: dict[str, str] = {
    Method.LSTM_VAE: "LSTM-VAE",
    Method.VAE_BOW: "VAE-BOW",
    Method.MUSEBAR: "MuseBar",
    Method.MUSEBAR_BOW: "MuseBar-BOW",
}
"""What the paper calls its methods."""

BASELINES = {
    "pitch_frequencies": "pitch frequencies",
    "markov": "Markov chain",
    "repeat_last": "repeat last",
}

PHASES = {
    "search": "search",
    "confirm": "confirmation",
    "methods": "method comparison",
}
"""What the stages of a study are called."""

NO_REASON = "no reason recorded"

NOT_MEASURED = "not measured"
"""Of a metric that no seed has: a mean over nothing is no number."""

SCHEDULE = ("annealing_start", "annealing_length", "annealing_cycles", "annealing_end")
"""Settings that :func:`schedule` says."""

EXTRAS = ("input_dropout", "free_bits")
"""Settings that a description says wherever they are on."""

COVERAGE = "Intervals are 95% t intervals: they cover seeds, not the choice of songs."


def settings(config: Configuration) -> dict[str, str | float]:
    """Every setting that configurations may differ in, in words of one kind each."""
    return {name: switch(value) for name, value in values(config).items()}


def switch(value: Value) -> str | float:
    """Return a switch as ``on`` or ``off``, any other value as it is."""
    return ("on" if value else "off") if isinstance(value, bool) else value


def value_text(value: Value) -> str:
    """Write a setting's value where its name stands beside it: ``16``, ``cosine``, ``on``."""
    plain = switch(value)
    return plain if isinstance(plain, str) else f"{plain:g}"


def differences(one: Configuration, other: Configuration) -> str:
    """Name the settings in which two configurations differ, in words; empty for none."""
    mine, its = settings(one), settings(other)
    same_kind = mine["annealing"] == its["annealing"]
    names = [
        entry.label
        for entry in SETTINGS
        if mine[entry.name] != its[entry.name] and (same_kind or not entry.kind_only)
    ]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def method_label(method: str | None) -> str:
    """Name of a method as the paper writes it; empty for none."""
    return METHODS.get(method or "", method or "")


def compared_label(method: str | None, *, chosen: bool) -> str:
    """Name of a compared configuration: its method's, with the choice marked."""
    label = method_label(method)
    if not chosen:
        return label
    return f"{label} (chosen)" if label else "chosen"


def describe(config: Configuration, told_by: Sequence[str] = ()) -> str:
    """Say a configuration in one line: latent length, regularized bars, schedule, extras.

    ``told_by`` are the settings that tell it from others, as :func:`reports.answers.naming.telling`
    names them.
    """
    model = config.model
    return ", ".join(
        [
            f"latent length {model.latent_length}",
            f"{model.regularizers} of {config.grid.bars} bars regularized",
            *training_parts(config, told_by),
        ]
    )


def training_parts(config: Configuration, told_by: Sequence[str] = ()) -> list[str]:
    """Say how a configuration is trained: schedule, input dropout and free bits, what tells it."""
    own = values(config)
    said = (*ALWAYS, *SCHEDULE)
    extras = [name for name in EXTRAS if own[name] or name in told_by]
    extras += [name for name in told_by if name not in (*said, *extras)]
    said_by = schedule(config, end="annealing_end" in told_by)
    return [said_by, *(setting_text(name, own[name]) for name in extras)]


def brief(row: ConfigurationSummary) -> str:
    """Say a configuration in a few characters, for tables and figures.

    By whatever differs within its study: no two configurations of one study are called alike.
    """
    own = row.settings
    return " · ".join(setting_text(name, own[name], few=True) for name in row.told_by or ALWAYS)


def name_of(row: ConfigurationSummary) -> str:
    """Name a configuration: as its method, else by what differs within its study."""
    return method_label(row.method) or brief(row)


_NAMES = {one.name: one.label for one in METRICS if "_" in one.name} | {
    one.name: one.label for one in SETTINGS if "_" in one.name
}
_NAMED = re.compile(rf"\b({'|'.join(map(re.escape, sorted(_NAMES, key=len, reverse=True)))})\b")


def plain(text: str) -> str:
    """Say a recorded reason in a reader's words: metrics and settings by label, not by name."""
    return _NAMED.sub(lambda found: _NAMES[found[0]], text)


def setting_text(name: str, value: Value, *, few: bool = False) -> str:
    """Say a setting's value: ``learning rate 0.01``; a switch ``output bias``, ``no output bias``.

    The kind of a schedule speaks for itself.
    """
    entry = setting(name)
    label = entry.brief if few else entry.label
    if isinstance(value, bool):
        return label if value else f"no {label}"
    return setting_value(value) if name == "annealing" else f"{label} {setting_value(value)}"


def setting_value(value: float | str) -> str:
    """Write a setting's value, a number with all the digits that it has."""
    if isinstance(value, str):
        return value
    return f"{value:g}" if float(f"{value:g}") == value else str(value)


def setting_label(name: str) -> str:
    """What a setting is called."""
    return setting(name).label


def metric_label(name: str) -> str:
    """What a metric is called."""
    return metric(name).label


def schedule(config: Configuration, *, end: bool = False) -> str:
    """Say the schedule in words, in per cent of training; ``end``: a last weight of 1, too."""
    annealing = config.annealing
    if annealing.kind is ScheduleKind.CONSTANT:
        return f"constant KL weight {annealing.end:g}"
    text = f"{annealing.kind} annealing over {annealing.length:.0%} of training"
    if annealing.start:
        text += f" from {annealing.start:.0%}"
    if annealing.kind is ScheduleKind.CYCLICAL:
        text += f" in {annealing.cycles} cycles"
    if end or annealing.end != 1:
        text += f", to a KL weight of {annealing.end:g}"
    return text


def number(value: float) -> str:
    """Write a number with as many decimals as its size deserves: 566.3, 27.41, 0.03."""
    if math.isnan(value):
        return NOT_MEASURED
    text = f"{value:,.1f}" if abs(value) >= 100 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def with_interval(mean: SeedMean | None) -> str:
    """``566.3 [564.9, 567.7]``; the interval is left out where one seed gives none."""
    if mean is None:
        return "-"
    if not mean.n_seeds:
        return NOT_MEASURED
    text = number(mean.mean)
    if mean.interval is not None:
        text += f" [{number(mean.interval[0])}, {number(mean.interval[1])}]"
    return text


def bracket(lower: SeedMean, upper: SeedMean) -> str:
    """Write the mutual information bracket, mean of each end: ``2.70 to 3.10``."""
    if not (lower.n_seeds or upper.n_seeds):
        return NOT_MEASURED
    return f"{number(lower.mean)} to {number(upper.mean)}"


def cap(split: SplitSummary) -> str:
    """Write the cap of ``mi_lower`` and where it comes from: ``5.55 (N = 256)``."""
    return f"{number(split.mi_cap)} (N = {split.n_snippets:,})"


def seeds_of(done: int, planned: int) -> str:
    """``10 seeds``, or ``3 of 10 seeds`` where some are missing."""
    noun = "seed" if planned == 1 else "seeds"
    return f"{planned} {noun}" if done >= planned else f"{done} of {planned} {noun}"


def count(n: int, noun: str) -> str:
    """``1 seed``, ``3 seeds``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def collapsed(row: ConfigurationSummary, split: SplitSummary | None = None) -> str:
    """Say how many of a configuration's trained seeds collapsed: ``2 of 10``, ``1 of 7 trained``.

    Of ``split``, else of validation; ``undertrained`` where no seed beats the Markov chain.
    """
    split = split or row.validation
    if split is None or not row.undertrained_seeds:
        return f"{0 if split is None else split.collapsed} of {row.n_done}"
    if not row.n_trained:
        return "undertrained"
    return f"{split.collapsed} of {row.n_trained} trained"


def p_value(p: float) -> str:
    """Write a p-value with two significant digits: 0.0020, 0.031, 1."""
    return "1" if p >= 0.995 else f"{p:.2g}"


def phase(name: str) -> str:
    """What a stage of a study is called: ``confirmation``."""
    return PHASES.get(name, name)


def percent(share: float) -> str:
    """``70%``."""
    return f"{share:.0%}"
