"""What is said of a corpus on the command line: counts, melodies, baselines, what was rejected."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from musebar_core.corpus.account import by_reader, count_kinds
from reports.answers import music

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus
    from musebar_core.corpus.account import Read
    from reports.answers.music import Counts, Description


def description(described: Description, corpus: Corpus, grid: Grid) -> dict[str, Any]:
    """Describe a corpus as plain data, for JSON."""
    return {
        "path": str(corpus.path),
        "fingerprint": described.fingerprint,
        "grid": dataclasses.asdict(grid),
        "source_kind": described.source_kind,
        "n_ignored": described.n_ignored,
        "genres": {
            genre.genre: {
                **dataclasses.asdict(genre.counts),
                "groups": genre.n_groups,
                "change_rate": genre.change_rate,
                "rest_share": genre.rest_share,
                "tracks": genre.tracks,
                "baselines_validation_bce": genre.baselines,
            }
            for genre in described.genres
        },
        "n_rejected": described.n_rejected,
        "rejected": described.rejected,
        "readers": {each.reader: _reader_facts(each) for each in described.read},
        "left_out": list(described.left_out),
    }


def description_text(described: Description) -> str:
    """Describe a corpus in tables of text."""
    rows = [
        [
            genre.genre,
            f"{genre.change_rate:.1%}",
            f"{genre.rest_share:.1%}",
            *(f"{nats:.1f}" for nats in (genre.baselines or {}).values()),
        ]
        for genre in described.genres
    ]
    header = ["genre", "change rate", "rests", "pitch frequencies", "markov", "repeat last"]
    rows = [[*row, *["-"] * (len(header) - len(row))] for row in rows]
    lines = [
        _counts_text([(genre.genre, genre.counts) for genre in described.genres]),
        "",
        f"Melodies; baselines' validation BCE, nats a snippet of {described.snippet_steps} steps",
        _table(header, rows),
        "",
        "Melody's track",
        *(f"  {count:>6}  {reason}" for reason, count in described.genres[-1].tracks.items()),
        "",
        *_account_lines(described.n_songs, described.n_rejected, described.n_ignored),
        *_reason_lines(described.rejected, described.left_out),
        *_reader_lines(described.read),
        f"fingerprint {described.fingerprint}",
    ]
    return "\n".join(lines)


def summary(corpus: Corpus, grid: Grid) -> str:
    """Songs, steps and windows by genre and split, and what was rejected, as text."""
    info, reasons = corpus.info, corpus.rejected["reason"]
    counts = [(name, music.count(corpus.genre(name), grid)) for name in music.views(corpus)]
    return "\n".join(
        [
            _counts_text(counts),
            "",
            *_account_lines(len(corpus.songs), len(reasons), info["n_ignored"]),
            *_reason_lines(count_kinds(reasons), info.get("left_out", ())),
            *_reader_lines(by_reader(corpus.songs)),
        ]
    )


def _counts_text(counts: Iterable[tuple[str, Counts]]) -> str:
    rows = [
        [
            name,
            sum(each.songs.values()),
            *each.songs.values(),
            sum(each.steps.values()),
            each.windows["validation"],
        ]
        for name, each in counts
    ]
    header = ["genre", "songs", "train", "validation", "test", "steps", "validation windows"]
    return _table(header, rows)


def _account_lines(n_songs: int, n_rejected: int, n_ignored: int) -> list[str]:
    ignored = f"ignored {n_ignored} files that are no music"
    return [f"taken {n_songs}, rejected {n_rejected}, {ignored}"]


def _reason_lines(rejected: Mapping[str, int], left_out: Iterable[str]) -> list[str]:
    """Reasons by kind, most first; rejected.csv has the details."""
    return [
        *(f"  {count:>6}  {reason}" for reason, count in rejected.items()),
        *(f"left out: {genre}" for genre in left_out),
    ]


def _reader_lines(read: Iterable[Read]) -> list[str]:
    """What each reader read, how many damaged files, and how far it agreed with the sources."""
    return [
        "; ".join(
            [
                f"read by {each.reader}: {each.n_songs}",
                *_damage(each),
                *_agreement(each),
            ]
        )
        for each in read
    ]


def _damage(read: Read) -> list[str]:
    if not read.n_damaged:
        return []
    share = f"{read.least_read:.1%} of the notes ({read.least_read_source})"
    return [f"{read.n_damaged} from damaged files, read to at least {share}"]


def _agreement(read: Read) -> list[str]:
    uncounted = [f"{read.n_uncounted} not counted"] if read.n_uncounted else []
    if math.isnan(read.lowest):
        return uncounted
    if read.lowest == 1:
        return ["as many notes as counted in every source", *uncounted]
    differing = f"{read.n_differing} with more or fewer notes than counted"
    lowest = f"lowest agreement with a source {read.lowest:.1%} ({read.lowest_source})"
    return [differing, lowest, *uncounted]


def _reader_facts(read: Read) -> dict[str, Any]:
    """As plain data: NaN, which JSON has not, is None."""
    facts = dataclasses.asdict(read)
    del facts["reader"]
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in facts.items()
    }


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out text in columns, the first flush left, the others right."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )
