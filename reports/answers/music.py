"""What a corpus holds: counts, histograms, baselines and examples, genre by genre."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.baselines import PITCHES, fit_baselines
from musebar_core.config import TrainingConfig
from musebar_core.corpus import OVERALL, evaluation_snippets, windows
from musebar_core.corpus.account import Read, by_reader, count_kinds
from musebar_core.corpus.grid import REST
from musebar_core.corpus.split import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus, GenreCorpus

OCTAVE = 12
WIDEST = OCTAVE + 1
"""The interval that stands for all that are wider than an octave."""

EXAMPLES = 12
"""Of all genres together; two a genre at most."""
EXAMPLE_QUARTERS = 24
"""Length of an example, in quarter notes."""

_EXAMPLE_LABELS = ("id", "genre", "title", "group", "source", "split", "track", "track_reason")
_NUMBER = re.compile(r" \(\d[\d.]*\)")
_COUNT = re.compile(r"\bof \d+ ")


@dataclass(frozen=True)
class Counts:
    """Songs, steps and windows of T steps, each by split; 0 where a split is empty."""

    songs: dict[str, int]
    steps: dict[str, int]
    windows: dict[str, int]


@dataclass(frozen=True)
class Example:
    """The beginning of a song.

    Attributes
    ----------
    track, track_reason
        Which track the melody is from, and why.
    pitches
        Symbols 0-128 (128 = rest), at most 24 quarter notes of them.
    """

    id: str
    genre: str
    title: str
    group: str
    source: str
    split: str
    track: str
    track_reason: str
    pitches: tuple[int, ...]


@dataclass(frozen=True)
class GenreMusic:
    """What one genre holds, or all (``"overall"``).

    Attributes
    ----------
    n_groups
        Known groups (artists, say); 0 where none is known.
    pitches
        ``[128]``: share of the sounding steps on each pitch; sums to 1.
    intervals
        ``[27]``: share of the moves from one pitch to another by so many semitones, -13 to 13;
        the ends stand for all wider ones. Rests are passed over. Sums to 1, or all are 0.
    change_rate
        Share of steps, but for a song's first, whose symbol is not that of the step before.
    rest_share
        Share of steps that are rests.
    baselines
        BCE of each baseline on the validation snippets, nats a snippet; None without any.
    tracks
        Why the melody's track was taken (without numbers) to songs, most first.
    """

    genre: str
    counts: Counts
    n_groups: int
    pitches: tuple[float, ...]
    intervals: tuple[float, ...]
    change_rate: float
    rest_share: float
    baselines: dict[str, float] | None
    tracks: dict[str, int]


@dataclass(frozen=True)
class Description:
    """What a corpus holds.

    Attributes
    ----------
    genres
        One a genre, then ``"overall"``.
    rejected
        Kind of reason to files, most first.
    read
        What each reader read, most songs first.
    left_out
        Genres that had too few songs, a line each.
    snippet_steps
        T, what windows and baselines are counted for.
    """

    name: str
    fingerprint: str
    source_kind: str
    steps_per_quarter: int
    steps_per_bar: int
    snippet_steps: int
    genres: tuple[GenreMusic, ...]
    n_songs: int
    n_rejected: int
    n_ignored: int
    rejected: dict[str, int]
    read: tuple[Read, ...]
    left_out: tuple[str, ...]
    examples: tuple[Example, ...]


def describe(corpus: Corpus, grid: Grid) -> Description:
    """Measure a corpus; windows and baselines are for snippets of ``grid``."""
    info = corpus.info
    rejected = corpus.rejected["reason"].tolist()
    return Description(
        name=corpus.path.resolve().name,
        fingerprint=corpus.fingerprint,
        source_kind=info["source_kind"],
        steps_per_quarter=corpus.grid.steps_per_quarter,
        steps_per_bar=corpus.grid.steps_per_bar,
        snippet_steps=grid.snippet_steps,
        genres=tuple(_genre(corpus.genre(name), grid) for name in views(corpus)),
        n_songs=len(corpus.songs),
        n_rejected=len(rejected),
        n_ignored=info["n_ignored"],
        rejected=count_kinds(rejected),
        read=by_reader(corpus.songs),
        left_out=tuple(info.get("left_out", ())),
        examples=_examples(corpus),
    )


def views(corpus: Corpus) -> tuple[str, ...]:
    """Names of the genres, then ``"overall"``."""
    return (*corpus.genres, OVERALL)


def count(view: GenreCorpus, grid: Grid) -> Counts:
    """Count a genre's songs, steps and windows."""
    lengths = {s: view.table.loc[view.table["split"] == s, "n_steps"] for s in SPLITS}
    return Counts(
        songs={split: len(steps) for split, steps in lengths.items()},
        steps={split: int(steps.sum()) for split, steps in lengths.items()},
        windows={
            split: len(windows(view, split, grid)) if len(steps) else 0
            for split, steps in lengths.items()
        },
    )


