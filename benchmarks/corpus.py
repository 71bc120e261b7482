"""Reading music: against pretty_midi on the same files, and cost as a file and a corpus grow.

The files are made here, every one with another melody: five tracks; 7,000 notes (45 KiB, as files
in the wild have) to compare readers, 1,400 to see how the cost grows. ``python -m
benchmarks.corpus FOLDER`` compares the readers on MIDI files of one's own as well.
"""

from __future__ import annotations

import contextlib
import io
import resource
import statistics
import struct
import sys
import tempfile
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pretty_midi
import psutil

from musebar_core.config import Grid
from musebar_core.corpus import build_corpus, melody
from musebar_core.corpus.counts import count_midi
from musebar_core.corpus.grid import to_grid
from musebar_core.corpus.notes import Notes, Track
from musebar_core.corpus.phrases import phrases
from musebar_core.corpus.reading import read_item
from musebar_core.corpus.sources import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GRID = Grid()
FILES = 60
REPEATS = 3
SIZES = (1_000, 5_000, 20_000)
LONG, SHORT = 960, 192
"""Quarter notes a file."""

LENGTHS, ROUNDS = (60, 240, 960, 3_840, 15_360), 9
"""Quarter notes of files that grow, and how often each is read."""


def main(folder: Path | None = None) -> None:
    """Print the tables; the first for the MIDI files in ``folder``, too."""
    if folder is not None:
        paths = sorted(folder.rglob("*.mid"))
        _print_rates(paths[:: max(len(paths) // FILES, 1)][:FILES])
        print()
        _print_build(folder, paths)
        print()
    with tempfile.TemporaryDirectory() as made:
        _print_rates(_write(Path(made), FILES, LONG))
    print()
    _print_lengths()
    print()
    _print_growth()


def _print_rates(files: Sequence[Path]) -> None:
    """Files a second of each way to read them, in one process: medians of rounds, file by file."""
    ways: dict[str, Callable[[Path], object]] = {
        "bytes alone": Path.read_bytes,
        "symusic alone": _symusic,
        "this product": _ours,
        "pretty_midi pipeline": _pretty,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(REPEATS + 1):
        taken = dict.fromkeys(ways, 0.0)
        for path in files:
            for name, read in ways.items():
                began = time.process_time()
                read(path)
                taken[name] += time.process_time() - began
        if turn:  # the first round warms up
            for name in ways:
                seconds[name].append(taken[name] / len(files))
    print(
        f"one process, processor time, {len(files)} files of "
        f"{sum(path.stat().st_size for path in files) / len(files) / 1024:.0f} KiB"
    )
    for name, values in seconds.items():
        median = statistics.median(values)
        ratio = statistics.median(
            pretty / own
            for pretty, own in zip(seconds["pretty_midi pipeline"], values, strict=True)
        )
        print(f"{name:<22}{median * 1e3:>9.3f} ms a file{1 / median:>9.0f} files/s{ratio:>8.1f} x")


def _print_build(folder: Path, paths: Sequence[Path]) -> None:
    """A whole build of a folder on all cores, against the loop that users write themselves."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        build_corpus(folder, Path(out, "corpus"), GRID)
        ours = time.perf_counter() - began
    began, read = time.perf_counter(), 0
    for path in paths:
        with contextlib.suppress(Exception):  # pretty_midi refuses some
            _pretty(path)
            read += 1
    theirs = time.perf_counter() - began
    print(f"{len(paths)} files from end to end: {ours:.1f} s; a loop of pretty_midi's that reads")
    print(f"{read} of them and keeps nothing: {theirs:.1f} s, {theirs / ours:.1f} x")


def _print_lengths() -> None:
    """What a file takes as it grows: medians of its rounds, and microseconds a note."""
    print(f"{'notes':>9}{'KiB':>7}{'ms a file':>11}{'us a note':>11}")
    rng = np.random.default_rng(0)
    for quarters in LENGTHS:
        content = _piece(rng, quarters)
        n_notes = count_midi(content).n_notes
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.mid")
            path.write_bytes(content)
            _ours(path)  # warms up
            seconds = statistics.median(_seconds(path) for _ in range(ROUNDS))
        each = seconds * 1e6 / n_notes
        print(f"{n_notes:>9,}{len(content) / 1024:>7.0f}{seconds * 1e3:>11.2f}{each:>11.2f}")


def _seconds(path: Path) -> float:
    began = time.process_time()
    _ours(path)
    return time.process_time() - began


def _print_growth() -> None:
    """Whole builds of more and more files: milliseconds a file, memory."""
    print(
        "whole builds, all cores; processor time of the parent and of all workers together; "
        "largest resident set"
    )
    print(
        f"{'files':>6}{'ms a file':>11}{'parent ms':>11}{'workers ms':>12}{'again s':>9}"
        f"{'parent MiB':>12}{'worker MiB':>12}"
    )
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder, "music"), Path(folder, "out")
            _write(source, size, SHORT)
            with _watched() as cost:
                began, own = time.perf_counter(), time.process_time()
                build_corpus(source, out, GRID)
                seconds, own = time.perf_counter() - began, time.process_time() - own
            began = time.perf_counter()
            build_corpus(source, out, GRID)
            again = time.perf_counter() - began
        each = [1e3 * taken / size for taken in (seconds, own, sum(cost.worker_seconds.values()))]
        print(
            f"{size:>6}{each[0]:>11.2f}{each[1]:>11.2f}{each[2]:>12.2f}{again:>9.2f}"
            f"{cost.parent / 2**20:>12.0f}{cost.worker / 2**20:>12.0f}",
            flush=True,
        )


def _symusic(path: Path) -> object:
    import symusic

    return symusic.Score.from_midi(path.read_bytes())


def _ours(path: Path) -> object:
    return read_item(Item(path.name, "jazz", "", str(path)), GRID.steps_per_quarter)


def _read_by_pretty_midi(content: bytes) -> list[Track]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        piece: Any = pretty_midi.PrettyMIDI(io.BytesIO(content))

    def quarters(seconds: float) -> float:
        return float(piece.time_to_tick(seconds)) / float(piece.resolution)

    return [
        Track(
            str(instrument.name),
            Notes.of(
                [
                    (quarters(note.start), quarters(note.end) - quarters(note.start), note.pitch)
                    for note in instrument.notes
                ]
            ),
            bool(instrument.is_drum),
            int(instrument.program),
        )
        for instrument in piece.instruments
    ]


def _pretty(path: Path) -> object:
    """Do what the product does, with pretty_midi for a parser."""
    chosen = melody.from_midi(_read_by_pretty_midi(path.read_bytes()))
    return to_grid(chosen.notes, GRID.steps_per_quarter), phrases(chosen.notes)


def _write(folder: Path, n: int, quarters: int) -> list[Path]:
    """Write ``n`` files of so many quarter notes, in two genres."""
    rng = np.random.default_rng(0)
    paths = [folder / ("jazz", "pop")[i % 2] / f"{i}.mid" for i in range(n)]
    for genre in ("jazz", "pop"):
        (folder / genre).mkdir(parents=True)
    for path in paths:
        path.write_bytes(_piece(rng, quarters))
    return paths


def _piece(rng: np.random.Generator, quarters: int) -> bytes:
    """A melody, a bass, two voices of chords and drums, 96 ticks a quarter note."""
    scale = np.array(
        [12 * octave + degree for octave in (4, 5, 6) for degree in (0, 2, 4, 5, 7, 9, 11)]
    )
    steps = rng.choice([-3, -2, -1, 1, 2, 3], 2 * quarters)
    tune = scale[np.abs((np.cumsum(steps) + 10) % 40 - 20)]
    chord = scale[np.abs((np.cumsum(steps[::2]) + 10) % 12)]
    voices = [
        (0, tune, 48),
        (1, chord - 24, 96),
        (2, chord, 96),
        (3, chord + 4, 96),
        (9, rng.choice([36, 38, 42], 3 * quarters), 32),
    ]
    tracks = [_track(channel, pitches, ticks) for channel, pitches, ticks in voices]
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), 96) + b"".join(tracks)


def _track(channel: int, pitches: np.ndarray, ticks: int) -> bytes:
    """Notes one after the other, in running status."""
    rows = np.zeros((len(pitches), 6), np.uint8)
    rows[:, 1] = rows[:, 4] = pitches
    rows[:, 2], rows[:, 3] = 80, ticks
    events = bytes([0, 0x90 | channel]) + rows.tobytes()[1:] + b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(events)) + events


@dataclass
class _Cost:
    """Largest resident sets, in bytes, and processor seconds of each worker, by its id."""

    parent: int = 0
    worker: int = 0
    worker_seconds: dict[int, float] = field(default_factory=dict)


@contextmanager
def _watched() -> Iterator[_Cost]:
    """Watch this process and its workers."""
    cost, done = _Cost(), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for child in psutil.Process().children(recursive=True):
                _look_at(child, cost)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield cost
    finally:
        done.set()
        thread.join()
        cost.parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _look_at(child: psutil.Process, cost: _Cost) -> None:
    try:
        times = child.cpu_times()
        cost.worker_seconds[child.pid] = times.user + times.system
        cost.worker = max(cost.worker, child.memory_info().rss)
    except psutil.NoSuchProcess:
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
