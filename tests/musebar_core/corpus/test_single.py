"""One song for a trained model: which file, which bars of it, and what is too short."""

from __future__ import annotations

import numpy as np
import pytest

from musebar_core.config import Grid
from musebar_core.corpus.single import consecutive, read_song, snippet
from musebar_core.errors import UsageError

GRID = Grid(1, 4, 8)
SONG = np.arange(20, dtype=np.uint8)


def test_a_song_is_read_however_short_it_is(tmp_path, write_midi):
    path = write_midi(tmp_path / "a.mid", {"a": [(1.0, 1.0, 60), (2.0, 1.0, 62)]})
    assert read_song(path, 2).tolist() == [60, 60, 62, 62]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.mid", "gone.mid: no such file"),
        ("folder", "folder: is a folder: name a music file"),
        ("text.mid", "text.mid: unreadable: not a music file"),
    ],
)
def test_what_is_no_song_says_what_it_is(tmp_path, name, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.mid").write_text("words")
    with pytest.raises(UsageError, match=said):
        read_song(tmp_path / name, 1)


@pytest.mark.parametrize(("bar", "first"), [(1, 0), (2, 4), (4, 12)])
def test_a_snippet_begins_at_its_bar(bar, first):
    assert snippet(SONG, GRID, bar=bar).tolist() == list(range(first, first + 8))


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        (5, "x: too short: 4 steps from bar 5 on, and a snippet of this model has 8 "),
        (6, "x: too short: 0 steps from bar 6 on"),
        (9, "x: too short: 0 steps from bar 9 on"),
    ],
)
def test_a_song_that_ends_before_its_snippet_says_how_much_is_left(bar, said):
    with pytest.raises(UsageError, match=said):
        snippet(SONG, GRID, bar=bar, name="x")


def test_a_short_song_says_how_long_a_snippet_is():
    said = r"^song: too short: 5 steps, and .* has 8 \(2 bars of 4\): name a longer song"
    with pytest.raises(UsageError, match=said):
        snippet(SONG[:5], GRID)
    with pytest.raises(UsageError, match="y: too short: 5 steps"):
        consecutive(SONG[:5], GRID, name="y")


def test_what_is_too_short_may_be_repeated_from_its_bar_on():
    assert snippet(SONG, GRID, bar=5, repeat=True).tolist() == [16, 17, 18, 19] * 2
    with pytest.raises(UsageError, match="0 steps from bar 6 on"):
        snippet(SONG, GRID, bar=6, repeat=True)


def test_a_song_is_cut_into_snippets_and_its_rest_left_out():
    assert consecutive(SONG, GRID)[:, 0].tolist() == [0, 8]
    assert consecutive(SONG[:16], GRID).shape == (2, 8)
    assert consecutive(SONG[:15], GRID).tolist() == [list(range(8))]
    assert consecutive(SONG[:3], GRID, repeat=True).tolist() == [[0, 1, 2, 0, 1, 2, 0, 1]]
