"""A corpus drawn: pitches, intervals, and piano rolls of examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from musebar_core.corpus.grid import REST
from musebar_core.generation import notes
from reports.answers.music import OCTAVE, WIDEST
from reports.figures import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.generation import Note
    from reports.answers.music import Description, Example, GenreMusic

_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")

RARE = 0.001
"""Share of a genre's sounding steps under which a pitch does not widen the window."""

MINUS = "\N{MINUS SIGN}"


def note_name(pitch: int) -> str:
    """Name a MIDI pitch: 60 is C4."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def interval_name(semitones: int) -> str:
    """Write an interval with its sign; the widest stands for all beyond an octave."""
    if abs(semitones) == WIDEST:
        return f"beyond {'+' if semitones > 0 else MINUS}{OCTAVE}"
    return f"{semitones:+d}".replace("-", MINUS)


def pitch_histogram(described: Description) -> go.Figure:
    """Draw, a line a genre, the share of sounding steps on each pitch that is not rare."""
    genres = own_genres(described)
    used = [p for p in range(128) if any(genre.pitches[p] >= RARE for genre in genres)]
    low, high = (min(used), max(used)) if used else (60, 72)
    places = range(low, high + 1)
    drawn = _lines(
        described,
        [(genre.genre, [genre.pitches[p] for p in places]) for genre in genres],
        list(places),
        [f"{note_name(p)} ({p})" for p in places],
        "pitch",
    )
    octaves = [p for p in places if p % 12 == 0]
    drawn.update_xaxes(tickvals=octaves, ticktext=[note_name(p) for p in octaves])
    return drawn


def interval_histogram(described: Description) -> go.Figure:
    """Draw, a line a genre, the share of moves by each interval."""
    places = list(range(-WIDEST, WIDEST + 1))
    drawn = _lines(
        described,
        [(genre.genre, _moves(genre)) for genre in own_genres(described)],
        places,
        [f"{interval_name(each)} semitones" for each in places],
        "interval (semitones)",
    )
    ends = {-WIDEST: f"<{MINUS}{OCTAVE}", WIDEST: f">{OCTAVE}", 0: "0"}
    shown = [-WIDEST, -7, 0, 7, WIDEST]
    names = [ends.get(each, interval_name(each)) for each in shown]
    drawn.update_xaxes(tickvals=shown, ticktext=names)
    return drawn


def piano_roll(example: Example, steps_per_bar: int, colour: str) -> go.Figure:
    """Draw the beginning of a song, a stroke a note, over time in bars."""
    drawn = style.figure("bar", "", 240)
    x: list[float | None] = []
    y: list[int | None] = []
    for pitch, first, end in notes_of(example):
        x += [1 + first / steps_per_bar, 1 + end / steps_per_bar, None]
        y += [pitch, pitch, None]
    drawn.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": 7},
            showlegend=False,
            connectgaps=False,
            hovertemplate="%{text}<extra></extra>",
            text=["" if pitch is None else note_name(pitch) for pitch in y],
        )
    )
    pitches = [pitch for pitch in example.pitches if pitch != REST]
    low, high = min(pitches, default=60) - 2, max(pitches, default=72) + 2
    octaves = [p for p in range(128) if low <= p <= high and p % 12 in {0, 7}]
    drawn.update_yaxes(
        range=[low, high], tickvals=octaves, ticktext=[note_name(p) for p in octaves]
    )
    bars = len(example.pitches) / steps_per_bar
    drawn.update_xaxes(range=[0.9, 1.1 + bars], dtick=1 if bars <= 16 else None)
    drawn.update_layout(margin={"t": 8})
    return drawn


def notes_of(example: Example) -> list[Note]:
    """Read the notes of an example; equal neighbouring steps are one."""
    return notes(np.array(example.pitches, np.uint8))


def own_genres(described: Description) -> list[GenreMusic]:
    """The genres without ``"overall"``."""
    return list(described.genres[:-1])


def _moves(genre: GenreMusic) -> list[float | None]:
    """Shares by interval, with a gap at 0, which is no move."""
    return [share if at != WIDEST else None for at, share in enumerate(genre.intervals)]


def _lines(
    described: Description,
    lines: Sequence[tuple[str, Sequence[float | None]]],
    places: list[int],
    names: list[str],
    x_title: str,
) -> go.Figure:
    drawn = style.figure(x_title, "share", 380)
    colours = style.genre_colours([genre for genre, _ in lines])
    for genre, shares in lines:
        name = style.escape(genre)
        drawn.add_trace(
            go.Scatter(
                x=places,
                y=list(shares),
                mode="lines+markers",
                name=name,
                text=names,
                line={"color": colours[genre], "width": 1.5},
                marker={"color": colours[genre], "size": 4},
                hovertemplate="%{text}: %{y:.1%}<extra>" + name + "</extra>",
            )
        )
    drawn.update_yaxes(tickformat=".0%", rangemode="tozero")
    drawn.update_layout(showlegend=len(described.genres) > 2)
    return drawn
