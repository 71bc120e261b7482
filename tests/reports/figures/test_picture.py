"""Piano rolls as pictures: how large they are, where notes lie, what titles say."""

import io
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reports.figures import picture
from reports.figures.picture import piano_rolls

REST = 128


@pytest.mark.parametrize(
    ("bars", "rolls", "size"),
    [(4, 1, (600, 170)), (22, 2, (1000, 340)), (100, 1, (3000, 170))],
)
def test_a_picture_is_as_wide_as_its_bars_within_bounds_and_a_roll_high_each(bars, rolls, size):
    melodies = np.full((rolls, bars), 60, np.uint8)
    file = piano_rolls(melodies, ["a"] * rolls, 1, "png")
    assert Image.open(io.BytesIO(file)).size == size


def roll(melody, heights, steps_per_bar=4):
    (axes,) = Figure().subplots(1, 1, squeeze=False)[0]
    picture._roll(axes, np.array(melody, np.uint8), steps_per_bar, heights)
    return axes


def test_a_note_is_a_box_around_its_pitch_over_time_in_bars():
    axes = roll([60, 60, REST, 64, 64, 64, 64, 64], (58, 66))
    boxes = [(b.get_x(), b.get_y(), b.get_width(), b.get_height()) for b in axes.patches]
    assert boxes == [(1.0, 59.5, 0.5, 1.0), (1.75, 63.5, 1.25, 1.0)]
    assert (axes.get_xlim(), axes.get_ylim()) == ((1.0, 3.0), (57.5, 66.5))
    assert list(axes.get_xticks()) == [1, 2]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["C4"]


def test_of_many_bars_every_second_is_numbered():
    assert list(roll([60] * 64, (58, 62), 1).get_xticks()) == list(range(1, 65, 2))


def test_rolls_share_one_scale_of_pitches_two_semitones_beyond_their_notes(monkeypatch):
    seen = []
    monkeypatch.setattr(picture, "_roll", lambda axes, melody, steps, heights: seen.append(heights))
    piano_rolls(np.array([[60, REST], [72, 65]], np.uint8), ["a", "b"], 2, "svg")
    piano_rolls(np.array([[REST, REST]], np.uint8), ["a"], 2, "svg")
    assert seen == [(58, 74), (58, 74), (58, 74)]


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a $ b", r"a \$ b"), ("x" * 80, "x" * 80), ("x" * 81, "x" * 79 + "…"), ("a\nb\x1b", None)],
)
def test_a_title_is_text_of_a_length_that_fits(title, shown):
    found = picture._text(title)
    assert found == shown if shown is not None else not re.search(r"[\n\x1b]", found)
