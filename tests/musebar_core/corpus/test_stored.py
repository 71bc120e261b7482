"""Files of a corpus that somebody else may have written: what is refused, and how it is said."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from musebar_core.corpus import stored
from musebar_core.corpus.store import Corpus, TimeGrid, is_described, write
from musebar_core.errors import CorpusError

INFO = {
    "steps_per_quarter": 1,
    "steps_per_bar": 4,
    "n_ignored": 0,
    "source_kind": "folder",
    "left_out": [],
}


def songs(**changed) -> pd.DataFrame:
    """Two songs of 16 and 8 steps, a column changed."""
    texts = ("genre", "group", "title", "source", "sha256", "track", "track_reason", "damage")
    columns = {
        "id": ["a", "b"],
        **{name: [f"{name} 1", f"{name} 2"] for name in texts},
        "split": ["train", "test"],
        "n_steps": [16, 8],
        "offset": [0, 16],
        "steps_read": [16, 8],
        "n_notes": [9, 8],
        "n_part": [9, 8],
        "reader": ["abc", "abc"],
        "agreement": [1.0, 0.9],
    }
    return pd.DataFrame(columns | changed)


PITCHES = np.full(24, 60, np.uint8)


@pytest.fixture
def corpus(tmp_path):
    """A corpus of two songs as it is written."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    melodies = [np.full(n, 60, np.uint8) for n in (16, 8)]
    write(
        folder,
        songs().drop(columns=["n_steps", "offset"]),
        melodies,
        rejected=[("b", "no notes"), ("a", "NA")],
        grid=TimeGrid(1, 4),
        info={"n_ignored": 0, "source_kind": "folder", "signature": "x"},
    )
    return folder


def test_a_corpus_is_read_as_it_was_written(corpus):
    found = Corpus.load(corpus)
    assert found.grid == TimeGrid(1, 4)
    assert found.songs[["n_steps", "offset"]].to_numpy().tolist() == [[16, 0], [8, 16]]
    assert found.rejected.to_numpy().tolist() == [["a", "NA"], ["b", "no notes"]]
    (song,) = found.genre("genre 2").songs("test")
    assert (song.id, song.genre, song.group) == ("b", "genre 2", "group 2")
    assert (song.title, song.source, len(song.pitches)) == ("title 2", "source 2", 8)


@pytest.mark.parametrize("name", ["id", "genre", "group", "split"])
def test_what_songs_are_is_in_the_fingerprint(corpus, name):
    changed = songs(**{name: ["train", "validation"] if name == "split" else ["a", "c"]})
    changed.to_parquet(corpus / "songs.parquet", index=False)
    with pytest.raises(CorpusError, match="its content does not match its fingerprint"):
        Corpus.load(corpus)


def test_where_songs_of_the_same_pitches_end_is_in_the_fingerprint(corpus):
    songs(n_steps=[8, 16], offset=[0, 8]).to_parquet(corpus / "songs.parquet", index=False)
    with pytest.raises(CorpusError, match="its content does not match its fingerprint"):
        Corpus.load(corpus)


def test_the_order_of_songs_is_not_in_the_fingerprint(corpus):
    songs().iloc[::-1].to_parquet(corpus / "songs.parquet", index=False)
    assert [song.id for song in Corpus.load(corpus).genre("overall").songs("train")] == ["a"]


@pytest.mark.parametrize("more", [b"\x3c", b""])
def test_pitches_that_are_more_or_others_do_not_match_the_fingerprint(corpus, more):
    changed = np.append(PITCHES, np.uint8(60)) if more else np.full(24, 61, np.uint8)
    np.save(corpus / "pitches.npy", changed)
    with pytest.raises(CorpusError, match=r"its content does not match its fingerprint\): build"):
        Corpus.load(corpus)


def test_what_is_no_song_or_no_grid_is_told_before_the_fingerprint(corpus):
    songs(genre=["jazz", None]).to_parquet(corpus / "songs.parquet", index=False)
    with pytest.raises(CorpusError, match="genre is empty in row 1"):
        Corpus.load(corpus)
    info = json.loads((corpus / "corpus.json").read_text())
    (corpus / "corpus.json").write_text(json.dumps(info | {"steps_per_bar": 0}))
    with pytest.raises(CorpusError, match="steps_per_bar 0: a whole number from 1 to"):
        Corpus.load(corpus)


