from __future__ import annotations

import math

import pandas as pd
import pytest

from musebar_core.corpus.account import Read, by_reader, count_kinds, kind, thin_genres
from musebar_core.corpus.midi.lenient import damage_of, share_read


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("duplicate of jazz/a.mid", "duplicate"),
        ("too short: 3 steps and 2 notes (at least 16 and 8)", "too short"),
        ("unreadable MIDI: no MThd header", "unreadable MIDI"),
        ("unreadable: not a music file (starts with b'abcd')", "unreadable: not a music file"),
        ("too long: 2,000,000 steps, a stray event far behind the music", "too long"),
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


def test_songs_are_counted_by_reader_with_their_damage_and_lowest_agreement():
    columns = ["reader", "source", "damage", "agreement"]
    rows = [
        ["symusic", "a.mid", "", 1.0],
        ["symusic", "b.mid", "", 0.98],
        ["symusic", "c.mid", "", 0.99],
        ["lenient", "d.mid", damage_of(["track 1 has no end"], 900, 100.0), 1.0],
        ["lenient", "e.mid", damage_of(["track 2 has no end"], 500), 1.0],
        ["abc", "f.abc", "", math.nan],
    ]
    symusic, lenient, abc = by_reader(pd.DataFrame(rows, columns=columns))
    assert (symusic.reader, symusic.n_songs, symusic.n_damaged) == ("symusic", 3, 0)
    assert (symusic.lowest, symusic.lowest_source) == (0.98, "b.mid")
    assert [each.n_differing for each in (symusic, lenient, abc)] == [2, 0, 0]
    assert lenient == Read("lenient", 2, 2, 0, 0.9, "d.mid", 1.0, "d.mid")
    assert (abc.n_uncounted, abc.lowest_source) == (1, "")
    assert math.isnan(abc.lowest)


@pytest.mark.parametrize(
    ("n_read", "n_lost", "share"),
    [(12_345, 55.0, 12_345 / 12_400), (7, 0, 1), (7, 0.4, 1), (7, 0.6, 7 / 8)],
)
def test_the_share_that_was_read_is_taken_from_what_is_said_of_the_damage(n_read, n_lost, share):
    assert share_read(damage_of(["it breaks off"], n_read, n_lost)) == pytest.approx(share)


def test_the_share_that_was_read_of_a_sound_file_is_none_and_of_other_words_all():
    assert math.isnan(share_read(""))
    for words in ("it is old", "0 of about 0 notes can be read", ", of about 5 notes can be read"):
        assert share_read(words) == 1
