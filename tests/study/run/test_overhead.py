from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks.overhead import Memory
from study.run.progress import Reporter
from tests.pages import ROOT


def test_the_silent_reporter_has_all_that_a_study_asks_of_one():
    assert vars(Reporter()).keys() <= vars(Memory()).keys()


@pytest.mark.slow
def test_what_the_engine_adds_is_measured_on_a_study_that_runs():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "scale", "--sizes", "--ray-runs", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"^2\d\d runs of .* s a run beyond training", done.stdout, re.MULTILINE)
