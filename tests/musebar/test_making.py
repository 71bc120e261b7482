"""What one model makes, by the commands and from Python, of a model that is trained for it."""

from __future__ import annotations

import io
import json
import wave

import numpy as np
import pandas as pd
import pretty_midi
import pytest
import torch
from PIL import Image

import musebar as face
from musebar_core import checkpoint
from musebar_core.errors import UsageError
from musebar_core.generation import REST, notes
from musebar_core.states import RunState, Standing
from musebar_core.threads import computing_with
from tests.conftest import write_notes, write_song
from tests.musebar.test_bad_inputs import ask

STEPS = 16


@pytest.fixture(scope="module")
def model(corpus, configuration, tmp_path_factory):
    """A checkpoint of the genre "low": 16 steps, 4 bars, trained for a moment."""
    out = tmp_path_factory.mktemp("model") / "low.safetensors"
    face.train(configuration(), corpus.genre("low"), out, corpus_path=corpus.path)
    return out


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    file = tmp_path_factory.mktemp("songs") / "song.mid"
    write_song(file, seed=5, steps=40)
    return file


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return ask


def played(file):
    (instrument,) = pretty_midi.PrettyMIDI(str(file)).instruments
    return instrument


def refused(done, *words):
    assert done.code == 2, (done.out, done.err)
    (line,) = done.err.splitlines()
    for word in words:
        assert word in line
    return line


def test_samples_are_a_file_each_in_every_form_that_is_asked_for(run, model, tmp_path):
    done = run(
        *("sample", model, "-n", 2, "--length", 20, "--seed", 3, "--program", 73, "--tempo", 60),
        *("--out", "a/tune.mid", "--out", "tune.wav", "--out", "tune.png", "--out", "tune.svg"),
    )
    assert done.code == 0, done.err
    told = done.out.splitlines()
    names = [f"tune-{at}.{end}" for at in (1, 2) for end in ("mid", "wav", "png", "svg")]
    wanted = [f"a/{name}" if name.endswith("mid") else name for name in names]
    assert told[-8:] == wanted
    melodies = face.sample(model, 2, steps=20, seed=3)
    for at, melody in enumerate(melodies, start=1):
        instrument = played(tmp_path / "a" / f"tune-{at}.mid")
        found = [(n.pitch, round(n.start, 3), round(n.end, 3)) for n in instrument.notes]
        assert found == [(n.pitch, n.first, n.end) for n in notes(melody)]
        assert instrument.program == 73
        with wave.open(str(tmp_path / f"tune-{at}.wav")) as sound:
            assert sound.getnframes() / sound.getframerate() == pytest.approx(20, abs=0.1)
        picture = Image.open(tmp_path / f"tune-{at}.png")
        assert picture.format == "PNG"
        assert (tmp_path / f"tune-{at}.svg").read_text().count("<svg") == 1


def test_one_sample_has_the_name_that_it_was_given_and_what_is_ours_is_replaced(
    run, model, tmp_path
):
    for seed in (1, 2):
        done = run("sample", model, "--out", "x.mid", "--out", "x.wav", "--out", "x.png",
                   "--out", "x.svg", "--seed", seed)  # fmt: skip
        assert done.code == 0, done.err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.mid", "x.png", "x.svg", "x.wav"]


