"""The sections of a configuration: frozen values, each checked once.

:class:`musebar_core.config.Configuration` puts them together.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Literal, get_type_hints

from musebar_core.annealing import OPTION, finite
from musebar_core.errors import ConfigurationError

Batch = int | Literal["per_group"]
PER_GROUP: Batch = "per_group"

DEFAULT_EVALUATIONS = 50
"""Evaluations a run where ``evaluate_every`` is not given."""


MOST_SEMITONES = 6
"""Half an octave: from there on another transposition reaches the same keys sooner."""

RANGES = {
    "steps_per_quarter": (1, 1_000),
    "steps_per_bar": (1, 10_000),
    "snippet_steps": (1, 20_000),
    "hidden": (1, 20_000),
    "layers": (1, 100),
    "latent_length": (1, 20_000),
    "regularizers": (1, 20_000),
    "epochs": (1, 100_000_000),
    "batch": (1, 100_000),
    "evaluate_every": (1, 100_000_000),
    "evaluation_snippets": (2, 1_000_000),
    "curve_snippets": (0, 1_000_000),
    "encoder_steps": (0, 1_000),
    "transposition": (0, MOST_SEMITONES),
}
"""Of every whole number: beyond them no machine could go, a slip of the pen or a hostile file."""

_MOST_SPREAD = 100.0


class Pooling(StrEnum):
    """How the encoder's states up to a bar become the one that its posterior is read from."""

    LAST = "last"
    MEAN = "mean"
    MAX = "max"


class Precision(StrEnum):
    """How exactly the products of training are computed."""

    FP32 = "fp32"
    TF32 = "tf32"
    MIXED = "mixed"
    AUTO = "auto"


class Decay(StrEnum):
    """What becomes of the learning rate after its warm-up."""

    CONSTANT = "constant"
    COSINE = "cosine"


