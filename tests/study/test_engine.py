"""The engine against the real Ray Tune."""

from __future__ import annotations

import json
import subprocess
import sys

from study.home import Home

COUNTED = """
import gc, json, sys
from pathlib import Path
import psutil
from ray.tune.experiment import Trial
from study.dispatch import run_study
from study.home import Home
from study.progress import Reporter


class Counting(Reporter):
    def __init__(self):
        self.kept = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return

    def corpus(self, done, total):
        pass

    def tick(self, driver):
        pass

    def changed(self, driver):
        self.kept.append(sum(type(thing) is Trial for thing in gc.get_objects()))
        if len(self.kept) == 5:
            next(process for process in psutil.Process().children(recursive=True)
                 if "SeedRunTrainable" in " ".join(process.cmdline())).kill()


home = Home(Path(sys.argv[1]))
counting = Counting()
run_study(home.open("tiny"), home, counting)
print(json.dumps(counting.kept))
"""
"""Drives a study, kills a worker on the way, and counts Tune's trials at every result."""


def test_no_more_of_tunes_trials_are_kept_than_run(tmp_path, tiny_spec):
    """Tune itself keeps every trial to the end, some 20 KiB each; one of them here is an error."""
    study = Home(tmp_path / "studies").create(tiny_spec(resources__slots="2"))
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, str(tmp_path / "studies")],
        check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    kept = json.loads(done.stdout.splitlines()[-1])
    record = study.ledger.read("tiny")
    assert len(kept) == len(record.ended) > 12
    assert all(ended.done for ended in record.ended.values())
    assert max(ended.attempts for ended in record.ended.values()) == 2
    assert max(kept) <= 6  # two that run, two that wait, two that end
