"""What things are called, and how numbers are written: the same words on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from musebar_core.annealing import ScheduleKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from musebar_core.config import Configuration
    from reports.answers.summaries import SplitSummary
    from study.statistics.intervals import SeedMean

METHODS = {
    "lstm_vae": "LSTM-VAE",
    "vae_bow": "VAE-BOW",
    "musebar": "MuseBar",
    "musebar_bow": "MuseBar-BOW",
}
"""The paper's methods, in the order they are always shown."""

BASELINES = {
    "pitch_frequencies": "pitch frequencies",
    "markov": "Markov chain",
    "repeat_last": "repeat last",
}

COVERAGE = "Intervals are 95% t intervals: they cover seeds, not the choice of songs."

ALWAYS_SHOWN = ("latent_length", "regularizers", "annealing")


def settings(config: Configuration) -> dict[str, Any]:
    """Every setting that configurations may differ in, in words of one kind each."""
    annealing, model, training = config.annealing, config.model, config.training
    return {
        "latent_length": model.latent_length,
        "regularizers": model.regularizers,
        "annealing": str(annealing.kind),
        "annealing_start": annealing.start,
        "annealing_length": annealing.length,
        "annealing_cycles": annealing.cycles,
        "annealing_ratio": annealing.ratio,
        "free_bits": training.free_bits,
        "input_dropout": training.input_dropout,
        "learning_rate": training.learning_rate,
        "batch": str(training.batch),
        "epochs": training.epochs,
        "warm_up": training.warm_up,
        "decay": str(training.decay),
        "gradient_clip": training.gradient_clip,
        "output_bias": _switch(training.output_bias),
        "encoder_steps": training.encoder_steps,
        "pooling": str(model.pooling),
        "bidirectional": _switch(model.bidirectional),
        "precision": str(training.precision),
        "hidden": model.hidden,
        "layers": model.layers,
        "snippet_steps": config.grid.snippet_steps,
    }


def _switch(on: bool) -> str:
    return "on" if on else "off"


def differences(one: Configuration, other: Configuration) -> str:
    """Name the settings in which two configurations differ, in words; empty for none."""
    mine, its = settings(one), settings(other)
    same_kind = mine["annealing"] == its["annealing"]
    names = [
        name.replace("_", " ")
        for name in mine
        if mine[name] != its[name] and (same_kind or not name.startswith("annealing_"))
    ]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def varied(configs: Iterable[Configuration]) -> tuple[str, ...]:
    """Names of the settings that differ between configurations, the three main ones always."""
    rows = [settings(config) for config in configs]
    names = rows[0] if rows else {}
    return tuple(
        name for name in names if name in ALWAYS_SHOWN or len({row[name] for row in rows}) > 1
    )


def own_settings(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Settings that varied; those of a schedule that its kind alone decides add nothing."""
    names = rows[0] if rows else {}
    several = [name for name in names if len({row[name] for row in rows}) > 1]
    return tuple(
        name
        for name in several
        if not name.startswith("annealing_")
        or len({(row["annealing"], row[name]) for row in rows})
        > len({row["annealing"] for row in rows})
    )


def method_label(method: str | None) -> str:
    """Name of a method as the paper writes it; empty for none."""
    return METHODS.get(method or "", method or "")


def compared_label(method: str | None, *, chosen: bool) -> str:
    """Name of a compared configuration: its method's, with the choice marked."""
    label = method_label(method)
    if not chosen:
        return label
    return f"{label} (chosen)" if label else "chosen"


def describe(config: Configuration) -> str:
    """Say a configuration in one line: latent length, regularized bars, schedule, extras."""
    model, training = config.model, config.training
    parts = [
        f"latent length {model.latent_length}",
        f"{model.regularizers} of {config.grid.bars} bars regularized",
        schedule(config),
    ]
    if training.input_dropout:
        parts.append(f"input dropout {training.input_dropout:g}")
    if training.free_bits:
        parts.append(f"free bits {training.free_bits:g}")
    return ", ".join(parts)


def brief(config: Configuration) -> str:
    """Say a configuration in a few characters, for tables and figures."""
    model, training = config.model, config.training
    text = f"L {model.latent_length} · r {model.regularizers} · {config.annealing.kind}"
    if training.input_dropout:
        text += f" · dropout {training.input_dropout:g}"
    if training.free_bits:
        text += f" · free bits {training.free_bits:g}"
    return text


def schedule(config: Configuration) -> str:
    """Say the annealing schedule in words, in per cent of training."""
    annealing = config.annealing
    if annealing.kind is ScheduleKind.CONSTANT:
        return "constant KL weight 1"
    text = f"{annealing.kind} annealing over {annealing.length:.0%} of training"
    if annealing.start:
        text += f" from {annealing.start:.0%}"
    if annealing.kind is ScheduleKind.CYCLICAL:
        text += f" in {annealing.cycles} cycles"
    return text


def number(value: float) -> str:
    """Write a number with as many decimals as its size deserves: 566.3, 27.41, 0.03."""
    text = f"{value:,.1f}" if abs(value) >= 100 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def with_interval(mean: SeedMean | None) -> str:
    """``566.3 [564.9, 567.7]``; the interval is left out where one seed gives none."""
    if mean is None:
        return "-"
    text = number(mean.mean)
    if mean.interval is not None:
        text += f" [{number(mean.interval[0])}, {number(mean.interval[1])}]"
    return text


def bracket(lower: SeedMean, upper: SeedMean) -> str:
    """Write the mutual information bracket, mean of each end: ``2.70 to 3.10``."""
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


def p_value(p: float) -> str:
    """Write a p-value with two significant digits: 0.0020, 0.031, 1."""
    return "1" if p >= 0.995 else f"{p:.2g}"


def percent(share: float) -> str:
    """``70%``."""
    return f"{share:.0%}"
