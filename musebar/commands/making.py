"""``musebar sample``, ``reconstruct``, ``interpolate`` and ``encode``: what one model makes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from musebar import bounds
from musebar.commands.made import (
    check_files,
    counted,
    is_picture,
    loaded,
    numbered,
    read_named,
    songs_to_compare,
    tell,
    tell_pair,
    warn,
    write,
)
from musebar.commands.options import LOCAL, finite
from musebar.commands.outputs import READ, check_out, corpus_of, load_corpus
from musebar_core.errors import UnknownNameError, UsageError
from musebar_core.playing import PIANO, TEMPERATURE, TEMPO

if TYPE_CHECKING:
    from collections.abc import Callable


P = ParamSpec("P")
R = TypeVar("R")

_DRAWING = (
    click.option(
        "--temperature",
        type=click.FloatRange(*bounds.TEMPERATURE),
        callback=finite,
        default=TEMPERATURE,
        show_default=True,
        help="Below 1 bolder in its favourites, above 1 wilder.",
    ),
    click.option(
        "--top-p",
        type=click.FloatRange(*bounds.TOP_P),
        callback=finite,
        default=1.0,
        show_default=True,
        help="Draw from the likeliest symbols alone that together reach this probability.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
)
_PLAYING = (
    click.option(
        "--tempo",
        type=click.FloatRange(min=10, max=400),
        callback=finite,
        default=TEMPO,
        show_default=True,
        help="Quarter notes a minute.",
    ),
    click.option(
        "--program",
        type=click.IntRange(0, 127),
        default=PIANO,
        show_default=True,
        help="Instrument of MIDI files, as General MIDI counts from 0: 0 piano, 24 guitar, "
        "40 violin, 73 flute.",
    ),
)
_REPEAT = click.option(
    "--repeat",
    is_flag=True,
    help="Repeat a song that is shorter than a snippet, as training does, and do not refuse it.",
)
_CHECKPOINT = click.argument("checkpoint_file", type=READ, metavar="CHECKPOINT")


def _makes_melodies(default: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Options of a command that writes melodies; by default into the file ``default``."""
    out = click.option(
        "--out",
        "outs",
        type=LOCAL,
        multiple=True,
        default=[default],
        show_default=True,
        help="File to write; .mid, .wav, .png or .svg says what it is. Repeatable.",
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

    def decorate(command: Callable[P, R]) -> Callable[P, R]:
        for option in reversed((out, *_DRAWING, *_PLAYING, as_json)):
            command = option(command)
        return command

    return decorate


@click.command()
@_CHECKPOINT
@click.option(
    "-n",
    "--number",
    "count",
    type=click.IntRange(*bounds.SAMPLES),
    default=1,
    show_default=True,
    help="Melodies; several are numbered: tune-1.mid, tune-2.mid ...",
)
@click.option(
    "--steps",
    "--length",
    "steps",
    type=click.IntRange(*bounds.STEPS),
    help="Steps a melody; default those of a snippet of its training.",
)
@click.option(
    "--corpus",
    "corpus_path",
    type=READ,
    help="A built corpus to compare with; by default the model's own, where it is here.",
)
@_makes_melodies("sample.mid")
def sample(
    checkpoint_file: Path,
    count: int,
    steps: int | None,
    corpus_path: Path | None,
    outs: tuple[Path, ...],
    temperature: float,
    top_p: float,
    seed: int,
    tempo: float,
    program: int,
    as_json: bool,
) -> None:
    """Generate melodies from codes drawn from the prior, one file a melody.

    Prints what they are like beside held-out songs, and the files.

    \b
    Examples:
      musebar sample best.safetensors --out tune.mid --out tune.png
      musebar sample best.safetensors -n 3 --temperature 0.8 --top-p 0.95
    """
    from musebar import making

    found, playing = loaded(checkpoint_file, tempo, program)
    length = steps or found.config.grid.snippet_steps
    files = [tuple(numbered(out, at, count) for out in outs) for at in range(1, count + 1)]
    check_files(files, 1, length, playing)
    songs = songs_to_compare(found, checkpoint_file, corpus_path)
    warn(found)
    melodies = making.sample(
        found, count, steps=steps, temperature=temperature, top_p=top_p, seed=seed
    )
    for at, row in enumerate(files):
        title = f"sample {at + 1}, seed {seed}, temperature {temperature:g}"
        write(melodies[at : at + 1], row, playing, [title])
    tell(counted(count), melodies, found, songs, files, as_json=as_json)


@click.command()
@_CHECKPOINT
@click.argument("song_file", type=READ, metavar="SONG")
@click.option(
    "--bar",
    type=click.IntRange(*bounds.BAR),
    default=1,
    show_default=True,
    help="Bar of SONG that the snippet begins at.",
)
@_REPEAT
@_makes_melodies("reconstruction.mid")
def reconstruct(
    checkpoint_file: Path,
    song_file: Path,
    bar: int,
    repeat: bool,
    outs: tuple[Path, ...],
    temperature: float,
    top_p: float,
    seed: int,
    tempo: float,
    program: int,
    as_json: bool,
) -> None:
    """Encode a snippet of SONG, and decode the mean of its code: what the model keeps of it.

    SONG is a MIDI file or a score. A picture shows the snippet and what became of it.

    \b
    Examples:
      musebar reconstruct best.safetensors my-music/jazz/0.mid --out again.mid --out again.svg
    """
    from musebar import making
    from musebar_core.corpus.single import read_song, snippet

    found, playing = loaded(checkpoint_file, tempo, program)
    grid = found.config.grid
    check_files([outs], 2, grid.snippet_steps, playing)
    song = read_song(song_file, grid.steps_per_quarter, alone=True)
    original = snippet(song, grid, bar=bar, repeat=repeat, name=str(song_file))
    warn(found)
    pair = making.reconstruct(found, original, temperature=temperature, top_p=top_p, seed=seed)
    title = f"{song_file.name}, from bar {bar}"
    for out in outs:
        titles = [title, f"reconstruction, temperature {temperature:g}"]
        first = 0 if is_picture(out) else 1  # to hear is what the model makes of it
        write(pair[first:], [out], playing, titles[first:])
    tell_pair(pair, found, outs, as_json=as_json)


@click.command()
@_CHECKPOINT
@click.argument("song_files", type=READ, nargs=-1, metavar="[SONG SONG]")
@click.option(
    "-n",
    "--number",
    "count",
    type=click.IntRange(*bounds.INTERPOLATED),
    default=8,
    show_default=True,
    help="Melodies, the two ends included.",
)
@_REPEAT
@_makes_melodies("interpolation.mid")
def interpolate(
    checkpoint_file: Path,
    song_files: tuple[Path, ...],
    count: int,
    repeat: bool,
    outs: tuple[Path, ...],
    temperature: float,
    top_p: float,
    seed: int,
    tempo: float,
    program: int,
    as_json: bool,
) -> None:
    """Walk from one code to another, melody by melody, as one file.

    From the beginning of one SONG to that of the other; without songs, between two codes drawn
    from the prior. All are decoded with the same random numbers, so that they differ by their
    codes alone.

    \b
    Examples:
      musebar interpolate best.safetensors my-music/jazz/0.mid my-music/pop/1.mid --out walk.mid
      musebar interpolate best.safetensors -n 5 --out walk.wav
    """
    from musebar import making
    from musebar_core.corpus.single import read_song, snippet

    if len(song_files) not in {0, 2}:
        raise UsageError(f"{len(song_files)} songs: name two to walk between, or none")
    found, playing = loaded(checkpoint_file, tempo, program)
    grid = found.config.grid
    check_files([outs], count, grid.snippet_steps, playing)
    start, end = [
        snippet(
            read_song(file, grid.steps_per_quarter, alone=True), grid, repeat=repeat, name=str(file)
        )
        for file in song_files
    ] or (None, None)
    warn(found)
    melodies = making.interpolate(
        found, start, end, count, temperature=temperature, top_p=top_p, seed=seed
    )
    write(melodies, outs, playing, [f"{at} of {count}" for at in range(1, count + 1)])
    tell(counted(count), melodies, found, "", [outs], as_json=as_json)


@click.command()
@_CHECKPOINT
@click.argument("song_files", type=READ, nargs=-1, metavar="[SONG]...")
@click.option(
    "--corpus",
    "corpus_path",
    type=READ,
    help="A built corpus, in place of songs; without either, the model's own.",
)
@click.option(
    "--split", "splits", multiple=True, help="Of the corpus; default all of it. Repeatable."
)
@_REPEAT
@click.option(
    "--out",
    type=LOCAL,
    default=Path("codes.csv"),
    show_default=True,
    help="Table to write; .csv or .parquet says what it is.",
)
def encode(
    checkpoint_file: Path,
    song_files: tuple[Path, ...],
    corpus_path: Path | None,
    splits: tuple[str, ...],
    repeat: bool,
    out: Path,
) -> None:
    """Write the codes of songs as a table: one row a snippet, one after the other in each song.

    Columns are song, title, split, bar, and each dimension's posterior mean and standard
    deviation (mean_1 ..., sd_1 ...). SONGs are music files; without any, those of the genre that
    the model was trained on.

    \b
    Examples:
      musebar encode best.safetensors --split test --out codes.parquet
      musebar encode best.safetensors my-music/jazz/0.mid --out codes.csv
    """
    from musebar import making
    from musebar.models import load_model
    from musebar_core.corpus.split import SPLITS
    from reports.output import codes

    codes.check(out)
    if song_files and (corpus_path is not None or splits):
        raise UsageError("songs and a corpus: encode the one or the other")
    for split in splits:
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
    found = load_model(checkpoint_file)
    check_out(out, codes.is_ours, "table of codes")
    if song_files:
        songs = read_named(song_files, found)
        table = making.encode(found, songs, repeat=repeat)
    else:
        where = corpus_path or corpus_of(found.identity, checkpoint_file)
        genre = load_corpus(where, found.identity.genre, found.config)
        table = making.encode(found, genre, splits=tuple(dict.fromkeys(splits)) or SPLITS)
    warn(found)
    codes.write(table, out)
    click.echo(f"{len(table)} codes of {table['song'].nunique()} songs")
    click.echo(str(out))
