"""The page of a corpus: which count stands in which column."""

from types import SimpleNamespace

import pytest

from musebar_core.corpus.account import Read
from reports.answers.music import WIDEST, Counts
from reports.figures.style import GENRE_COLOURS, NEUTRAL
from reports.pages import corpus as page

SPLITS = ("train", "validation", "test")


def genre(name, scale, pitches, *, groups=5, baselines=None, tracks=None, intervals=None):
    each = ((10, 2, 1), (1000, 200, 100), (99, 20, 10))
    counts = (dict(zip(SPLITS, (scale * n for n in one), strict=True)) for one in each)
    return SimpleNamespace(
        genre=name,
        counts=Counts(*counts),
        n_groups=groups,
        pitches=[pitches.get(pitch, 0.0) for pitch in range(128)],
        intervals=[(intervals or {}).get(n, 0.0) for n in range(-WIDEST, WIDEST + 1)],
        change_rate=0.5,
        rest_share=0.125,
        baselines=baselines,
        tracks=tracks or {},
    )


SCORED = {"pitch_frequencies": 90.74, "markov": 62.0, "repeat_last": 98.0}


@pytest.fixture
def described():
    jazz = genre(
        "jazz", 1, {60: 0.5, 62: 0.45, 64: 0.05}, baselines=SCORED, intervals={-2: 0.25, 13: 0.75}
    )
    overall = genre("overall", 2, {60: 1.0}, groups=0, tracks={"named": 12, "only one": 1200})
    return SimpleNamespace(
        snippet_steps=64,
        genres=(jazz, overall),
        rejected={"too short": 2000, "duplicate": 1},
        read=(
            Read("abc", 3, 1, 2, 0.5, "y.abc", 0.975, "x.abc", 4),
            Read("midi", 5),
        ),
    )


def texts(rows):
    return [[cell.text for cell in row] for row in rows]


def test_songs_and_steps_are_counted_by_split_and_all_genres_stand_beneath(described):
    songs = page._songs_table(described)
    assert songs.columns == ("genre", "songs", "train", "validation", "test", "groups")
    assert texts(songs.rows) == [["jazz", "13", "10", "2", "1", "5"]]
    assert texts(songs.footer) == [["overall", "26", "20", "4", "2", "unknown"]]
    assert [cell.value for cell in songs.rows[0]] == [None, 13, 10, 2, 1, 5]
    assert (songs.rows[0][0].swatch, songs.footer[0][0].swatch) == (GENRE_COLOURS[0], NEUTRAL)
    steps = page._steps_table(described)
    assert steps.columns == (
        *("genre", "steps", "train", "validation", "test"),
        *("windows, validation", "windows, test"),
    )
    assert texts(steps.rows) == [["jazz", "1,300", "1,000", "200", "100", "20", "10"]]
    assert texts(steps.footer) == [["overall", "2,600", "2,000", "400", "200", "40", "20"]]
    assert steps.caption == "Steps by split, and windows of 64 steps"


def test_shapes_are_shares_and_quantiles_of_pitches(described):
    shapes = page._shapes_table(described)
    assert shapes.columns[3:] == ("5% of pitches below", "median pitch", "95% below")
    # half of the steps are on C4 alone, and D4 fills up 95 of 100
    assert texts(shapes.rows) == [["jazz", "50.0%", "12.5%", "C4", "C4", "D4"]]
    assert [cell.value for cell in shapes.rows[0]][1:] == [0.5, 0.125, 60, 60, 62]
    silent = genre("x", 1, {})
    assert page._pitch(silent, 0.5).text == "-"
    assert page._pitch(genre("x", 1, {61: 0.49, 70: 0.51}), 0.5).value == 70


def test_baselines_are_those_of_the_genre_or_dashes(described):
    table = page._baselines_table(described)
    assert table.columns == ("genre", "pitch frequencies", "Markov chain", "repeat last")
    assert texts(table.rows) == [["jazz", "90.74", "62.00", "98.00"]]
    assert texts(table.footer) == [["overall", "-", "-", "-"]]
    assert "nats per snippet of 64 steps" in table.caption


def test_tracks_and_rejections_are_counted_by_reason(described):
    tracks = page._tracks_table(described)
    assert tracks.columns == ("genre", "named", "only one")
    assert texts((*tracks.rows, *tracks.footer)) == [
        ["jazz", "0", "0"],
        ["overall", "12", "1,200"],
    ]
    rejected = page._rejected_table(described)
    assert texts(rejected.rows) == [["too short", "2,000"], ["duplicate", "1"]]


def test_readers_are_listed_with_how_far_they_agreed_and_what_was_damaged(described):
    table = page._readers_table(described)
    shown = [dict(zip(table.columns, row, strict=True)) for row in texts(table.rows)]
    assert shown[0] == {
        "reader": "abc",
        "songs": "3",
        "other number of notes than counted": "4",
        "lowest agreement": "97.5% (x.abc)",
        "not counted": "2",
        "from damaged files": "1",
        "least read of these": "50.0% (y.abc)",
    }
    assert list(shown[1].values()) == ["midi", "5", "0", "-", "0", "0", "-"]


def test_pitches_and_intervals_are_listed_but_for_no_move(described):
    pitches = page._pitches(described).table
    assert pitches.columns == ("pitch", "jazz")
    assert texts(pitches.rows) == [["C4", "50.0%"], ["D4", "45.0%"], ["E4", "5.0%"]]
    assert [cell.value for cell in pitches.rows[1]] == [62, 0.45]
    intervals = page._intervals(described).table
    of = {row[0].value: row[1].text for row in intervals.rows}
    assert list(of) == [n for n in range(-13, 14) if n]
    assert (of[-2], of[13], of[1]) == ("25.0%", "75.0%", "0.0%")


@pytest.mark.parametrize(
    ("group", "title", "shown", "ends"),
    [("x", "Song", "Song", "named. Group: x."), ("", "", "id1", "Lead: named.")],
)
def test_an_example_says_where_it_is_from_and_lists_its_notes(described, group, title, shown, ends):
    described.steps_per_quarter, described.steps_per_bar = 1, 4
    example = SimpleNamespace(
        id="id1",
        genre="jazz",
        title=title,
        group=group,
        source="a.mid",
        split="test",
        track="Lead",
        track_reason="named",
        pitches=(60, 60, 128, 64),
    )
    heard = page._heard(described, 3, example)
    assert (heard.chart.id, heard.chart.title) == ("fig-roll-3", shown)
    assert heard.chart.caption.startswith("jazz, test. a.mid; melody from Lead: named.")
    assert heard.chart.caption.endswith(ends)
    assert texts(heard.chart.table.rows) == [["0", "2", "C4", "60"], ["3", "1", "E4", "64"]]
    # four quarter notes at 120 a minute: two seconds of samples of two bytes
    from base64 import b64decode

    from reports.music.audio import RATE

    sound = b64decode(heard.sound.removeprefix("data:audio/wav;base64,"))
    assert len(sound) == pytest.approx(2 * 2 * RATE, rel=0.05)
    assert GENRE_COLOURS[0] in str(heard.chart.figure)
