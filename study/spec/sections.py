"""Sections of a study's spec: each key, its bounds and its default."""

from __future__ import annotations

import functools
from dataclasses import fields as fields_of
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    create_model,
    field_validator,
    model_validator,
)

from musebar_core.config import (
    ModelConfig,
    TrainingConfig,
)
from search_spaces.ranges import MOST_VALUES, Range
from study.statistics.purposes import Aim, Purpose

if TYPE_CHECKING:
    from musebar_core.corpus import LabelOptions

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

NotEmpty = Annotated[str, Field(pattern=r"\S")]
Name = Annotated[str, Field(max_length=255)]
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


class SpecSection(BaseModel):
    """Strict: text is no number, a switch no number, and ``yes`` no switch."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GridSpec(SpecSection):
    """Time grid; see :class:`musebar_core.config.Grid`."""

    steps_per_quarter: Positive = 1
    steps_per_bar: Positive = 4
    snippet_steps: Positive = 240


_WORD = Field(strict=False)
"""Of a choice among words: a file has the word."""


class CorpusSpec(SpecSection):
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


def _settings_of(
    config: type[ModelConfig | TrainingConfig], **instead: object
) -> type[SpecSection]:
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
    return create_model(f"{config.__name__}Settings", __base__=SpecSection, **fields)


def _is_word(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


class ModelSpec(_settings_of(ModelConfig, regularizers=Regularizers)):  # type: ignore[misc]
    """The model, and the values of what a space does not vary."""


class TrainingSpec(_settings_of(TrainingConfig)):  # type: ignore[misc]
    """Training."""

    profile: Literal["paper", "strong"] = "paper"


Choices = Annotated[
    Annotated[list[JsonValue], Field(max_length=MOST_VALUES), Tag("list")]
    | Annotated[Range, Tag("range")],
    Discriminator(lambda values: "range" if isinstance(values, dict | Range) else "list"),
]
"""Values of a parameter: a list of them, or a range of numbers."""


class SearchSpec(SpecSection):
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
    choices: dict[str, Choices] = {}
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


class SeedsSpec(SpecSection):
    """Seeds a configuration: in the search, and in methods and confirmation."""

    search: Annotated[int, Field(ge=1, le=CONFIRMATION_SEED)] = 2
    confirm: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 10


class ResourcesSpec(SpecSection):
    """Where runs go: ``slots`` run at a time, each with its CPUs and its share of a GPU.

    ``auto`` is settled by :mod:`study.run.sizing` from the machines there are.
    """

    slots: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    cpus_per_trial: Count = 1
    gpus_per_trial: Annotated[float, Field(ge=0, le=1_000)] | Literal["auto"] = 0.0
    seeds_per_trial: Annotated[int, Field(ge=1, le=MOST_SEEDS)] | Literal["auto"] = 1
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 3


class StorageSpec(SpecSection):
    """Where the record is kept: ``sqlite`` in the study's folder, or a SQLAlchemy URL.

    A driver whose database went away waits ``patience_seconds`` for it. Between two checkpoints
    of a run lie ``checkpoint_seconds`` at least (0: one after every evaluation); they decide what
    a kill costs, never a result.
    """

    ledger: str = "sqlite"
    home: str | None = None
    patience_seconds: Seconds = 300
    checkpoint_seconds: Seconds = 20
