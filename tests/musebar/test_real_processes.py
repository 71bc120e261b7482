"""What a shell does to a command: readers that leave, outputs that are closed or full, signals."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from study.home.studies import Home
from study.ledger.reading import Runs
from tests.conftest import PATIENCE, TINY, musebar_command, write_lot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

GRID = {
    "search.protocol": "grid",
    "search.methods": "false",
    "search.choices": "{latent_length: [2, 4]}",
    "search.fixed": "{free_bits: 0, annealing: linear, annealing_length: 0.5, input_dropout: 0, "
    "regularizers: 1}",
    "seeds": "{search: 2, confirm: 6}",
    "corpus.genres": "[low]",
    "resources.slots": "1",
}
LONG = {
    "training": "{profile: strong, epochs: 400, batch: 4, evaluate_every: 100, "
    "evaluation_snippets: 16}"
}
"""Runs of a second each, so that a study is still going when a test gets at it."""


LITTLE = 32 * 1024
"""Bytes of a file: as many as SQLite shares among its readers."""


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A genre of tones drawn by lot, on which the tiniest run is trained."""
    folder = tmp_path_factory.mktemp("lots")
    for song in range(15):
        write_lot(folder / "low" / f"{song:02}.mid", song, 96, 36)
    return folder


def launch(music, **changes):
    values = {"corpus.source": str(music)} | TINY | GRID | changes
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return [*musebar_command(), "study", "launch", "search", "--name", "tiny", *sets]


def environment(folder):
    return os.environ | {"COLUMNS": "120", "MUSEBAR_HOME": str(folder / "studies")}


def run(folder, command, **options):
    """A command to its end; a list, or a line for the shell."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        text=True,
        check=False,
        timeout=PATIENCE,
        shell=isinstance(command, str),
        executable="/bin/bash" if isinstance(command, str) else None,
        **options,
    )


def musebar(folder, *arguments):
    command = [*musebar_command(), *map(str, arguments)]
    return run(folder, command, capture_output=True)


def start(folder, command, **options):
    return subprocess.Popen(
        command, cwd=folder, env=environment(folder), text=True, start_new_session=True, **options
    )


def ended(folder):
    home = Home(folder / "studies")
    if "tiny" not in home.names():
        return 0
    study = home.open("tiny")
    count = len(study.ledger.read("tiny", runs=Runs.FOR_PLANS).ended)
    study.ledger.close()
    return count


def wait_for_runs(folder, count, process):
    """Wait until the ledger holds so many ended seed runs, and the driver goes on."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if ended(folder) >= count:
            return
        time.sleep(0.2)
    pytest.fail("the study did not get that far")


def line(said):
    """The one line of an error, and no traceback."""
    assert "Traceback" not in said
    (found,) = [each for each in said.splitlines() if each.startswith("Error: ")]
    return found