@pytest.mark.parametrize("name", ["x.mid", "x.wav", "x.png", "x.svg"])
def test_a_file_of_somebody_elses_is_not_replaced(run, model, tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    refused(run("sample", model, "--out", name), "exists and is no", name)
    assert (tmp_path / name).read_bytes() == b"mine"


@pytest.mark.parametrize("out", [".", "..", "/"])
def test_several_samples_need_the_name_of_a_file(run, model, out):
    refused(run("sample", model, "-n", 2, "--out", out), "by its ending")


@pytest.mark.parametrize("command", ["sample", "reconstruct", "interpolate", "encode"])
@pytest.mark.parametrize("name", ["x.mp3", "x", "x.yaml"])
def test_an_unknown_ending_is_wrong_use(run, model, song, tmp_path, command, name):
    songs = [song] if command == "reconstruct" else []
    refused(run(command, model, *songs, "--out", name), name, "by its ending")
    assert list(tmp_path.iterdir()) == []


def test_samples_are_told_beside_held_out_songs(run, model, corpus):
    told = json.loads(run("sample", model, "-n", 3, "--json").out)
    assert told["beside_songs"]["n_melodies"] == 3
    assert told["beside_songs"]["n_songs"] >= 1
    assert 0 <= told["beside_songs"]["likeness"]["pitch_classes"] <= 1
    assert told["melodies"]["note_density"] <= 4
    lines = run("sample", model).out.splitlines()
    assert lines[0].startswith("1 melody ")
    assert any("held-out snippets" in line for line in lines)
    gone = corpus.path.with_name("nowhere")
    refused(run("sample", model, "--corpus", gone), "nowhere")


def test_where_the_corpus_is_not_here_melodies_are_told_alone(run, model, tmp_path):
    found = checkpoint.load(model)
    moved = checkpoint.Identity(found.config, "low", "x", str(tmp_path / "gone"), 0)
    write_again(tmp_path / "m.safetensors", moved, found, found.standing)
    lines = run("sample", "m.safetensors").out.splitlines()
    assert "not compared" in lines[1]
    assert lines[-1] == "sample.mid"


def test_length_seed_temperature_and_top_p_do_what_they_say(model):
    assert face.sample(model, 2, steps=7).shape == (2, 7)
    assert face.sample(model, 1, steps=100_0).shape == (1, 1000)
    np.testing.assert_array_equal(face.sample(model, seed=4), face.sample(model, seed=4))
    assert (face.sample(model, seed=4) != face.sample(model, seed=5)).any()
    cold, narrow = face.sample(model, 8, temperature=0.05), face.sample(model, 8, top_p=1e-6)
    assert len(np.unique(cold)) < len(np.unique(face.sample(model, 8)))
    assert len(np.unique(narrow)) <= len(np.unique(cold))


def test_a_loaded_model_makes_what_its_checkpoint_does(model):
    loaded = face.load_model(model)
    assert loaded.standing.state in set(RunState)
    np.testing.assert_array_equal(face.sample(loaded, 2), face.sample(model, 2))


def test_a_reconstruction_is_of_the_bars_that_were_named(run, model, song, tmp_path):
    original, again = face.reconstruct(model, song, bar=3)
    whole = face.reconstruct(model, song)[0]
    np.testing.assert_array_equal(original[:8], whole[8:])
    done = run("reconstruct", model, song, "--bar", 3, "--out", "r.mid", "--out", "r.svg")
    assert done.code == 0, done.err
    same = (original == again).mean()
    assert done.out.splitlines()[0] == f"{same:.0%} of 16 steps alike"
    found = [(n.pitch, round(2 * n.start)) for n in played(tmp_path / "r.mid").notes]
    assert found == [(n.pitch, n.first) for n in notes(again)]
    assert "song.mid, from bar 3" in (tmp_path / "r.svg").read_text()


def test_an_interpolation_goes_from_one_song_to_the_other(run, model, song, music, tmp_path):
    other = music / "high" / "03.mid"
    melodies = face.interpolate(model, song, other, 3)
    assert melodies.shape == (3, STEPS)
    np.testing.assert_array_equal(melodies[0], face.reconstruct(model, song)[1])
    np.testing.assert_array_equal(melodies[2], face.reconstruct(model, other)[1])
    done = run("interpolate", model, song, other, "-n", 3, "--out", "walk.mid")
    assert done.code == 0, done.err
    gap = np.full(4, REST, np.uint8)
    line = np.concatenate([part for melody in melodies for part in (melody, gap)])
    found = [(n.pitch, round(2 * n.start)) for n in played(tmp_path / "walk.mid").notes]
    assert found == [(n.pitch, n.first) for n in notes(line)]
    refused(run("interpolate", model, song), "1 songs: name two")


def test_codes_are_a_row_a_snippet_as_csv_and_parquet(run, model, song, tmp_path):
    done = run("encode", model, song, "--out", "codes.csv")
    assert done.code == 0, done.err
    table = pd.read_csv(tmp_path / "codes.csv")
    assert list(table.columns[:4]) == ["song", "title", "split", "bar"]
    assert table["bar"].tolist() == [1, 5]  # 40 steps are two snippets and a rest
    assert [c for c in table.columns if c.startswith("mean_")] == [f"mean_{k}" for k in range(1, 5)]
    assert (table.filter(like="sd_") > 0).all(axis=None)
    kept = run("encode", model, song, "--out", "codes.parquet")
    assert kept.code == 0, kept.err
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "codes.parquet").iloc[:, 3:],
        table.iloc[:, 3:],
        rtol=1e-5,
        check_dtype=False,
    )
    assert run("encode", model, song, "--out", "codes.csv").code == 0  # ours: replaced


