"""Reading many files at once, in worker processes that may die without harm.

A parser meets files that nobody made on purpose. What it raises becomes the file's reason, and so
does taking more time or memory than :class:`~musebar_core.corpus.limits.Limits` allow; if it takes
its whole process down, the files that were under way are read again, each alone in a process of
its own, and the one that kills it is named.
"""

from __future__ import annotations

import gc
import hashlib
import os
import signal
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING, Any

import numpy as np

from musebar_core.corpus.files import read_melody
from musebar_core.corpus.grid import to_grid
from musebar_core.corpus.interrupts import interrupts_held
from musebar_core.corpus.limits import Limits, OutOfTimeError, limited_time
from musebar_core.corpus.notes import UnreadableError
from musebar_core.corpus.phrases import phrases
from musebar_core.corpus.workers import OVER_MEMORY, PARSERS, UNGUARDED, context_of, enter, pool_of
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

    from musebar_core.corpus.notes import Melody
    from musebar_core.corpus.sources import Item

MIN_STEPS = 16
MIN_NOTES = 8
"""What a song of a corpus has at least."""


CRASHED = "unreadable: it crashes the parser"
OUT_OF_MEMORY = "unreadable: it needs more memory than there is"


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
    n_notes, n_part
        Notes that are kept, and notes of the track before it was made monophonic.
    damage
        What is wrong with the file, empty for a sound one.
    reader, agreement
        See :class:`~musebar_core.corpus.checked.Checked`.
    phrases
        Int64, sorted: see :func:`~musebar_core.corpus.phrases.phrases`.
    """

    item: Item
    sha256: str = ""
    pitches: NDArray[np.uint8] | None = None
    reason: str = ""
    title: str = ""
    track: str = ""
    track_reason: str = ""
    n_notes: int = 0
    n_part: int = 0
    damage: str = ""
    reader: str = ""
    agreement: float = float("nan")
    phrases: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def read_item(
    item: Item, steps_per_quarter: int, *, play_repeats: bool = True, of_any_length: bool = False
) -> Reading:
    """Read one item; whatever goes wrong is its reason. Repeats are played, or bars come once.

    What is too short for a corpus is none, unless ``of_any_length``.
    """
    sha256 = ""
    try:
        content = item.text.encode() if item.text is not None else _bytes_of(item.path)
        sha256 = hashlib.sha256(content).hexdigest()
        _, suffix = os.path.splitext(item.path)  # noqa: PTH122 - quicker, as is _bytes_of
        melody = read_melody(content, suffix.lower(), play_repeats)
        reading = _of_melody(melody, item, sha256, steps_per_quarter)
        if not of_any_length:
            _check_length(reading)
    except UnreadableError as error:
        return Reading(item, sha256, reason=str(error))
    except OSError as error:
        return Reading(item, sha256, reason=f"unreadable: {error.strerror or error}")
    except MemoryError:
        gc.collect()  # what was half parsed leaves no room to go on, and refers to itself
        return Reading(item, sha256, reason=OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001 - a strange file must not end the build
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        return Reading(item, sha256, reason=f"unreadable: {detail}")
    return reading


def _bytes_of(path: str) -> bytes:
    """What a file holds; without a ``Path`` and a buffer, in half the time for a small one."""
    with FileIO(path) as file:
        return file.readall()


def _check_length(reading: Reading) -> None:
    n_steps, n_notes = len(reading.pitches), reading.n_notes  # type: ignore[arg-type]
    if n_steps < MIN_STEPS or n_notes < MIN_NOTES:
        raise UnreadableError(
            f"too short: {n_steps} steps and {n_notes} notes (at least {MIN_STEPS} and {MIN_NOTES})"
        )


def _of_melody(melody: Melody, item: Item, sha256: str, steps_per_quarter: int) -> Reading:
    pitches = to_grid(melody.notes, steps_per_quarter)
    title = melody.title or item.source.rpartition("/")[2].rpartition(".")[0]
    return Reading(
        item,
        sha256,
        pitches,
        title=title,
        track=melody.track,
        track_reason=melody.reason,
        n_notes=len(melody.notes),
        n_part=melody.n_part,
        damage=melody.damage,
        reader=melody.reader,
        agreement=melody.agreement,
        phrases=phrases(melody.notes),
    )


@dataclass(frozen=True)
class _Reader:
    """Reads an item within limits, in whichever process it is sent to."""

    steps_per_quarter: int
    play_repeats: bool
    limits: Limits
    of_any_length: bool = False

    def __call__(self, item: Item) -> Reading:
        try:
            with limited_time(self.limits.seconds(item.path)):
                return read_item(
                    item,
                    self.steps_per_quarter,
                    play_repeats=self.play_repeats,
                    of_any_length=self.of_any_length,
                )
        except OutOfTimeError:
            return Reading(item, reason=self.limits.too_slow(item.path))


def read_all(
    items: Sequence[Item],
    steps_per_quarter: int,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
    limits: Limits | None = None,
    *,
    play_repeats: bool = True,
) -> list[Reading]:
    """Read items in worker processes; the result is in the order of ``items``.

    Parameters
    ----------
    items
        What to read.
    steps_per_quarter
        The grid.
    workers
        Processes; None: one a core. 0 reads in this process, without limits and without
        protection from crashes.
    progress
        Called with the number of items read so far.
    limits
        What a file may cost; None: the usual.
    play_repeats
        Of scores; False takes every bar once.

    Raises
    ------
    CorpusError
        If no worker process can be started.
    """
    if workers == 0:
        read = partial(read_item, steps_per_quarter=steps_per_quarter, play_repeats=play_repeats)
        readings = iter([(place, read(item)) for place, item in enumerate(items)])
    else:
        count = min(workers or os.cpu_count() or 1, max(len(items), 1))
        reader = _Reader(steps_per_quarter, play_repeats, limits or Limits())
        readings = _read_in_processes(items, reader, count)
    done: dict[int, Reading] = {}
    for place, reading in readings:
        done[place] = reading
        if progress is not None:
            progress(len(done))
    return [done[place] for place in range(len(items))]


def read_alone(item: Item, steps_per_quarter: int, limits: Limits | None = None) -> Reading:
    """Read one item of any length in a process of its own, within limits."""
    reader = _Reader(
        steps_per_quarter, play_repeats=True, limits=limits or Limits(), of_any_length=True
    )
    return _read_alone(item, reader, preload=())


def _read_in_processes(
    items: Sequence[Item], reader: _Reader, workers: int
) -> Iterator[tuple[int, Reading]]:
    """Read with few items under way, so that few are suspect when a process dies."""
    left = list(reversed(range(len(items))))
    while left:
        under_way: dict[Future[Reading], int] = {}
        with pool_of(workers, reader.limits) as pool:
            try:
                jobs = _Jobs(pool, items, reader, left, under_way)
                yield from jobs.drain(at_once=3 * workers)
            except BrokenProcessPool:
                suspects = sorted(under_way.values())
            else:
                return
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        for place in suspects:
            yield place, _read_alone(items[place], reader)


@dataclass(frozen=True)
class _Jobs:
    """Items that a pool reads: places ``left`` to hand out, and those ``under_way``."""

    pool: ProcessPoolExecutor
    items: Sequence[Item]
    reader: _Reader
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
                place = self.under_way.pop(future)
                if reading.reason == OUT_OF_MEMORY:  # its own need, or what others left behind?
                    reading = _read_alone(self.items[place], self.reader)
                yield place, reading

    def _submit(self, place: int) -> None:
        with interrupts_held():
            self.under_way[self.pool.submit(self.reader, self.items[place])] = place


def _read_alone(item: Item, reader: _Reader, preload: Sequence[str] = PARSERS) -> Reading:
    """Read an item in a process of its own, and say what that process died of if it does."""
    context: Any = context_of(preload)
    here, there = context.Pipe()
    process = context.Process(target=_read_one, args=(there, reader), daemon=True)
    with interrupts_held():
        process.start()
    there.close()
    try:
        reading = _ask(here, item)
    except BaseException:
        process.kill()
        raise
    finally:
        here.close()
        process.join()
    if reading is None:
        return Reading(item, reason=_cause(process.exitcode, item, reader.limits))
    if reading.reason == OUT_OF_MEMORY:
        return replace(reading, reason=reader.limits.too_large)
    return reading


def _ask(connection: Connection, item: Item) -> Reading | None:
    """Have a fresh process read an item; None if it dies of it."""
    try:
        connection.recv()
    except (EOFError, ConnectionResetError):
        raise CorpusError(UNGUARDED) from None
    connection.send(item)
    try:
        reading: Reading = connection.recv()
    except (EOFError, ConnectionResetError):
        return None
    return reading


def _read_one(connection: Connection, reader: _Reader) -> None:
    """Serve :func:`_ask`: say that the process runs, take one item, answer."""
    enter(reader.limits)
    connection.send("ready")
    connection.send(reader(connection.recv()))


def _cause(exit_code: int | None, item: Item, limits: Limits) -> str:
    if exit_code == -signal.SIGXCPU:
        return limits.too_slow(item.path)
    taken = exit_code in (OVER_MEMORY, -signal.SIGKILL)
    return limits.too_large if taken else CRASHED
