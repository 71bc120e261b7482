"""``musebar corpus``: build corpora, describe them."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from musebar_core.errors import UsageError
from study.home import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus, LabelOptions
    from reports.answers.music import Counts, Description
    from study.home.files import Place

    Progress = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 5.0
"""Of progress, where there is no terminal to draw a bar on."""


def _name(text: str) -> str:
    """Take a name of a file or folder; the empty one would mean the folder one stands in."""
    if not text.strip():
        raise click.BadParameter("it is empty: name a file or a folder")
    return text


def _path(text: str) -> Path:
    return Path(_name(text))


_SNIPPET_STEPS = click.option(
    "--snippet-steps",
    type=int,
    default=240,
    show_default=True,
    help="T, steps a snippet: what the windows are counted for.",
)


@click.group()
def corpus() -> None:
    """Build and describe corpora."""


@corpus.command()
@click.argument("source", type=_name)
@click.option(
    "--out",
    type=_path,
    metavar="DIR",
    help="Folder of the corpus.  [default: HOME/corpora/NAME of the source]",
)
@click.option(
    "--labels",
    type=_path,
    multiple=True,
    metavar="FILE",
    help="Genre labels of the Lakh MIDI Dataset (tagtraum, topMAGD, MASD); repeatable, "
    "the first that gives a song a genre decides.",
)
@click.option(
    "--genre-map",
    type=_path,
    metavar="FILE",
    help="YAML of genre: labels.  [default: the five genres of the paper]",
)
@click.option(
    "--match-scores",
    type=_path,
    metavar="FILE",
    help="Lakh's match_scores.json.  [default: in SOURCE or beside it]",
)
@click.option(
    "--tracks",
    type=_path,
    metavar="FILE",
    help="The Million Song Dataset's unique_tracks.txt: artists and titles.  [default: "
    "in SOURCE or beside it]",
)
@click.option(
    "--matches",
    type=click.Choice(["best", "all"]),
    default="best",
    show_default=True,
    help="Of several MIDI files of one track.",
)
@click.option(
    "--profile",
    type=click.Choice(["quarter", "sixteenth"]),
    default="quarter",
    show_default=True,
    help="Grid: 1 step a quarter note, 4 a bar (the paper's); or 4 and 16.",
)
@click.option("--steps-per-quarter", type=int, help="Steps a quarter note, for another grid.")
@click.option("--steps-per-bar", type=int, help="Steps a bar, for another grid.")
@_SNIPPET_STEPS
@click.option(
    "--song-steps",
    type=click.IntRange(min=1),
    help="Bring every song to so many steps, repeated or broken off, as in the paper.  "
    "[default: songs keep their lengths]",
)
@click.option("--songs-per-genre", type=click.IntRange(min=1), help="Take at most so many.")
@click.option("--genre", "genres", multiple=True, help="Take this genre only; repeatable.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one a core]")
@click.option("--force", is_flag=True, help="Build anew, in place of any corpus that is there.")
@click.pass_obj
def build(
    home: Place,
    source: str,
    out: Path | None,
    labels: tuple[Path, ...],
    genre_map: Path | None,
    match_scores: Path | None,
    tracks: Path | None,
    matches: Literal["best", "all"],
    profile: str,
    steps_per_quarter: int | None,
    steps_per_bar: int | None,
    snippet_steps: int,
    song_steps: int | None,
    songs_per_genre: int | None,
    genres: tuple[str, ...],
    workers: int | None,
    force: bool,
) -> None:
    """Build a corpus from SOURCE.

    SOURCE is a folder SOURCE/GENRE/**/FILE of MIDI and scores, a CSV file with columns file,
    genre and, if known, group and title, a folder of the Lakh MIDI Dataset with --labels, or the
    word music21 for the collections that music21 ships.

    A corpus of the same inputs that is there already is used as it is; one of the same source
    and settings is built again if the music changed; any other is left alone without --force.
    """
    from musebar_core.config import Grid
    from musebar_core.corpus import EMBEDDED, GRIDS, build_corpus, build_embedded
    from musebar_core.corpus.interrupts import interrupts_remembered

    named = GRIDS[profile]
    grid = Grid(
        named.steps_per_quarter if steps_per_quarter is None else steps_per_quarter,
        named.steps_per_bar if steps_per_bar is None else steps_per_bar,
        snippet_steps,
    )
    folder = out or files.workspace(home) / "corpora" / _corpus_name(Path(source))
    options = _label_options(labels, genre_map, match_scores, tracks, matches)
    if source == EMBEDDED and options is not None:
        raise UsageError(f"--labels is for the Lakh MIDI Dataset: '{EMBEDDED}' has its genres")
    with _progress() as show, interrupts_remembered() as check_interrupted:

        def progress(done: int, total: int) -> None:
            check_interrupted()
            show(done, total)

        settings: dict[str, Any] = {
            "genres": genres or None,
            "songs_per_genre": songs_per_genre,
            "workers": workers,
            "progress": progress,
            "replace": force,
            "rebuild": force,
            "song_steps": song_steps,
        }
        if source == EMBEDDED:
            built = build_embedded(folder, grid, **settings)
        else:
            built = build_corpus(Path(source), folder, grid, labels=options, **settings)
    click.echo(_summary(built, grid))
    click.echo(folder)


def _corpus_name(source: Path) -> str:
    path = source.resolve()
    return (path.stem if path.is_file() else path.name) or "corpus"


def _label_options(
    labels: tuple[Path, ...],
    genre_map: Path | None,
    match_scores: Path | None,
    tracks: Path | None,
    matches: Literal["best", "all"],
) -> LabelOptions | None:
    from musebar_core.corpus import LabelOptions

    if labels:
        return LabelOptions(labels, genre_map, match_scores, tracks, matches)
    needless = {"--genre-map": genre_map, "--match-scores": match_scores, "--tracks": tracks}
    for name, path in needless.items():
        if path is not None:
            raise UsageError(f"{name} goes with --labels, which is missing")
    return None


@corpus.command("genre-map")
def genre_map() -> None:
    """Print the genre map that comes along, to be edited and given to --genre-map."""
    from musebar_core.corpus.labels import default_genre_map

    click.echo(default_genre_map(), nl=False)


@corpus.command()
@click.argument("path", metavar="CORPUS", type=_path)
@_SNIPPET_STEPS
@click.option(
    "--out", type=_path, metavar="DIR", help="Folder of the page.  [default: CORPUS-description]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object; a page only with --out."
)
def describe(path: Path, snippet_steps: int, out: Path | None, as_json: bool) -> None:
    """Describe CORPUS: a table here, and a page with histograms and examples to listen to.

    The last line printed is the path of the page.
    """
    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus
    from reports.answers import music

    if not (path / "fingerprint").is_file():
        raise UsageError(f"no corpus at {path}: make one with 'musebar corpus build'")
    named = path.resolve() if path.name in {"", ".."} else path
    page = out or named.with_name(f"{named.name}-description")
    if page.resolve().is_relative_to(path.resolve()):
        raise UsageError(f"{page} is in the corpus, which is never changed: name another folder")
    corpus = Corpus.load(path)
    grid = Grid(corpus.grid.steps_per_quarter, corpus.grid.steps_per_bar, snippet_steps)
    described = music.describe(corpus, grid)
    if as_json:
        click.echo(json.dumps(_description(described, corpus, grid), indent=2))
    else:
        click.echo(_description_text(described))
    if out is not None or not as_json:
        from reports.description import build_description

        click.echo(build_description(described, page), err=as_json)


def _description(described: Description, corpus: Corpus, grid: Grid) -> dict[str, Any]:
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
        "left_out": list(described.left_out),
    }


def _description_text(described: Description) -> str:
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
        f"fingerprint {described.fingerprint}",
    ]
    return "\n".join(lines)


def _summary(corpus: Corpus, grid: Grid) -> str:
    """Songs, steps and windows by genre and split, and what was rejected, as text."""
    from musebar_core.corpus.account import count_kinds
    from reports.answers import music

    info, reasons = corpus.info, corpus.rejected["reason"]
    counts = [(name, music.count(corpus.genre(name), grid)) for name in music.views(corpus)]
    return "\n".join(
        [
            _counts_text(counts),
            "",
            *_account_lines(len(corpus.songs), len(reasons), info["n_ignored"]),
            *_reason_lines(count_kinds(reasons), info.get("left_out", ())),
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


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show files read, on stderr: a bar on a terminal, now and then a line elsewhere."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    rate = TextColumn("{task.fields[rate]}")
    columns = ("reading music", BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    began: float | None = None
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(done: int, total: int) -> None:
            nonlocal began
            began = began or time.monotonic()  # workers have started when the first file is read
            per_second = done / max(time.monotonic() - began, 1e-9)
            bar.update(task, completed=done, total=total, rate=f"{per_second:.0f} files/s")

        yield show


def _lines() -> Progress:
    began: float | None = None
    last = 0.0

    def show(done: int, total: int) -> None:
        nonlocal began, last
        now = time.monotonic()
        if began is None:  # workers have started when the first file is read
            began = last = now
        if done < total and now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        per_second = done / max(now - began, 1e-9)
        left = f", {(total - done) / per_second:.0f} s left" if done < total else ""
        click.echo(f"read {done} of {total} files, {per_second:.0f} a second{left}", err=True)

    return show