def test_codes_of_a_corpus_are_those_of_its_splits(run, model, corpus, tmp_path):
    genre = corpus.genre("low")
    done = run("encode", model, "--split", "test", "--out", "codes.csv")
    assert done.code == 0, done.err
    table = pd.read_csv(tmp_path / "codes.csv")
    assert set(table["song"]) == {song.id for song in genre.songs("test")}
    assert set(table["split"]) == {"test"}
    everything = face.encode(model, genre)
    assert everything["song"].nunique() == len(genre.table)
    refused(run("encode", model, "--split", "tset"), "did you mean 'test'")


def test_somebody_elses_table_is_not_replaced(run, model, tmp_path):
    (tmp_path / "codes.csv").write_text("a,b\n1,2\n")
    refused(run("encode", model), "exists and is no table of codes")


BAD_SONGS = {
    "empty": (b"", "the file is empty"),
    "damaged": (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00", "unreadable"),
    "page": (b"<!doctype html><p>404", "an HTML page"),
    "noise": (b"\xff" * 1000, "not a music file"),
}


@pytest.mark.parametrize("kind", BAD_SONGS)
@pytest.mark.parametrize("command", ["reconstruct", "interpolate", "encode"])
def test_a_song_that_is_none_is_one_clear_line(run, model, song, tmp_path, kind, command):
    content, said = BAD_SONGS[kind]
    bad = tmp_path / "bad.mid"
    bad.write_bytes(content)
    songs = [song, bad] if command == "interpolate" else [bad]
    refused(run(command, model, *songs), "bad.mid", said)
    assert [file.name for file in tmp_path.iterdir()] == ["bad.mid"]


@pytest.mark.parametrize("command", ["reconstruct", "encode"])
def test_a_song_too_short_is_refused_unless_it_may_be_repeated(run, model, tmp_path, command):
    write_notes(tmp_path / "short.mid", {0: 60, 1: 62, 2: 64, 3: 65, 4: 67})
    said = refused(run(command, model, "short.mid"), "short.mid: too short: 5 steps")
    assert "a snippet of this model has 16 (4 bars of 4)" in said
    assert run(command, model, "short.mid", "--repeat").code == 0
    original, _ = face.reconstruct(model, tmp_path / "short.mid", repeat=True)
    assert original.tolist() == [60, 62, 64, 65, 67] * 3 + [60]


def test_a_bar_beyond_the_song_and_songs_that_are_not_there_are_named(run, model, song, tmp_path):
    refused(run("reconstruct", model, song, "--bar", 9), "too short: 8 steps from bar 9 on")
    refused(run("reconstruct", model, song, "--bar", 99), "too short: 0 steps from bar 99 on")
    refused(run("reconstruct", model, "no.mid"), "no.mid: no such file")
    refused(run("reconstruct", model, tmp_path), "is a folder")


def test_a_checkpoint_of_another_kind_is_one_clear_line(run, song, tmp_path):
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(3)}, tmp_path / "other.safetensors")
    for command in ("sample", "reconstruct", "interpolate", "encode"):
        songs = [song] if command == "reconstruct" else []
        refused(run(command, "other.safetensors", *songs), "other.safetensors", "checkpoint")


