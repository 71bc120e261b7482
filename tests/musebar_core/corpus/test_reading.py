from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace

import pytest

from musebar_core.corpus.limits import Limits
from musebar_core.corpus.reading import CRASHED, read_all, read_item
from musebar_core.corpus.sources import Item


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


def test_scores_have_more_time_than_midi_files():
    limits = Limits(midi_seconds=5, score_seconds=60)
    assert [limits.seconds(f"a{suffix}") for suffix in (".mid", ".KAR", ".mxl", ".abc")] == [
        5,
        5,
        60,
        60,
    ]
