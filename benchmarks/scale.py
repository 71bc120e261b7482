"""What a study costs beside its training as it grows, and what it takes to look at it.

    python -m benchmarks scale [--sizes 1000 10000 100000] [--ray-runs 2000]

Six genres, a grid and a search (sampler random, so that no model is timed). All but the last
:data:`TIMED` seed runs are written into a SQLite ledger beforehand; the rest go through the real
driver, planner, lease and ledger without Ray, results made up, in any order of 64 in flight.
Printed is the processor time from a result's arrival to the next dispatch. Proposals, which are
computed beside, are left out. Then each command runs in a process of its own, whose largest memory
is printed, and at the end a study of many runs of a few milliseconds through the real Ray.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import overhead
from benchmarks.reports import ended, facts
from study.home.studies import Home
from study.ledger import rows, schema
from study.ledger.lease import Lease
from study.ledger.ledger import FILE_NAME
from study.ledger.reading import Runs
from study.ledger.record import StudyState
from study.run.aside import at_once
from study.run.driver import Driver, keep_from_collection
from study.search import planner, proposals
from study.spec import specfile

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from study.home.studies import Study
    from study.ledger.record import Proposal, Record, SeedRun
    from study.search.generations import GenerationRequest
    from study.spec.model import StudySpec

GENRES = [f"genre{i}" for i in range(1, 7)]
SLOTS = 64
TIMED = 4000
"""Seed runs that are timed, the last of a study; half of a small one's."""

_GIB = 2**20  # of the kibibytes in which Linux tells it


