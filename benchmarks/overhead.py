"""What the engine costs beyond training, with the real Ray, ledger, planner and workers.

    python -m benchmarks overhead [--long-seconds 20] [--long-runs 10] [--short-runs 2000]

Two studies on a little embedded music. The first has few runs of some 20 s: wall time against
training time over slots. The second has many runs of a few milliseconds: time a seed run beyond
its training, and the driver's memory. Ray's start and the first use of each worker are left out:
the clock runs from the result that makes one a slot to the last result but one a slot, so that
every slot has work all the time. Training time is what the runs recorded of themselves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from study.home.studies import Home
from study.ledger.record import SeedRun
from study.run.dispatch import run_study
from study.run.progress import Reporter
from study.search import planner
from study.spec import specfile

if TYPE_CHECKING:
    from study.home.studies import Study
    from study.ledger.record import Record
    from study.run.driver import Driver

SLOTS = 2
_MIB = 2**20

TINY: dict[str, Any] = {
    "corpus": {
        "source": "music21",
        "genres": ["fiddle"],
        "songs_per_genre": 30,
        "include_overall": False,
        "grid": {"steps_per_quarter": 2, "steps_per_bar": 8, "snippet_steps": 32},
    },
    "model": {"hidden": 16, "layers": 1, "latent_length": 4, "regularizers": 1},
    "resources": {"slots": SLOTS},
}


class Memory(Reporter):
    """Takes the driver's resident memory after every result, and shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.mib: list[float] = []

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def corpus(self, done: int, total: int) -> None:
        """Nothing."""

    def changed(self, driver: Driver) -> None:
        """Take it."""
        del driver
        self.mib.append(psutil.Process().memory_info().rss / _MIB)

    def tick(self, driver: Driver) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Cost:
    """What a study's slots did between its first and its last results.

    Attributes
    ----------
    wall
        Seconds between them.
    busy
        Seconds of training within, over all slots.
    runs
        Results within.
    """

    wall: float
    busy: float
    runs: int

    @property
    def ratio(self) -> float:
        """Wall time over training time a slot."""
        return self.wall * SLOTS / self.busy

    @property
    def beyond(self) -> float:
        """Seconds of a slot that a seed run takes beyond its training."""
        return (self.wall * SLOTS - self.busy) / self.runs


def cost(record: Record) -> Cost:
    """Reckon from the times that the ledger holds."""
    ends = sorted(
        (datetime.fromisoformat(e.finished_at).timestamp(), e.seconds or 0.0)
        for e in record.ended.values()
    )
    begin, end = ends[SLOTS - 1][0], ends[-SLOTS][0]
    busy = sum(max(0.0, min(at, end) - max(at - seconds, begin)) for at, seconds in ends)
    return Cost(end - begin, busy, sum(begin < at <= end for at, _ in ends))


def run(home: Home, content: dict[str, Any]) -> tuple[Study, Memory]:
    """Run a study to its end."""
    study = home.create(specfile.resolve(TINY | content))
    memory = Memory()
    run_study(study, home, memory)
    return study, memory


def long_runs(home: Home, seconds: float, runs: int) -> None:
    """Wall time against training time, for runs of about ``seconds``."""
    training = {
        "profile": "strong",
        "epochs": 200,
        "evaluate_every": 100,
        "batch": 8,
        "evaluation_snippets": 64,
    }
    search = {
        "protocol": "grid",
        "space": "latent_length",
        "methods": False,
        "choices": {"latent_length": [4]},
    }
    trial, _ = run(
        home,
        {"name": "pace", "training": training, "search": search, "seeds": {"confirm": 2 * SLOTS}},
    )
    took = [e.seconds or 0.0 for e in trial.ledger.read("pace").ended.values()]
    training["epochs"] = max(1, int(200 * seconds / statistics.median(took)))
    training["evaluate_every"] = max(1, training["epochs"] // 10)
    study, _ = run(
        home, {"name": "long", "training": training, "search": search, "seeds": {"confirm": runs}}
    )
    record = study.ledger.read("long")
    found = cost(record)
    mean = statistics.fmean(e.seconds or 0.0 for e in record.ended.values())
    print(
        f"{len(record.ended)} runs of {mean:.1f} s on {SLOTS} slots: wall / (training / slots) "
        f"{found.ratio:.3f} (floor 1, aim at most 1.05), {found.beyond:.3f} s a run beyond "
        "training",
        flush=True,
    )


def short_runs(home: Home, runs: int) -> None:
    """Time a seed run beyond training, and memory over many of them."""
    seeds = 10
    study, memory = run(
        home,
        {
            "name": "short",
            "training": {
                "profile": "strong",
                "epochs": 1,
                "evaluate_every": 1,
                "batch": 2,
                "evaluation_snippets": 16,
            },
            "search": {
                "protocol": "search",
                "methods": False,
                "space": "full",
                "sampler": "random",
                "configurations": max(2, runs // seeds - 3),
                "generation": 10,
                "fixed": {"free_bits": 0},
                "choices": {"latent_length": [2, 3, 4, 5, 6, 8]},
            },
            "seeds": {"search": seeds, "confirm": 10},
        },
    )
    record = study.ledger.read("short")
    found = cost(record)
    print(
        f"{len(record.ended)} runs of {found.busy / found.runs * 1000:.0f} ms on {SLOTS} slots: "
        f"{found.beyond:.3f} s a run beyond training (aim at most 0.3)",
        flush=True,
    )
    floor(study, record)
    at = [i for i in (100, 250, 500, 1000, 1500, 2000, 4000, 6000) if i <= len(memory.mib)]
    told = ", ".join(f"{memory.mib[i - 1]:.0f} after {i}" for i in at)
    late = np.array(memory.mib[len(memory.mib) // 4 :])
    slope = np.polyfit(np.arange(len(late)), late, 1)[0] * 1000
    print(
        f"driver memory, MiB: {told}; {slope:+.1f} MiB a thousand runs over the last three "
        "quarters (floor 0)"
    )


def floor(study: Study, record: Record) -> None:
    """What a result costs at least: Ray's round trip, the ledger's commit, a plan."""
    began = time.perf_counter()
    for _ in range(10):
        planner.plan(record)
    plan = (time.perf_counter() - began) / 10
    run, ended = next(iter(record.ended.items()))
    began = time.perf_counter()
    for i in range(50):
        study.ledger.end("floor", SeedRun(run.genre, run.config_id, i, run.phase), ended)
    commit = (time.perf_counter() - began) / 50
    trip = subprocess.run([sys.executable, "-c", _TRIP], check=True, capture_output=True, text=True)
    print(
        f"floor, each alone: Ray's round trip {float(trip.stdout):.1f} ms, the ledger's commit "
        f"{commit * 1000:.1f} ms, a plan of the finished study {plan * 1000:.1f} ms",
        flush=True,
    )


_TRIP = """
import time, ray
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False,
         logging_level="ERROR")
nothing = ray.remote(lambda: None)
ray.get(nothing.remote())
began = time.perf_counter()
for _ in range(100):
    ray.get(nothing.remote())
print((time.perf_counter() - began) * 10)
"""
"""Milliseconds of a call that does nothing, in a process of its own."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long-seconds", type=float, default=20.0)
    parser.add_argument("--long-runs", type=int, default=10)
    parser.add_argument("--short-runs", type=int, default=2000)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="musebar-overhead-") as folder:
        home = Home(Path(folder))
        if asked.long_runs:
            long_runs(home, asked.long_seconds, asked.long_runs)
        if asked.short_runs:
            short_runs(home, asked.short_runs)


if __name__ == "__main__":
    main()