@pytest.fixture(scope="module")
def piped(tmp_path_factory, music):
    """A study whose output a reader left after its first line, driver's log and answer alike."""
    folder = tmp_path_factory.mktemp("piped")
    done = run(
        folder,
        f"{shlex.join(launch(music))} 2>&1 | head -1; exit ${{PIPESTATUS[0]}}",
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_reader_that_leaves_ends_no_study(piped):
    status = json.loads(musebar(piped, "study", "status", "tiny", "--json").stdout)
    assert (status["state"], status["genres"]["low"]["done"]) == ("finished", 12)


def test_a_reader_that_leaves_costs_an_export_no_file(piped, tmp_path):
    out = tmp_path / "export"
    command = shlex.join([*musebar_command(), "study", "export", "tiny", "--out", str(out)])
    assert run(piped, f"{command} | head -0; exit ${{PIPESTATUS[0]}}").returncode == 0
    whole = tmp_path / "whole"
    assert musebar(piped, "study", "export", "tiny", "--out", whole).returncode == 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {
        p.name: p.read_bytes() for p in whole.iterdir()
    }


@pytest.mark.parametrize(
    ("closed", "code"), [(">&-", 0), ("2>&-", 0), ("<&- >&- 2>&-", 0), ("2>/dev/full", 0)]
)
def test_what_the_shell_closed_or_what_is_full_costs_no_answer(piped, tmp_path, closed, code):
    command = shlex.join([*musebar_command(), "study", "export", "tiny", "--out", str(tmp_path)])
    done = run(piped, f"{command} {closed}", capture_output=True)
    assert (done.returncode, done.stderr) == (code, "")
    assert (tmp_path / "results.parquet").is_file()


def test_an_answer_that_a_full_disk_does_not_take_is_a_failure_in_a_line(piped):
    command = shlex.join([*musebar_command(), "study", "status", "tiny", "--json"])
    done = run(piped, f"{command} > /dev/full", capture_output=True)
    assert done.returncode == 1
    assert "No space left on device" in line(done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [("study presets > /dev/full", 1), ("study presets 2> /dev/full", 0), ("no 2> /dev/full", 2)],
)
def test_a_full_disk_gives_one_line_at_most_whenever_python_writes(
    tmp_path, asked, code, unbuffered
):
    command = f"PYTHONUNBUFFERED={unbuffered} {shlex.join(musebar_command())} {asked}"
    done = run(tmp_path, command, capture_output=True)
    assert done.returncode == code
    assert done.stderr == (code == 1) * (
        "Error: cannot write the output: No space left on device\n"
    )


def test_an_export_for_which_there_is_no_room_leaves_nothing(piped, tmp_path):
    """``RLIMIT_FSIZE`` for a full disk: SQLite has room for what it shares, a table has not."""

    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LITTLE, LITTLE))

    out = tmp_path / "export"
    command = [*musebar_command(), "study", "export", "tiny", "--out", str(out)]
    done = run(piped, command, capture_output=True, preexec_fn=little_room)
    assert done.returncode == 1
    assert "File too large" in line(done.stderr)
    assert not out.exists() or list(out.iterdir()) == []
    assert sorted(tmp_path.iterdir()) in ([], [out])


@pytest.mark.parametrize("how", ["deleted", "renamed"])
def test_a_folder_taken_away_under_its_driver_is_told_and_not_made_anew(tmp_path, music, how):
    with (tmp_path / "said").open("w") as said:
        process = start(tmp_path, launch(music, **LONG), stdout=said, stderr=said)
    wait_for_runs(tmp_path, 2, process)
    folder = tmp_path / "studies" / "tiny"
    if how == "deleted":
        shutil.rmtree(folder)
    else:
        folder.rename(tmp_path / "studies" / "mine")
    assert process.wait(timeout=PATIENCE) == 1
    said = line((tmp_path / "said").read_text())
    assert "is gone, deleted or" in said
    assert "nothing that was done is lost" not in said
    assert not folder.exists()
    if how == "renamed":
        (tmp_path / "studies" / "mine").rename(folder)
        resumed = musebar(tmp_path, "study", "resume", "tiny")
        assert resumed.returncode == 0, resumed.stderr
        assert ended(tmp_path) == 12


@pytest.mark.parametrize(("number", "to_all"), [(signal.SIGTERM, False), (signal.SIGHUP, True)])
def test_a_signal_ends_a_build_in_a_line_and_leaves_nothing(tmp_path, number, to_all):
    out = tmp_path / "corpora" / "folk"
    command = [sys.executable, "-m", "musebar", "corpus", "build", "music21", "--genre", "folk"]
    with (tmp_path / "said").open("w") as said:
        process = start(tmp_path, [*command, "--out", str(out)], stdout=said, stderr=said)
    deadline = time.monotonic() + PATIENCE
    while not out.parent.is_dir() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    (os.killpg if to_all else os.kill)(process.pid, number)
    assert process.wait(timeout=PATIENCE) == 130
    assert "Traceback" not in (tmp_path / "said").read_text()
    assert list(out.parent.iterdir()) == []
    assert not Path("/proc", str(process.pid)).exists()
