from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from musebar.cli import musebar
from musebar.commands import progress
from musebar_core.corpus.labels import read_genre_map
from musebar_core.corpus.store import TimeGrid, write
from musebar_core.corpus.stored import SONG_COLUMNS
from musebar_core.errors import UsageError
from study.spec import specfile
from tests.conftest import PATIENCE


@pytest.fixture
def run(tmp_path):
    def invoke(*arguments: object):
        command = ["--home", str(tmp_path / "home"), "corpus", *map(str, arguments)]
        return CliRunner().invoke(musebar, command, catch_exceptions=True)

    return invoke


def test_build_prints_counts_and_ends_with_the_path(run, source, tmp_path):
    (source / "jazz" / "empty.mid").write_bytes(b"")
    result = run("build", source, "--snippet-steps", 16, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "taken 20, rejected 1" in result.stdout
    assert "the file is empty" in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "home" / "corpora" / "music")
    assert "read 21 of 21 files" in result.stderr


def test_no_rate_is_told_of_an_instant(capsys, monkeypatch):
    moments = iter([1.0, 7.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(moments))
    show = progress._lines()
    show(4, 4)
    show(6, 6)
    assert capsys.readouterr().err == "read 4 of 4 files\nread 6 of 6 files, 1 a second\n"


def test_build_and_describe_say_which_reader_read_how_many_and_how_far_it_agreed(
    run, source, tmp_path
):
    path = next((source / "jazz").glob("*.mid"))
    path.write_bytes(path.read_bytes() + b"junk behind the last track")
    built = run("build", source, "--out", tmp_path / "out", "--workers", 1).stdout
    said = f"read to at least 100.0% of the notes (jazz/{path.name})"
    assert said in built
    assert said in run("describe", tmp_path / "out").stdout
    readers = json.loads(run("describe", tmp_path / "out", "--json").stdout)["readers"]
    assert sum(each["n_songs"] for each in readers.values()) == 20
    assert sum(each["n_damaged"] for each in readers.values()) == 1


def test_describe_gives_songs_steps_and_baselines_as_json(run, source, tmp_path):
    out = tmp_path / "out"
    run("build", source, "--out", out, "--workers", 1)
    described = json.loads(run("describe", out, "--json", "--snippet-steps", 16).stdout)
    assert described["genres"]["jazz"]["songs"] == {"train": 8, "validation": 1, "test": 1}
    assert described["genres"]["overall"]["steps"]["train"] == 16 * 24
    scores = described["genres"]["jazz"]["baselines_validation_bce"]
    assert set(scores) == {"pitch_frequencies", "markov", "repeat_last"}
    assert not (tmp_path / "out-description").exists()
    text = run("describe", out).stdout
    assert "repeat last" in text
    assert described["fingerprint"] in text
    assert text.splitlines()[-1] == str(tmp_path / "out-description" / "index.html")
    assert (tmp_path / "out-description" / "index.html").is_file()


def test_a_description_goes_where_it_is_told_but_never_into_the_corpus(run, source, tmp_path):
    out = tmp_path / "out"
    run("build", source, "--out", out, "--workers", 1)
    result = run("describe", out, "--json", "--out", tmp_path / "page")
    assert json.loads(result.stdout)["n_rejected"] == 0
    assert (tmp_path / "page" / "index.html").is_file()
    error = run("describe", out, "--out", out / "page").exception
    assert isinstance(error, UsageError)
    assert "never changed" in str(error)


def test_a_missing_source_is_a_usage_error(run, tmp_path):
    error = run("build", tmp_path / "nowhere").exception
    assert isinstance(error, UsageError)


def test_every_option_and_label_of_the_documentation_exists(run, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text()
    known = run("build", "--help").stdout + run("describe", "--help").stdout
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= set(re.findall(r"--[a-z][a-z-]+", known))
    genre_map, spec = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(genre_map)
    assert read_genre_map(tmp_path / "mine.yaml")["bigband"] == "jazz"
    assert specfile.resolve({"name": "x", **yaml.safe_load(spec)}).corpus.labels


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", ""),
        ("build", "music", "--out", ""),
        ("build", "music", "--labels", ""),
        ("describe", ""),
    ],
)
def test_an_empty_path_is_wrong_usage(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "it is empty: name a file or a folder" in result.stderr


def test_the_genre_map_that_comes_along_is_printed_to_be_edited(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(run("genre-map").stdout)
    assert read_genre_map(tmp_path / "mine.yaml") == read_genre_map(None)


def test_songs_longer_than_any_are_refused_before_they_are_read(run, source, tmp_path):
    result = run("build", source, "--song-steps", 10**9)
    assert isinstance(result.exception, UsageError)
    assert "song_steps 1000000000: 1048576 at most" in str(result.exception)
    assert not (tmp_path / "home").exists()


def test_options_of_labels_need_labels(run, source, tmp_path):
    error = run("build", source, "--genre-map", tmp_path / "m.yaml").exception
    assert "--genre-map goes with --labels" in str(error)
    error = run("build", "music21", "--labels", tmp_path / "a.cls").exception
    assert "'music21' has its genres" in str(error)


def test_the_lakh_dataset_is_built_by_its_labels_and_a_map_of_ones_own(run, source, tmp_path):
    folder = tmp_path / "lmd_matched"
    lines = []
    for i, path in enumerate(sorted(source.glob("*/*.mid"))):
        track = f"TRAAA{chr(65 + i)}A128F931878{i % 10}"
        content = path.read_bytes()
        name = hashlib.md5(content).hexdigest()
        place = folder / "A" / "A" / "A" / track
        place.mkdir(parents=True)
        (place / f"{name}.mid").write_bytes(content)
        lines.append(f"{track}\t{'Reggae' if i < 12 else 'Rock'}")
    (tmp_path / "labels.cls").write_text("\n".join(lines))
    (tmp_path / "map.yaml").write_text("island: [Reggae]\n")
    result = run(
        "build",
        folder,
        "--labels",
        tmp_path / "labels.cls",
        "--genre-map",
        tmp_path / "map.yaml",
        "--workers",
        1,
    )
    assert result.exit_code == 0, result.output
    assert "taken 12, rejected 8" in result.stdout
    assert "8  label 'Rock' is in no genre of the map" in result.stdout
    assert (tmp_path / "home" / "corpora" / "lmd_matched").is_dir()


def test_a_list_of_songs_names_the_corpus_and_a_genre_left_out_is_told(run, source, tmp_path):
    lines = [f"music/jazz/song{i}.mid,jazz" for i in range(9)] + ["music/jazz/song9.mid,rare"]
    (tmp_path / "mine.csv").write_text("\n".join(["file,genre", *lines]))
    result = run("build", tmp_path / "mine.csv", "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "left out: genre 'rare': 1 of its 1 files could be taken" in result.stdout
    assert result.stdout.splitlines()[-1] == str(tmp_path / "home" / "corpora" / "mine")


def test_ctrl_c_ends_the_build_and_leaves_nothing_behind(tmp_path):
    command = [sys.executable, "-c", "from musebar.cli import main; main()"]
    out = tmp_path / "corpora" / "folk"
    with subprocess.Popen(
        [*command, "corpus", "build", "music21", "--genre", "folk", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + PATIENCE
        while not out.parent.is_dir() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert list(out.parent.iterdir()) == []


def test_a_corpus_without_validation_songs_is_described_all_the_same(run, tmp_path):
    songs = pd.DataFrame({name: ["a"] for name in SONG_COLUMNS}).assign(
        genre="jazz", split="train", group=""
    )
    out = tmp_path / "out"
    out.mkdir()
    info = {"source_kind": "folder", "n_ignored": 0}
    melody = np.full(20, 60, np.uint8)
    write(out, songs, [melody], rejected=[], grid=TimeGrid(1, 4), info=info)
    described = json.loads(run("describe", out, "--json").stdout)
    assert described["genres"]["jazz"]["windows"] == {"train": 1, "validation": 0, "test": 0}
    assert described["genres"]["jazz"]["baselines_validation_bce"] is None
    assert run("describe", out).exit_code == 0
