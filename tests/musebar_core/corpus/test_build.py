from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pretty_midi
import pytest

from musebar_core import marks
from musebar_core.config import Grid
from musebar_core.corpus import (
    GRIDS,
    Corpus,
    SnippetSampler,
    build_corpus,
    build_embedded,
    request,
    store,
)
from musebar_core.corpus.labels import LabelOptions
from musebar_core.corpus.phrases import melody_key
from musebar_core.corpus.place import new_folder
from musebar_core.corpus.reading import read_item
from musebar_core.corpus.request import Request, signature_of
from musebar_core.corpus.sources import Item, Listing
from musebar_core.corpus.version import READING_VERSION
from musebar_core.errors import ConfigurationError, CorpusError, UnknownNameError, UsageError
from musebar_core.marks import Kind


def build(source, out, grid, **options) -> Corpus:
    return build_corpus(source, out, grid, **{"workers": 0, **options})


def reasons(corpus: Corpus) -> dict[str, str]:
    return dict(zip(corpus.rejected["file"], corpus.rejected["reason"], strict=True))


def test_every_music_file_ends_in_songs_or_rejected_and_never_in_both(
    source, tmp_path, grid, write_midi, tune
):
    (source / "jazz" / "empty.mid").write_bytes(b"")
    (source / "loose.mid").write_bytes(b"")
    (source / "readme.txt").write_text("hello")
    write_midi(source / "pop" / "short.mid", {"a": tune(7, 9)})
    corpus = build(source, tmp_path / "out", grid)
    taken, rejected = set(corpus.songs["source"]), set(corpus.rejected["file"])
    assert rejected == {"jazz/empty.mid", "loose.mid", "pop/short.mid"}
    assert taken == {f"{genre}/song{i}.mid" for genre in ("jazz", "pop") for i in range(10)}
    assert corpus.info["n_ignored"] == 1


def test_songs_hold_their_pitches_and_say_where_they_are_from(source, tmp_path, grid, tune):
    view = build(source, tmp_path / "out", grid).genre("jazz")
    song = next(
        s
        for split in ("train", "validation", "test")
        for s in view.songs(split)
        if s.source == "jazz/song4.mid"
    )
    assert song.pitches.tolist() == [pitch for _, _, pitch in tune(4)]
    assert (song.genre, song.title, song.group) == ("jazz", "song4", "")


def test_the_same_bytes_are_a_duplicate_of_the_first_file(source, tmp_path, grid):
    shutil.copy(source / "jazz" / "song1.mid", source / "pop" / "z.mid")
    corpus = build(source, tmp_path / "out", grid)
    assert reasons(corpus) == {"pop/z.mid": "duplicate of jazz/song1.mid"}


def test_the_same_melody_in_another_key_and_file_is_a_duplicate(
    source, tmp_path, grid, write_midi, tune
):
    moved = [(onset, length, pitch - 3) for onset, length, pitch in tune(2)]
    write_midi(source / "jazz" / "z.mid", {"Lead": moved, "drums": tune(5)}, 90.0)
    corpus = build(source, tmp_path / "out", grid)
    assert reasons(corpus) == {"jazz/z.mid": "duplicate of jazz/song2.mid"}


def test_a_melody_key_knows_rests_from_notes():
    with_rest = melody_key(np.array([60, 128, 62], np.uint8))
    assert with_rest == melody_key(np.array([65, 128, 67], np.uint8))
    assert with_rest != melody_key(np.array([60, 60, 62], np.uint8))


def test_one_worker_or_two_or_none_build_the_same_corpus(source, tmp_path, grid):
    built = [build(source, tmp_path / f"out{n}", grid, workers=n) for n in (0, 1, 2)]
    assert len({corpus.fingerprint for corpus in built}) == 1
    assert built[0].songs.equals(built[2].songs)


