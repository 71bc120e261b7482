"""What is known of one setting, a part of a configuration."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from musebar_core.annealing import Schedule
from musebar_core.config import Grid, ModelConfig, TrainingConfig

if TYPE_CHECKING:
    from musebar_core.config import Configuration

PAPER = "the MuseBar paper"

Value = str | int | float | bool
"""Of a setting: a word where it is a choice."""

SettingType = Literal["int64", "float64", "Int64", "Float64", "boolean", "string"]


class Section(StrEnum):
    """Parts of a configuration, as its fields are called."""

    GRID = "grid"
    MODEL = "model"
    ANNEALING = "annealing"
    TRAINING = "training"


_CLASSES = {
    Section.GRID: Grid,
    Section.MODEL: ModelConfig,
    Section.ANNEALING: Schedule,
    Section.TRAINING: TrainingConfig,
}


@dataclass(frozen=True)
class Setting:
    """One part of a configuration.

    Attributes
    ----------
    name
        As search spaces, specs and columns have it.
    section, field
        Where its value stands in a :class:`~musebar_core.config.Configuration`; the field is
        called as the setting where it is not given.
    dtype
        pandas's; a nullable one for all that came after the first tables, which may lack it.
    meaning
        What it is, in a line.
    unit
        Unit; empty where it has none.
    source
        Whose its default is, or what it does; empty where that is the product's own.
    label
        As pages write it; its name in words where it is not given.
    brief
        The same in the few characters that a figure's legend has; the label where not given.
    words
        Its values in order, where they are words.
    ordered
        Whether neighbouring values are alike: numbers by size, words as ``words`` has them.
    searchable
        Whether a space may vary it.
    kind_only
        Whether it says how a schedule of one kind runs, and nothing across kinds.
    """

    name: str
    section: Section
    dtype: SettingType
    meaning: str
    field: str = ""
    unit: str = ""
    source: str = ""
    label: str = ""
    brief: str = ""
    words: tuple[str, ...] = ()
    ordered: bool = True
    searchable: bool = True
    kind_only: bool = False

    def __post_init__(self) -> None:
        label = self.label or self.name.replace("_", " ")
        object.__setattr__(self, "field", self.field or self.name)
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "brief", self.brief or label)

    @property
    def default(self) -> Value:
        """Value of a configuration that does not name it."""
        return self._plain(_defaults(self.section)[self.field])

    def of(self, config: Configuration) -> Value:
        """Its value in a configuration, of the kind that its column has; a choice as its word."""
        return self._plain(getattr(getattr(config, self.section), self.field))

    def _plain(self, value: Value) -> Value:
        return str(value) if self.dtype == "string" else value


def _defaults(section: Section) -> dict[str, Value]:
    kind = _CLASSES[section]
    stated: dict[str, Any] = {each.name: each.default for each in dataclasses.fields(kind)}
    return {"bars": Grid().bars} | stated if kind is Grid else stated
