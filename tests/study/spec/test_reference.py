"""The reference of specs says what the models say, and editors are told the same."""

from __future__ import annotations

import runpy
from pathlib import Path

import jsonschema
import pytest
import yaml

from study.spec import meanings, reference, specfile

ROOT = Path(__file__).parents[3]


def test_the_document_and_the_schema_are_those_of_the_models():
    again = "run python -m study.spec.reference"
    assert (ROOT / reference.DOCUMENT).read_text() == reference.markdown(), again
    assert reference.schema_path().read_text() == reference.schema_text(), again


def test_both_are_written_anew_in_their_places(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "DOCUMENT", tmp_path / "spec.md")
    monkeypatch.setattr(reference, "SCHEMA_FILE", tmp_path / "schema.json")
    reference.main()
    assert (tmp_path / "spec.md").read_text() == reference.markdown()
    assert (tmp_path / "schema.json").read_text() == reference.schema_text()


@pytest.mark.parametrize(
    ("name", "files"), [("__main__", ["spec.md", "schema.json"]), ("study.spec.reference", [])]
)
def test_nothing_is_written_but_by_the_program(monkeypatch, name, files):
    written = []
    monkeypatch.setattr(Path, "write_text", lambda self, *_, **__: written.append(self.name))
    runpy.run_path(reference.__file__, run_name=name)
    assert written == files


def test_every_key_has_its_meaning_and_nothing_else_has_one():
    known = {key.path: key for key in reference.all_keys()}
    assert all(key.meaning for key in known.values())
    assert set(meanings.MEANINGS) <= set(known)
    assert known["seeds.confirm"].default == "10"
    assert known["training.epochs"].unit == "optimiser steps"


@pytest.mark.parametrize("name", specfile.presets())
def test_the_schema_takes_every_preset(name):
    content = yaml.safe_load((ROOT / "study" / "spec" / "presets" / f"{name}.yaml").read_text())
    jsonschema.validate(content, reference.schema())


def test_the_schema_refuses_an_unknown_key_and_a_wrong_value():
    for wrong in ({"seed": {}}, {"seeds": {"confirm": 0}}, {"search": {"sampler": "best"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, reference.schema())


def test_a_spec_to_start_from_is_valid_and_names_the_schema(music, tmp_path):
    text = reference.starter("mine", str(music), ("high", "low"))
    (tmp_path / "mine.yaml").write_text(text)
    assert text.startswith("# yaml-language-server: $schema=file:")
    spec = specfile.load(str(tmp_path / "mine.yaml"))
    assert (spec.name, spec.corpus.genres) == ("mine", ["high", "low"])
    jsonschema.validate(yaml.safe_load(text), reference.schema())


def test_a_first_study_is_as_small_as_two_cores_take():
    text = reference.starter("mine", "music", ("jazz", "pop"))
    spec = specfile.resolve(yaml.safe_load(text))
    grid, model, training = spec.corpus.grid, spec.model, spec.training
    assert (grid.steps_per_quarter, grid.steps_per_bar, grid.snippet_steps) == (1, 4, 64)
    assert spec.corpus.songs_per_genre == 300
    assert (model.hidden, model.layers, model.latent_length) == (64, 1, 16)
    assert (training.epochs, training.evaluate_every) == (400, 50)
    assert (spec.search.configurations, spec.search.finalists) == (12, 3)
    assert (spec.seeds.search, spec.seeds.confirm) == (2, 10)
    assert (spec.search.space, spec.search.purpose) == ("full", "representation")
    assert "  finalists: 3  # that go on to the confirmation seeds\n" in text


@pytest.mark.parametrize(
    ("genres", "joint"), [(("jazz",), False), (("pop", "jazz"), True), (("a", "b", "c"), True)]
)
def test_a_first_study_is_of_all_genres_and_jointly_where_there_are_several(genres, joint):
    spec = specfile.resolve(yaml.safe_load(reference.starter("mine", "music", genres)))
    assert (tuple(spec.corpus.genres), spec.corpus.include_overall) == (genres, joint)
    assert spec.training.profile == "strong"


@pytest.mark.parametrize("word", ["007", "no", "a: b", "#1", 'my "own" music', "1e3"])
def test_names_that_mean_something_else_in_yaml_are_quoted_in_a_first_study(word):
    found = yaml.safe_load(reference.starter(word, word, (word, "b")))
    assert (found["name"], found["corpus"]["source"], found["corpus"]["genres"][0]) == (word,) * 3
