from __future__ import annotations

import math

import pandas as pd
import pytest

from musebar_core.corpus.account import (
    Read,
    ThinGenre,
    by_reader,
    count_kinds,
    kind,
    refuse,
    thin_genres,
)
from musebar_core.corpus.midi.lenient import damage_of, share_read
from musebar_core.errors import CorpusError


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
        ("unreadable score: it defines entities of its own", "unreadable score"),
        ("reader and count disagree: 9 notes counted, 5 read", "reader and count disagree"),
        ("the list gives it several genres: 'a' (line 2)", "the list gives it several genres"),
        ("beyond songs_per_genre 4", "beyond songs_per_genre 4"),
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


def test_a_genre_of_which_nothing_can_be_taken_says_its_three_commonest_reasons():
    reasons = {"no notes": 4, "too short": 3, "too long": 2, "no genre label": 1}
    assert str(ThinGenre("jazz", 10, 0, reasons)) == (
        "genre 'jazz': none of its 10 files could be taken (4: no notes, 3: too short, 2: too long)"
    )
    assert str(ThinGenre("jazz", 2, 2, {})) == (
        "genre 'jazz': 2 of its 2 files could be taken, at least 3 that differ are needed"
    )


def test_thin_genres_are_told_in_order_and_each_by_its_own_files():
    files = {"rock": {"c"}, "jazz": {"a", "b"}}
    found = thin_genres(files, ["jazz"], [("a", "no notes"), ("c", "too short: 3 steps")])
    assert found == (
        ThinGenre("jazz", 2, 1, {"no notes": 1}),
        ThinGenre("rock", 1, 0, {"too short": 1}),
    )


def test_readers_of_as_many_songs_come_by_name():
    columns = ["reader", "source", "damage", "agreement"]
    rows = [["b", "1", "", 1.0], ["a", "2", "", 1.0], ["c", "3", "", 1.0], ["c", "4", "", 1.0]]
    found = by_reader(pd.DataFrame(rows, columns=columns))
    assert [each.reader for each in found] == ["c", "a", "b"]


def test_of_songs_of_one_agreement_the_first_by_source_is_named():
    rows = [["a", "z.mid", "", 0.9], ["a", "b.mid", "", 0.9], ["a", "c.mid", "", "none"]]
    (found,) = by_reader(pd.DataFrame(rows, columns=["reader", "source", "damage", "agreement"]))
    assert (found.lowest, found.lowest_source, found.n_uncounted) == (0.9, "b.mid", 1)


THIN = [ThinGenre("jazz", 1, 0, {}), ThinGenre("rock", 1, 0, {})]


def refused(out) -> str:
    """The name of the account that a refusal wrote."""
    with pytest.raises(CorpusError) as error:
        refuse(THIN, [("b", "no notes"), ("a", "too short")], out)
    said = str(error.value)
    assert said.startswith(f"no corpus was built: {THIN[0]}; {THIN[1]}; every file's reason is in ")
    return said.rpartition("/")[2]


def test_a_refusal_writes_every_files_reason_in_order_and_replaces_an_account_of_before(tmp_path):
    for _ in range(2):
        assert refused(tmp_path / "out") == "out-rejected.csv"
        text = (tmp_path / "out-rejected.csv").read_bytes()
        assert text == b"file,reason\na,too short\nb,no notes\n"


def test_a_refusal_leaves_files_of_others_alone(tmp_path):
    (tmp_path / "out-rejected.csv").write_text("file;reason\n")
    (tmp_path / "out-rejected-2.csv").symlink_to("nowhere")
    (tmp_path / "out-rejected-3.csv").mkdir()
    assert refused(tmp_path / "out") == "out-rejected-4.csv"
    assert (tmp_path / "out-rejected.csv").read_text() == "file;reason\n"
    assert not (tmp_path / "nowhere").exists()
