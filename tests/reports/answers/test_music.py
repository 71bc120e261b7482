from __future__ import annotations

import base64
import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from musebar_core.config import Grid
from musebar_core.corpus import Corpus, TimeGrid
from musebar_core.corpus.store import write
from musebar_core.corpus.stored import SONG_COLUMNS
from musebar_core.errors import UsageError
from reports.answers.music import (
    WIDEST,
    Counts,
    _examples,
    _intervals,
    _shares,
    describe,
    why,
)
from reports.figures import music as figures
from reports.output.description import build_description
from reports.pages.corpus import corpus_page

REST = 128
SONGS = {
    "a": ("train", [60, 60, 64, REST, 64, 62, 62, 62]),
    "b": ("validation", [60, 80, REST, REST]),
    "c": ("test", [62, 62, 62, 60]),
}
"""Melodies that a hand can count."""


@pytest.fixture
def counted(tmp_path):
    """A corpus of one genre whose name and titles are HTML."""
    rows = [
        dict.fromkeys(SONG_COLUMNS, "")
        | {
            "id": song,
            "genre": "<i>jazz</i>",
            "split": split,
            "title": f"<b>{song}</b>",
            "group": "x" if song == "a" else "",
            "source": f"{song}.mid",
            "track": "Lead",
            "track_reason": f"most melody-like of {n} tracks (0.{n}1)",
        }
        for n, (song, (split, _)) in enumerate(SONGS.items(), 2)
    ]
    out = tmp_path / "counted"
    out.mkdir()
    info = {"source_kind": "folder", "n_ignored": 1, "left_out": ["genre 'rock': none of its 2"]}
    rejected = [
        ("x.mid", "duplicate of a.mid"),
        ("y.mid", "duplicate of b.mid"),
        ("z.mid", "too short: 3 steps and 2 notes"),
    ]
    melodies = [np.array(pitches, np.uint8) for _, pitches in SONGS.values()]
    write(out, pd.DataFrame(rows), melodies, rejected=rejected, grid=TimeGrid(1, 4), info=info)
    return Corpus.load(out)


def test_shares_changes_and_rests_are_those_a_hand_counts(counted):
    described = describe(counted, Grid(1, 4, 4))
    genre, overall = described.genres
    assert (genre.genre, overall.genre) == ("<i>jazz</i>", "overall")
    assert genre.counts == Counts(
        {"train": 1, "validation": 1, "test": 1},
        {"train": 8, "validation": 4, "test": 4},
        {"train": 2, "validation": 1, "test": 1},
    )
    assert genre.rest_share == pytest.approx(3 / 16)
    assert genre.change_rate == pytest.approx((4 + 2 + 1) / (7 + 3 + 3))
    assert genre.pitches[60] == pytest.approx(4 / 13)
    assert genre.pitches[62] == pytest.approx(6 / 13)
    assert sum(genre.pitches) == pytest.approx(1)
    moves = {n - WIDEST: share for n, share in enumerate(genre.intervals) if share}
    assert moves == pytest.approx({4: 1 / 4, -2: 2 / 4, WIDEST: 1 / 4})
    assert genre.n_groups == 1
    assert genre.tracks == {"most melody-like of several tracks": 3}


def test_the_account_is_by_kind_of_reason(counted):
    described = describe(counted, Grid(1, 4, 4))
    assert described.rejected == {"duplicate": 2, "too short": 1}
    assert (described.n_songs, described.n_rejected, described.n_ignored) == (3, 3, 1)


def test_the_page_says_which_reader_read_how_many_and_how_far_it_agreed(counted):
    songs = counted.songs.assign(
        reader=["symusic", "symusic", "abc"],
        agreement=[1.0, 0.98, math.nan],
        source=["a.mid", "b.mid", "c.abc"],
        damage="",
    )
    changed = Corpus(counted.path, counted.grid, "", songs, counted.pitches)
    page = corpus_page(describe(changed, Grid(1, 4, 4)))
    (section,) = re.findall(r'<section id="readers">(.*?)</section>', page, re.DOTALL)
    body = re.search(r"<tbody>(.*?)</tbody>", section, re.DOTALL)[1]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    assert rows == [
        ["symusic", "2", "1", "98.0% (b.mid)", "0", "0", "-"],
        ["abc", "1", "0", "-", "1", "0", "-"],
    ]


