"""How a spec is read: from where, what may be overridden, and what is said of what is wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from musebar_core.errors import UnknownNameError, UsageError
from study.spec import specfile
from study.spec.sections import GenreOrder
from study.statistics.purposes import Purpose


def test_presets_are_named_in_order_each_with_what_it_is_for():
    assert specfile.presets() == sorted(specfile.presets())
    assert {"search", "quickstart", "claims", "ablation"} <= set(specfile.presets())
    assert specfile.about("search").startswith("The full space, searched genre by genre")


def test_a_spec_comes_of_a_preset_a_file_or_plain_data_which_stays_as_it_was(tmp_path):
    content = {"name": "mine", "corpus": {"source": "songs"}, "seeds": {"confirm": 7}}
    kept = {"name": "mine", "corpus": {"source": "songs"}, "seeds": {"confirm": 7}}
    assert specfile.load(content, ["seeds.search=3"]).seeds.confirm == 7
    assert content == kept
    for suffix in ("yaml", "yml", "txt"):
        file = tmp_path / f"mine.{suffix}"
        file.write_text("seeds: {confirm: 8}\n")
        found = specfile.load(str(file))
        assert (found.name, found.seeds.confirm) == ("mine", 8)
    assert specfile.load("search").name == "search"


def test_a_name_that_is_given_outranks_the_specs_and_that_the_files(tmp_path):
    file = tmp_path / "file.yaml"
    file.write_text("name: own\n")
    assert specfile.load(str(file)).name == "own"
    assert specfile.load(str(file), [], "given").name == "given"


@pytest.mark.parametrize("source", ["gone.yaml", "gone.yml"])
def test_a_file_that_is_not_there_is_no_preset(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=source) as caught:
        specfile.load(source)
    assert not isinstance(caught.value, UnknownNameError)


def test_every_path_of_a_corpus_is_named_from_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = {
        "source": "songs",
        "labels": ["a.cls", "/b.cls"],
        "genre_map": "map.yaml",
        "match_scores": "scores.json",
        "tracks": "tracks.txt",
    }
    found = specfile.load({"name": "x", "corpus": corpus}).corpus
    assert found.source == str(tmp_path / "songs")
    assert found.labels == [str(tmp_path / "a.cls"), "/b.cls"]
    assert found.genre_map == str(tmp_path / "map.yaml")
    assert found.match_scores == str(tmp_path / "scores.json")
    assert found.tracks == str(tmp_path / "tracks.txt")
    above = specfile.load({"name": "x", "corpus": {"source": "../songs"}}).corpus
    assert above.source == str(tmp_path.parent / "songs")
    monkeypatch.setenv("HOME", str(tmp_path))
    home = specfile.load({"name": "x", "corpus": {"source": "~/songs"}}).corpus
    assert home.source == str(tmp_path / "songs")
    assert specfile.load({"name": "x", "corpus": {"source": "music21"}}).corpus.source == "music21"


@pytest.mark.parametrize("source", ["~nobody-of-this-name/songs", "no\0path", "loop/songs"])
def test_a_path_that_cannot_be_resolved_stays_as_it_was_written(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert specfile.load({"name": "x", "corpus": {"source": source}}).corpus.source == source


def test_where_the_folder_one_stands_in_is_gone_a_path_stays_as_it_was_written(
    tmp_path, monkeypatch
):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert specfile.load({"name": "x", "corpus": {"source": "songs"}}).corpus.source == "songs"


@pytest.mark.parametrize(
    ("override", "content"),
    [
        ("seeds.search=3", {"seeds": {"search": 3}}),
        ("about=a=b", {"about": "a=b"}),
        ("about=", {"about": None}),
        (" about =x", {"about": "x"}),
        ("a.b.c=[1, 2]", {"a": {"b": {"c": [1, 2]}}}),
    ],
)
def test_a_value_is_set_in_its_section_which_is_made_where_there_is_none(override, content):
    found = {}
    specfile.override_value(found, override)
    assert found == content


def test_a_value_is_set_beside_others_and_in_place_of_its_like():
    content = {"seeds": {"search": 1, "confirm": 2}}
    specfile.override_value(content, "seeds.search=3")
    assert content == {"seeds": {"search": 3, "confirm": 2}}


@pytest.mark.parametrize("override", ["seeds.search", "=3", "seeds.=3", "", "."])
def test_an_override_that_names_no_key_or_no_value_is_refused_as_it_was_given(override):
    with pytest.raises(UsageError) as caught:
        specfile.override_value({}, override)
    assert str(caught.value) == f"--set {override}: write it as section.key=value"


def test_an_override_that_is_no_yaml_is_refused_with_what_is_wrong_in_it():
    with pytest.raises(UsageError) as caught:
        specfile.override_value({}, "seeds={search: 1, search: 2}")
    assert str(caught.value) == (
        "--set seeds={search: 1, search: 2} is not a valid YAML value: 'search' stands twice, "
        "at line 1: keep one of them"
    )
    with pytest.raises(UsageError, match=r"^--set seeds=\[ is not a valid YAML value: not valid"):
        specfile.override_value({}, "seeds=[")


def test_an_override_of_several_lines_is_told_in_one():
    with pytest.raises(UsageError, match=r"^--set seeds search: write it"):
        specfile.override_value({}, "seeds\n  search")


def test_an_override_goes_no_deeper_than_a_file_may():
    deepest = ".".join(["a"] * specfile.MAX_DEPTH)
    specfile.override_value({}, f"{deepest}.b=1")
    with pytest.raises(UsageError, match=r"section\.key=value"):
        specfile.override_value({}, f"{deepest}.a.b=1")


@pytest.mark.parametrize(
    ("objective", "purpose", "said"),
    [("elbo", Purpose.DENSITY, "'elbo'"), (["mi_lower"], Purpose.REPRESENTATION, "['mi_lower']")],
)
def test_an_older_specs_objective_is_told_of(caplog, objective, purpose, said):
    with caplog.at_level(logging.WARNING):
        found = specfile.load({"name": "x", "search": {"objective": objective}})
        (message,) = caplog.messages
        caplog.clear()
        specfile.load({"name": "x", "search": {"finalists": 3}})
    assert found.search.purpose is purpose
    assert caplog.messages == []
    assert said.strip("'") in message
    assert message.endswith(f"is read as search.purpose '{purpose}'")


def test_a_recorded_search_that_knows_no_order_went_in_turn_and_one_that_does_as_it_says():
    content = specfile.load("search").model_dump(mode="json")
    assert specfile.restore(content).search.order is None
    del content["search"]["order"]
    assert specfile.restore(content).search.order is GenreOrder.IN_TURN
    content["search"]["order"] = "side_by_side"
    assert specfile.restore(content).search.order is GenreOrder.SIDE_BY_SIDE
    assert "order" in content["search"]


@pytest.mark.parametrize("section", ["model", "training", "search"])
def test_a_recorded_section_that_is_none_is_refused_as_any_other(section):
    content = specfile.load("search").model_dump(mode="json")
    content[section] = 3
    with pytest.raises(UsageError, match=f"spec: {section}: 3"):
        specfile.restore(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "spec: 'name' is missing"),
        (
            {"name": "x", "seeds": {"confirm": 0, "search": 0}},
            "spec: seeds.search: 0: input should be greater than or equal to 1 (and 1 more)",
        ),
        (
            {"name": "x", "about": ["y" * 200]},
            f"spec: about: ['{'y' * 118}...: input should be a valid string",
        ),
        (
            {"name": "x", "about": ["y" * 116]},
            f"spec: about: ['{'y' * 116}']: input should be a valid string",
        ),
        (
            {"name": "x", "seeds": {"confrim": 3}},
            (
                "spec: unknown key 'seeds.confrim': did you mean 'seeds.confirm'? "
                "(known here: search, confirm)"
            ),
        ),
        (
            {"name": "x", "resources": {"gpus": 1}},
            "spec: unknown key 'resources.gpus': did you mean 'resources.gpus_per_trial'? (known",
        ),
        (
            {"name": "x", "resources": {"budget": 1}},
            "spec: unknown key 'resources.budget' (known here: slots, cpus_per_trial, ",
        ),
        (
            {"name": "x", "resources": {"slots": "some"}},
            (
                "spec: resources.slots: 'some': input should be a valid integer or "
                "input should be 'auto'"
            ),
        ),
        (
            {"name": "x", "model": {"regularizers": {"every": 0}}},
            (
                "spec: model.regularizers: {'every': 0}: input should be a valid integer or "
                "input should be greater than or equal to 1"
            ),
        ),
    ],
)
def test_what_is_wrong_is_said_word_for_word(content, said):
    with pytest.raises(UsageError) as caught:
        specfile.load(content)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"search": {"fixed": {"latent": 1}}}, "spec: search.fixed: unknown parameter 'latent'"),
        (
            {"search": {"choices": {"laten": [1]}}},
            "spec: search.choices: unknown parameter 'laten'",
        ),
        (
            {"search": {"choices": {"hidden": []}}},
            "spec: search.choices.hidden is an empty list: name at least one",
        ),
        (
            {"corpus": {"tracks": "t", "match_scores": "s"}},
            "spec: corpus.match_scores goes with corpus.labels, which is missing",
        ),
        (
            {"corpus": {"genres": []}},
            "spec: corpus.genres is an empty list: name genres, or leave it out",
        ),
        (
            {"search": {"space": "methods", "protocol": "grid", "fixed": {"free_bits": -1}}},
            "spec: free_bits -1.0: 0 (off) or more",  # though each of the four has its own
        ),
        (
            {"search": {"fixed": {"annealing": "constant", "annealing_length": 1.5}}},
            "spec: annealing start 0.0 and length 1.5 are fractions",  # of methods that anneal
        ),
        (
            {"search": {"space": "methods"}},
            (
                "spec: the space 'methods' lists whole configurations: use it with "
                "search.protocol=grid"
            ),
        ),
    ],
)
def test_what_hangs_together_wrongly_is_said_with_what_to_do(content, said):
    with pytest.raises(UsageError) as caught:
        specfile.load({"name": "x"} | content)
    assert str(caught.value).startswith(said)


def test_with_labels_their_companions_are_welcome():
    corpus = {"labels": "a.cls", "genre_map": "m", "tracks": "t", "match_scores": "s"}
    assert specfile.load({"name": "x", "corpus": corpus}).corpus.tracks.endswith("/t")


def test_whole_configurations_go_with_a_grid():
    search = {"space": "methods", "protocol": "grid"}
    assert len(specfile.load({"name": "x", "search": search}).space.named) == 4


@pytest.mark.parametrize(
    "values",
    ["latent_length: [4, 0]", "free_bits: [0.0, -1.0]", "annealing_length: [0.5, 1.5]"],
)
def test_every_value_of_a_space_must_make_a_configuration(values):
    with pytest.raises(UsageError, match=r"^spec: "):
        specfile.load("search", [f"search.choices={{{values}}}"])


def test_schedules_may_be_ten_thousand_and_no_more(monkeypatch):
    spec = ["search.choices={annealing: [linear], annealing_length: [0.25, 0.5]}"]
    count = len(
        list(
            specfile.replace(
                specfile.load("search", spec).space,
                parameters=tuple(
                    p
                    for p in specfile.load("search", spec).space.parameters
                    if p.name.startswith("annealing")
                ),
            ).cells()
        )
    )
    assert specfile.MOST_SCHEDULES == 10_000
    monkeypatch.setattr(specfile, "MOST_SCHEDULES", count)
    specfile.load("search", spec)
    monkeypatch.setattr(specfile, "MOST_SCHEDULES", count - 1)
    with pytest.raises(UsageError, match=f"over {count - 1} combinations of annealing"):
        specfile.load("search", spec)


def test_presets_lie_beside_the_reader():
    assert Path(specfile.__file__).parent / "presets" == specfile._preset_folder()
