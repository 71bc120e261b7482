"""One song for a trained model: read from a file, laid on its grid, and cut to snippets.

Shapes: T = ``grid.snippet_steps``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import bring_to
from musebar_core.corpus.listing import Item
from musebar_core.corpus.reading import read_alone, read_item
from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.config import Grid


def read_song(
    path: str | Path, steps_per_quarter: int, *, alone: bool = False
) -> NDArray[np.uint8]:
    """Read a file's melody as a corpus would, however short it is.

    Parameters
    ----------
    path
        A MIDI file or a score.
    steps_per_quarter
        The grid.
    alone
        Whether to read in a process of its own, which a file that nobody made on purpose may take
        down, and whose time and memory are limited.

    Returns
    -------
    Uint8 ``[steps]``, 128 a rest; rests at both ends are trimmed.

    Raises
    ------
    UsageError
        If there is no such file, or no melody in it.
    """
    file = Path(path)
    if not file.is_file():
        what = "is a folder: name a music file" if file.is_dir() else "no such file"
        raise UsageError(f"{path}: {what}")
    item = Item(source=file.name, genre="", group="", path=str(file))
    if alone:
        reading = read_alone(item, steps_per_quarter)
    else:
        reading = read_item(item, steps_per_quarter, of_any_length=True)
    if reading.pitches is None:
        raise UsageError(f"{path}: {reading.reason}")
    return reading.pitches


def snippet(
    song: NDArray[np.uint8], grid: Grid, *, bar: int = 1, repeat: bool = False, name: str = "song"
) -> NDArray[np.uint8]:
    """Cut the snippet of a song that begins at a bar, counted from 1: uint8 ``[T]``.

    Parameters
    ----------
    song
        Symbols 0-128, ``[steps]``.
    repeat
        Whether what is too short is repeated from its beginning, as training does it.
    name
        What the song is called where it is refused.

    Raises
    ------
    UsageError
        If the song ends before the snippet does.
    """
    first, steps = (bar - 1) * grid.steps_per_bar, grid.snippet_steps
    left = len(song) - first
    if left >= steps:
        return song[first : first + steps]
    if repeat and left > 0:
        return bring_to(song[first:], steps)
    begins = f" from bar {bar} on" if bar > 1 else ""
    raise UsageError(
        f"{name}: too short: {max(left, 0)} steps{begins}, and a snippet of this model has {steps} "
        f"({grid.bars} bars of {grid.steps_per_bar}): name a longer song, or have it repeated"
    )


def consecutive(
    song: NDArray[np.uint8], grid: Grid, *, repeat: bool = False, name: str = "song"
) -> NDArray[np.uint8]:
    """Cut a song into snippets, one after the other: uint8 ``[N, T]``, a rest of it left out.

    The first is :func:`snippet`, and raises what that does.
    """
    first = snippet(song, grid, repeat=repeat, name=name)
    whole = max(len(song) // grid.snippet_steps, 1)
    return np.concatenate([first, song[len(first) : whole * len(first)]]).reshape(whole, -1)
