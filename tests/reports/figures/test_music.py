"""A corpus drawn, by the traces: names of pitches and intervals, histograms, piano rolls."""

from types import SimpleNamespace

import pytest

from reports.answers.music import WIDEST
from reports.figures.music import (
    interval_histogram,
    interval_name,
    note_name,
    piano_roll,
    pitch_histogram,
)

REST = 128
MINUS = "\N{MINUS SIGN}"


def test_pitches_are_named_by_their_octave():
    assert [note_name(pitch) for pitch in (0, 59, 60, 61, 127)] == ["C-1", "B3", "C4", "C♯4", "G9"]


def test_intervals_have_a_sign_and_the_widest_stand_for_all_beyond():
    said = [interval_name(n) for n in (-13, -12, -1, 1, 12, 13)]
    assert said == [f"beyond {MINUS}12", f"{MINUS}12", f"{MINUS}1", "+1", "+12", "beyond +12"]


def genre(name, pitches, moves=()):
    intervals = [0.0] * (2 * WIDEST + 1)
    for semitones, share in dict(moves).items():
        intervals[semitones + WIDEST] = share
    shares = [pitches.get(pitch, 0.0) for pitch in range(128)]
    return SimpleNamespace(genre=name, pitches=shares, intervals=intervals)


def described(*genres):
    return SimpleNamespace(genres=(*genres, genre("overall", {0: 1.0})))


TWO = described(
    genre("<i>", {48: 0.0009, 59: 0.001, 60: 0.9}, {-2: 0.25, 13: 0.75}),
    genre("rock", {62: 0.5, 73: 0.0011}),
)


def test_the_pitches_of_all_genres_but_the_rare_ones_are_in_the_window():
    drawn = pitch_histogram(TWO)
    first, second = drawn.data
    assert list(first.x) == list(range(59, 74))
    assert (first.y[0], first.y[1], second.y[3], second.y[-1]) == (0.001, 0.9, 0.5, 0.0011)
    assert list(first.text)[:2] == ["B3 (59)", "C4 (60)"]
    assert list(drawn.layout.xaxis.tickvals) == [60, 72]
    assert list(drawn.layout.xaxis.ticktext) == ["C4", "C5"]
    assert drawn.layout.showlegend
    assert drawn.layout.yaxis.tickformat == ".0%"
    assert (first.name, first.hovertemplate) == (
        "&lt;i&gt;",
        "%{text}: %{y:.1%}<extra>&lt;i&gt;</extra>",
    )
    assert first.line.color != second.line.color


def test_of_one_genre_there_is_no_legend_and_of_silence_an_octave():
    drawn = pitch_histogram(described(genre("jazz", {})))
    assert not drawn.layout.showlegend
    assert list(drawn.data[0].x) == list(range(60, 73))


def test_intervals_have_a_gap_at_no_move():
    drawn = interval_histogram(TWO)
    (line, _) = drawn.data
    assert list(line.x) == list(range(-13, 14))
    of = dict(zip(line.x, line.y, strict=True))
    assert (of[-2], of[13], of[0], of[1]) == (0.25, 0.75, None, 0.0)
    assert list(line.text)[11] == f"{MINUS}2 semitones"
    assert list(drawn.layout.xaxis.tickvals) == [-13, -7, 0, 7, 13]
    assert list(drawn.layout.xaxis.ticktext) == [f"<{MINUS}12", f"{MINUS}7", "0", "+7", ">12"]


@pytest.mark.parametrize(
    ("pitches", "heights", "marked"),
    [
        ((60, 60, REST, 67), [58, 69], ["C4", "G4"]),
        ((62, 65, REST, 65), [60, 67], ["C4", "G4"]),
        # nothing sounds
        ((REST,) * 4, [58, 74], ["C4", "G4", "C5"]),
    ],
)
def test_a_roll_is_as_high_as_its_notes(pitches, heights, marked):
    drawn = piano_roll(SimpleNamespace(pitches=pitches), 4, "#123456")
    assert list(drawn.layout.yaxis.range) == heights
    assert list(drawn.layout.yaxis.ticktext) == marked
    assert drawn.data[0].line.color == "#123456"
    # one bar, numbered from 1
    assert list(drawn.layout.xaxis.range) == [0.9, 2.1]
    assert drawn.layout.xaxis.dtick == 1


def test_of_many_bars_not_each_is_numbered():
    def every(bars):
        return piano_roll(SimpleNamespace(pitches=(60,) * bars), 1, "#000").layout.xaxis.dtick

    assert (every(16), every(17)) == (1, None)
