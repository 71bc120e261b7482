"""StudySpec: what a study is asked, validated once and resolved to every last value."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    create_model,
    field_validator,
    model_validator,
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
from study.statistics.purposes import Aim, Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from musebar_core.corpus import LabelOptions
    from musebar_core.settings import Value
    from musebar_core.yamlfile import Plain
    from search_spaces import Space

OVERALL = "overall"
EMBEDDED_SOURCE = "music21"
CONFIRMATION_SEED = 1000
"""First seed of the phases ``methods`` and ``confirm``; search seeds start at 0."""

MIN_RUNG = 6
"""Fewest paired seeds on which a finalist may be dropped: n of them give a p of at least 2^-n."""
MAX_RUNG = 16
"""Most paired seeds of which every sign flip is counted."""
DEFAULT_RUNGS = (6, 8)

MOST_SEEDS = 10_000
MOST_RUNS = 1_000_000
"""Seed runs of a genre in a grid study, at most."""

Count = Annotated[int, Field(ge=1, le=10_000)]
Positive = Annotated[int, Field(ge=1)]
Regularizers = Positive | dict[Literal["every"], Positive]
Seconds = Annotated[float, Field(ge=0, le=10**7, allow_inf_nan=False)]


class GenreOrder(StrEnum):
    """How the searches of a study's genres go, where one takes over what won in another."""

    SIDE_BY_SIDE = "side_by_side"
    """The joint corpus leads, and the others follow a generation behind it."""
    IN_TURN = "in_turn"
    """One after the other, as studies of older products go on."""


class Phase(StrEnum):
    """What a seed run is for."""

    METHODS = "methods"
    SEARCH = "search"
    CONFIRM = "confirm"


class Protocol(StrEnum):
    """``grid``: every configuration on all seeds. ``search``: propose, then confirm the best."""

    GRID = "grid"
    SEARCH = "search"


class Sampler(StrEnum):
    """Who proposes configurations; ``auto`` is gp, or tpe where a space has conditions.

    ``grid`` takes the space's cells in order.
    """

    AUTO = "auto"
    GP = "gp"
    TPE = "tpe"
    RANDOM = "random"
    GRID = "grid"
    QMC = "qmc"


OBJECTIVES: dict[str, Purpose] = {
    "bce": Purpose.REPRESENTATION,
    "elbo": Purpose.DENSITY,
    "mi_lower": Purpose.REPRESENTATION,
}
"""What ``search.objective`` of an older spec is read as. ``bce`` was what every study had that did
not say otherwise, and what it recommended had to be informative: that purpose is the default."""