def test_the_content_decides_the_fingerprint(source, tmp_path, grid, write_midi, tune):
    before = build(source, tmp_path / "a", grid)
    write_midi(source / "pop" / "song3.mid", {"Melody": tune(999)})
    after = build(source, tmp_path / "b", grid)
    finer = build(source, tmp_path / "c", Grid(2, 8, 16))
    assert len({before.fingerprint, after.fingerprint, finer.fingerprint}) == 3
    assert before.genre("jazz").fingerprint == after.genre("jazz").fingerprint
    assert before.genre("pop").fingerprint != after.genre("pop").fingerprint
    assert before.genre("overall").fingerprint == before.fingerprint


def test_a_second_build_of_the_same_inputs_reads_nothing(source, tmp_path, grid):
    first = build(source, tmp_path / "out", grid)
    read: list[int] = []
    again = build(source, tmp_path / "out", grid, progress=lambda done, _: read.append(done))
    assert again.fingerprint == first.fingerprint
    assert read == []


def test_a_build_that_is_told_to_reads_again(source, tmp_path, grid):
    first = build(source, tmp_path / "out", grid)
    read: list[int] = []
    again = build(
        source, tmp_path / "out", grid, rebuild=True, progress=lambda done, _: read.append(done)
    )
    assert again.fingerprint == first.fingerprint
    assert read[-1] == 20


def test_a_corpus_of_older_rules_is_built_again(source, tmp_path, grid, monkeypatch):
    monkeypatch.setattr(request, "READING_VERSION", READING_VERSION - 1)
    monkeypatch.setattr(store, "READING_VERSION", READING_VERSION - 1)
    build(source, tmp_path / "out", grid)
    monkeypatch.undo()
    assert store.is_of_older_rules(tmp_path / "out")
    read: list[int] = []
    build(source, tmp_path / "out", grid, progress=lambda done, _: read.append(done))
    assert read[-1] == 20
    assert not store.is_of_older_rules(tmp_path / "out")


def test_a_song_says_how_many_notes_are_kept_and_what_is_wrong_with_its_file(
    source, tmp_path, grid, write_midi, tune
):
    chords = [(on, length, pitch + k) for on, length, pitch in tune(700) for k in (0, -4)]
    write_midi(source / "pop" / "chords.mid", {"Melody": chords})
    path = source / "pop" / "song1.mid"
    path.write_bytes(path.read_bytes() + b"junk")
    songs = build(source, tmp_path / "out", grid).songs.set_index("source")
    assert songs.loc["pop/chords.mid", ["n_notes", "n_part", "damage"]].tolist() == [24, 48, ""]
    assert songs.loc["pop/song1.mid", "damage"] == (
        "4 bytes that are no music after the last track; all of its 24 notes are read"
    )


def test_changed_music_replaces_the_corpus_that_is_there(source, tmp_path, grid, write_midi, tune):
    first = build(source, tmp_path / "out", grid)
    write_midi(source / "pop" / "new.mid", {"Melody": tune(500)})
    second = build(source, tmp_path / "out", grid)
    assert len(second.songs) == len(first.songs) + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out"]


def test_a_corpus_of_other_settings_or_another_source_is_not_replaced_unless_asked_for(
    source, tmp_path, grid, write_midi, tune
):
    out = tmp_path / "out"
    first = build(source, out, grid)
    other = tmp_path / "other"
    for i in range(3):
        write_midi(other / "folk" / f"{i}.mid", {"Melody": tune(900 + i)})
    for changed in ({"grid": Grid(2, 8, 16)}, {"songs_per_genre": 4}, {"source": other}):
        with pytest.raises(UsageError, match=r"another source or of other settings: nothing .*"):
            build(**{"source": source, "out": out, "grid": grid, **changed})
    assert Corpus.load(out).fingerprint == first.fingerprint
    assert build(other, out, grid, replace=True).genres == ("folk",)


def test_a_build_that_began_first_does_not_replace_a_corpus_of_other_settings(
    source, tmp_path, grid
):
    """Two builds into one place at once: the second comes to its end while the first reads."""
    out = tmp_path / "out"

    def overtake(done: int, _: int) -> None:
        if done == 1:
            build(source, out, grid, songs_per_genre=4)

    with pytest.raises(UsageError, match="other settings: nothing was changed"):
        build(source, out, grid, progress=overtake)
    assert len(Corpus.load(out).songs) == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out"]