def test_a_grid_of_another_bar_does_not_match_the_fingerprint(corpus):
    info = json.loads((corpus / "corpus.json").read_text())
    (corpus / "corpus.json").write_text(json.dumps(info | {"steps_per_bar": 3}))
    with pytest.raises(CorpusError, match="its content does not match its fingerprint"):
        Corpus.load(corpus)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps_per_quarter": 0}, "steps_per_quarter 0: a whole number from 1 to "),
        ({"steps_per_bar": 0}, "steps_per_bar 0: a whole number from 1 to "),
        ({"steps_per_bar": 4.0}, r"steps_per_bar 4\.0: a whole number"),
        ({"steps_per_quarter": True}, "steps_per_quarter True: a whole number"),
        ({"steps_per_bar": 10**9}, "steps_per_bar 1000000000: a whole number"),
        ({"n_ignored": 1.5}, "n_ignored is no whole number"),
        ({"source_kind": 1}, "source_kind no text"),
        ({"left_out": "x"}, "left_out is no list of texts"),
        ({"left_out": {"x": 1}}, "left_out is no list of texts"),
        ({"left_out": [1]}, "left_out is no list of texts"),
    ],
)
def test_an_account_that_is_none_is_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        stored.check_info(INFO | changed)


def test_a_grid_may_have_every_number_of_its_range_and_an_account_no_genre_left_out():
    for name in ("steps_per_quarter", "steps_per_bar"):
        for bound in stored.RANGES[name]:
            stored.check_info(INFO | {name: bound})
    stored.check_info({name: value for name, value in INFO.items() if name != "left_out"})


TEXTS = ["id", "genre", "group", "title", "split", "source", "sha256", "track", "track_reason"]
TEXTS += ["damage", "reader"]


@pytest.mark.parametrize("name", TEXTS)
def test_a_column_of_text_is_text_and_never_empty(tmp_path, name):
    songs(**{name: [1, 2]}).to_parquet(tmp_path / "songs.parquet")
    with pytest.raises(ValueError, match=rf"songs\.parquet: {name} is int64, no text"):
        stored.read_songs(tmp_path)
    with pytest.raises(ValueError, match=rf"songs\.parquet: {name} is empty in row 1"):
        stored.check_songs(songs(**{name: ["train", None]}), PITCHES)


@pytest.mark.parametrize("name", ["n_steps", "offset"])
def test_a_column_of_places_is_of_whole_numbers_and_never_empty(tmp_path, name):
    for kind in ("int32", "float64"):
        changed = songs(**{name: pd.Series([8, 16], dtype=kind)})
        changed.to_parquet(tmp_path / "songs.parquet")
        with pytest.raises(ValueError, match=rf"songs\.parquet: {name} is \w+, no int64"):
            stored.read_songs(tmp_path)
    with pytest.raises(ValueError, match=rf"{name} is empty in row 0"):
        stored.check_songs(songs(**{name: [None, 8]}), PITCHES)


def test_an_agreement_is_one_number_a_song(tmp_path):
    songs(agreement=[[1.0], [2.0]]).to_parquet(tmp_path / "songs.parquet")
    with pytest.raises(ValueError, match=r"agreement is list<.*>, no number"):
        stored.read_songs(tmp_path)


def test_text_may_be_large_and_what_is_not_read_of_any_kind_or_not_there(tmp_path):
    table = songs(n_notes=["x", "y"]).drop(columns=["n_part", "steps_read"])
    table = table.astype({"title": "large_string[pyarrow]"})
    table.to_parquet(tmp_path / "songs.parquet")
    assert stored.read_songs(tmp_path)["title"].tolist() == ["title 1", "title 2"]


