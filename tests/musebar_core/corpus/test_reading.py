from __future__ import annotations

import hashlib
import mmap
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from types import SimpleNamespace

import pytest

from musebar_core.corpus import limits as limits_module
from musebar_core.corpus.limits import Limits, OutOfTimeError, limit_memory, limited_time
from musebar_core.corpus.reading import CRASHED, _cause, read_all, read_alone, read_item
from musebar_core.corpus.sources import Item
from musebar_core.corpus.workers import OVER_MEMORY


class _Bomb:
    """Ends the process that receives it, as a crash inside a parser would."""

    def __reduce__(self):
        return os._exit, (11,)


def song(path) -> Item:
    return Item(f"jazz/{path.name}", "jazz", "", str(path))


def test_a_song_too_short_is_rejected_with_its_numbers(tmp_path, write_midi, tune):
    reading = read_item(song(write_midi(tmp_path / "a.mid", {"a": tune(1, 9)})), 1)
    assert reading.pitches is None
    assert reading.reason == "too short: 9 steps and 9 notes (at least 16 and 8)"


def test_a_song_of_few_long_notes_is_too_short(tmp_path, write_midi):
    rows = [(4.0 * i, 4.0, 60 + i) for i in range(7)]
    reading = read_item(song(write_midi(tmp_path / "a.mid", {"a": rows})), 1)
    assert reading.reason.startswith("too short: 28 steps and 7 notes")


def test_a_file_that_is_gone_is_a_rejection_not_an_error(tmp_path):
    assert read_item(song(tmp_path / "gone.mid"), 1).reason.startswith("unreadable: No such file")


def test_the_file_name_is_the_title_of_a_midi_song(tmp_path, write_midi, tune):
    reading = read_item(song(write_midi(tmp_path / "So What.mid", {"a": tune(1)})), 1)
    assert reading.title == "So What"
    assert reading.reason == ""


def test_a_parser_that_crashes_loses_its_own_file_only(tmp_path, write_midi, tune):
    paths = [write_midi(tmp_path / f"{i}.mid", {"a": tune(i)}) for i in range(8)]
    items = [song(path) for path in paths]
    items[3] = Item("jazz/bomb.mid", "jazz", "", _Bomb())
    done: list[int] = []
    readings = read_all(items, 1, workers=2, progress=done.append)
    assert [reading.item.source for reading in readings] == [each.source for each in items]
    assert [reading.reason for reading in readings] == ["", "", "", CRASHED, "", "", "", ""]
    assert done == list(range(1, 9))


def costly(function, *arguments) -> Item:
    """An item whose reading calls a function first."""
    return Item(
        "jazz/costly.mid",
        "jazz",
        "",
        "costly.mid",
        SimpleNamespace(encode=partial(function, *arguments)),
    )


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (costly(eval, "[0 for _ in iter(int, 1)]"), "reading it takes over 0.5 s"),
        pytest.param(  # never comes back to Python
            costly(max, range(10**14)), "reading it takes over 0.5 s", marks=pytest.mark.slow
        ),
        (costly(bytes, 2**30), "reading it takes over 256 MiB of memory"),
    ],
    ids=["in Python", "in C", "memory"],
)
def test_a_file_that_costs_too_much_is_rejected_and_the_others_are_read(
    tmp_path, write_midi, tune, item, reason
):
    songs = [song(write_midi(tmp_path / f"{i}.mid", {"a": tune(i)})) for i in range(2)]
    limits = Limits(midi_seconds=0.5, memory_bytes=256 * 2**20)
    readings = read_all([songs[0], item, songs[1]], 1, workers=1, limits=limits)
    assert [reading.reason for reading in readings] == ["", f"unreadable: {reason}", ""]


@pytest.mark.parametrize("mebibytes", [1, 8, 32])
def test_a_score_that_takes_too_much_memory_says_so(tmp_path, mebibytes):
    path = tmp_path / "long.abc"
    path.write_text("X:1\nL:1/4\nK:C\n" + "CDEF GABc|" * 20_000)
    limits = Limits(memory_bytes=mebibytes * 2**20)
    (reading,) = read_all([song(path)], 1, workers=1, limits=limits)
    assert reading.reason == f"unreadable: reading it takes over {mebibytes} MiB of memory"


