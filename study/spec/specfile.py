"""From a YAML file, a preset or plain data to a StudySpec; what is wrong is said in one line."""

from __future__ import annotations

import copy
import itertools
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

import search_spaces
from musebar_core.config import DEFAULT_EVALUATIONS
from musebar_core.errors import (
    ConfigurationError,
    MuseBarError,
    UnknownNameError,
    UsageError,
    nearest,
)
from musebar_core.terminal import may_hold_password
from musebar_core.yamlfile import parse, read_mapping
from musebar_core.yamlvalues import MAX_DEPTH
from search_spaces.content import explained_range
from study.spec.model import DEFAULTS, PROFILES, StudySpec
from study.spec.sections import (
    DEFAULT_RUNGS,
    EMBEDDED_SOURCE,
    MOST_RUNS,
    GenreOrder,
    ModelSpec,
    Protocol,
    TrainingSpec,
)
from study.statistics.purposes import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.yamlvalues import Plain
    from search_spaces import Space

logger = logging.getLogger(__name__)

NOT_SHOWN = "*** (not shown: it may hold a password)"

MOST_SCHEDULES = 10_000
"""Annealing schedules that a space may make of its values, at most."""


def presets() -> list[str]:
    """Names of the specs that come with the product."""
    return sorted(path.stem for path in _preset_folder().glob("*.yaml"))


def about(preset: str) -> str:
    """What a preset is for, in its own words."""
    return str(read_mapping(_preset_folder() / f"{preset}.yaml", "spec")["about"])


def load(
    source: str | Mapping[str, Plain], overrides: Iterable[str] = (), name: str | None = None
) -> StudySpec:
    """Read a preset or a file, override single values, resolve.

    Parameters
    ----------
    source
        A preset's name, a path to a YAML file, or what would stand in one.
    overrides
        ``"section.key=value"``, the value in YAML.
    name
        The study's name, if not the spec's own.

    Raises
    ------
    UsageError
        If anything in it is wrong; the message says where and what to do.
    """
    content = _read(source) if isinstance(source, str) else copy.deepcopy(dict(source))
    for override in overrides:
        override_value(content, override)
    if name is not None:
        content["name"] = name
    _absolute_paths(content)
    spec = resolve(content)
    _say_what_was_read(content, spec)
    return spec


def _read(source: str) -> dict[str, Plain]:
    """What a preset or a file says; it bears the file's name where it names none."""
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"} and not path.is_file():
        path = _preset_folder() / f"{source}.yaml"
        if not path.is_file():
            raise UnknownNameError("preset", source, presets())
    content = read_mapping(path, "spec")
    content.setdefault("name", path.stem)
    return content


def _say_what_was_read(content: Mapping[str, Plain], spec: StudySpec) -> None:
    """Tell of an older spec's objective what it is read as."""
    search = content.get("search")
    if isinstance(search, dict) and "objective" in search:
        logger.warning(
            "search.objective '%s' is an older study's: it is read as search.purpose '%s'",
            search["objective"],
            spec.search.purpose,
        )


def restore(content: Mapping[str, Plain]) -> StudySpec:
    """Read a spec as it was recorded, resolved: an option it does not know is off in it."""
    known = dict(content)
    for section, defaults in (("model", DEFAULTS.model), ("training", DEFAULTS.training)):
        recorded = content.get(section, {})
        if isinstance(recorded, dict):
            known[section] = {**defaults, **recorded}
    search = content.get("search")
    if isinstance(search, dict):  # before genres could go side by side, they went in turn
        known["search"] = {"order": str(GenreOrder.IN_TURN), **search}
    return resolve(known)


