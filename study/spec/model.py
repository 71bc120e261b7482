"""StudySpec: what a study is asked, validated once and resolved to every last value."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    Field,
    JsonValue,
)

import search_spaces
from musebar_core.annealing import Schedule
from musebar_core.config import (
    Configuration,
    Grid,
    ModelConfig,
    TrainingConfig,
    defaults_of,
)
from musebar_core.settings import setting
from search_spaces.ranges import Range
from study.spec.sections import (
    CONFIRMATION_SEED,
    CorpusSpec,
    ModelSpec,
    Phase,
    ResourcesSpec,
    SearchSpec,
    SeedsSpec,
    SpecSection,
    StorageSpec,
    TrainingSpec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from musebar_core.setting import Value
    from musebar_core.yamlvalues import Plain
    from search_spaces import Space


@dataclass(frozen=True)
class Profile:
    """What a profile supplies to the sections ``model`` and ``training``."""

    model: Mapping[str, Plain] = field(default_factory=dict)
    training: Mapping[str, Plain] = field(default_factory=dict)


DEFAULTS = Profile(
    model=defaults_of(ModelConfig) | {"regularizers": {"every": 2}},
    training=defaults_of(TrainingConfig),
)
"""What is neither in a spec nor in its profile; every option is off in it. Where
``evaluate_every`` is left out, it follows the epochs."""


def _strong() -> Profile:
    """What the configuration ``strong`` of the space ``ablation`` says of these sections."""
    named = dict(search_spaces.load_space("ablation", Grid()).named)
    parts: dict[str, dict[str, Plain]] = {"model": {}, "training": {}}
    for name, value in named["strong"]:
        entry = setting(name)
        if entry.section in parts:
            parts[entry.section][entry.field] = value
    return Profile(**parts)


PROFILES: dict[str, Profile] = {"paper": Profile(), "strong": _strong()}
"""What each profile supplies; an explicit key overrides it."""


class StudySpec(SpecSection):
    """A whole study. ``study.spec.specfile`` makes one."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    about: str = ""
    corpus: CorpusSpec = CorpusSpec()
    model: ModelSpec = ModelSpec()
    training: TrainingSpec = TrainingSpec()
    search: SearchSpec = SearchSpec()
    seeds: SeedsSpec = SeedsSpec()
    resources: ResourcesSpec = ResourcesSpec()
    storage: StorageSpec = StorageSpec()

    @functools.cached_property
    def grid(self) -> Grid:
        """The time grid as the core knows it."""
        return Grid(**self.corpus.grid.model_dump())

    @functools.cached_property
    def fixed(self) -> dict[str, Value]:
        """``search.fixed`` with every value settled."""
        return {
            k: search_spaces.settle_value(k, v, self.grid) for k, v in self.search.fixed.items()
        }

    @functools.cached_property
    def _plain(self) -> Configuration:
        training = self.training.model_dump(exclude={"profile"})
        model = self.model.model_dump()
        model["regularizers"] = search_spaces.regularizer_count(model["regularizers"], self.grid)
        return Configuration(
            self.grid, ModelConfig(**model), Schedule(), TrainingConfig(**training)
        )

    def configuration(self, values: Mapping[str, Value]) -> Configuration:
        """The configuration of one cell of the space: what is fixed, and ``values`` over it."""
        return search_spaces.apply(self._plain, self.fixed | dict(values))

    @functools.cached_property
    def space(self) -> Space:
        """The search space, restricted by ``search.fixed`` and ``search.choices``."""
        choices = {
            name: values.values()
            if isinstance(values, Range)
            else tuple(search_spaces.settle_value(name, value, self.grid) for value in values)
            for name, values in self.search.choices.items()
        }
        content = self.search.space_content or search_spaces.read_space(self.search.space)
        space = search_spaces.make_space(Path(self.search.space).stem, content, self.grid)
        return space.restrict(self.fixed, choices)

    @functools.cached_property
    def methods(self) -> dict[str, Configuration]:
        """The paper's four methods at this study's sizes.

        What defines a method outranks what the study holds fixed.
        """
        space = search_spaces.load_space("methods", self.grid)
        return {name: self.configuration(dict(values)) for name, values in space.named}

    def seeds_of(self, phase: Phase) -> range:
        """Seeds of a phase, in order."""
        if phase is Phase.SEARCH:
            return range(self.seeds.search)
        return range(CONFIRMATION_SEED, CONFIRMATION_SEED + self.seeds.confirm)

    def settled_as(self, other: StudySpec) -> StudySpec:
        """The same, with what its search leaves open as it is in another."""
        mine, its = self.search, other.search
        settled = {
            "generation": mine.generation or its.generation,
            "order": mine.order or its.order,
        }
        return self.model_copy(update={"search": mine.model_copy(update=settled)})

    def identity(self) -> dict[str, JsonValue]:
        """What makes this study this study: all but where it runs and where it is kept.

        Of a GPU's share only whether there is one: its size says where a run has room.
        """
        content = self.model_dump(mode="json", exclude={"storage", "about"})
        content["resources"].pop("slots")
        if content["resources"]["gpus_per_trial"] != 0:
            content["resources"]["gpus_per_trial"] = "a GPU"
        return content