def test_what_a_killed_build_left_is_swept_and_what_a_living_one_has_is_not(source, tmp_path, grid):
    dead = tmp_path / ".out.building-dead"
    (dead / "new").mkdir(parents=True)
    (dead / "new" / "pitches.npy").write_bytes(b"half")
    marks.put(dead, Kind.BUILDING)
    (tmp_path / ".other.building-dead").mkdir()
    users = tmp_path / ".out.building-mine"
    users.mkdir()
    (users / "thesis.tex").write_text("years of work")
    alive = tmp_path / ".out.building-alive"
    alive.mkdir()
    lock = os.open(alive, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    build(source, tmp_path / "out", grid)
    os.close(lock)
    names = {path.name for path in tmp_path.iterdir()}
    left = {".other.building-dead", ".out.building-alive", ".out.building-mine"}
    assert names == {"music", "out"} | left
    assert (users / "thesis.tex").read_text() == "years of work"


def test_a_corpus_that_a_killed_build_had_set_aside_comes_back(source, tmp_path, grid):
    first = build(source, tmp_path / "out", grid)
    aside = tmp_path / ".out.building-dead" / "old"
    aside.parent.mkdir()
    marks.put(aside.parent, Kind.BUILDING)
    (tmp_path / "out").rename(aside)
    with pytest.raises(RuntimeError), new_folder(tmp_path / "out"):
        raise RuntimeError("this build fails")
    assert Corpus.load(tmp_path / "out").fingerprint == first.fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out"]


@pytest.mark.parametrize("filled", [True, False])
def test_a_link_stays_one_and_the_corpus_is_built_where_it_points(source, tmp_path, grid, filled):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to("real")
    if filled:
        build(source, real, grid)
    build(source, link, grid, replace=True, rebuild=True)
    assert link.readlink().name == "real"
    assert Corpus.load(real).fingerprint == Corpus.load(link).fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "music", "real"]


def test_links_that_lead_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="circle"), new_folder(tmp_path / "a"):
        raise AssertionError("not reached")


def test_a_damaged_corpus_is_built_again(source, tmp_path, grid):
    first = build(source, tmp_path / "out", grid)
    (tmp_path / "out" / "pitches.npy").unlink()
    assert build(source, tmp_path / "out", grid).fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["letter.txt", "corpus.txt"])
