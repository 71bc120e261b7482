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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus, LabelOptions

    Progress = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 5.0
"""Of progress, where there is no terminal to draw a bar on."""

_PATH = click.Path(path_type=Path)

_SNIPPET_STEPS = click.option(
    "--snippet-steps", type=int, default=240, show_default=True,
    help="T, steps a snippet: what the windows are counted for.",
)  # fmt: skip


@click.group()
def corpus() -> None:
    """Build and describe corpora."""


def _named(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    """Refuse an empty name: as a path it would mean the folder one stands in."""
    for each in value if isinstance(value, tuple) else (value,):
        empty = each == Path() if isinstance(each, Path) else each is not None and not each.strip()
        if empty:
            raise click.BadParameter("it is empty: name a file or a folder", ctx, parameter)
    return value


@corpus.command()
@click.argument("source", callback=_named)
@click.option("--out", type=_PATH, callback=_named,
              help="Folder of the corpus.  [default: HOME/corpora/NAME of the source]")  # fmt: skip
@click.option("--labels", type=_PATH, multiple=True, callback=_named, metavar="FILE",
              help="Genre labels of the Lakh MIDI Dataset (tagtraum, topMAGD, MASD); repeatable, "
              "the first that gives a song a genre decides.")  # fmt: skip
@click.option("--genre-map", type=_PATH, callback=_named, metavar="FILE",
              help="YAML of genre: labels.  [default: the five genres of the paper]")  # fmt: skip
@click.option("--match-scores", type=_PATH, callback=_named, metavar="FILE",
              help="Lakh's match_scores.json.  [default: in SOURCE or beside it]")  # fmt: skip
@click.option("--tracks", type=_PATH, callback=_named, metavar="FILE",
              help="The Million Song Dataset's unique_tracks.txt: artists and titles.  [default: "
              "in SOURCE or beside it]")  # fmt: skip
@click.option("--matches", type=click.Choice(["best", "all"]), default="best", show_default=True,
              help="Of several MIDI files of one track.")  # fmt: skip
@click.option("--profile", type=click.Choice(["quarter", "sixteenth"]), default="quarter",
              show_default=True,
              help="Grid: 1 step a quarter note, 4 a bar (the paper's); or 4 and 16.")  # fmt: skip
@click.option("--steps-per-quarter", type=int, help="Steps a quarter note, for another grid.")
@click.option("--steps-per-bar", type=int, help="Steps a bar, for another grid.")
@_SNIPPET_STEPS
@click.option("--songs-per-genre", type=click.IntRange(min=1), help="Take at most so many.")
@click.option("--genre", "genres", multiple=True, help="Take this genre only; repeatable.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one a core]")
@click.option("--force", is_flag=True,
              help="Replace a corpus of another source or other settings.")  # fmt: skip
@click.pass_obj
def build(
    home: Path,
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

    named = GRIDS[profile]
    grid = Grid(
        named.steps_per_quarter if steps_per_quarter is None else steps_per_quarter,
        named.steps_per_bar if steps_per_bar is None else steps_per_bar,
        snippet_steps,
    )
    folder = out or home / "corpora" / _corpus_name(Path(source))
    options = _label_options(labels, genre_map, match_scores, tracks, matches)
    if source == EMBEDDED and options is not None:
        raise UsageError(f"--labels is for the Lakh MIDI Dataset: '{EMBEDDED}' has its genres")
    with _progress() as progress:
        settings: dict[str, Any] = {
            "genres": genres or None, "songs_per_genre": songs_per_genre, "workers": workers,
            "progress": progress, "replace": force,
        }  # fmt: skip
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


@corpus.command()
@click.argument("path", metavar="CORPUS", type=_PATH, callback=_named)
@_SNIPPET_STEPS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def describe(path: Path, snippet_steps: int, as_json: bool) -> None:
    """Describe CORPUS: songs, steps, rejected files, baselines."""
    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus

    if not (path / "fingerprint").is_file():
        raise UsageError(f"no corpus at {path}: make one with 'musebar corpus build'")
    described = Corpus.load(path)
    grid = Grid(described.grid.steps_per_quarter, described.grid.steps_per_bar, snippet_steps)
    if as_json:
        click.echo(json.dumps(_description(described, grid), indent=2))
        return
    click.echo(_summary(described, grid))
    rows = [
        [name, *(f"{nats:.1f}" for nats in scores.values())]
        for name in _views(described)
        if (scores := _baselines(described, name, grid))
    ]
    click.echo(f"\nBaselines: BCE, nats a snippet of {snippet_steps} steps, validation")
    click.echo(_table(["genre", "pitch frequencies", "markov", "repeat last"], rows))
    click.echo(f"fingerprint {described.fingerprint}")


def _description(corpus: Corpus, grid: Grid) -> dict[str, Any]:
    return {
        "path": str(corpus.path),
        "fingerprint": corpus.fingerprint,
        "grid": dataclasses.asdict(grid),
        "source_kind": corpus.info["source_kind"],
        "n_ignored": corpus.info["n_ignored"],
        "genres": {
            name: {
                **_counts(corpus, name, grid),
                "baselines_validation_bce": _baselines(corpus, name, grid),
            }
            for name in _views(corpus)
        },
        "n_rejected": len(corpus.rejected),
        "rejected": _reasons(corpus.rejected),
    }


def _summary(corpus: Corpus, grid: Grid) -> str:
    """Songs, steps and windows by genre and split, and what was rejected, as text."""
    rejected = corpus.rejected
    rows = []
    for name in _views(corpus):
        counts = _counts(corpus, name, grid)
        songs, steps = counts["songs"], counts["steps"]
        windows = counts["windows"]["validation"]
        rows.append([name, sum(songs.values()), *songs.values(), sum(steps.values()), windows])
    header = ["genre", "songs", "train", "validation", "test", "steps", "validation windows"]
    taken = f"taken {len(corpus.songs)}, rejected {len(rejected)}"
    ignored = f"ignored {corpus.info['n_ignored']} files that are no music"
    lines = [_table(header, rows), "", f"{taken}, {ignored}"]
    lines += [f"  {count:>6}  {reason}" for reason, count in _reasons(rejected).items()]
    lines += [f"left out: {genre}" for genre in corpus.info.get("left_out", [])]
    return "\n".join(lines)


def _views(corpus: Corpus) -> tuple[str, ...]:
    from musebar_core.corpus import OVERALL

    return (*corpus.genres, OVERALL)


def _counts(corpus: Corpus, name: str, grid: Grid) -> dict[str, dict[str, int]]:
    """Songs, steps and windows of a genre by split; 0 where a split is empty."""
    from musebar_core.corpus import windows
    from musebar_core.corpus.split import SPLITS

    view = corpus.genre(name)
    lengths = {s: view.table.loc[view.table["split"] == s, "n_steps"] for s in SPLITS}
    return {
        "songs": {split: len(steps) for split, steps in lengths.items()},
        "steps": {split: int(steps.sum()) for split, steps in lengths.items()},
        "windows": {
            split: len(windows(view, split, grid)) if len(steps) else 0
            for split, steps in lengths.items()
        },
    }


def _baselines(corpus: Corpus, name: str, grid: Grid) -> dict[str, float] | None:
    """Baselines' BCE on a genre's validation windows; None where a split is empty."""
    from musebar_core.baselines import fit_baselines
    from musebar_core.config import TrainingConfig
    from musebar_core.corpus import evaluation_snippets

    view = corpus.genre(name)
    if not (view.n_songs("train") and view.n_songs("validation")):
        return None
    n = TrainingConfig().evaluation_snippets
    return fit_baselines(view).score(evaluation_snippets(view, "validation", grid, n))


def _reasons(rejected: pd.DataFrame) -> dict[str, int]:
    """Count rejected files by kind of reason, most first; rejected.csv has the details."""
    from musebar_core.corpus.account import count_kinds

    return count_kinds(rejected["reason"])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out text in columns, the first flush left, the others right."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]),
                   *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )  # fmt: skip


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
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(done: int, total: int) -> None:
            per_second = done / max(time.monotonic() - began, 1e-9)
            bar.update(task, completed=done, total=total, rate=f"{per_second:.0f} files/s")

        yield show


def _lines() -> Progress:
    began = last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        per_second = done / max(now - began, 1e-9)
        left = f", {(total - done) / per_second:.0f} s left" if done < total else ""
        click.echo(f"read {done} of {total} files, {per_second:.0f} a second{left}", err=True)

    return show
