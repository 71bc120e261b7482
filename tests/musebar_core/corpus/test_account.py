from __future__ import annotations

import pytest

from musebar_core.corpus.account import count_kinds, kind, thin_genres


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("duplicate of jazz/a.mid", "duplicate"),
        ("too short: 3 steps and 2 notes (at least 16 and 8)", "too short"),
        ("unreadable MIDI: no MThd header", "unreadable MIDI"),
        ("unreadable: not a music file (starts with b'abcd')", "unreadable: not a music file"),
        ("unreadable: ValueError: 2000000 steps long", "unreadable: ValueError"),
        ("unreadable: the file is empty", "unreadable: the file is empty"),
        ("no notes but 12 of drums", "no notes but drums"),
        (
            "another MIDI of its track is taken: a/b.mid (it matches better)",
            "another MIDI of its track is taken",
        ),
        ("label 'Reggae' is in no genre of the map", "label 'Reggae' is in no genre of the map"),
        ("no genre label", "no genre label"),
    ],
)
def test_a_kind_of_reason_is_without_what_is_one_files_own(reason, expected):
    assert kind(reason) == expected


def test_kinds_are_counted_most_first():
    reasons = ["no notes", "duplicate of a", "duplicate of b"]
    assert list(count_kinds(reasons).items()) == [("duplicate", 2), ("no notes", 1)]


def test_a_genre_of_fewer_than_three_songs_is_thin_and_says_why():
    files = {"jazz": {"a", "b", "c"}, "rock": {"d", "e", "f"}}
    rejected = [("a", "no notes"), ("b", "no notes")]
    (thin,) = thin_genres(files, ["jazz", "rock", "rock", "rock"], rejected)
    assert str(thin) == (
        "genre 'jazz': 1 of its 3 files could be taken, at least 3 that differ are needed "
        "(2: no notes)"
    )