@pytest.mark.parametrize(
    ("out", "arguments", "said"),
    [
        ("x.wav", ["--steps", "100000"], "would sound for"),
        ("x.mid", ["--temperature", "nan"], "no finite number"),
        ("x.mid", ["--temperature", "0"], "temperature"),
        ("x.mid", ["--top-p", "0"], "top-p"),
        ("x.mid", ["--program", "128"], "program"),
        ("x.mid", ["--steps", "0"], "steps"),
    ],
)
def test_what_cannot_be_made_is_refused_before_it_is_begun(
    run, model, tmp_path, out, arguments, said
):
    refused(run("sample", model, "--out", out, *arguments), said)
    assert not (tmp_path / out).exists()


def test_a_picture_of_more_melodies_than_can_be_seen_is_refused(run, model):
    refused(run("interpolate", model, "-n", 65, "--out", "x.png"), "a picture shows 64 at most")


def write_again(path, identity, found, standing):
    """A checkpoint of the same weights that says another standing."""
    from musebar_core.state import build

    state = build(identity.config)
    state.best_weights = found.network.state_dict()
    checkpoint.save_weights(path, identity, state, standing)


STANDINGS = {
    RunState.UNDERTRAINED: Standing(RunState.UNDERTRAINED, 230.0, 220.0, 0.0, 0.1, 0),
    RunState.COLLAPSED: Standing(RunState.COLLAPSED, 200.0, 220.0, 0.0, 0.1, 0),
}


@pytest.mark.parametrize("command", ["sample", "reconstruct", "interpolate", "encode"])
@pytest.mark.parametrize("state", STANDINGS)
def test_an_undertrained_or_collapsed_model_is_warned_of(
    run, model, song, tmp_path, state, command
):
    found = checkpoint.load(model)
    write_again(tmp_path / "m.safetensors", found.identity, found, STANDINGS[state])
    songs = [song] if command in {"reconstruct", "encode"} else []
    done = run(command, "m.safetensors", *songs)
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("warning: this model")
    assert str(state) in line


def test_an_informative_model_is_not_warned_of_and_an_old_checkpoint_says_nothing(
    run, model, tmp_path
):
    found = checkpoint.load(model)
    good = Standing(RunState.INFORMATIVE, 200.0, 220.0, 1.0, 2.0, 3)
    write_again(tmp_path / "good.safetensors", found.identity, found, good)
    assert run("sample", "good.safetensors").err == ""
    write_again(tmp_path / "old.safetensors", found.identity, found, None)
    (line,) = run("sample", "old.safetensors").err.splitlines()
    assert "does not say" in line


def test_a_model_of_a_path_is_told_to_a_notebook_once_it_is_opened(model, tmp_path, caplog):
    found = checkpoint.load(model)
    file = tmp_path / "m.safetensors"
    write_again(file, found.identity, found, STANDINGS[RunState.COLLAPSED])
    face.sample(file, 1)
    assert "collapsed" in caplog.text