def test_a_folder_that_is_no_corpus_is_left_alone(source, tmp_path, grid, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("precious")
    with pytest.raises(UsageError, match="nothing was changed"):
        build(source, out, grid)
    assert [path.name for path in out.iterdir()] == [name]


def test_a_corpus_with_foreign_files_is_left_alone(source, tmp_path, grid):
    build(source, tmp_path / "out", grid)
    (tmp_path / "out" / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        build(source, tmp_path / "out", grid)


def test_an_out_that_cannot_be_written_is_named(source, tmp_path, grid):
    with pytest.raises(UsageError, match="is a file"):
        build(source, source / "jazz" / "song1.mid", grid)
    with pytest.raises(UsageError, match="cannot write"):
        build(source, source / "jazz" / "song1.mid" / "out", grid)


def test_a_genre_with_too_few_songs_is_left_out_and_its_songs_say_why(
    tmp_path, grid, write_midi, tune, source, caplog
):
    write_midi(source / "rock" / "one.mid", {"Melody": tune(800)})
    (source / "rock" / "two.mid").write_bytes(b"")
    corpus = build(source, tmp_path / "out", grid)
    assert corpus.genres == ("jazz", "pop")
    assert reasons(corpus) == {
        "rock/one.mid": "genre 'rock' has too few songs to split",
        "rock/two.mid": "unreadable: the file is empty",
    }
    said = (
        "genre 'rock': 1 of its 2 files could be taken, at least 3 that differ are needed "
        "(1: unreadable: the file is empty)"
    )
    assert corpus.info["left_out"] == [said]
    assert caplog.messages == [f"left out: {said}"]


def test_a_genre_asked_for_by_name_of_which_nothing_can_be_read_ends_the_build(
    source, tmp_path, grid
):
    (source / "rock").mkdir()
    for name in ("one", "two"):
        (source / "rock" / f"{name}.mid").write_bytes(b"")
    (source / "rock" / "three.mid").write_bytes(b"<html>")
    (source / "loose.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"none of its 3 files .*\(2: unreadable: the file is"):
        build(source, tmp_path / "out", grid, genres=["jazz", "rock"])
    account = pd.read_csv(tmp_path / "out-rejected.csv")
    assert account["file"].tolist() == [
        *["loose.mid", "rock/one.mid", "rock/three.mid", "rock/two.mid"],
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out-rejected.csv"]


def test_a_source_of_which_nothing_can_be_read_leaves_the_account_alone(tmp_path, grid):
    (tmp_path / "music" / "jazz").mkdir(parents=True)
    (tmp_path / "music" / "jazz" / "one.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"no corpus was built: genre 'jazz'.*out-rejected\.csv"):
        build(tmp_path / "music", tmp_path / "out", grid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out-rejected.csv"]


def test_groups_and_titles_of_a_table_are_carried_into_the_songs(
    source, tmp_path, grid, write_midi, tune
):
    lines = [f"music/jazz/song{i}.mid,<b>odd & co</b>,artist {i % 5},Tune {i}" for i in range(10)]
    (tmp_path / "songs.csv").write_text("\n".join(["file,genre,group,title", *lines]))
    songs = build(tmp_path / "songs.csv", tmp_path / "out", grid).songs
    assert songs["genre"].unique().tolist() == ["<b>odd & co</b>"]
    by_title = songs.set_index("title")
    assert by_title.loc["Tune 7", "group"] == "artist 2"
    assert by_title.loc["Tune 7", "source"] == "music/jazz/song7.mid"
    sampler = SnippetSampler(Corpus.load(tmp_path / "out").genre("<b>odd & co</b>"), grid)
    assert set(sampler.groups) <= {f"artist {i}" for i in range(5)}
    assert songs.groupby("group")["split"].nunique().max() == 1


def test_a_tune_book_in_a_genre_folder_is_as_many_songs_as_tunes(source, tmp_path, grid):
    notes = ["CDEFGABcdefgabc'c", "EDCBAGFEDCBAGFED", "GABcGABcdefgabcd"]
    tunes = [f"X:{n}\nT:Tune {n}\nK:C\n{line}|\n" for n, line in enumerate(notes, 1)]
    (source / "folk").mkdir()
    (source / "folk" / "book.abc").write_text("M:4/4\nL:1/4\n\n" + "\n".join(tunes))
    corpus = build(source, tmp_path / "out", grid)
    songs = corpus.songs[corpus.songs["genre"] == "folk"].sort_values("source")
    assert songs["source"].tolist() == [f"folk/book.abc#{n}" for n in (1, 2, 3)]
    assert songs["title"].tolist() == ["Tune 1", "Tune 2", "Tune 3"]
    assert songs["n_steps"].tolist() == [16, 16, 16]


def test_midi_is_taken_whatever_its_name_plain_or_wrapped_in_riff(
    source, tmp_path, grid, write_midi, tune
):
    content = write_midi(tmp_path / "a.mid", {"Melody": tune(900)}).read_bytes()
    wrapped = b"data" + len(content).to_bytes(4, "little") + content
    (source / "pop" / "karaoke.dat").write_bytes(
        b"RIFF" + (len(wrapped) + 4).to_bytes(4, "little") + b"RMID" + wrapped
    )
    write_midi(source / "pop" / "a.mid", {"Melody": tune(901)}).rename(source / "pop" / "nameless")
    (source / "pop" / "sound.wav").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    corpus = build(source, tmp_path / "out", grid)
    assert {"pop/karaoke.dat", "pop/nameless"} <= set(corpus.songs["source"])
    assert corpus.info["n_ignored"] == 1


def test_a_limit_takes_so_many_songs_and_lists_the_others(source, tmp_path, grid):
    corpus = build(source, tmp_path / "out", grid, songs_per_genre=4)
    assert corpus.songs.groupby("genre").size().to_dict() == {"jazz": 4, "pop": 4}
    assert set(reasons(corpus).values()) == {"beyond songs_per_genre 4"}
    assert len(corpus.rejected) == 12


def test_a_limit_is_filled_up_where_files_are_rejected(source, tmp_path, grid):
    for i in range(6):
        (source / "jazz" / f"song{i}.mid").write_bytes(b"")
    corpus = build(source, tmp_path / "out", grid, songs_per_genre=4)
    assert corpus.songs.groupby("genre").size().to_dict() == {"jazz": 4, "pop": 4}


@pytest.mark.parametrize(
    "option", [{"songs_per_genre": 0}, {"workers": -1}, {"song_steps": 0}, {"repeats": "twice"}]
)
def test_an_option_out_of_range_is_refused(source, tmp_path, grid, option):
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        build(source, tmp_path / "out", grid, **option)


def test_songs_are_brought_to_one_length_by_repetition_or_by_breaking_off(
    source, tmp_path, grid, write_midi, tune
):
    write_midi(source / "jazz" / "long.mid", {"Melody": tune(50, 60)})
    corpus = build(source, tmp_path / "out", grid, song_steps=40)
    songs = corpus.songs.set_index("source")
    assert set(songs["n_steps"]) == {40}
    assert songs.loc["jazz/long.mid", "steps_read"] == 60
    assert songs.loc["jazz/song4.mid", "steps_read"] == 24
    offset = songs.loc["jazz/song4.mid", "offset"]
    pitches = [pitch for _, _, pitch in tune(4)]
    assert corpus.pitches[offset : offset + 40].tolist() == pitches + pitches[:16]


@pytest.fixture
def tunes_with_repeats(tmp_path):
    """Three tunes of four bars of four quarter notes, all of them repeated."""
    for i, letters in enumerate(("CDEF GABc", "cBAG FEDC", "GFED CDEF")):
        first, second = letters.split()
        path = tmp_path / "tunes" / "folk" / f"{i}.abc"
        path.parent.mkdir(parents=True, exist_ok=True)
        music = f"|: {first} {second} {second} {first} :|"
        path.write_text(f"X:1\nT:{i}\nM:4/4\nL:1/4\nK:C\n{music}\n")
    return tmp_path / "tunes"


def test_repeats_are_played_unless_they_are_asked_for_as_written(
    tunes_with_repeats, tmp_path, grid
):
    played = build(tunes_with_repeats, tmp_path / "played", grid)
    written = build(tunes_with_repeats, tmp_path / "written", grid, repeats="written")
    assert set(played.songs["n_steps"]) == {32}
    assert set(written.songs["n_steps"]) == {16}
    assert written.info["signature"] != played.info["signature"]
    assert (played.info["repeats"], written.info["repeats"]) == ("played", "written")


def test_a_corpus_with_repeats_played_is_not_replaced_by_one_as_written_unasked(
    tunes_with_repeats, tmp_path, grid
):
    build(tunes_with_repeats, tmp_path / "out", grid)
    with pytest.raises(UsageError, match="of other settings"):
        build(tunes_with_repeats, tmp_path / "out", grid, repeats="written")
    again = build(tunes_with_repeats, tmp_path / "out", grid, repeats="written", replace=True)
    assert set(again.songs["n_steps"]) == {16}


def test_songs_keep_their_lengths_unless_asked(source, tmp_path, grid):
    songs = build(source, tmp_path / "out", grid).songs
    assert songs["steps_read"].tolist() == songs["n_steps"].tolist() == [24] * 20


@pytest.mark.parametrize("numerator", [1, 3, 7])
def test_neither_time_signature_nor_tempo_moves_the_grid(tmp_path, tune, numerator):
    piece = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=60.0 + 17 * numerator)
    piece.time_signature_changes.append(pretty_midi.TimeSignature(numerator, 4, 0.0))
    quarter = 60 / (60.0 + 17 * numerator)
    melody = pretty_midi.Instrument(0, name="Melody")
    melody.notes = [
        pretty_midi.Note(90, pitch, (at + 5) * quarter, (at + 5 + length) * quarter)
        for at, length, pitch in tune(1)
    ]
    piece.instruments.append(melody)
    piece.write(str(tmp_path / "a.mid"))
    for steps in (1, 4):
        found = read_item(Item("a.mid", "jazz", "", str(tmp_path / "a.mid")), steps)
        assert found.pitches.tolist() == [p for _, _, p in tune(1) for _ in range(steps)]


def test_the_named_grids_are_a_quarter_and_a_sixteenth_a_step():
    assert {name: (grid.steps_per_quarter, grid.steps_per_bar) for name, grid in GRIDS.items()} == {
        "quarter": (1, 4),
        "sixteenth": (4, 16),
    }


def test_groups_stay_on_one_side(tmp_path, grid, write_midi, tune):
    for i in range(12):
        path = tmp_path / "music" / "jazz" / f"artist{i % 6}" / f"{i}.mid"
        write_midi(path, {"Melody": tune(i)})
    songs = build(tmp_path / "music", tmp_path / "out", grid).songs
    assert songs.groupby("group")["split"].nunique().max() == 1
    assert songs["group"].nunique() == 6


def test_a_missing_corpus_says_how_to_make_one(tmp_path):
    with pytest.raises(CorpusError, match="musebar corpus build"):
        Corpus.load(tmp_path / "nowhere")


def test_a_corpus_whose_content_was_changed_is_damaged(source, tmp_path, grid):
    path = build(source, tmp_path / "out", grid).path
    pitches = np.load(path / "pitches.npy")
    pitches[5] += 1
    np.save(path / "pitches.npy", pitches)
    with pytest.raises(CorpusError, match=r"damaged .* build it again"):
        Corpus.load(path)
    (path / "pitches.npy").write_bytes(b"")
    with pytest.raises(CorpusError, match="damaged"):
        Corpus.load(path)


def test_a_corpus_of_another_format_is_named(source, tmp_path, grid):
    path = build(source, tmp_path / "out", grid).path
    info = json.loads((path / "corpus.json").read_text())
    (path / "corpus.json").write_text(json.dumps(info | {"format_version": 99}))
    with pytest.raises(CorpusError, match="has format 99"):
        Corpus.load(path)


def test_genres_are_sorted_and_an_unknown_one_is_named(source, tmp_path, grid):
    corpus = build(source, tmp_path / "out", grid)
    assert corpus.genres == ("jazz", "pop")
    assert corpus.genre("overall").n_songs("train") == 16
    ids = [song.id for song in corpus.genre("overall").songs("train")]
    assert ids == sorted(ids)
    with pytest.raises(UnknownNameError, match="unknown genre 'jas'"):
        corpus.genre("jas")
    with pytest.raises(UnknownNameError, match="unknown split"):
        corpus.genre("jazz").songs("dev")


def test_the_embedded_corpus_gives_real_tunes(tmp_path):
    corpus = build_embedded(
        tmp_path / "out", Grid(), genres=["fiddle", "chorale"], songs_per_genre=6, workers=2
    )
    assert corpus.songs.groupby("genre").size().to_dict() == {"chorale": 6, "fiddle": 6}
    assert corpus.songs["source"].str.startswith(("bach/", "ryansMammoth/")).all()
    assert corpus.info["source_kind"] == "music21"
    assert (corpus.pitches <= 128).all()


def test_tunes_of_an_embedded_book_are_songs_of_their_own(tmp_path):
    settings = {"genres": ["irish"], "song_steps": 40, "repeats": "written", "workers": 0}
    out, grid = tmp_path / "out", Grid()
    corpus = build_embedded(out, grid, songs_per_genre=5, **settings)
    assert corpus.songs["source"].str.contains(r"^oneills1850/.*\.abc#\d").all()
    assert corpus.songs["title"].ne("").all()
    assert set(corpus.songs["n_steps"]) == {40}
    expected = asked(
        grid=grid,
        source=["music21"],
        genres=("irish",),
        songs_per_genre=5,
        song_steps=40,
        repeats="written",
    )
    assert corpus.info["origin"] == expected.origin
    with pytest.raises(UsageError, match="of other settings"):
        build_embedded(out, grid, songs_per_genre=4, **settings)
    other = build_embedded(out, grid, songs_per_genre=4, replace=True, **settings)
    assert len(other.songs) == 4
    read: list[int] = []
    for rebuild in (False, True):
        build_embedded(
            *[out, grid],
            songs_per_genre=4,
            rebuild=rebuild,
            progress=lambda done, _: read.append(done),
            **settings,
        )
        assert bool(read) is rebuild


def asked(**changed) -> Request:
    settings = {
        "out": Path("out"),
        "grid": Grid(1, 4, 16),
        "workers": 0,
        "songs_per_genre": None,
        "progress": None,
        "genres": (),
        "replace": False,
        "source": ["music"],
        "song_steps": None,
    }
    return Request(**settings | changed)


LISTED = Listing("folder", (Item("a.mid", "jazz", "", "a.mid"),), (), 0, ("line",))


@pytest.mark.parametrize(
    "changed",
    [
        {"grid": Grid(2, 4, 16)},
        {"grid": Grid(1, 3, 12)},
        {"songs_per_genre": 3},
        {"song_steps": 3},
        {"repeats": "written"},
    ],
)
def test_other_settings_are_another_corpus(changed):
    assert asked(**changed).origin != asked().origin
    assert signature_of(LISTED, asked(**changed)) != signature_of(LISTED, asked())


@pytest.mark.parametrize("changed", [{"source": ["other"]}, {"genres": ("jazz",)}])
def test_another_source_or_other_genres_are_of_another_origin(changed):
    assert asked(**changed).origin != asked().origin


@pytest.mark.parametrize(
    "changed", [{"workers": 3}, {"out": Path("b")}, {"replace": True}, {"rebuild": True}]
)
def test_how_a_corpus_is_built_makes_no_other_corpus(changed):
    assert asked(**changed).origin == asked().origin
    assert signature_of(LISTED, asked(**changed)) == signature_of(LISTED, asked())


def test_the_order_of_genres_makes_no_other_origin():
    assert asked(genres=("a", "b")).origin == asked(genres=("b", "a")).origin


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "list"},
        {"items": (Item("a.mid", "pop", "", "a.mid"),)},
        {"rejected": (("b.mid", "no genre"),)},
        {"signature": ("other",)},
    ],
)
def test_another_listing_is_another_corpus(changed):
    assert signature_of(replace(LISTED, **changed), asked()) != signature_of(LISTED, asked())


@pytest.mark.parametrize("package", ["musebar-study", "music21", "symusic"])
def test_another_version_of_what_reads_is_another_corpus(monkeypatch, package):
    before = signature_of(LISTED, asked())
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0" if name == package else version(name))
    assert signature_of(LISTED, asked()) != before


@pytest.mark.parametrize("name", ["FORMAT_VERSION", "READING_VERSION"])
def test_another_format_or_other_rules_are_another_corpus(monkeypatch, name):
    before = signature_of(LISTED, asked())
    monkeypatch.setattr(store if name == "FORMAT_VERSION" else request, name, 99)
    assert signature_of(LISTED, asked()) != before


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"songs_per_genre": 0}, "songs_per_genre 0: 1 or more"),
        ({"song_steps": 0}, "song_steps 0: 1 or more"),
        ({"song_steps": 2**20 + 1}, "song_steps 1048577: 1048576 at most, as no song is longer"),
        ({"workers": -1}, "workers -1: 0 or more"),
        ({"repeats": "twice"}, "repeats 'twice': played or written"),
    ],
)
def test_a_setting_out_of_range_says_what_it_may_be(option, said):
    with pytest.raises(ConfigurationError, match=f"^{said}$"):
        asked(**option)
    asked(songs_per_genre=1, song_steps=1, workers=0)
    asked(song_steps=2**20)


