"""The listen page: piano roll, player and MIDI file of every piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musebar_core.playing import TEMPERATURE
from reports.music.listen import FOLDER, Music, Piece
from reports.pages.render import render
from reports.pages.shared import context
from reports.pages.site import Place, Site, StudyPage, Topic
from reports.words.slugs import slug

if TYPE_CHECKING:
    from reports.pages.view import GenreView, StudyView

LISTEN = Topic("Listen", "listen")

WIDTH, HEIGHT, ROOM = 600.0, 110.0, 3


@dataclass(frozen=True)
class Box:
    """One note of the drawing, in its own units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Roll:
    """Geometry of a piano roll, and the same in words."""

    notes: tuple[Box, ...]
    bars: tuple[float, ...]
    said: str
    width: float = WIDTH
    height: float = HEIGHT


def roll(piece: Piece, steps_per_bar: int, *others: Piece) -> Roll:
    """Lay out a piece: time to the right, pitch upwards, from its lowest to its highest note.

    ``others`` are the pieces it is to be compared with: one scale of pitches for all of them.
    """
    pitches = [note.pitch for one in (piece, *others) for note in one.notes]
    low, high = min(pitches, default=60) - ROOM, max(pitches, default=72) + ROOM + 1
    step, row = WIDTH / piece.steps, HEIGHT / (high - low)
    boxes = tuple(
        Box(
            round(note.first * step, 2),
            round((high - 1 - note.pitch) * row, 2),
            round(max((note.end - note.first) * step - 1, 1), 2),
            round(row, 2),
        )
        for note in piece.notes
    )
    bars = tuple(round(at * step, 2) for at in range(steps_per_bar, piece.steps, steps_per_bar))
    own = [note.pitch for note in piece.notes]
    said = (
        f"{len(own)} notes from pitch {min(own)} to {max(own)}, {piece.steps} steps"
        if own
        else f"silence, {piece.steps} steps"
    )
    return Roll(boxes, bars, said)


def has_listen(study: StudyView) -> bool:
    """Whether there is something to hear."""
    return bool(study.music)


def listen_page(study: StudyView, site: Site) -> str:
    """Write the listen page."""
    return render(
        "listen.html.j2",
        **context(study, site, Place(LISTEN)),
        folder=FOLDER,
        temperature=TEMPERATURE,
        genres=[_genre(study, genre) for genre in study.genres],
    )


def _genre(study: StudyView, genre: GenreView) -> dict[str, Any]:
    found = study.music.get(genre.name)
    shared: dict[str, Any] = {"name": genre.name, "slug": slug(genre.name)}
    if found is None:
        return shared | {"silent": study.silent.get(genre.name, "no configuration is recommended")}
    colour, bar = study.colours[genre.name], found.row.config.grid.steps_per_bar

    def drawn(piece: Piece, *others: Piece) -> dict[str, Any]:
        shape = roll(piece, bar, *others)
        return {"piece": piece, "roll": shape, "colour": colour, "genre": genre.name}

    return shared | {
        "silent": "",
        "music": found,
        "collapsed": _collapsed(found),
        "pairs": [(drawn(first, second), drawn(second, first)) for first, second in found.pairs],
        "samples": [drawn(piece, *found.samples) for piece in found.samples],
        "other": found.other,
        "beside": [
            (drawn(mine, its), drawn(its, mine))
            for mine, its in zip(found.samples, found.other.samples, strict=True)
        ]
        if found.other is not None
        else [],
        "walk": drawn(found.walk),
    }


def _collapsed(found: Music) -> str:
    row = found.row
    if not row.n_trained:
        return (
            "Nothing works yet: no seed of this configuration, that of lowest BCE, beats the "
            "Markov chain. It is undertrained, and not recommended."
        )
    if not row.collapsed:
        return ""
    return (
        f"{row.collapsed} of {row.n_done} seeds of this configuration collapsed on validation: "
        "where the code is empty, reconstruction and walk have nothing to do with it."
    )


PAGE = StudyPage(LISTEN, has_listen, listen_page)