def grid(runs: int) -> StudySpec:
    """A grid of about so many runs, ten seeds each."""
    lengths = -(-runs // (len(GENRES) * 10 * 4))
    return _spec(
        protocol="grid",
        methods=False,
        fixed={"free_bits": 0, "annealing": "constant", "regularizers": 2},
        choices={"latent_length": list(range(8, 8 + lengths))},
    )


def search(runs: int) -> StudySpec:
    """A search of about so many runs, two seeds for most."""
    return _spec(
        configurations=max(1, runs // (len(GENRES) * 2)),
        sampler="random",
        generation=max(2, runs // (len(GENRES) * 12)),
    )


def _spec(**search: object) -> StudySpec:
    content = specfile.load("search").model_dump(mode="json")
    content["name"] = "scale"
    content["corpus"] |= {"genres": GENRES, "include_overall": False}
    content["search"] |= {"methods": True} | search
    content["search"]["space_content"] = None
    content["resources"]["slots"] = SLOTS
    return specfile.resolve(content)


def prepare(home: Home, spec: StudySpec, timed: int) -> None:
    """Write a study into a ledger but for about its last runs."""
    study = home.create(spec)
    study.ledger.set_corpus(spec.name, "corpus", dict.fromkeys(GENRES, facts()))
    fixed = [*spec.methods.values(), *planner.grid_configurations(spec)]
    study.ledger.add_configurations(spec.name, fixed)
    record = study.ledger.read(spec.name)
    kept, rng, made = planner.Planner(record), np.random.default_rng(0), random.Random(0)
    flying: list[SeedRun] = []
    expected = _expected(spec)
    while not kept.done and len(record.ended) < expected - timed:
        for due in kept.requests:
            _propose(study, record, due)
            kept.proposed(due.genre)
        while len(flying) < SLOTS and (taken := kept.take()):
            flying += taken
        run = flying.pop(made.randrange(len(flying)))
        record.ended[run] = replace(ended(run, rng), curve=None)
        kept.ended(run)
    _write(Path(study.folder) / FILE_NAME, record)
    study.ledger.close()


def _expected(spec: StudySpec) -> int:
    if spec.search.is_grid:
        return len(GENRES) * len(planner.grid_configurations(spec)) * spec.seeds.confirm
    return len(GENRES) * spec.search.configurations * spec.seeds.search


def _propose(study: Study, record: Record, due: GenerationRequest) -> None:
    found = proposals.propose(record.spec, due)
    new = [record.spec.configuration(p.parameters) for p in found]
    study.ledger.add_generation(study.name, due.genre, due.generation, found, new)
    record.configurations |= {c.config_id: c for c in new}
    record.generations[due.genre, due.generation] = tuple(found)


def _write(file: Path, record: Record) -> None:
    """Write the results past SQLAlchemy, all with one curve: it takes minutes otherwise."""
    names = [column.name for column in schema.seed_runs.c]
    as_json = {"metrics", "versions"}
    some = next(iter(record.ended))
    curve = json.dumps(rows.result_row(ended(some, np.random.default_rng(0)))["curve"])
    with sqlite3.connect(file) as db:
        statement = f"INSERT INTO {schema.seed_runs.name} VALUES ({', '.join('?' * len(names))})"
        for run, result in record.ended.items():
            row = rows.result_row(result)
            found = {"study": record.spec.name, **run._asdict(), **row, "curve": curve}
            values = [json.dumps(found[n]) if n in as_json else found[n] for n in names]
            db.execute(statement, [str(v) if isinstance(v, str) else v for v in values])


class Apart:
    """Does work at once, and keeps its time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, work: Callable[[], list[Proposal]]) -> Future[list[Proposal]]:
        """Do it."""
        began = time.process_time()
        future = at_once(work)
        self.seconds += time.process_time() - began
        return future


def drive(home: Home) -> None:
    """Drive the study of a home to its end, and print what a result took, as JSON."""
    study, rng, made = home.open("scale"), np.random.default_rng(1), random.Random(1)
    with Lease(study.ledger, study.name) as lease:
        record, apart = study.ledger.read(study.name, runs=Runs.FOR_PLANS), Apart()
        driver = Driver(study, record, lease, SLOTS, group_seconds=0.1, submit=apart)
        keep_from_collection()
        flying: list[tuple[str, SeedRun]] = []
        number, took = 0, []
        while not driver.finished:
            began, before = time.process_time(), apart.seconds
            while chunk := driver.next_chunk(str(number)):
                flying.append((str(number), chunk.runs[0]))
                number += 1
            spent = time.process_time() - began - (apart.seconds - before)
            trial, run = flying.pop(made.randrange(len(flying)))
            result = ended(run, rng)
            began = time.process_time()
            driver.result(trial, run, result)
            driver.trial_ended(trial)
            took.append(spent + time.process_time() - began)
    study.ledger.set_state(study.name, StudyState.FINISHED)
    figures = {
        "runs": len(record.ended),
        "timed": len(took),
        "mean": 1000 * float(np.mean(took[1:])),
        "p99": 1000 * float(np.quantile(took[1:], 0.99)),
        "most": 1000 * max(took[1:]),
    }
    print(json.dumps(figures))


_DRIVE = "import sys; from benchmarks import scale; from study.home.studies import Home; "
_DRIVE += "from pathlib import Path; scale.drive(Home(Path(sys.argv[1])))"
_MUSEBAR = "from musebar.cli import main; main()"

_PEAK = """
import atexit, pathlib
atexit.register(lambda: pathlib.Path({0!r}).write_text(next(
    line for line in open("/proc/self/status") if line.startswith("VmHWM"))))
"""
"""Has a process leave its largest memory in a file."""

COMMANDS = {
    "list": ["study", "list"],
    "list --json": ["study", "list", "--json"],
    "status": ["study", "status", "scale"],
    "recommend": ["recommend", "genre1", "--study", "scale"],
    "export": ["study", "export", "scale"],
    "report build": ["report", "build", "scale"],
}


def spent(home: Path, code: str, *arguments: str) -> tuple[str, float, float]:
    """Run Python in a process of its own: what it printed, processor seconds, largest GiB.

    The memory is what Linux says of the process at its end: what ``wait4`` says has the parent's.
    """
    environment = os.environ | {"MUSEBAR_HOME": str(home)}
    with tempfile.NamedTemporaryFile("r") as peak:
        with subprocess.Popen(
            [sys.executable, "-c", _PEAK.format(peak.name) + code, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            out = process.stdout.read() if process.stdout else ""
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments} ended with {process.returncode}: {out[-500:]}")
        return out, used.ru_utime + used.ru_stime, int(peak.read().split()[1]) / _GIB


def measure(spec: StudySpec, runs: int) -> None:
    """Print the figures of a study of one size."""
    with tempfile.TemporaryDirectory(prefix="musebar-scale-") as folder:
        home = Path(folder)
        prepare(Home(home), spec, min(TIMED, runs // 2))
        out, _, gib = spent(home, _DRIVE, str(home))
        found = json.loads(out.splitlines()[-1])
        print(
            f"{spec.search.protocol:6} {found['runs']:7} runs: a result {found['mean']:.2f} ms, "
            f"99% under {found['p99']:.2f}, at most {found['most']:.0f}; driver {gib:.2f} GiB",
            flush=True,
        )
        for name, arguments in COMMANDS.items():
            _, seconds, gib = spent(home, _MUSEBAR, *arguments)
            print(f"       {name:13} {seconds:6.1f} s {gib:6.2f} GiB", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--protocols", nargs="*", choices=["grid", "search"], default=None)
    parser.add_argument("--ray-runs", type=int, default=2000)
    asked = parser.parse_args()
    for size in asked.sizes:
        for make in (grid, search):
            if asked.protocols is None or make.__name__ in asked.protocols:
                measure(make(size), size)
    if asked.ray_runs:
        with tempfile.TemporaryDirectory(prefix="musebar-scale-") as folder:
            overhead.short_runs(Home(Path(folder)), asked.ray_runs)


if __name__ == "__main__":
    main()