def test_a_song_of_any_length_is_read_in_a_process_of_its_own_within_limits(tmp_path, write_midi):
    item = song(write_midi(tmp_path / "a.mid", {"a": [(0.0, 1.0, 60), (1.0, 1.0, 62)]}))
    assert read_alone(item, 2).pitches.tolist() == [60, 60, 62, 62]
    endless = costly(eval, "[0 for _ in iter(int, 1)]")
    limits = Limits(midi_seconds=0.1)
    assert read_alone(endless, 2, limits).reason == "unreadable: reading it takes over 0.1 s"


@pytest.mark.parametrize("read", ["read_alone(item, 1)", "read_all([item], 1)"])
def test_a_script_that_does_not_guard_its_start_is_told_to(tmp_path, read):
    script = tmp_path / "script.py"
    script.write_text(
        "from musebar_core.corpus.reading import read_all, read_alone\n"
        "from musebar_core.corpus.sources import Item\n"
        "item = Item('jazz/a.abc', 'jazz', '', 'a.abc')\n"
        f"{read}\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    told = ended.stderr.rstrip().splitlines()
    assert "worker processes cannot start" in told[0], "a worker's own words"
    assert sum(line.startswith("Traceback") for line in told) == 1
    assert told[-1] == (
        "musebar_core.errors.CorpusError: worker processes cannot start: a script must call this "
        "beneath `if __name__ == '__main__':`; or read with workers=0"
    )


def test_scores_have_more_time_than_midi_files():
    limits = Limits(midi_seconds=5, score_seconds=60)
    assert [limits.seconds(f"a{suffix}") for suffix in (".mid", ".KAR", ".mxl", ".abc")] == [
        5,
        5,
        60,
        60,
    ]


def test_a_song_has_sixteen_steps_and_eight_notes_at_least(tmp_path, write_midi):
    for n_notes, lasts, reason in ((8, 2.0, ""), (7, 3.0, "too short"), (15, 1.0, "too short")):
        rows = [(lasts * i, lasts, 60 + i) for i in range(n_notes)]
        reading = read_item(song(write_midi(tmp_path / "a.mid", {"a": rows})), 1)
        assert reading.reason.partition(":")[0] == reason
        assert read_item(reading.item, 1, of_any_length=True).reason == ""


def test_what_is_read_of_a_song_is_told(tmp_path):
    path = tmp_path / "Some. Tune.ABC"
    path.write_text("X:1\nL:1/4\nK:C\n|:CDEF GABc:|[ce]8|\n")
    reading = read_item(Item("folk/deep/Some. Tune.ABC", "folk", "", str(path)), 2)
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (reading.title, reading.track, reading.track_reason) == (
        "Some. Tune",
        "part 1",
        "only part",
    )
    assert (reading.n_notes, reading.n_part, len(reading.pitches)) == (17, 18, 48)
    assert (reading.reader, reading.agreement, reading.damage) == ("abc", 1, "")
    written = read_item(reading.item, 2, play_repeats=False)
    assert (written.n_notes, len(written.pitches)) == (9, 32)


def test_the_title_of_the_piece_comes_before_the_files(tmp_path):
    path = tmp_path / "a.abc"
    path.write_text("X:1\nT:Named\nL:1/4\nK:C\n" + "CDEF|" * 4)
    assert read_item(song(path), 1).title == "Named"


def test_the_text_of_a_tune_is_read_instead_of_its_file(tmp_path):
    item = Item(
        "a.abc#2", "folk", "", str(tmp_path / "gone.abc"), "X:2\nL:1/4\nK:C\n" + "CDEF|" * 4
    )
    reading = read_item(item, 1)
    assert (reading.reason, reading.sha256) == ("", hashlib.sha256(item.text.encode()).hexdigest())


def test_a_file_that_cannot_be_read_keeps_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd")
    reading = read_item(song(path), 1)
    assert reading.sha256 == hashlib.sha256(b"MThd").hexdigest()
    assert reading.reason.startswith("unreadable MIDI: ")
    assert read_item(song(tmp_path), 1).reason == "unreadable: Is a directory"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("two\n lines"), "unreadable: ValueError: two lines"),
        (KeyError("x" * 200), f"unreadable: KeyError: '{'x' * 109}"),
        (MemoryError(), "unreadable: it needs more memory than there is"),
        (OSError("odd"), "unreadable: odd"),
    ],
)
def test_whatever_a_parser_raises_is_the_reason_in_one_short_line(error, reason):
    def fail():
        raise error

    item = Item("a.mid", "jazz", "", "a.mid", SimpleNamespace(encode=fail))
    assert read_item(item, 1).reason == reason