def why(reason: str) -> str:
    """Say why a track was taken without what is one song's own: scores and counts."""
    return _COUNT.sub("of several ", _NUMBER.sub("", reason))


def _genre(view: GenreCorpus, grid: Grid) -> GenreMusic:
    symbols, songs = _symbols(view)
    same = songs[1:] == songs[:-1]
    changes = (symbols[1:] != symbols[:-1])[same]
    sounding = symbols != REST
    pitches = np.bincount(symbols[sounding], minlength=PITCHES)[:PITCHES]
    return GenreMusic(
        genre=view.name,
        counts=count(view, grid),
        n_groups=len(set(view.table["group"]) - {""}),
        pitches=_shares(pitches),
        intervals=_shares(_intervals(symbols[sounding], songs[sounding])),
        change_rate=float(changes.mean()) if len(changes) else 0.0,
        rest_share=float(1 - sounding.mean()),
        baselines=_baselines(view, grid),
        tracks=dict(Counter(why(each) for each in view.table["track_reason"]).most_common()),
    )


def _symbols(view: GenreCorpus) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All steps of a genre, and the song that each is of: both ``[steps]``."""
    offsets, lengths = (view.table[name].to_numpy(np.int64) for name in ("offset", "n_steps"))
    songs = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(songs)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return view.pitches[offsets[songs] + within].astype(np.int64), songs


def _intervals(pitches: NDArray[np.int64], songs: NDArray[np.int64]) -> NDArray[np.int64]:
    moves = np.diff(pitches)[songs[1:] == songs[:-1]]
    moves = np.clip(moves[moves != 0], -WIDEST, WIDEST)
    return np.bincount(moves + WIDEST, minlength=2 * WIDEST + 1)


def _shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((counts / max(int(counts.sum()), 1)).tolist())


def _baselines(view: GenreCorpus, grid: Grid) -> dict[str, float] | None:
    """Baselines' BCE on a genre's validation windows; None where a split is empty."""
    if not (view.n_songs("train") and view.n_songs("validation")):
        return None
    n = TrainingConfig().evaluation_snippets
    return fit_baselines(view).score(evaluation_snippets(view, "validation", grid, n))


def _examples(corpus: Corpus) -> tuple[Example, ...]:
    """Take the first songs of each genre by id, which is a hash: any, and always the same."""
    each = min(2, max(1, EXAMPLES // len(corpus.genres)))
    length = EXAMPLE_QUARTERS * corpus.grid.steps_per_quarter
    found: list[Example] = []
    for genre in corpus.genres[:EXAMPLES]:
        for row in corpus.genre(genre).table.head(each).to_dict("records"):
            begin = int(row["offset"])
            pitches = corpus.pitches[begin : begin + min(int(row["n_steps"]), length)]
            labels = {name: str(row[name]) for name in _EXAMPLE_LABELS}
            found.append(Example(**labels, pitches=tuple(int(pitch) for pitch in pitches)))
    return tuple(found)
