"""How many of the faults that can be planted do the tests notice?

    python -m tests.mutants [--sample N] [--seed S] [--since COMMIT] [FOLDER ...]

Plants faults one at a time and runs the tests that should notice. Without folders it takes the
files that differ from where the branch left main; with folders, all of theirs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

from tests.mutants.plant import Mutant, mutants, sample
from tests.mutants.rooms import ROOMS, ROOT, Room
from tests.mutants.trial import Bench, Fate, Known

_bench: list[Bench] = []
"""The one of this process."""


@dataclass(frozen=True)
class Job:
    """A fault and the room whose tests are to notice it."""

    room: Room
    mutant: Mutant


def main() -> None:
    asked = _arguments()
    jobs = _jobs(asked)
    if not jobs:
        raise SystemExit("nothing to mutate: no file of these folders was changed")
    try:
        fates = _try_out(jobs, asked.processes)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    _report(jobs, fates)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("folders", nargs="*", help=", ".join(room.name for room in ROOMS))
    parser.add_argument("--sample", type=int, default=25, help="faults a folder; 0: every one")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--since", help="take the files that differ from this commit")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    unknown = set(asked.folders) - {room.name for room in ROOMS}
    if unknown:
        parser.error(f"no such folder: {', '.join(unknown)}; {', '.join(r.name for r in ROOMS)}")
    return asked


def _jobs(asked: argparse.Namespace) -> list[Job]:
    changed = None if asked.folders and not asked.since else _changed(asked.since)
    jobs = []
    for room in ROOMS:
        if asked.folders and room.name not in asked.folders:
            continue
        files = [f for f in room.files(ROOT) if changed is None or f in changed]
        found = [mutant for file in files for mutant in mutants(ROOT, file)]
        count = asked.sample or len(found)
        jobs += [Job(room, mutant) for mutant in sample(ROOT, found, count, asked.seed)]
    return jobs


def _changed(since: str | None) -> set[str]:
    """Files that differ from a commit, from the branch's beginning by default."""
    for upstream in ("@{upstream}", "origin/main", "main"):
        since = since or _git("merge-base", "HEAD", upstream).strip()
    if not since:
        raise SystemExit("no main to compare with: name folders, or a commit by --since")
    new = _git("ls-files", "--others", "--exclude-standard")
    return set((_git("diff", "--name-only", since) + new).splitlines())


def _git(*arguments: str) -> str:
    found = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout if found.returncode == 0 else ""


def _try_out(jobs: list[Job], processes: int) -> list[Fate]:
    rooms = list(dict.fromkeys(job.room for job in jobs))
    forks = multiprocessing.get_context("fork")
    with forks.Pool(min(processes, len(jobs)), _begin, maxtasksperchild=None) as pool:
        known = {}
        for room, told in zip(rooms, pool.imap(_measure, rooms, chunksize=1), strict=True):
            known[room.name] = told
            print(f"{room.name}: {len(told.seconds)} tests", file=sys.stderr, flush=True)
        fates = []
        tried = pool.imap(_try_one, ((job, known[job.room.name]) for job in jobs), chunksize=1)
        for job, fate in zip(jobs, tried, strict=True):
            fates.append(fate)
            if fate == Fate.SURVIVED:
                print(_described(job.mutant), flush=True)
        pool.map(_finish, range(processes), chunksize=1)
    return fates


def _begin() -> None:
    _bench.append(Bench(ROOT))


def _finish(_: int) -> None:
    _bench[0].close()


def _measure(room: Room) -> Known:
    return _bench[0].measure(room)


def _try_one(work: tuple[Job, Known]) -> Fate:
    job, known = work
    return _bench[0].try_out(job.mutant, job.room, known)


def _described(mutant: Mutant) -> str:
    source = (ROOT / mutant.file).read_text()
    pairs = zip(source.splitlines(), mutant.code(source).splitlines(), strict=False)
    was, now = next(((a, b) for a, b in pairs if a != b), ("", ""))
    where = f"{mutant.file}:{mutant.lines[0]} {mutant.operator}"
    return f"survived: {where}\n    - {was.strip()}\n    + {now.strip()}"


def _report(jobs: list[Job], fates: list[Fate]) -> None:
    planted = Counter(job.room.name for job in jobs)
    survived = Counter(
        job.room.name for job, fate in zip(jobs, fates, strict=True) if fate == Fate.SURVIVED
    )
    print(f"\n{'folder':32} {'planted':>8} {'killed':>8} {'share':>6}")
    for name, count in planted.items():
        killed = count - survived[name]
        print(f"{name:32} {count:8} {killed:8} {killed / count:6.0%}")
    hung = sum(fate == Fate.HUNG for fate in fates)
    print(f"{sum(planted.values())} planted, {sum(survived.values())} survived, {hung} hung")


if __name__ == "__main__":
    main()
