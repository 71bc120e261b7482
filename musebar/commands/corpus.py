"""``musebar corpus``: build corpora, describe them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from musebar.commands.options import LOCAL
from musebar_core.errors import UsageError
from study.home import files

if TYPE_CHECKING:
    from musebar_core.config import Grid
    from musebar_core.corpus import LabelOptions
    from musebar_core.corpus.request import Repeats
    from study.home.files import AnyPath

Command = Callable[..., None]


def _name(text: str) -> str:
    """Take a name of a file or folder; the empty one would mean the folder one stands in."""
    if not text.strip():
        raise click.BadParameter("it is empty: name a file or a folder")
    return text


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


def _grid_options(command: Command) -> Command:
    """Add the options of a time grid; the command is given ``grid``, a Grid."""

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
    @functools.wraps(command)
    def with_grid(
        *given: object,
        profile: str,
        steps_per_quarter: int | None,
        steps_per_bar: int | None,
        snippet_steps: int,
        **others: object,
    ) -> None:
        from musebar_core.config import Grid
        from musebar_core.corpus import GRIDS

        named = GRIDS[profile]
        grid = Grid(
            named.steps_per_quarter if steps_per_quarter is None else steps_per_quarter,
            named.steps_per_bar if steps_per_bar is None else steps_per_bar,
            snippet_steps,
        )
        command(*given, grid=grid, **others)

    return with_grid


def _label_options(command: Command) -> Command:
    """Add the options of genre labels; the command is given ``labels``, LabelOptions or None."""

    @click.option(
        "--labels",
        "label_files",
        type=LOCAL,
        multiple=True,
        metavar="FILE",
        help="Genre labels of the Lakh MIDI Dataset (tagtraum, topMAGD, MASD); repeatable, "
        "the first that gives a song a genre decides.",
    )
    @click.option(
        "--genre-map",
        type=LOCAL,
        metavar="FILE",
        help="YAML of genre: labels.  [default: the five genres of the paper]",
    )
    @click.option(
        "--match-scores",
        type=LOCAL,
        metavar="FILE",
        help="Lakh's match_scores.json.  [default: in SOURCE or beside it]",
    )
    @click.option(
        "--tracks",
        type=LOCAL,
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
    @functools.wraps(command)
    def with_labels(
        *given: object,
        label_files: tuple[Path, ...],
        genre_map: Path | None,
        match_scores: Path | None,
        tracks: Path | None,
        matches: Literal["best", "all"],
        **others: object,
    ) -> None:
        from musebar_core.corpus import LabelOptions

        needless = {"--genre-map": genre_map, "--match-scores": match_scores, "--tracks": tracks}
        for name, path in needless.items():
            if path is not None and not label_files:
                raise UsageError(f"{name} goes with --labels, which is missing")
        labels = None
        if label_files:
            labels = LabelOptions(label_files, genre_map, match_scores, tracks, matches)
        command(*given, labels=labels, **others)

    return with_labels


@corpus.command()
@click.argument("source", type=_name)
@click.option(
    "--out",
    type=LOCAL,
    metavar="DIR",
    help="Folder of the corpus.  [default: HOME/corpora/NAME of the source]",
)
@_label_options
@_grid_options
@click.option(
    "--song-steps",
    type=click.IntRange(min=1),
    help="Bring every song to so many steps, repeated or broken off, as in the paper; at most "
    "1048576.  [default: songs keep their lengths]",
)
@click.option(
    "--repeats",
    type=click.Choice(["played", "written"]),
    default="played",
    show_default=True,
    help="Repeats, endings and jumps of scores: played, or every bar once, as written.",
)
@click.option("--songs-per-genre", type=click.IntRange(min=1), help="Take at most so many.")
@click.option("--genre", "genres", multiple=True, help="Take this genre only; repeatable.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: one a core]")
@click.option("--force", is_flag=True, help="Build anew, in place of any corpus that is there.")
@click.pass_obj
def build(
    home: AnyPath,
    source: str,
    out: Path | None,
    labels: LabelOptions | None,
    grid: Grid,
    song_steps: int | None,
    repeats: Repeats,
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

    \b
    Examples:
      musebar corpus build my-music --out my-corpus
      musebar corpus build my-music --genre jazz --profile sixteenth --out fine
    """
    from musebar.commands.progress import reading
    from musebar.music import build_corpus
    from musebar_core.corpus.interrupts import interrupts_remembered
    from reports.words.corpus import summary

    folder = out or files.workspace(home) / "corpora" / _corpus_name(Path(source))
    with reading() as show, interrupts_remembered() as check_interrupted:

        def progress(done: int, total: int) -> None:
            check_interrupted()
            show(done, total)

        built = build_corpus(
            source,
            folder,
            grid,
            genres=genres or None,
            songs_per_genre=songs_per_genre,
            song_steps=song_steps,
            repeats=repeats,
            labels=labels,
            workers=workers,
            progress=progress,
            replace=force,
            rebuild=force,
        )
    click.echo(summary(built, grid))
    click.echo(folder)


def _corpus_name(source: Path) -> str:
    path = source.resolve()
    return (path.stem if path.is_file() else path.name) or "corpus"


@corpus.command("genre-map")
def genre_map() -> None:
    """Print the genre map that comes along, to be edited and given to --genre-map.

    \b
    Examples:
      musebar corpus genre-map > genres.yaml
    """
    from musebar_core.corpus.labels import default_genre_map

    click.echo(default_genre_map(), nl=False)


@corpus.command()
@click.argument("path", metavar="CORPUS", type=LOCAL)
@_SNIPPET_STEPS
@click.option(
    "--out", type=LOCAL, metavar="DIR", help="Folder of the page.  [default: CORPUS-description]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object; a page only with --out."
)
def describe(path: Path, snippet_steps: int, out: Path | None, as_json: bool) -> None:
    """Describe CORPUS: a table here, and a page with histograms and examples to listen to.

    The last line printed is the path of the page.

    \b
    Examples:
      musebar corpus describe my-corpus
    """
    from musebar_core.config import Grid
    from musebar_core.corpus import Corpus
    from reports.answers import music
    from reports.words.corpus import description, description_text

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
        click.echo(json.dumps(description(described, corpus, grid), indent=2))
    else:
        click.echo(description_text(described))
    if out is not None or not as_json:
        from reports.output.description import build_description

        click.echo(build_description(described, page), err=as_json)