def test_a_corpus_says_what_it_was_asked_to_be_and_what_each_song_is(
    source, tmp_path, grid, monkeypatch
):
    monkeypatch.chdir(source.parent)
    (source / "loose.mid").write_bytes(b"")
    out = tmp_path / "out"
    settings = {"songs_per_genre": 4, "song_steps": 30, "genres": ["pop", "jazz"]}
    corpus = build(Path(source.name), out, grid, **settings)
    info = corpus.info
    assert (info["source_kind"], info["songs_per_genre"], info["song_steps"]) == ("folder", 4, 30)
    assert (info["steps_per_quarter"], info["steps_per_bar"]) == (1, 4)
    assert (info["reading_version"], info["repeats"], info["left_out"]) == (
        *[READING_VERSION, "played", []],
    )
    assert (
        info["origin"]
        == asked(
            source=[str(source), "None"], songs_per_genre=4, song_steps=30, genres=("jazz", "pop")
        ).origin
    )
    assert "loose.mid" in reasons(corpus)
    songs = corpus.songs
    assert songs["id"].tolist() == songs["sha256"].str[:16].tolist()
    assert songs["sha256"].str.len().unique().tolist() == [64]
    assert songs.sort_values(["genre", "sha256"])["id"].tolist() == songs["id"].tolist()
    assert set(songs["track"]) == {"Melody"}
    assert set(songs["track_reason"]) == {"only track"}
    assert (set(songs["reader"]), set(songs["agreement"])) == ({"symusic"}, {1.0})
    order = sorted(
        (f"pop/song{i}.mid" for i in range(10)),
        key=lambda name: hashlib.sha256(name.encode()).hexdigest(),
    )
    assert set(songs[songs["genre"] == "pop"]["source"]) == set(order[:4])


