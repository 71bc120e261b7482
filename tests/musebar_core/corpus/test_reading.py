from __future__ import annotations

import os

from musebar_core.corpus.reading import CRASHED, read_all, read_item
from musebar_core.corpus.sources import Item


class _Bomb:
    """Ends the process that receives it, as a crash inside a parser would."""

    def __reduce__(self):
        return os._exit, (11,)


def item(path) -> Item:
    return Item(f"jazz/{path.name}", "jazz", "", str(path))


def test_a_song_too_short_is_rejected_with_its_numbers(tmp_path, write_midi, tune):
    reading = read_item(item(write_midi(tmp_path / "a.mid", {"a": tune(1, 9)})), 1)
    assert reading.pitches is None
    assert reading.reason == "too short: 9 steps and 9 notes (at least 16 and 8)"


def test_a_song_of_few_long_notes_is_too_short(tmp_path, write_midi):
    rows = [(4.0 * i, 4.0, 60 + i) for i in range(7)]
    reading = read_item(item(write_midi(tmp_path / "a.mid", {"a": rows})), 1)
    assert reading.reason.startswith("too short: 28 steps and 7 notes")


def test_a_file_that_is_gone_is_a_rejection_not_an_error(tmp_path):
    assert read_item(item(tmp_path / "gone.mid"), 1).reason.startswith("unreadable: No such file")


def test_the_file_name_is_the_title_of_a_midi_song(tmp_path, write_midi, tune):
    reading = read_item(item(write_midi(tmp_path / "So What.mid", {"a": tune(1)})), 1)
    assert reading.title == "So What"
    assert reading.reason == ""


def test_a_parser_that_crashes_loses_its_own_file_only(tmp_path, write_midi, tune):
    paths = [write_midi(tmp_path / f"{i}.mid", {"a": tune(i)}) for i in range(8)]
    items = [item(path) for path in paths]
    items[3] = Item("jazz/bomb.mid", "jazz", "", _Bomb())
    done: list[int] = []
    readings = read_all(items, 1, workers=2, progress=done.append)
    assert [reading.item.source for reading in readings] == [each.source for each in items]
    assert [reading.reason for reading in readings] == ["", "", "", CRASHED, "", "", "", ""]
    assert done == list(range(1, 9))
