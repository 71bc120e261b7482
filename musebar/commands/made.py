"""What the commands that make music share: files that are refused, written and told of."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from musebar.commands.outputs import check_out, corpus_of, load_corpus
from musebar_core.errors import MuseBarError, UsageError
from musebar_core.terminal import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from musebar_core.checkpoint import LoadedModel
    from musebar_core.corpus import GenreCorpus
    from reports.output.melodies import Playing


def loaded(checkpoint_file: Path, tempo: float, program: int) -> tuple[LoadedModel, Playing]:
    """A model, and how what it makes is played."""
    from musebar.models import load_model
    from reports.output.melodies import Playing

    found = load_model(checkpoint_file)
    return found, Playing(found.config.grid, tempo, program)


def warn(found: LoadedModel) -> None:
    """Say on stderr why nothing should be read into what a model makes, if there is a reason."""
    from reports.words.standing import caution

    said = caution(found.standing)
    if said:
        click.echo(f"warning: {said}", err=True)


def read_named(song_files: Iterable[Path], found: LoadedModel) -> dict[str, NDArray[np.uint8]]:
    """Pitches of songs, uint8 ``[steps]`` each, by the names of their files."""
    from musebar_core.corpus.single import read_song

    per_quarter = found.config.grid.steps_per_quarter
    return {str(file): read_song(file, per_quarter, alone=True) for file in song_files}


def numbered(out: Path, at: int, count: int) -> Path:
    """The file of one melody of several; of one alone, or without a name, ``out`` itself."""
    if count == 1 or not out.name:
        return out
    return out.with_name(f"{out.stem}-{at:0{len(str(count))}}{out.suffix}")


def check_files(files: Sequence[Sequence[Path]], n: int, steps: int, playing: Playing) -> None:
    """Refuse, before any work, files that cannot be written; ``n`` melodies go into each."""
    from reports.output import melodies

    for out in (each for row in files for each in row):
        melodies.check(out, n, steps, playing)
        check_out(out, melodies.is_ours, f"{melodies.form_of(out)} of MuseBar's")


def is_picture(out: Path) -> bool:
    """Whether a file is one to look at."""
    from reports.output.melodies import Form, form_of

    return form_of(out) is Form.PICTURE


def write(
    made: NDArray[np.uint8], outs: Sequence[Path], playing: Playing, titles: Sequence[str]
) -> None:
    """Write melodies, uint8 ``[melodies, steps]``, into each of ``outs``."""
    from reports.output import melodies

    for out in outs:
        try:
            melodies.write(made, out, playing, titles)
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror}") from None


def songs_to_compare(
    found: LoadedModel, checkpoint_file: Path, corpus_path: Path | None
) -> GenreCorpus | str:
    """The songs that melodies are compared with, or why there are none."""
    try:
        where = corpus_path or corpus_of(found.identity, checkpoint_file)
        return load_corpus(where, found.identity.genre, found.config)
    except MuseBarError as error:
        if corpus_path is not None:
            raise
        return without_passwords(str(error))


def tell(
    name: str,
    melodies: NDArray[np.uint8],
    found: LoadedModel,
    songs: GenreCorpus | str,
    files: Sequence[Sequence[Path]],
    *,
    as_json: bool,
) -> None:
    """Print what melodies are like, beside songs where they are here, and the files."""
    from musebar_core.measures import beside_songs, compared_steps
    from musebar_core.melodies import character
    from reports.words.measures import melodies_lines

    grid = found.config.grid
    steps = compared_steps(melodies.shape[1], grid)
    written = [str(out) for row in files for out in row]
    beside = None if isinstance(songs, str) or not steps else beside_songs(grid, songs, melodies)
    own = character(melodies[:, :steps], grid.steps_per_bar) if steps else None
    if as_json:
        told: dict[str, object] = {
            "files": written,
            "state": found.standing and found.standing.state,
        }
        told |= {"melodies": own and dataclasses.asdict(own)}
        told |= {"beside_songs": beside and dataclasses.asdict(beside)}
        click.echo(json.dumps(told))
        return
    if own is not None:
        why_not = songs if isinstance(songs, str) else ""
        click.echo("\n".join(melodies_lines(name, own, beside, why_not)))
    click.echo("\n".join(written))


def tell_pair(
    pair: NDArray[np.uint8], found: LoadedModel, outs: Sequence[Path], *, as_json: bool
) -> None:
    """Print how much of a snippet its reconstruction gives back, what both are like, the files."""
    from musebar_core.melodies import character
    from reports.words.measures import melodies_lines

    bar = found.config.grid.steps_per_bar
    same = float((pair[0] == pair[1]).mean())
    both = {
        "original": character(pair[:1], bar),
        "reconstruction": character(pair[1:], bar),
    }
    if as_json:
        told: dict[str, object] = {"files": [str(out) for out in outs], "steps_alike": same}
        told |= {"state": found.standing and found.standing.state}
        told |= {name: dataclasses.asdict(own) for name, own in both.items()}
        click.echo(json.dumps(told))
        return
    click.echo(f"{same:.0%} of {pair.shape[1]} steps alike")
    for name, own in both.items():
        click.echo("\n".join(melodies_lines(name, own)))
    click.echo("\n".join(map(str, outs)))


def counted(count: int) -> str:
    """How many melodies, in words."""
    return "1 melody" if count == 1 else f"{count} melodies"