class _Section(BaseModel):
    """Strict: text is no number, a switch no number, and ``yes`` no switch."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GridSpec(_Section):
    """Time grid; see :class:`musebar_core.config.Grid`."""

    steps_per_quarter: Positive = 1
    steps_per_bar: Positive = 4
    snippet_steps: Positive = 240


NotEmpty = Annotated[str, Field(pattern=r"\S")]
Name = Annotated[str, Field(max_length=255)]
_WORD = Field(strict=False)
"""Of a choice among words: a file has the word."""


class CorpusSpec(_Section):
    """Which music: ``music21`` (what music21 ships), a built corpus, or music to build one from.

    Music is a folder with a folder a genre, a CSV file with columns file and genre, or a folder
    of the Lakh MIDI Dataset with ``labels``: files of genre labels, the first that knows a song
    decides. ``genre_map``, ``match_scores``, ``tracks`` and ``matches`` go with these; see
    :class:`musebar_core.corpus.LabelOptions`. ``songs_per_genre`` is for all but a built corpus,
    which is taken as it is. ``repeats`` says whether repeats of scores are played, or every bar
    comes once, as written.
    """

    source: NotEmpty = "music21"
    labels: Annotated[list[NotEmpty], Field(min_length=1)] | None = None
    genre_map: NotEmpty | None = None
    match_scores: NotEmpty | None = None
    tracks: NotEmpty | None = None
    matches: Literal["best", "all"] = "best"
    genres: Annotated[list[Name], Field(max_length=10_000)] | None = None
    songs_per_genre: Annotated[int, Field(ge=1, le=10_000_000)] | None = 300
    repeats: Literal["played", "written"] = "played"
    include_overall: bool = True
    grid: GridSpec = GridSpec()

    @field_validator("labels", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @functools.cached_property
    def label_options(self) -> LabelOptions | None:
        """Genre labels as the core knows them; None where none are named."""
        from musebar_core.corpus import LabelOptions

        if self.labels is None:
            return None
        others = (self.genre_map, self.match_scores, self.tracks)
        genre_map, scores, tracks = (None if each is None else Path(each) for each in others)
        files = tuple(map(Path, self.labels))
        return LabelOptions(files, genre_map, scores, tracks, self.matches)


def _settings_of(config: type[ModelConfig | TrainingConfig], **instead: object) -> type[_Section]:
    """A section with every setting of a part of the core's configuration.

    None of them has to be there: what is left out comes from the profile, else from the core's
    own default. The core checks the ranges. ``instead`` are settings that a spec writes in
    another way.
    """
    types = get_type_hints(config) | instead
    fields: dict[str, Any] = {  # pydantic's create_model takes nothing narrower
        f.name: (Annotated[kind, _WORD] | None if _is_word(kind) else kind | None, None)
        for f in fields_of(config)
        for kind in [types[f.name]]
    }
    return create_model(f"{config.__name__}Settings", __base__=_Section, **fields)


def _is_word(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


class ModelSpec(_settings_of(ModelConfig, regularizers=Regularizers)):  # type: ignore[misc]
    """The model, and the values of what a space does not vary."""


class TrainingSpec(_settings_of(TrainingConfig)):  # type: ignore[misc]
    """Training."""

    profile: Literal["paper", "strong"] = "paper"


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


class SearchSpec(_Section):
    """How configurations are found.

    ``space`` names a space of the product's or a YAML file; its content is stored with the study
    as ``space_content``. ``configurations`` is per genre. ``generation`` is how many are proposed
    at a time; ``finalists`` how many of the searched go on to the confirmation seeds; ``rungs``
    the numbers of those seeds at which the surely worse are dropped. ``purpose`` is what sampler,
    finalists, race and choice serve; ``rate`` goes with ``reconstruction``: the most KL, in nats.
    ``transfer`` takes over into a genre what wins in the joint corpus, which leads; the genres go
    side by side, unless ``order`` says otherwise. ``seed`` starts the sampler. An older spec's
    ``objective`` is read as a purpose (:data:`OBJECTIVES`).

    A launch settles a ``generation`` and an ``order`` that are left open, and the study keeps them.
    """

    protocol: Annotated[Protocol, _WORD] = Protocol.SEARCH
    methods: bool = True
    space: str = "full"
    space_content: dict[str, JsonValue] | None = None
    fixed: dict[str, JsonValue] = {}
    choices: dict[str, Annotated[list[JsonValue], Field(max_length=1_000)]] = {}
    sampler: Annotated[Sampler, _WORD] = Sampler.AUTO
    configurations: Count = 60
    generation: Count | None = None
    finalists: Count = 8
    rungs: list[Annotated[int, Field(ge=MIN_RUNG, le=MAX_RUNG)]] | None = None
    purpose: Annotated[Purpose, _WORD] = Purpose.REPRESENTATION
    rate: Annotated[float, Field(gt=0, le=10**6, allow_inf_nan=False)] | None = None
    transfer: bool = True
    order: Annotated[GenreOrder, _WORD] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @property
    def smallest_generation(self) -> int:
        """Size of a generation that nothing asks to be larger: a sixth of a genre's."""
        return max(2, -(-self.configurations // 6))

    @property
    def is_grid(self) -> bool:
        """Whether every configuration of the space is run, and none proposed."""
        return self.protocol is Protocol.GRID

    @model_validator(mode="before")
    @classmethod
    def _objective_was_a_purpose(cls, content: object) -> object:
        """Read an older spec's objective as the purpose that it stood for."""
        if not isinstance(content, dict) or "objective" not in content or "purpose" in content:
            return content
        asked = content["objective"]
        named = asked if isinstance(asked, list) else [asked]
        if not named or not all(isinstance(one, str) and one in OBJECTIVES for one in named):
            return content
        purpose = Purpose.REPRESENTATION if "mi_lower" in named else OBJECTIVES[named[0]]
        rest = {key: value for key, value in content.items() if key != "objective"}
        return rest | {"purpose": str(purpose)}

    @property
    def aim(self) -> Aim:
        """What the search is for."""
        return Aim(self.purpose, self.rate)


class SeedsSpec(_Section):
    """Seeds a configuration: in the search, and in methods and confirmation."""

    search: Annotated[int, Field(ge=1, le=CONFIRMATION_SEED)] = 2
    confirm: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 10


class ResourcesSpec(_Section):
    """Where runs go: ``slots`` run at a time, each with its CPUs and its share of a GPU.

    ``auto`` is settled by :mod:`study.run.sizing` from the machines there are.
    """

    slots: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    cpus_per_trial: Count = 1
    gpus_per_trial: Annotated[float, Field(ge=0, le=1_000)] | Literal["auto"] = 0.0
    seeds_per_trial: Annotated[int, Field(ge=1, le=MOST_SEEDS)] | Literal["auto"] = 1
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 3


class StorageSpec(_Section):
    """Where the record is kept: ``sqlite`` in the study's folder, or a SQLAlchemy URL.

    A driver whose database went away waits ``patience_seconds`` for it. Between two checkpoints
    of a run lie ``checkpoint_seconds`` at least (0: one after every evaluation); they decide what
    a kill costs, never a result.
    """

    ledger: str = "sqlite"
    home: str | None = None
    patience_seconds: Seconds = 300
    checkpoint_seconds: Seconds = 20


class StudySpec(_Section):
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
            name: tuple(search_spaces.settle_value(name, value, self.grid) for value in values)
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
