"""The page of a corpus: what is in it, what is not and why, how it looks and sounds."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musebar_core.corpus.grid import REST
from musebar_core.corpus.split import SPLITS
from reports.answers.music import EXAMPLE_QUARTERS, WIDEST
from reports.figures import music as figures
from reports.figures import style
from reports.music.audio import wav
from reports.pages.cells import Cell, Table
from reports.pages.charts import chart
from reports.pages.render import render
from reports.words import labels

if TYPE_CHECKING:
    from reports.answers.music import Description, Example, GenreMusic
    from reports.pages.charts import Chart

TEMPO = 120.0
"""Quarter notes a minute at which examples sound: a grid knows no tempo."""


@dataclass(frozen=True)
class Heard:
    """An example: its piano roll, and its sound as an address that holds it."""

    example: Example
    chart: Chart
    sound: str


def corpus_page(described: Description) -> str:
    """Write the page of a corpus."""
    context: dict[str, Any] = {
        "study": described.name,
        "labels": labels,
        "described": described,
        "tempo": f"{TEMPO:g}",
        "quarters": EXAMPLE_QUARTERS,
        "songs": [_songs_table(described), _steps_table(described)],
        "rejected": _rejected_table(described),
        "readers": _readers_table(described),
        "shapes": _shapes_table(described),
        "tracks": _tracks_table(described),
        "baselines": _baselines_table(described),
        "charts": [_pitches(described), _intervals(described)],
        "examples": [_heard(described, at, each) for at, each in enumerate(described.examples)],
    }
    return render("corpus.html.j2", **context)


def _heard(described: Description, at: int, example: Example) -> Heard:
    colours = style.genre_colours([each.genre for each in described.genres])
    drawn = figures.piano_roll(example, described.steps_per_bar, colours[example.genre])
    rows = tuple(
        (_count(first), _count(end - first), Cell(figures.note_name(pitch)), _count(pitch))
        for pitch, first, end in figures.notes_of(example)
    )
    columns = ("step", "steps", "note", "pitch")
    notes = Table(f"roll-{at}", "Notes of the example, in steps", columns, rows)
    caption = (
        f"{example.genre}, {example.split}. {example.source}; melody from {example.track}: "
        f"{example.track_reason}." + (f" Group: {example.group}." if example.group else "")
    )
    title = example.title or example.id
    seconds = 60 / TEMPO / described.steps_per_quarter
    sound = _data_uri(wav(figures.notes_of(example), len(example.pitches), seconds))
    return Heard(example, chart(f"fig-roll-{at}", title, caption, drawn, notes), sound)


def _data_uri(sound: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(sound).decode()}"


def _songs_table(described: Description) -> Table:
    rows = tuple(
        (
            _name(genre, described),
            _count(sum(genre.counts.songs.values())),
            *(_count(genre.counts.songs[split]) for split in SPLITS),
            _count(genre.n_groups) if genre.n_groups else Cell("unknown"),
        )
        for genre in described.genres
    )
    columns = ("genre", "songs", *SPLITS, "groups")
    return _with_footer("songs", "Songs by split; groups are artists or the like", columns, rows)


def _steps_table(described: Description) -> Table:
    rows = tuple(
        (
            _name(genre, described),
            _count(sum(genre.counts.steps.values())),
            *(_count(genre.counts.steps[split]) for split in SPLITS),
            *(_count(genre.counts.windows[split]) for split in SPLITS[1:]),
        )
        for genre in described.genres
    )
    columns = ("genre", "steps", *SPLITS, *(f"windows, {split}" for split in SPLITS[1:]))
    caption = f"Steps by split, and windows of {described.snippet_steps} steps"
    return _with_footer("steps", caption, columns, rows)


def _shapes_table(described: Description) -> Table:
    rows = tuple(
        (
            _name(genre, described),
            _share(genre.change_rate),
            _share(genre.rest_share),
            _pitch(genre, 0.05),
            _pitch(genre, 0.5),
            _pitch(genre, 0.95),
        )
        for genre in described.genres
    )
    columns = ("genre", "change rate", "rests", "5% of pitches below", "median pitch", "95% below")
    caption = (
        "Change rate: share of steps whose pitch or rest is not that of the step before. "
        "Rests: share of steps."
    )
    return _with_footer("shapes", caption, columns, rows)


def _baselines_table(described: Description) -> Table:
    names = labels.BASELINES
    rows = tuple(
        (
            _name(genre, described),
            *(
                Cell("-") if genre.baselines is None else _number(genre.baselines[name])
                for name in names
            ),
        )
        for genre in described.genres
    )
    caption = (
        f"BCE of the baselines, nats per snippet of {described.snippet_steps} steps, validation: "
        "what a model must beat"
    )
    return _with_footer("baselines", caption, ("genre", *names.values()), rows)


def _tracks_table(described: Description) -> Table:
    reasons = list(described.genres[-1].tracks)
    rows = tuple(
        (_name(genre, described), *(_count(genre.tracks.get(reason, 0)) for reason in reasons))
        for genre in described.genres
    )
    caption = "Songs by the reason for which their melody's track was taken"
    return _with_footer("tracks", caption, ("genre", *reasons), rows)


def _rejected_table(described: Description) -> Table:
    rows = tuple((Cell(reason), _count(files)) for reason, files in described.rejected.items())
    return Table("rejected", "Files that are not in the corpus", ("reason", "files"), rows)


def _readers_table(described: Description) -> Table:
    rows = tuple(
        (
            Cell(read.reader),
            _count(read.n_songs),
            _count(read.n_differing),
            _least(read.lowest, read.lowest_source),
            _count(read.n_uncounted),
            _count(read.n_damaged),
            _least(read.least_read, read.least_read_source),
        )
        for read in described.read
    )
    columns = (
        *("reader", "songs", "other number of notes than counted", "lowest agreement"),
        *("not counted", "from damaged files", "least read of these"),
    )
    return Table("readers", "Songs by the reader that read them", columns, rows)


def _least(share: float, source: str) -> Cell:
    """A lowest share with its file; a dash where there is none."""
    return Cell("-") if math.isnan(share) else Cell(f"{share:.1%} ({source})", share)


def _pitches(described: Description) -> Chart:
    genres = figures.own_genres(described)
    used = [p for p in range(REST) if any(genre.pitches[p] for genre in genres)]
    rows = tuple(
        (Cell(figures.note_name(p), p), *(_share(genre.pitches[p]) for genre in genres))
        for p in used
    )
    columns = ("pitch", *(genre.genre for genre in genres))
    table = Table("pitches", "Share of sounding steps on each pitch", columns, rows)
    caption = (
        "Share of the steps that sound, not of notes: a long note counts as long as it is. Pitches "
        f"at the edges under {figures.RARE:.1%} are in the table alone."
    )
    return chart("fig-pitches", "Pitches", caption, figures.pitch_histogram(described), table)


def _intervals(described: Description) -> Chart:
    genres = figures.own_genres(described)
    rows = tuple(
        (Cell(figures.interval_name(n), n), *(_share(g.intervals[n + WIDEST]) for g in genres))
        for n in range(-WIDEST, WIDEST + 1)
        if n
    )
    columns = ("semitones", *(genre.genre for genre in genres))
    table = Table("intervals", "Share of moves by each interval", columns, rows)
    caption = (
        "Moves from one pitch to another, rests passed over; a repeated note is no move on a "
        "grid. The ends stand for everything beyond an octave."
    )
    return chart(
        "fig-intervals", "Intervals", caption, figures.interval_histogram(described), table
    )


def _with_footer(
    id: str,  # noqa: A002  (HTML's word)
    caption: str,
    columns: tuple[str, ...],
    rows: tuple[tuple[Cell, ...], ...],
) -> Table:
    """Let the last row, all genres together, stand beneath the others."""
    return Table(id, caption, columns, rows[:-1], rows[-1:])


def _name(genre: GenreMusic, described: Description) -> Cell:
    colours = style.genre_colours([each.genre for each in described.genres])
    return Cell(genre.genre, swatch=colours[genre.genre])


def _pitch(genre: GenreMusic, quantile: float) -> Cell:
    """The lowest pitch at or below which so large a share of the sounding steps lies."""
    total = 0.0
    for pitch, share in enumerate(genre.pitches):
        total += share
        if total >= quantile - 1e-9 and share:
            return Cell(figures.note_name(pitch), pitch)
    return Cell("-")


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", number)


def _number(value: float) -> Cell:
    return Cell(labels.number(value), value)


def _share(value: float) -> Cell:
    return Cell(f"{value:.1%}", value)