@dataclass(frozen=True)
class Grid:
    """The time grid of a corpus and of the snippets cut from it.

    Attributes
    ----------
    steps_per_quarter
        Steps a quarter note. 1 is the paper's reading, 4 a sixteenth-note grid.
    steps_per_bar
        Steps a bar.
    snippet_steps
        T, steps a snippet; a multiple of ``steps_per_bar``.
    """

    steps_per_quarter: int = 1
    steps_per_bar: int = 4
    snippet_steps: int = 240

    def __post_init__(self) -> None:
        _take("grid", self)
        if self.snippet_steps % self.steps_per_bar:
            raise ConfigurationError(
                f"snippet_steps {self.snippet_steps} is no multiple of steps_per_bar "
                f"{self.steps_per_bar}: "
                + _nearest_multiples(self.snippet_steps, self.steps_per_bar)
            )

    @property
    def bars(self) -> int:
        """Bars a snippet."""
        return self.snippet_steps // self.steps_per_bar


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the recurrent VAE.

    Attributes
    ----------
    hidden
        H, units a layer of encoder and decoder.
    layers
        LSTM layers of encoder and of decoder.
    latent_length
        L, dimensions of z.
    regularizers
        r, bars after which the KL of the posterior to the prior is in the loss; divides the bars.
    bidirectional
        Read each of the r segments backwards too (Schuster and Paliwal 1997; Roberts et al. 2018).
        A posterior still sees nothing after its bar: see :class:`musebar_core.model.RVAE`.
    pooling
        Read a posterior from the encoder's last state, or from the mean or the maximum of its
        states at the ends of all bars so far (Long et al. 2019).
    batch_norm
        Spread that each dimension of mu is given over a batch, its standard deviation
        (BN-VAE, Zhu et al. 2020, with gamma fixed); 0 is off. See
        :mod:`musebar_core.normalisation`.
    """

    hidden: int = 512
    layers: int = 2
    latent_length: int = 100
    regularizers: int = 1
    bidirectional: bool = field(default=False, metadata=OPTION)
    pooling: Pooling = field(default=Pooling.LAST, metadata=OPTION)
    batch_norm: float = field(default=0.0, metadata=OPTION)

    def __post_init__(self) -> None:
        _take("model", self)
        if not 0 <= self.batch_norm <= _MOST_SPREAD:
            raise ConfigurationError(
                f"model.batch_norm {self.batch_norm}: a standard deviation of mu, 0 (off) to "
                f"{_MOST_SPREAD:g}"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained and evaluated.

    Attributes
    ----------
    epochs
        Optimiser steps, each on one freshly drawn batch (the paper's epochs).
    batch
        Snippets a step drawn uniformly over songs, or ``"per_group"``: one a group.
    learning_rate
        Adam's step size.
    evaluate_every
        Epochs between evaluations; the last epoch is always evaluated.
    evaluation_snippets
        N, snippets a split is evaluated on, or all there are.
    curve_snippets
        Snippets that an evaluation on the way takes, at most: of the curve, and of the choice of
        the reported epoch, which is measured on ``evaluation_snippets`` all the same, as the last
        is. 0: no fewer than those.
    free_bits
        Nats a latent dimension may hold before its KL counts (Kingma et al. 2016); 0 is off.
    free_nats
        Nats a snippet's posterior may hold in all before its KL counts (MusicVAE, Roberts et al.
        2018, whose code calls them free bits); 0 is off. Not together with ``free_bits``.
    input_dropout
        Share of decoder inputs zeroed in training (Bowman et al. 2016, word dropout); 0 is off.
    scheduled_sampling
        Share of decoder inputs that are the model's own samples at the end of training, reached
        by an inverse sigmoid (Bengio et al. 2015); 0 is off. See
        :mod:`musebar_core.scheduled_sampling`.
    transposition
        Semitones up to which a training snippet is transposed, up or down, each interval as
        likely as any other (as MusicVAE's training data are); 0 is off. Never in evaluation.
    output_bias
        Start the output bias at the log-odds of the training pitch frequencies.
    gradient_clip
        Largest norm of the gradient; 0 is off.
    decay
        Learning rate after the warm-up: constant, or half a cosine down to 0 at the end of training
        (Loshchilov and Hutter 2017).
    warm_up
        Fraction of training in which the learning rate rises linearly from 0 (Goyal et al. 2017);
        0 is off.
    encoder_steps
        Encoder-only steps before each joint one, for as long as mi_lower on validation rises from
        one evaluation to the next (aggressive training, He et al. 2019); 0 is off.
    precision
        ``fp32``; ``tf32``: factors of products rounded to 10 bits of mantissa on a GPU, no change
        on a CPU; ``mixed``: on a GPU those of the LSTMs rounded to halves in training, and the rest
        as with ``tf32``, on a CPU those of the LSTMs rounded to bfloat16 where the processor
        multiplies it, else ``fp32``; ``auto``: ``mixed`` on a CPU, ``fp32`` on a GPU. Weights,
        moments, cell states and sums are float32 always.
    """

    epochs: int = 3000
    batch: Batch = PER_GROUP
    learning_rate: float = 0.001
    evaluate_every: int = 60
    evaluation_snippets: int = 1024
    free_bits: float = 0.0
    input_dropout: float = 0.0
    output_bias: bool = False
    gradient_clip: float = 0.0
    decay: Decay = field(default=Decay.CONSTANT, metadata=OPTION)
    warm_up: float = field(default=0.0, metadata=OPTION)
    encoder_steps: int = field(default=0, metadata=OPTION)
    precision: Precision = field(default=Precision.FP32, metadata=OPTION)
    free_nats: float = field(default=0.0, metadata=OPTION)
    scheduled_sampling: float = field(default=0.0, metadata=OPTION)
    transposition: int = field(default=0, metadata=OPTION)
    curve_snippets: int = field(default=0, metadata=OPTION)

    def __post_init__(self) -> None:
        _take("training", self)
        if self.curve_snippets >= self.evaluation_snippets:
            object.__setattr__(self, "curve_snippets", 0)  # no fewer: the same run by one name
        self._check()

    @property
    def curve_is_partial(self) -> bool:
        """Whether evaluations on the way take fewer snippets than those at the end."""
        return self.curve_snippets > 0

    @property
    def snippets_on_the_way(self) -> int:
        """Snippets that an evaluation on the way takes, or all there are."""
        return self.curve_snippets or self.evaluation_snippets

    def _check(self) -> None:
        if self.curve_snippets == 1:
            raise ConfigurationError(
                "training.curve_snippets 1: 0 (as many as evaluation_snippets), or 2 or more"
            )
        if self.learning_rate <= 0:
            raise ConfigurationError(f"training.learning_rate {self.learning_rate}: must be over 0")
        if not 0 <= self.input_dropout < 1:
            raise ConfigurationError(
                f"input_dropout {self.input_dropout}: a share from 0 to below 1"
            )
        if not 0 <= self.scheduled_sampling <= 1:
            raise ConfigurationError(
                f"scheduled_sampling {self.scheduled_sampling}: a share from 0 (off) to 1"
            )
        if not 0 <= self.warm_up <= 1:
            raise ConfigurationError(f"warm_up {self.warm_up}: a fraction of training, 0 to 1")
        for name in ("free_bits", "free_nats", "gradient_clip"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} {getattr(self, name)}: 0 (off) or more")
        if self.free_bits and self.free_nats:
            raise ConfigurationError(
                f"free_bits {self.free_bits} and free_nats {self.free_nats}: one of the two must "
                "be 0, a KL is free by dimension or in all"
            )


def defaults_of(section: type[ModelConfig | TrainingConfig]) -> dict[str, Any]:
    """Every setting of a part of a configuration at its default."""
    return {f.name: f.default for f in dataclasses.fields(section)}


def _take(section: str, values: Grid | ModelConfig | TrainingConfig) -> None:
    """Check each field as its type says, and keep it in that type's form."""
    for name, kind in _types_of(type(values)).items():  # type: ignore[arg-type]
        given, path = getattr(values, name), f"{section}.{name}"
        taken: object = given
        if kind is float:
            taken = finite(path, given)
        elif kind is bool:
            _switch(path, given)
        elif isinstance(kind, type) and issubclass(kind, StrEnum):
            taken = _one_of(path, kind, given)
        elif kind is int or given != PER_GROUP:
            _whole(path, given, *RANGES[name])
        object.__setattr__(values, name, taken)


@cache
def _types_of(section: type) -> dict[str, object]:
    return get_type_hints(section)


def _whole(path: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or value < least:
        raise ConfigurationError(f"{path} {value!r}: a whole number, {least} or more")
    if value > most:
        raise ConfigurationError(f"{path} {value}: {most} at most")


def _switch(path: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{path} {value!r}: true or false")


def _one_of(path: str, choices: type[StrEnum], value: object) -> StrEnum:
    try:
        return choices(str(value))
    except ValueError:
        raise ConfigurationError(f"{path} {value!r}: one of {', '.join(choices)}") from None


def _nearest_multiples(value: int, step: int) -> str:
    below = value // step * step
    return "nearest allowed: " + ", ".join(str(v) for v in (below, below + step) if v > 0)
