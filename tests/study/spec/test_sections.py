"""Sections of a spec: what a key may be, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from study.spec.sections import (
    CorpusSpec,
    ResourcesSpec,
    SearchSpec,
    SeedsSpec,
    StorageSpec,
)
from study.statistics.purposes import Aim, Purpose

SECTIONS = {
    "corpus": CorpusSpec,
    "search": SearchSpec,
    "seeds": SeedsSpec,
    "resources": ResourcesSpec,
    "storage": StorageSpec,
}

BOUNDS = {
    "corpus.songs_per_genre": (1, 10_000_000),
    "search.configurations": (1, 10_000),
    "search.generation": (1, 10_000),
    "search.finalists": (1, 10_000),
    "search.rungs": ([6], [16]),
    "search.rate": (1e-9, 10**6),
    "search.seed": (0, 2**63 - 1),
    "seeds.search": (1, 1000),
    "seeds.confirm": (1, 10_000),
    "resources.slots": (1, 100_000),
    "resources.cpus_per_trial": (1, 10_000),
    "resources.gpus_per_trial": (0, 1000),
    "resources.seeds_per_trial": (1, 10_000),
    "resources.max_attempts": (1, 1000),
    "storage.patience_seconds": (0, 10**7),
    "storage.checkpoint_seconds": (0, 10**7),
}
"""The least and the most that a key may be."""

BEYOND = {
    "search.rungs": ([5], [17]),
    "search.rate": (0, 10**6 + 1),
    "search.seed": (-1, 2**63),
}


def read(key, value):
    section, _, name = key.partition(".")
    return getattr(SECTIONS[section].model_validate({name: value}), name)


@pytest.mark.parametrize("key", BOUNDS)
def test_a_key_may_be_all_between_its_bounds_and_nothing_beyond(key):
    least, most = BOUNDS[key]
    assert (read(key, least), read(key, most)) == (least, most)
    for value in BEYOND.get(key) or (least - 1, most + 1):
        with pytest.raises(ValidationError):
            read(key, value)


@pytest.mark.parametrize(("key", "count"), [("corpus.genres", 10_000), ("search.choices", 1000)])
def test_a_list_may_have_so_many_members_and_none_more(key, count):
    def listed(n):
        names = [str(i) for i in range(n)]
        return {"latent_length": names} if key == "search.choices" else names

    assert read(key, listed(count))
    with pytest.raises(ValidationError):
        read(key, listed(count + 1))


def test_a_genres_name_has_at_most_as_many_characters_as_a_file_name():
    assert read("corpus.genres", ["x" * 255]) == ["x" * 255]
    with pytest.raises(ValidationError):
        read("corpus.genres", ["x" * 256])


@pytest.mark.parametrize(
    ("configurations", "smallest"),
    [(1, 2), (12, 2), (13, 3), (18, 3), (60, 10), (61, 11), (10_000, 1667)],
)
def test_the_smallest_generation_is_a_sixth_rounded_up_and_two_at_least(configurations, smallest):
    assert SearchSpec(configurations=configurations).smallest_generation == smallest


@pytest.mark.parametrize(("protocol", "grid"), [("grid", True), ("search", False)])
def test_a_grid_is_one_by_its_protocol(protocol, grid):
    assert SearchSpec.model_validate({"protocol": protocol}).is_grid is grid


@pytest.mark.parametrize(
    ("objective", "purpose"),
    [
        ("bce", Purpose.REPRESENTATION),
        ("elbo", Purpose.DENSITY),
        ("mi_lower", Purpose.REPRESENTATION),
        (["elbo"], Purpose.DENSITY),
        (["elbo", "mi_lower"], Purpose.REPRESENTATION),
        (["bce", "elbo"], Purpose.REPRESENTATION),
        (["elbo", "bce"], Purpose.DENSITY),
    ],
)
def test_an_older_specs_objective_is_read_as_the_purpose_that_it_stood_for(objective, purpose):
    found = SearchSpec.model_validate({"objective": objective, "finalists": 3})
    assert (found.purpose, found.finalists) == (purpose, 3)


@pytest.mark.parametrize(
    "content",
    [
        {"objective": "loss"},
        {"objective": []},
        {"objective": ["bce", "loss"]},
        {"objective": ["bce", ["elbo"]]},
        {"objective": 3},
        {"objective": "bce", "purpose": "density"},
    ],
)
def test_another_objective_or_one_beside_a_purpose_is_an_unknown_key(content):
    with pytest.raises(ValidationError, match="objective\n"):
        SearchSpec.model_validate(content)


def test_an_aim_has_the_rate():
    search = SearchSpec.model_validate({"purpose": "reconstruction", "rate": 5})
    assert search.aim == Aim(Purpose.RECONSTRUCTION, 5)
    assert SearchSpec().aim == Aim(Purpose.REPRESENTATION, None)


def test_files_of_labels_go_to_the_core_each_in_its_place():
    files = {
        "labels": "a.cls",
        "genre_map": "map.yaml",
        "match_scores": "scores.json",
        "tracks": "tracks.txt",
        "matches": "all",
    }
    found = CorpusSpec.model_validate(files).label_options
    assert found.files == (Path("a.cls"),)
    assert found.genre_map == Path("map.yaml")
    assert found.match_scores == Path("scores.json")
    assert found.tracks == Path("tracks.txt")
    assert found.matches == "all"
    bare = CorpusSpec.model_validate({"labels": ["a.cls", "b.cls"]}).label_options
    assert (bare.files, bare.matches) == ((Path("a.cls"), Path("b.cls")), "best")
    assert (bare.genre_map, bare.match_scores, bare.tracks) == (None, None, None)
    assert CorpusSpec().label_options is None
