"""Piano rolls as picture files, PNG or SVG: the same melodies give the same bytes.

Drawn by matplotlib, which needs no browser.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from musebar_core import terminal
from musebar_core.generation import MIDI_MARK, REST, notes
from reports.figures.music import note_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

MOST_ROLLS = 64
"""Piano rolls of one picture, at most."""

_BARS_AN_INCH = 2.2
_NARROWEST, _WIDEST, _HEIGHT = 6.0, 30.0, 1.7
"""Inches: of a picture, and of one roll of it."""

_LONGEST = 80
"""Characters of a title, at most."""

_COLOUR, _GRID_COLOUR = "#1f5fa8", "#d5d8dd"
_ROOM = 2
"""Semitones above the highest note and below the lowest."""


def piano_rolls(
    melodies: NDArray[np.uint8], titles: Sequence[str], steps_per_bar: int, form: str
) -> bytes:
    """Draw melodies uint8 ``[N, T]`` under each other, on one scale of pitches; time in bars.

    Parameters
    ----------
    titles
        One a melody.
    form
        ``png`` or ``svg``.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    bars = melodies.shape[1] / steps_per_bar
    width = min(max(bars / _BARS_AN_INCH, _NARROWEST), _WIDEST)
    sounding = melodies[melodies != REST]
    low, high = (int(sounding.min()), int(sounding.max())) if len(sounding) else (60, 72)
    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": MIDI_MARK, "svg.fonttype": "none", "font.size": 8}):
        drawn = Figure(figsize=(width, _HEIGHT * len(melodies)), layout="constrained")
        rows = drawn.subplots(len(melodies), 1, sharex=True, squeeze=False)[:, 0]
        for axes, melody, title in zip(rows, melodies, titles, strict=True):
            _roll(axes, melody, steps_per_bar, (low - _ROOM, high + _ROOM))
            axes.set_title(_text(title), loc="left")
        rows[-1].set_xlabel("bar")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # letters that the font has not are drawn as boxes
            drawn.savefig(file, format=form, dpi=100, metadata=_metadata(form))
    return file.getvalue()


def _roll(
    axes: Axes, melody: NDArray[np.uint8], steps_per_bar: int, heights: tuple[int, int]
) -> None:
    bars = len(melody) / steps_per_bar
    played = notes(melody)
    axes.bar(
        [1 + note.first / steps_per_bar for note in played],
        1.0,
        [(note.end - note.first) / steps_per_bar for note in played],
        [note.pitch - 0.5 for note in played],
        align="edge",
        color=_COLOUR,
        linewidth=0,
        snap=False,  # else notes of one height are drawn a pixel apart
    )
    axes.set_xlim(1, 1 + bars)
    axes.set_ylim(heights[0] - 0.5, heights[1] + 0.5)
    every = max(1, round(bars / 32))
    axes.set_xticks(range(1, int(bars) + 1, every))
    marked = [pitch for pitch in range(heights[0], heights[1] + 1) if pitch % 12 in {0, 7}]
    axes.set_yticks(marked, [note_name(pitch) for pitch in marked])
    axes.grid(color=_GRID_COLOUR, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _text(title: str) -> str:
    """A title as text alone: no control characters, no formula, of a length that fits."""
    said = terminal.line(title.encode(errors="replace").decode())
    return (said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…").replace("$", r"\$")


def _metadata(form: str) -> dict[str, str | None]:
    """What says that a picture is ours; no date, so that it is the same tomorrow."""
    return {"Software": MIDI_MARK} if form == "png" else {"Creator": MIDI_MARK, "Date": None}