def test_pitches_that_are_none_are_refused(model):
    for song in (np.full(20, 129), np.full((2, 20), 60), np.full(20, 60.5), np.array([], int)):
        with pytest.raises(face.MuseBarError, match="a song"):
            face.reconstruct(model, song)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n": 0}, "n 0: a whole number from 1 to 1000"),
        ({"n": -1}, "n -1: a whole number from 1 to 1000"),
        ({"n": 1001}, "n 1001: a whole number from 1 to 1000"),
        ({"n": 2.0}, "n 2.0: a whole number from 1 to 1000"),
        ({"n": True}, "n True: a whole number from 1 to 1000"),
        ({"steps": 0}, "steps 0: a whole number from 1 to 100000"),
        ({"temperature": 0}, "temperature 0: a number from 0.05 to 100"),
        ({"temperature": -1.0}, "temperature -1.0: a number from 0.05 to 100"),
        ({"temperature": float("nan")}, "temperature nan: a number from 0.05 to 100"),
        ({"temperature": 10**309}, "temperature 10+: a number from 0.05 to 100"),
        ({"temperature": "1"}, "temperature '1': a number from 0.05 to 100"),
        ({"temperature": True}, "temperature True: a number from 0.05 to 100"),
        ({"top_p": 0}, "top_p 0: a number above 0 to 1"),
        ({"top_p": 5}, "top_p 5: a number above 0 to 1"),
    ],
)
def test_python_refuses_the_numbers_that_the_command_refuses(model, asked, said):
    with pytest.raises(UsageError, match=f"^{said}$"):
        face.sample(model, **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"bar": 0}, "bar 0: "), ({"temperature": 0}, "temperature 0: "), ({"top_p": 0}, "top_p 0: ")],
)
def test_a_reconstruction_refuses_them_too(model, song, asked, said):
    with pytest.raises(UsageError, match=said):
        face.reconstruct(model, song, **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"n": 1}, "n 1: a whole number from 2 to 1000"), ({"temperature": 0}, "temperature 0: ")],
)
def test_an_interpolation_refuses_them_too(model, asked, said):
    with pytest.raises(UsageError, match=said):
        face.interpolate(model, **asked)


def test_numbers_at_their_bounds_are_taken_and_numpys_too(model):
    one, least = np.int64(1), np.float32(0.1)
    assert face.sample(model, one, steps=one, temperature=0.05, top_p=least).shape == (1, 1)
    assert face.sample(model, 1, steps=1, temperature=100, top_p=1).shape == (1, 1)
    assert len(face.interpolate(model, n=2)) == 2


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5])
def test_a_training_of_no_threads_is_refused_before_it_is_begun(
    corpus, configuration, tmp_path, threads
):
    with pytest.raises(UsageError, match=f"threads {threads}: a whole number from 1 to 1024"):
        face.train(configuration(), corpus.genre("low"), tmp_path / "a" / "x", threads=threads)
    assert list(tmp_path.iterdir()) == []


def test_the_same_picture_is_the_same_bytes():
    from reports.figures.picture import piano_rolls

    melody = np.array([[60, 62, REST, 64]], np.uint8)
    for form in ("png", "svg"):
        one, other = (piano_rolls(melody, ["a $ b"], 4, form) for _ in range(2))
        assert one == other
    silent = piano_rolls(np.full((1, 4), REST, np.uint8), ["silence"], 4, "png")
    assert Image.open(io.BytesIO(silent)).size[0] > 100


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_title_of_hostile_letters_is_text(form):
    import xml.etree.ElementTree as ET

    from reports.figures.picture import piano_rolls

    title = "<b> $x^{ \x1b[2J \udcff \N{SAXOPHONE} & " + "long " * 60
    drawn = piano_rolls(np.array([[60, 62, REST, 64]], np.uint8), [title], 4, form)
    if form == "svg":
        words = "".join(ET.fromstring(drawn.decode()).itertext())
        assert "<b> $x^{" in words
        assert "\x1b" not in words


def test_music_is_made_on_one_thread_where_nobody_says_otherwise(model, song):
    loaded = face.load_model(model)
    seen = []
    for part in loaded.network.modules():
        part.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    with computing_with(3):
        face.sample(loaded, 1)
        face.reconstruct(loaded, song)
        face.encode(loaded, [song])
    assert set(seen) == {1}