def test_reading_in_this_process_keeps_the_order_tells_its_progress_and_plays_repeats(tmp_path):
    items = []
    for n in range(3):
        path = tmp_path / f"{n}.abc"
        path.write_text(f"X:1\nL:1/4\nK:C\n|:{'CDEF|' * (4 + n)}:|\n")
        items.append(song(path))
    done: list[int] = []
    for play_repeats, factor in ((True, 2), (False, 1)):
        readings = read_all(items, 1, workers=0, progress=done.append, play_repeats=play_repeats)
        assert [reading.n_notes for reading in readings] == [16 * factor, 20 * factor, 24 * factor]
    assert done == [1, 2, 3] * 2
    assert len(read_all(items, 1, workers=0)[0].pitches) == 32


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (-signal.SIGXCPU, "unreadable: reading it takes over 5 s"),
        (-signal.SIGKILL, "unreadable: reading it takes over 768 MiB of memory"),
        (OVER_MEMORY, "unreadable: reading it takes over 768 MiB of memory"),
        (-signal.SIGSEGV, "unreadable: it crashes the parser"),
        (1, "unreadable: it crashes the parser"),
        (None, "unreadable: it crashes the parser"),
    ],
)
def test_what_a_process_died_of_is_the_reason(tmp_path, exit_code, reason):
    assert _cause(exit_code, song(tmp_path / "a.mid"), Limits()) == reason


def test_what_a_file_may_cost_unless_it_is_said_otherwise():
    limits = Limits()
    seconds = {suffix: limits.seconds(f"x/a{suffix}") for suffix in (".MIDI", ".rmi", ".krn", "")}
    assert seconds == {".MIDI": 5, ".rmi": 5, ".krn": 60, "": 60}
    assert limits.too_slow("a.xml") == "unreadable: reading it takes over 60 s"
    assert Limits(midi_seconds=0.25).too_slow("a.mid").endswith("over 0.25 s")
    assert limits.too_large == "unreadable: reading it takes over 768 MiB of memory"


def use_up(seconds: float) -> None:
    with limited_time(seconds):
        while True:
            pass


def alone(check) -> int:
    """The exit code of a process of its own that checks something: 0 where all holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads: none is needed
        child = os.fork()
    if child == 0:
        code = 1
        try:
            check()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_time_that_is_used_up_is_told_and_nothing_is_left_behind():
    def check():
        bounds = resource.getrlimit(resource.RLIMIT_CPU)
        with limited_time(60):
            assert signal.getitimer(signal.ITIMER_PROF)[0] == pytest.approx(60, abs=1)
            last, _ = resource.getrlimit(resource.RLIMIT_CPU)
            assert 60 <= last - time.process_time() <= 62
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        with pytest.raises(OutOfTimeError):
            use_up(0.01)
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        assert resource.getrlimit(resource.RLIMIT_CPU) == bounds

    assert alone(check) == 0


def test_a_process_that_has_read_for_long_is_not_ended_before_the_time_is_up(monkeypatch):
    """The system counts by ticks, up to a hundredth more than the process has taken."""
    monkeypatch.setattr(limits_module.time, "process_time", lambda: 2_000.0)

    def check():
        with limited_time(5):
            last, _ = resource.getrlimit(resource.RLIMIT_CPU)
            assert 2_000 * 1.01 + 5 <= last <= 2_000 * 1.05 + 5

    assert alone(check) == 0


@pytest.fixture
def data_bounds():
    """The bounds of this process' data, which are put back."""
    bounds = resource.getrlimit(resource.RLIMIT_DATA)
    yield bounds
    resource.setrlimit(resource.RLIMIT_DATA, bounds)


def test_memory_that_is_left_is_what_was_not_taken(data_bounds):
    left = limit_memory(2**40)
    before = left()
    assert 2**40 - 2**28 < before <= 2**40
    taken = mmap.mmap(-1, 2**26, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    assert before - left() >= 2**26 - 2**20
    assert len(taken) == 2**26
    bound, _ = resource.getrlimit(resource.RLIMIT_DATA)
    assert 2**40 + 2**38 < bound < 2**40 + 2**38 + 2**36


def test_where_the_system_says_nothing_of_memory_all_of_it_is_left(
    monkeypatch, tmp_path, data_bounds
):
    monkeypatch.setattr(limits_module, "STATM", tmp_path / "gone")
    assert limit_memory(1_000)() == 1_000
    assert resource.getrlimit(resource.RLIMIT_DATA) == data_bounds
