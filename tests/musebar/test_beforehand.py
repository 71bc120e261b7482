"""What ``study launch`` says before it starts anything."""

from __future__ import annotations

import os
import pty
import subprocess
from dataclasses import replace

import pytest

from musebar.commands import beforehand
from tests.conftest import PATIENCE, musebar_command
from tests.study.run.test_estimate import ESTIMATE


def on_a_terminal(folder, answer, *arguments):
    """Run a command on a terminal, type an answer; its exit code and all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*musebar_command(), *arguments],
        cwd=folder,
        env=os.environ | {"MUSEBAR_HOME": str(folder / "studies")},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, answer)
    code = process.wait(timeout=PATIENCE)
    return code, (shown + os.read(ours, 4096)).decode()


def test_a_dry_run_tells_runs_hours_memory_and_disk_and_records_nothing(musebar, tiny, tmp_path):
    done = musebar("study", "launch", "search", "--name", "tiny", *tiny(), "--dry-run")
    assert done.returncode == 0, done.stderr
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert told["seed runs"] == "52 at most, in 2 genres (high, low)"
    assert told["study tiny"] == "nothing is started or recorded"
    assert "6 steps of" in told["a run"]
    assert "of a run" in told["evaluations"]
    assert "at most here" in told["hours"]
    assert "a run" in told["memory"]
    assert "are free" in told["disk"]
    assert "GPUs" in told
    assert not (tmp_path / "studies").exists()


def test_a_study_of_the_papers_size_on_cpus_needs_a_yes_where_nobody_can_be_asked(
    musebar, tmp_path
):
    done = musebar("study", "launch", "paper-methods")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "paper's size" in line
    assert "--yes" in line
    assert "--dry-run" in line
    assert not (tmp_path / "studies").exists()


def test_on_a_terminal_it_asks_and_a_no_starts_nothing(tmp_path):
    code, shown = on_a_terminal(tmp_path, b"n\n", "study", "launch", "paper-methods")
    assert code == 1
    assert "nothing was changed" in shown
    assert not (tmp_path / "studies").exists()


@pytest.mark.parametrize(
    ("curve_seconds", "evaluations", "has_begun", "encoder_steps", "told"),
    [
        (
            10.0,
            50,
            False,
            0,
            (
                "evaluations: 72% of a run; 34% with --set training.curve_snippets=128, "
                "which makes a run take 5.3 min"
            ),
        ),
        (1.25, 50, False, 0, "evaluations: 34% of a run"),
        (10.0, 1, False, 0, "evaluations: 13% of a run"),
        (10.0, 50, True, 0, "evaluations: 72% of a run"),  # its runs have their names
        (10.0, 50, False, 5, "evaluations: 72% of a run"),  # which train by what they measure
    ],
)
def test_where_evaluations_take_much_of_a_run_it_is_told_how_they_take_less(
    tiny_spec, curve_seconds, evaluations, has_begun, encoder_steps, told
):
    found = replace(
        ESTIMATE,
        evaluations=evaluations,
        evaluation_snippets=1024,
        has_begun=has_begun,
        pace=replace(ESTIMATE.pace, curve_seconds=curve_seconds),
    )
    spec = tiny_spec(**{"training.encoder_steps": str(encoder_steps)})
    assert beforehand._evaluations(spec, found) == told