def resolve(content: Mapping[str, Plain]) -> StudySpec:
    """Validate plain data and fill in what profile and defaults supply.

    Raises
    ------
    UsageError
        If a key is unknown (the nearest known one is named) or a value is wrong.
    """
    try:
        spec = StudySpec.model_validate(content)
    except ValidationError as error:
        raise UsageError(_explain(error, content)) from None
    profile = PROFILES[spec.training.profile]
    model = {**DEFAULTS.model, **profile.model, **spec.model.model_dump(exclude_none=True)}
    asked = spec.training.model_dump(exclude_none=True)
    training = {**DEFAULTS.training, **profile.training, **asked}
    if "evaluate_every" not in asked:
        training["evaluate_every"] = max(1, training["epochs"] // DEFAULT_EVALUATIONS)
    search = {
        "rungs": _rungs(spec),
        "space_content": spec.search.space_content or _space_content(spec.search.space),
    }
    spec = spec.model_copy(
        update={
            "model": ModelSpec(**model),
            "training": TrainingSpec(**training),
            "search": spec.search.model_copy(update=search),
        }
    )
    _check(spec)
    return spec


def _check(spec: StudySpec) -> None:
    """Build everything that the spec implies, so that what is wrong shows before work starts."""
    for section, names in (("fixed", spec.search.fixed), ("choices", spec.search.choices)):
        try:
            search_spaces.check_names(names)
        except UnknownNameError as error:
            raise UsageError(f"spec: search.{section}: {error}") from None
    for name, values in spec.search.choices.items():
        if not values:
            raise UsageError(f"spec: search.choices.{name} is an empty list: name at least one")
    try:
        space = spec.space
        _ = spec.methods
        _ = spec.configuration({})
        _check_cells(spec)
    except MuseBarError as error:
        raise UsageError(f"spec: {error}") from None
    needless = [key for key in ("genre_map", "match_scores", "tracks") if getattr(spec.corpus, key)]
    if needless and spec.corpus.labels is None:
        raise UsageError(f"spec: corpus.{needless[0]} goes with corpus.labels, which is missing")
    _check_search(spec)
    if spec.corpus.genres is not None and not spec.corpus.genres:
        raise UsageError("spec: corpus.genres is an empty list: name genres, or leave it out")
    if space.named and spec.search.protocol is Protocol.SEARCH:
        raise UsageError(
            f"spec: the space '{space.name}' lists whole configurations: "
            "use it with search.protocol=grid"
        )


def _rungs(spec: StudySpec) -> list[int]:
    if spec.search.rungs is None:
        return [rung for rung in DEFAULT_RUNGS if rung < spec.seeds.confirm]
    return spec.search.rungs


def _check_search(spec: StudySpec) -> None:
    rungs = spec.search.rungs or []
    if sorted(set(rungs)) != rungs or any(rung >= spec.seeds.confirm for rung in rungs):
        raise UsageError(
            f"spec: search.rungs {rungs}: numbers of seeds, rising, each below seeds.confirm "
            f"({spec.seeds.confirm})"
        )
    search = spec.search
    if search.rate is not None and search.purpose is not Purpose.RECONSTRUCTION:
        raise UsageError(
            f"spec: search.rate {search.rate:g}: only search.purpose=reconstruction has a rate "
            f"(this one is '{search.purpose}')"
        )


def _check_cells(spec: StudySpec) -> None:
    """Make a configuration of every value, and of every schedule: their settings hang together."""
    if spec.search.protocol is Protocol.GRID:
        most = MOST_RUNS // spec.seeds.confirm
        _check_count(spec.space, most, f"on {spec.seeds.confirm} seeds each (seeds.confirm)")
    schedule = [p for p in spec.space.parameters if p.name.startswith("annealing")]
    _check_count(replace(spec.space, parameters=tuple(schedule)), MOST_SCHEDULES, "of annealing")
    for parameter in spec.space.parameters:
        if parameter not in schedule:
            for value in parameter.values:
                spec.configuration({parameter.name: value})
    for cell in replace(spec.space, parameters=tuple(schedule)).cells():
        spec.configuration(cell)


def _check_count(space: Space, most: int, which: str) -> None:
    if len(list(itertools.islice(space.cells(), most + 1))) > most:
        raise ConfigurationError(
            f"search: over {most} combinations {which}: name fewer values in search.choices"
        )


def _space_content(name: str) -> dict[str, Plain]:
    try:
        return search_spaces.read_space(name)
    except MuseBarError as error:
        raise UsageError(f"spec: {error}") from None


def _absolute_paths(content: dict[str, Plain]) -> None:
    """Name folders from the root: a study is resumed from wherever its user stands."""
    corpus = content.get("corpus")
    if not isinstance(corpus, dict):
        return
    for key in ("source", "genre_map", "match_scores", "tracks"):
        if key in corpus and corpus[key] != EMBEDDED_SOURCE:
            corpus[key] = _absolute(corpus[key])
    labels = corpus.get("labels")
    if labels is not None:
        listed = labels if isinstance(labels, list) else [labels]
        corpus["labels"] = [_absolute(path) for path in listed]


def _absolute(path: Plain) -> Plain:
    """Name a path from the root; what is none, or empty, is for the validation to refuse."""
    if not isinstance(path, str) or not path.strip():
        return path
    try:
        return str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # no such user, a circle of links, too long
        return path


def _preset_folder() -> Path:
    return Path(__file__).parent / "presets"


def override_value(content: dict[str, Plain], override: str) -> None:
    """Set one value of plain data, in place: ``"section.key=value"``, the value in YAML.

    Raises
    ------
    UsageError
        If it is not written so, or a section on its way is a value.
    """
    key, equals, text = override.partition("=")
    given = f"--set {_shown(override)}"
    *sections, last = key.strip().split(".")
    if not equals or not last or len(sections) > MAX_DEPTH:
        raise UsageError(f"{given}: write it as section.key=value")
    try:
        value = parse(text, "")
    except UsageError as error:
        said = f": {_shown(str(error).removeprefix(': '))}"
        raise UsageError(f"{given} is not a valid YAML value{said}") from None
    within = content
    for section in sections:
        inner = within.setdefault(section, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{given}: '{section}' is a value, not a section")
        within = inner
    within[last] = value


def _shown(text: str) -> str:
    """What a user gave, as it may be repeated: nothing of what could be a database's URL."""
    return NOT_SHOWN if may_hold_password(text) else " ".join(text.split())


def _explain(error: ValidationError, content: Mapping[str, Plain]) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    match first["loc"]:
        case ("search", "choices", name, "range", *key):
            said = explained_range(tuple(key), first)
            return f"spec: search.choices.{_shown(str(name))}: {said}"
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"], _shown(where))
    if first["type"] == "missing":
        return f"spec: '{where}' is missing"
    place, value = _found(first["loc"], content)
    alike = [e for e in error.errors() if _found(e["loc"], content)[0] == place]
    said = " or ".join(f"{e['msg'][0].lower()}{e['msg'][1:]}" for e in alike)
    left = error.error_count() - len(alike)
    more = f" (and {left} more)" if left else ""
    shown, place = _shown(repr(value)), _shown(place)
    shown = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."
    return f"spec: {place}: {shown}: {said}{more}"


_MOST_SHOWN = 120
"""Characters of a value in a message."""


def _found(location: tuple[int | str, ...], content: object) -> tuple[str, object]:
    """How far a location leads into what was given, and what is there.

    Of a key that may be one thing or another, pydantic appends each of the things' names.
    """
    place: list[str] = []
    for part in location:
        if not (isinstance(content, dict) and part in content):
            break
        content = content[part]
        place.append(str(part))
    return ".".join(place), content


def _unknown_key(location: tuple[int | str, ...], where: str) -> str:
    section: type[BaseModel] = StudySpec
    for part in location[:-1]:
        inner = section.model_fields[str(part)].annotation
        section = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else section
    known = list(section.model_fields)
    prefix = "".join(f"{part}." for part in location[:-1])
    hint = nearest(str(location[-1]), known, 0.4, prefix)
    return f"spec: unknown key '{where}'{hint} (known here: {', '.join(known)})"
