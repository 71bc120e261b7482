"""What one run is made of: frozen values, checked once, hashed into a name.

A :class:`Configuration` says everything that decides a seed run but the corpus and the
seed. Its :attr:`~Configuration.config_id` is the name the ledger, the pages and the
recommendations use.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from musebar_core.annealing import Schedule
from musebar_core.errors import ConfigurationError, UnknownNameError
from musebar_core.sections import (
    DEFAULT_EVALUATIONS,
    Batch,
    Decay,
    Grid,
    ModelConfig,
    Pooling,
    Precision,
    TrainingConfig,
    defaults_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_EVALUATIONS",
    "Batch",
    "Configuration",
    "Decay",
    "Grid",
    "ModelConfig",
    "Pooling",
    "Precision",
    "TrainingConfig",
    "check_regularizers",
    "defaults_of",
    "divisors",
]


@dataclass(frozen=True)
class Configuration:
    """Everything that decides a seed run but the corpus and the seed.

    Raises
    ------
    ConfigurationError
        If ``regularizers`` does not divide the bars; the message lists the allowed values.
    """

    grid: Grid = field(default_factory=Grid)
    model: ModelConfig = field(default_factory=ModelConfig)
    annealing: Schedule = field(default_factory=Schedule)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        check_regularizers(self.model.regularizers, self.grid)
        if self.model.batch_norm and self.training.batch == 1:
            raise ConfigurationError(
                "model.batch_norm: one snippet has no spread to normalise; use a training.batch "
                "of 2 or more"
            )
        precision = self.training.precision
        if precision in (Precision.MIXED, Precision.AUTO) and not self.stackable:
            raise ConfigurationError(
                f"training.precision {precision}: not with training.encoder_steps; use fp32 or "
                "tf32 there"
            )

    @property
    def stackable(self) -> bool:
        """Whether :mod:`musebar_core.stacked` knows all that this configuration asks for."""
        return not self.training.encoder_steps

    @property
    def stack(self) -> tuple[object, ...] | None:
        """What two configurations must agree in to train as one program; None if one cannot.

        Latent length, regularizers, annealing, epochs, learning rate, dropout, free bits and nats,
        scheduled sampling, transposition and clipping may differ; regularizers not with a
        bidirectional encoder, whose segments they cut, nor where each posterior has moments of its
        own. See :func:`musebar_core.stacked.fit`.
        """
        own, training = self.model, self.training
        if not self.stackable:
            return None
        return (
            self.grid,
            own.hidden,
            own.layers,
            own.pooling,
            own.bidirectional and own.regularizers,
            own.batch_norm > 0 and own.regularizers,
            training.batch,
            training.snippets_on_the_way,
            training.curve_is_partial,
            training.precision,
        )

    @property
    def config_id(self) -> str:
        """First 12 hex digits of the SHA-256 of :meth:`canonical_json`."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()[:12]

    def canonical_json(self) -> str:
        """JSON with sorted keys and no white space: equal for equal configurations."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries; :meth:`from_dict` takes them back.

        An :data:`~musebar_core.annealing.OPTION` at its default is left out.
        """
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Configuration:
        """Rebuild a configuration from :meth:`to_dict`'s form.

        Raises
        ------
        UnknownNameError
            If a key is not known.
        ConfigurationError
            If a value is out of range or of the wrong type.
        """
        sections = {
            "grid": Grid,
            "model": ModelConfig,
            "annealing": Schedule,
            "training": TrainingConfig,
        }
        if not isinstance(values, dict):
            raise ConfigurationError("a configuration is a mapping of sections")
        _known_keys("section of a configuration", values, sections)
        return cls(
            **{
                name: _section(name, section, values.get(name, {}))
                for name, section in sections.items()
            }
        )


def divisors(bars: int) -> tuple[int, ...]:
    """Numbers of regularizers that a snippet of ``bars`` bars allows, ascending."""
    return tuple(r for r in range(1, bars + 1) if bars % r == 0)


def check_regularizers(regularizers: int, grid: Grid) -> None:
    """Raise :class:`ConfigurationError` unless ``regularizers`` divides the snippet's bars."""
    if regularizers not in divisors(grid.bars):
        allowed = ", ".join(map(str, divisors(grid.bars)))
        raise ConfigurationError(
            f"regularizers {regularizers} does not divide the {grid.bars} bars of a snippet "
            f"(allowed: {allowed})"
        )


def _section(name: str, section: type[Any], values: object) -> Any:  # noqa: ANN401
    if not isinstance(values, dict):
        raise ConfigurationError(f"configuration section '{name}' must be a mapping of settings")
    _known_keys(f"setting in '{name}'", values, [f.name for f in dataclasses.fields(section)])
    return section(**values)


def _plain(section: Any) -> dict[str, Any]:  # noqa: ANN401
    """Settings by name, words as plain text."""
    kept = {
        f.name: getattr(section, f.name)
        for f in dataclasses.fields(section)
        if "option" not in f.metadata or getattr(section, f.name) != f.default
    }
    return {name: str(v) if isinstance(v, StrEnum) else v for name, v in kept.items()}


def _known_keys(kind: str, values: Mapping[str, Any], known: Mapping[str, Any] | list[str]) -> None:
    for key in values:
        if key not in known:
            raise UnknownNameError(kind, str(key), known)
