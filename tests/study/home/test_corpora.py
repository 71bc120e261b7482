"""The corpus that a spec names: what is asked of its source, where it is built, what is told."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from musebar_core.corpus.sources import list_source
from musebar_core.corpus.store import GenreCorpus, TimeGrid
from musebar_core.corpus.version import READING_VERSION
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError
from study.home import corpora, files
from tests.conftest import write_song


@pytest.fixture
def built(tiny_spec, corpus):
    """A spec of the small corpus that is built already, changed as asked."""

    def make(**changes):
        return tiny_spec(**({"corpus__source": str(corpus.path)} | changes))

    return make


@pytest.mark.parametrize(
    ("genres", "overall", "told"),
    [
        ("null", "false", ("high", "low")),
        ("null", "true", ("high", "low", "overall")),
        ("[low, high]", "true", ("low", "high", "overall")),
        ("[low, high]", "false", ("low", "high")),
        ("[low]", "false", ("low",)),
    ],
)
def test_genres_are_those_named_else_all_and_the_joint_corpus_last(built, genres, overall, told):
    spec = built(corpus__genres=genres, corpus__include_overall=overall)
    assert corpora.check(spec) == told


@pytest.mark.parametrize(
    ("genres", "told"), [("null", ("high", "low", "overall")), ("[low]", ("low",))]
)
def test_of_music_that_is_not_built_one_genre_alone_has_no_joint_corpus(tiny_spec, genres, told):
    spec = tiny_spec(corpus__genres=genres, corpus__include_overall="true")
    assert corpora.check(spec) == told


def test_part_of_a_built_corpus_has_no_joint_corpus(built):
    with pytest.raises(UsageError, match=r"names 1 of the 2 genres .*include_overall=false"):
        corpora.check(built(corpus__genres="[low]", corpus__include_overall="true"))


@pytest.mark.parametrize("source", ["music", "corpus", "music21"])
def test_a_genre_that_is_not_there_is_refused_with_those_that_are(tiny_spec, music, corpus, source):
    place = {"music": str(music), "corpus": str(corpus.path)}.get(source, source)
    with pytest.raises(UnknownNameError, match="unknown genre 'lwo'"):
        corpora.check(tiny_spec(corpus__source=place, corpus__genres="[lwo]"))


@pytest.mark.parametrize("source", ["corpus", "music21"])
def test_labels_are_for_music_that_has_no_genres_yet(tiny_spec, corpus, source):
    place = str(corpus.path) if source == "corpus" else source
    with pytest.raises(UsageError, match="has its genres already: leave it out"):
        corpora.check(tiny_spec(corpus__source=place, corpus__labels="a.cls"))


@pytest.mark.parametrize(
    ("asked", "was", "refused"),
    [
        ("played", None, False),
        ("played", "played", False),
        ("played", "written", False),
        ("written", "written", False),
        ("written", "played", True),
        ("written", None, True),  # of before there was a choice
    ],
)
def test_scores_as_written_are_not_taken_from_a_corpus_of_played_ones(built, asked, was, refused):
    info = {} if was is None else {"repeats": was}
    spec = built(corpus__repeats=asked)
    found = SimpleNamespace(info=info)
    if not refused:
        corpora._check_repeats(spec, found)
        return
    with pytest.raises(UsageError, match="was built with repeats played: build it again"):
        corpora._check_repeats(spec, found)


def test_a_corpus_within_a_home_stays_where_it_is_and_another_is_brought(corpus, tmp_path):
    assert corpora.share(corpus, corpus.path.parent) == str(corpus.path.resolve())
    home = tmp_path / "home"
    place = Path(corpora.share(corpus, home))
    assert place == (home / "corpora" / f"music-{corpus.fingerprint[:8]}").resolve()
    assert corpora.is_built(place)
    assert corpora.load(str(place)).fingerprint == corpus.fingerprint


def test_a_home_that_is_named_from_where_one_stands_is_found_from_anywhere(
    corpus, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    place = corpora.share(corpus, Path("home"))
    assert Path(place).is_absolute()
    assert corpora.is_built(Path(place))
    monkeypatch.chdir(corpus.path.parent.parent)
    within = Path(corpus.path.parent.name)
    assert corpora.share(corpus, within) == str(corpus.path.resolve())


def test_a_corpus_that_was_brought_is_not_brought_again(corpus, tmp_path, monkeypatch):
    place = corpora.share(corpus, tmp_path / "home")
    monkeypatch.setattr(files, "fetch", lambda *_: pytest.fail("copied again"))
    assert corpora.share(corpus, tmp_path / "home") == place
    away = files.to_path(f"memory://{tmp_path.name}")
    corpora.share(corpus, away)
    monkeypatch.setattr(files, "publish", lambda *_, **__: pytest.fail("sent again"))
    assert corpora.share(corpus, away) == str(away / "corpora" / "music")


def test_a_corpus_at_a_url_is_fetched_once_to_this_machine(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEBAR_CACHE", str(tmp_path / "cache"))
    location = corpora.share(corpus, files.to_path(f"memory://{tmp_path.name}"))
    assert corpora.load(location).path.is_relative_to(tmp_path / "cache")
    monkeypatch.setattr(files, "fetch", lambda *_: pytest.fail("fetched again"))
    assert corpora.load(location).fingerprint == corpus.fingerprint


def test_a_built_corpus_is_taken_as_it_is_and_one_of_older_rules_with_a_warning(
    built, corpus, tmp_path, monkeypatch, caplog
):
    with caplog.at_level(logging.WARNING):
        assert corpora.prepare(built(), tmp_path / "corpora").path == corpus.path
        assert caplog.messages == []
        monkeypatch.setattr(corpora, "is_of_older_rules", lambda path: True)
        assert corpora.prepare(built(), tmp_path / "corpora").path == corpus.path
    (said,) = caplog.messages
    assert f"corpus {corpus.path} was read by the rules of another version" in said
    assert f"--out {corpus.path} --force" in said
    assert not (tmp_path / "corpora").exists()


@pytest.mark.parametrize("kind", ["embedded", "folder"])
def test_what_is_built_is_built_as_the_spec_asks(tiny_spec, music, tmp_path, monkeypatch, kind):
    calls = []

    def build(*places, **asked):
        calls.append((places, asked))
        return "built"

    monkeypatch.setattr(corpora, "build_embedded", build)
    monkeypatch.setattr(corpora, "build_corpus", build)
    monkeypatch.setattr(corpora, "_folder_name", lambda spec: "named")
    source = "music21" if kind == "embedded" else str(music)
    genres = "[chorale]" if kind == "embedded" else "[low]"
    spec = tiny_spec(
        corpus__source=source,
        corpus__genres=genres,
        corpus__songs_per_genre="7",
        corpus__repeats="written",
    )
    assert corpora.prepare(spec, tmp_path, print) == "built"
    ((places, asked),) = calls
    here = () if kind == "embedded" else (music,)
    assert places == (*here, tmp_path / "named", spec.grid)
    labels = {} if kind == "embedded" else {"labels": None}
    assert asked == labels | {
        "genres": spec.corpus.genres,
        "songs_per_genre": 7,
        "repeats": "written",
        "progress": print,
        "replace": True,
    }


def test_a_corpus_is_named_by_all_that_decides_its_content_and_by_nothing_else(
    tiny_spec, music, monkeypatch
):
    def name(**changes):
        return corpora._folder_name(tiny_spec(**changes))

    plain = name()
    assert plain.startswith(f"{music.name}-")
    assert len(plain) == len(music.name) + 9
    others = [
        name(corpus__genres="[low]"),
        name(corpus__songs_per_genre="7"),
        name(corpus__repeats="written"),
        name(**{"corpus.grid": "{steps_per_quarter: 2, steps_per_bar: 8, snippet_steps: 16}"}),
        name(**{"corpus.grid": "{steps_per_quarter: 1, steps_per_bar: 8, snippet_steps: 16}"}),
        name(corpus__source="music21", corpus__genres="[chorale]"),
    ]
    monkeypatch.setattr(corpora, "READING_VERSION", -1)
    others.append(name())
    assert len({plain, *others}) == 8
    monkeypatch.undo()
    same = [
        name(**{"corpus.grid": "{steps_per_quarter: 1, steps_per_bar: 4, snippet_steps: 32}"}),
        name(corpus__include_overall="true"),
        name(search__seed="5"),
    ]
    assert set(same) == {plain}


def test_facts_are_of_the_genres_of_the_study_split_by_split(built, corpus):
    found = corpora.facts(built(corpus__genres="[low]"), corpus)
    assert set(found) == {"low"}
    low, view = found["low"], corpus.genre("low")
    assert low["fingerprint"] == view.fingerprint
    for split in ("train", "validation", "test"):
        assert low[f"{split}_songs"] == view.n_songs(split)
    # songs of 96 steps, each a few snippets of 16; the spec asks for 16 of them
    assert (low["validation_snippets"], low["test_snippets"]) == (16, 16)
    assert set(low["baselines"]) == {"validation", "test"}
    assert low["baselines"]["validation"] != low["baselines"]["test"]
    fewer = corpora.facts(
        built(training="{epochs: 6, batch: 4, evaluate_every: 3, evaluation_snippets: 4}"), corpus
    )
    assert fewer["high"]["validation_snippets"] == 4


@pytest.mark.parametrize("fewer", [4, 16, 99])
def test_of_a_curve_on_fewer_snippets_the_baselines_are_known_too(built, corpus, fewer):
    training = "{epochs: 6, batch: 4, evaluate_every: 3, evaluation_snippets: 16, curve_snippets: "
    found = corpora.facts(built(training=training + f"{fewer}}}"), corpus)["high"]["baselines"]
    alone = corpora.facts(
        built(training="{epochs: 6, batch: 4, evaluate_every: 3, evaluation_snippets: 4}"), corpus
    )["high"]["baselines"]
    if fewer == 4:
        assert found["curve"] == alone["validation"]
        assert found["validation"] != alone["validation"]
    else:
        assert set(found) == {"validation", "test"}


def test_a_built_corpus_is_looked_at_before_work_its_grid_and_its_repeats(built):
    grid = "{steps_per_quarter: 4, steps_per_bar: 4, snippet_steps: 16}"
    with pytest.raises(ConfigurationError, match="steps a quarter"):
        corpora.check(built(**{"corpus.grid": grid}))
    with pytest.raises(UsageError, match="was built with repeats played"):
        corpora.check(built(corpus__repeats="written"))


def test_labels_tell_the_genres_of_a_folder_that_is_not_built(tiny_spec, tmp_path):
    tracks = [f"TRAAA{letter}A128F9318780" for letter in "ABCD"]
    for song, track in enumerate(tracks):
        write_song(tmp_path / "lmd" / "A" / "A" / "A" / track / "one.mid", song)
    labels = tmp_path / "a.cls"
    labels.write_text(
        "\n".join(f"{t}\t{g}" for t, g in zip(tracks, ("Jazz", "Rock") * 2, strict=True))
    )
    spec = tiny_spec(corpus__source=str(tmp_path / "lmd"), corpus__labels=str(labels))
    assert corpora.check(spec) == ("jazz", "rock")


def test_who_sees_a_corpus_at_a_url_sees_all_of_it(corpus, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(files, "write_bytes", lambda path, content: written.append(path.name))
    corpora.share(corpus, files.to_path(f"memory://{tmp_path.name}"))
    assert len(written) > 1
    assert written[-1] == corpora.FINGERPRINT


def test_a_corpus_of_this_machine_is_loaded_from_where_it_is(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEBAR_CACHE", str(tmp_path / "cache"))
    assert corpora.load(str(corpus.path)).path == corpus.path
    assert not (tmp_path / "cache").exists()


def test_a_corpus_of_played_repeats_is_named_as_before_there_was_a_choice(tiny_spec, music):
    """The name is part of what studies recorded: with another, their music is built again."""

    def name(*more, **changes):
        signature = list_source(music, None, None).signature
        inputs = [str(music.resolve()), signature, ["high", "low"], 300, 1, 4]
        inputs += [importlib.metadata.version("musebar-study"), READING_VERSION, *more]
        return f"{music.name}-{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:8]}"

    assert corpora._folder_name(tiny_spec()) == name()
    assert corpora._folder_name(tiny_spec(corpus__repeats="written")) == name("written")


def test_a_corpus_of_what_music21_ships_is_named_by_its_genres(tiny_spec, monkeypatch):
    asked = []

    def listed(genres):
        asked.append(genres)
        return SimpleNamespace(signature="of music21", genres=genres)

    monkeypatch.setattr(corpora, "list_embedded", listed)
    corpus = {"corpus__source": "music21", "corpus__genres": "[chorale]"}
    inputs = ["music21", "of music21", ["chorale"], 300, 1, 4]
    inputs += [importlib.metadata.version("musebar-study"), READING_VERSION]
    digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:8]
    assert corpora._folder_name(tiny_spec(**corpus)) == f"music21-{digest}"
    assert asked == [["chorale"]]


def test_music_in_the_root_has_a_name_too(tiny_spec, monkeypatch):
    monkeypatch.setattr(
        corpora, "list_source", lambda *_: SimpleNamespace(signature="", genres=["low"])
    )
    assert corpora._folder_name(tiny_spec(corpus__source="/")).startswith("music-")


def test_songs_and_snippets_are_counted_split_by_split(tiny_spec):
    splits = ["train"] * 5 + ["validation"] * 3 + ["test"] * 2
    table = pd.DataFrame(
        {
            "id": [f"{song:016x}" for song in range(10)],
            "genre": "low",
            "group": "",
            "title": "",
            "split": splits,
            "source": "",
            "offset": [16 * song for song in range(10)],
            "n_steps": 16,
        }
    )
    pitches = np.random.default_rng(0).integers(0, 128, 160).astype(np.uint8)
    view = GenreCorpus("low", TimeGrid(1, 4), table, pitches)
    found = corpora._genre_facts(tiny_spec(), SimpleNamespace(genre=lambda name: view), "low")
    songs = [found[f"{split}_songs"] for split in ("train", "validation", "test")]
    assert songs == [5, 3, 2]
    assert (found["validation_snippets"], found["test_snippets"]) == (3, 2)