def test_progress_counts_on_from_round_to_round(source, tmp_path, grid):
    for i in range(10):
        (source / "jazz" / f"song{i}.mid").write_bytes(b"")
    told: list[tuple[int, int]] = []
    build(
        *[source, tmp_path / "out", grid],
        songs_per_genre=4,
        progress=lambda done, most: told.append((done, most)),
    )
    assert [done for done, _ in told] == list(range(1, 15))
    assert [most for _, most in told] == [8] * 8 + [12] * 4 + [14] * 2
    told.clear()
    build(
        *[source, tmp_path / "fewer", grid],
        songs_per_genre=3,
        progress=lambda done, most: told.append((done, most)),
    )
    assert [done for done, _ in told] == list(range(1, len(told) + 1))


def test_a_damaged_corpus_that_is_built_again_is_told(source, tmp_path, grid, caplog):
    build(source, tmp_path / "out", grid)
    (tmp_path / "out" / "pitches.npy").unlink()
    build(source, tmp_path / "out", grid)
    (said,) = caplog.messages
    assert "is damaged (pitches.npy is missing or no regular file): build it again" in said


def test_labels_are_part_of_the_origin(source, tmp_path, grid):
    first = build(source, tmp_path / "a", grid).info["origin"]
    (tmp_path / "labels.cls").write_text("TRAAAAK128F9318786\tRock\n")
    for i in range(3):
        folder = tmp_path / "lakh" / "TRAAAAK128F9318786"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "jazz" / f"song{i}.mid", folder / f"{i}.mid")
    labels = LabelOptions((tmp_path / "labels.cls",), matches="all")
    corpus = build(tmp_path / "lakh", tmp_path / "b", grid, labels=labels)
    assert corpus.genres == ("rock",)
    expected = asked(source=[str(tmp_path / "lakh"), repr(labels)]).origin
    assert corpus.info["origin"] == expected != first


def test_a_genre_asked_for_by_name_is_the_one_that_is_complained_of(source, tmp_path, grid):
    for name in ("rock", "folk"):
        (source / name).mkdir()
        (source / name / "a.mid").write_bytes(b"")
    with pytest.raises(CorpusError) as error:
        build(source, tmp_path / "out", grid, genres=["jazz", "rock", "folk", "pop"])
    assert "genre 'folk'" in str(error.value)
    assert "genre 'rock'" in str(error.value)
    assert build(source, tmp_path / "out", grid).genres == ("jazz", "pop")
