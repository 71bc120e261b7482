"""Builds that are killed at any moment leave nothing that the next one cannot clear."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from musebar_core.corpus import Corpus
from tests.conftest import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20

BUILD = """
import sys
from pathlib import Path
from musebar_core.config import Grid
from musebar_core.corpus import build_corpus
if __name__ == "__main__":
    build_corpus(Path(sys.argv[1]), Path(sys.argv[2]), Grid(1, 4, 16), workers=2)
"""


def start(script: Path, source: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(script), str(source), str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert alive == []


@pytest.mark.slow
def test_a_build_killed_at_20_random_moments_is_finished_by_the_next(tmp_path, write_midi, tune):
    source, out = tmp_path / "music", tmp_path / "corpora" / "out"
    for g, genre in enumerate(("jazz", "pop")):
        for i in range(150):
            write_midi(source / genre / f"{i}.mid", {"Melody": tune(1000 * g + i, 200)})
    script = tmp_path / "build.py"
    script.write_text(BUILD)
    began = time.monotonic()
    finish(start(script, source, tmp_path / "undisturbed"))
    seconds = time.monotonic() - began
    undisturbed = Corpus.load(tmp_path / "undisturbed").fingerprint
    rng = random.Random(20)
    killed = 0
    for _ in range(KILLS):
        process = start(script, source, out)
        time.sleep(seconds * rng.uniform(0.1, 1.0))
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        killed += process.returncode == -signal.SIGKILL
        wait_until_gone(family)
        finish(start(script, source, out))
        assert Corpus.load(out).fingerprint == undisturbed
        assert [path.name for path in out.parent.iterdir()] == ["out"]
        for path in out.iterdir():
            path.unlink()
        out.rmdir()
    assert killed >= KILLS / 2