def test_a_table_that_lacks_a_column_names_it(tmp_path):
    songs().drop(columns="reader").to_parquet(tmp_path / "songs.parquet")
    with pytest.raises(ValueError, match=r"songs\.parquet lacks the column 'reader'"):
        stored.read_songs(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_steps": [16, 0]}, "n_steps 0 in row 1 lies outside the pitches"),
        ({"n_steps": [25, 8]}, "n_steps 25 in row 0 lies outside the pitches"),
        ({"offset": [0, 17]}, "offset 17 in row 1 lies outside the pitches"),
        ({"offset": [-1, 16]}, "offset -1 in row 0 lies outside the pitches"),
        ({"split": ["train", "dev"]}, "split 'dev' is none of train, validation, test"),
        ({"split": ["x" * 99, "y"]}, f"split '{'x' * 39} is none of"),
    ],
)
def test_songs_outside_the_pitches_or_the_splits_are_refused(changed, said):
    with pytest.raises(ValueError, match=rf"songs\.parquet: {said}"):
        stored.check_songs(songs(**changed), PITCHES)


def test_a_song_may_be_all_of_the_pitches_which_may_be_rests():
    stored.check_songs(songs(n_steps=[24, 1], offset=[0, 23]), np.full(24, 128, np.uint8))


def test_pitches_beyond_a_rest_and_a_table_of_no_songs_are_refused():
    with pytest.raises(ValueError, match=r"pitches\.npy has 129: 128, a rest, at most"):
        stored.check_songs(songs(), np.full(24, 129, np.uint8))
    with pytest.raises(ValueError, match="it has no songs"):
        stored.check_songs(songs().iloc[:0], PITCHES)


@pytest.mark.parametrize(
    ("pitches", "said"),
    [
        (np.zeros(4, np.int8), "has 1 dimensions of int8: one of uint8 is needed"),
        (np.zeros((2, 2), np.uint8), "has 2 dimensions of uint8"),
    ],
)
def test_pitches_are_one_row_of_bytes(tmp_path, pitches, said):
    np.save(tmp_path / "pitches.npy", pitches)
    with pytest.raises(ValueError, match=rf"pitches\.npy {said}"):
        stored.read_pitches(tmp_path)


@pytest.mark.parametrize(
    "text", ["file,cause\na,b\n", "file,reason\nx,a,b\n", "reason,file\na,b\n"]
)
def test_an_account_of_other_columns_is_none(tmp_path, text):
    (tmp_path / "rejected.csv").write_text(text)
    with pytest.raises(ValueError, match="is no table of file and reason"):
        stored.read_rejected(tmp_path)


def test_a_number_or_nothing_is_a_text_in_the_account(tmp_path):
    (tmp_path / "rejected.csv").write_text("file,reason\n007,\n")
    assert stored.read_rejected(tmp_path).to_numpy().tolist() == [["007", ""]]


def test_a_file_is_regular_and_no_larger_than_may_be(tmp_path):
    (tmp_path / "a").write_bytes(bytes(10))
    assert stored.require(tmp_path / "a", 10) == tmp_path / "a"
    with pytest.raises(ValueError, match="a has 10 bytes: 9 at most"):
        stored.require(tmp_path / "a", 9)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "gone"):
        with pytest.raises(ValueError, match=f"{name} is missing or no regular file"):
            stored.require(tmp_path / name, 10)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("corpus.json", 16 * 2**20),
        ("fingerprint", 1_000),
        ("songs.parquet", 2**30),
        ("rejected.csv", 2**30),
        ("pitches.npy", 2**33),
    ],
)
def test_a_file_of_a_corpus_that_is_too_large_is_refused_unread(corpus, name, most):
    os.truncate(corpus / name, most + 1)
    with pytest.raises(CorpusError, match=f"{name} has {most + 1} bytes: {most} at most"):
        _ = Corpus.load(corpus).rejected


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('{"format_version": 2, "signature": "x"}', True),
        ('{"format_version": 2}', False),
        ('{"signature": "x"}', False),
        ('["format_version", "signature"]', False),
        ("[" * 100_000, False),
        ("{", False),
    ],
)
def test_a_description_that_no_build_wrote_is_none(tmp_path, text, is_one):
    (tmp_path / "corpus.json").write_text(text)
    assert is_described(tmp_path) is is_one


def test_a_folder_without_a_description_has_none(tmp_path):
    assert not is_described(tmp_path)
