"""Reading many files at once, in worker processes that may die without harm.

A parser meets files that nobody made on purpose. What it raises becomes the file's reason; if
it takes its whole process down, the files that were under way are read again, each alone in a
process of its own, and the one that kills it is named.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import warnings
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.duplicates import phrases
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.grid import to_grid
from musebar_core.corpus.notes import UnreadableError
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from musebar_core.corpus.sources import Item

MIN_STEPS = 16
MIN_NOTES = 8

CRASHED = "unreadable: it crashes the parser"


@dataclass(frozen=True, eq=False)
class Reading:
    """What came of one item: pitches, or the reason why there are none.

    Attributes
    ----------
    item
        What was read.
    sha256
        Of the file's bytes (the tune's text), in hex; empty where it could not be read.
    pitches
        Uint8 ``[steps]``, or None.
    reason
        Why the item is rejected; empty where it is not.
    title, track, track_reason
        As the piece says, or the file's name; which track and why.
    phrases
        Int64, sorted: see :func:`~musebar_core.corpus.duplicates.phrases`.
    """

    item: Item
    sha256: str = ""
    pitches: NDArray[np.uint8] | None = None
    reason: str = ""
    title: str = ""
    track: str = ""
    track_reason: str = ""
    phrases: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def read_item(item: Item, steps_per_quarter: int) -> Reading:
    """Read one item; whatever goes wrong is its reason."""
    sha256 = ""
    try:
        content = item.text.encode() if item.text is not None else Path(item.path).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        return _read(item, content, sha256, steps_per_quarter)
    except UnreadableError as error:
        return Reading(item, sha256, reason=str(error))
    except OSError as error:
        return Reading(item, sha256, reason=f"unreadable: {error.strerror or error}")
    except MemoryError:
        return Reading(item, sha256, reason="unreadable: it needs more memory than there is")
    except Exception as error:  # noqa: BLE001 - a strange file must not end the build
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        return Reading(item, sha256, reason=f"unreadable: {detail}")


def _read(item: Item, content: bytes, sha256: str, steps_per_quarter: int) -> Reading:
    melody = read_melody(content, Path(item.path).suffix.lower())
    pitches = to_grid(melody.notes, steps_per_quarter)
    n_steps, n_notes = len(pitches), len(melody.notes)
    if n_steps < MIN_STEPS or n_notes < MIN_NOTES:
        raise UnreadableError(
            f"too short: {n_steps} steps and {n_notes} notes (at least {MIN_STEPS} and {MIN_NOTES})"
        )
    title = melody.title or item.source.rpartition("/")[2].rpartition(".")[0]
    return Reading(
        item, sha256, pitches, "", title, melody.track, melody.reason, phrases(melody.notes)
    )


def read_all(
    items: Sequence[Item],
    steps_per_quarter: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Reading]:
    """Read items in worker processes; the result is in the order of ``items``.

    Parameters
    ----------
    items
        What to read.
    steps_per_quarter
        The grid.
    workers
        Processes; None: one a core. 0 reads in this process, without protection from crashes.
    progress
        Called with the number of items read so far.

    Raises
    ------
    CorpusError
        If no worker process can be started.
    """
    if workers == 0:
        readings = iter([(i, read_item(item, steps_per_quarter)) for i, item in enumerate(items)])
    else:
        count = min(workers or os.cpu_count() or 1, max(len(items), 1))
        readings = _read_in_processes(items, steps_per_quarter, count)
    done: dict[int, Reading] = {}
    for place, reading in readings:
        done[place] = reading
        if progress is not None:
            progress(len(done))
    return [done[place] for place in range(len(items))]


def _read_in_processes(
    items: Sequence[Item], steps_per_quarter: int, workers: int
) -> Iterator[tuple[int, Reading]]:
    """Read with few items under way, so that few are suspect when a process dies."""
    left = list(reversed(range(len(items))))
    while left:
        under_way: dict[Future[Reading], int] = {}
        with _pool(workers) as pool:
            try:
                jobs = _Jobs(pool, items, steps_per_quarter, left, under_way)
                yield from jobs.drain(at_once=3 * workers)
            except BrokenProcessPool:
                suspects = sorted(under_way.values())
            else:
                return
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        for place in suspects:
            yield place, _read_alone(items[place], steps_per_quarter)


@dataclass(frozen=True)
class _Jobs:
    """Items that a pool reads: places ``left`` to hand out, and those ``under_way``."""

    pool: ProcessPoolExecutor
    items: Sequence[Item]
    steps_per_quarter: int
    left: list[int]
    under_way: dict[Future[Reading], int]

    def drain(self, at_once: int) -> Iterator[tuple[int, Reading]]:
        """Keep ``at_once`` items under way until none is left; a dead process raises."""
        while self.left or self.under_way:
            while self.left and len(self.under_way) < at_once:
                self._submit(self.left[-1])
                self.left.pop()
            done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
            for future in done:
                reading = future.result()
                yield self.under_way.pop(future), reading

    def _submit(self, place: int) -> None:
        future = self.pool.submit(read_item, self.items[place], self.steps_per_quarter)
        self.under_way[future] = place


def _read_alone(item: Item, steps_per_quarter: int) -> Reading:
    with _pool(1) as pool:
        try:
            pool.submit(os.getpid).result()
        except BrokenProcessPool:
            raise CorpusError(
                "worker processes cannot start: a script must call this beneath "
                "`if __name__ == '__main__':`; or read with workers=0"
            ) from None
        try:
            return pool.submit(read_item, item, steps_per_quarter).result()
        except BrokenProcessPool:
            return Reading(item, reason=CRASHED)


def _pool(workers: int) -> ProcessPoolExecutor:
    """Open a pool of processes, forked where that can be from a server with the parsers loaded."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        context: multiprocessing.context.BaseContext = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, "symusic", "music21"])
    else:
        context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_enter_worker)


def _enter_worker() -> None:
    """Make a worker quiet: parsers write to the terminal, and Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    sys.stdout.flush()
    sys.stderr.flush()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