def test_baselines_are_those_of_the_genre_or_none(counted, corpus):
    assert set(describe(corpus, Grid(1, 4, 16)).genres[0].baselines) == {
        "pitch_frequencies",
        "markov",
        "repeat_last",
    }
    trainless = counted.songs.assign(split="test")
    alone = Corpus(counted.path, counted.grid, "", trainless, counted.pitches)
    assert describe(alone, Grid(1, 4, 4)).genres[0].baselines is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("named as the melody (0.83)", "named as the melody"),
        ("most melody-like of 12 tracks (1.00)", "most melody-like of several tracks"),
        ("only part, first of 3 pieces", "only part, first of several pieces"),
    ],
)
def test_why_a_track_was_taken_is_told_without_numbers(reason, kind):
    assert why(reason) == kind


def test_examples_are_two_songs_a_genre_and_at_most_24_quarters(corpus):
    described = describe(corpus, Grid(1, 4, 16))
    assert [example.genre for example in described.examples] == ["high", "high", "low", "low"]
    assert {len(example.pitches) for example in described.examples} == {24}


def test_a_piano_roll_draws_a_stroke_a_note_over_bars(counted):
    example = describe(counted, Grid(1, 4, 4)).examples[0]
    stroke = figures.piano_roll(example, 4, "#000000").data[0]
    assert list(stroke.x) == [1, 1.5, None, 1.5, 1.75, None, 2, 2.25, None, 2.25, 3, None]
    assert list(stroke.y) == [60, 60, None, 64, 64, None, 64, 64, None, 62, 62, None]
    assert list(stroke.text)[:3] == ["C4", "C4", ""]


def test_the_histograms_draw_a_line_a_genre(corpus):
    described = describe(corpus, Grid(1, 4, 16))
    drawn = figures.pitch_histogram(described)
    assert [trace.name for trace in drawn.data] == ["high", "low"]
    assert sum(drawn.data[0].y) == pytest.approx(1)
    intervals = figures.interval_histogram(described).data[0]
    assert intervals.y[WIDEST] is None
    assert sum(share for share in intervals.y if share) == pytest.approx(1)


def test_the_page_shows_html_as_text_and_holds_its_sounds(counted):
    page = corpus_page(describe(counted, Grid(1, 4, 4)))
    assert "<i>jazz" not in page
    assert "<b>a</b>" not in page
    assert "&lt;b&gt;a&lt;/b&gt;" in page
    assert "Left out:</b> genre &#39;rock&#39;: none of its 2." in page
    assert "http://" not in page
    assert "https://" not in page
    sounds = re.findall(r"data:audio/wav;base64,([^\"]+)", page)
    assert len(sounds) == 2
    assert base64.b64decode(sounds[0])[:4] == b"RIFF"


def test_a_description_is_a_folder_that_is_replaced_but_never_one_of_others(counted, tmp_path):
    described = describe(counted, Grid(1, 4, 4))
    out = tmp_path / "page"
    assert build_description(described, out) == out / "index.html"
    first = (out / "index.html").read_bytes()
    build_description(described, out)
    assert (out / "index.html").read_bytes() == first
    assert {"plotly.min.js", "musebar.css", "musebar.js"} <= {path.name for path in out.iterdir()}
    (out / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        build_description(described, out)


@pytest.mark.parametrize(
    ("n_genres", "each", "examples"), [(1, 2, 2), (6, 2, 12), (7, 1, 7), (12, 1, 12), (13, 1, 12)]
)
def test_twelve_examples_at_most_are_shared_among_the_genres(n_genres, each, examples):
    labels = ("id", "title", "group", "source", "split", "track", "track_reason")
    songs = pd.DataFrame([dict.fromkeys(labels, "x") | {"offset": 2, "n_steps": 3}] * 3)
    corpus = SimpleNamespace(
        genres=tuple(f"g{at}" for at in range(n_genres)),
        grid=TimeGrid(1, 4),
        genre=lambda name: SimpleNamespace(table=songs.assign(genre=name)),
        pitches=np.array([1, 2, 60, 62, 64, 99], np.uint8),
    )
    found = _examples(corpus)
    assert len(found) == examples
    assert [one.genre for one in found].count("g0") == each
    assert {one.pitches for one in found} == {(60, 62, 64)}


def test_of_nothing_every_share_is_nothing():
    assert _shares(np.array([0, 0, 0])) == (0.0, 0.0, 0.0)
    assert _shares(np.array([1, 3, 0])) == (0.25, 0.75, 0.0)


def test_moves_are_counted_within_a_song_and_the_widest_together():
    pitches, songs = np.array([60, 61, 61, 90, 60, 47]), np.array([0, 0, 0, 0, 0, 1])
    moves = _intervals(pitches, songs)
    assert len(moves) == 27  # from 13 semitones down to 13 up
    # one up; 29 up and 30 down, which stand for all beyond an octave; none into the next song
    assert {n - 13: count for n, count in enumerate(moves.tolist()) if count} == {
        -13: 1,
        1: 1,
        13: 1,
    }
