"""Music and codes of a trained model, from Python: what the commands of the same names make.

Each takes a checkpoint's path or a model that :func:`musebar.load_model` loaded; a song is a music
file, or its pitches on the model's grid. Shapes: T steps, L latent dimensions; symbols 0-127 are
pitches, 128 a rest.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from musebar import bounds
from musebar.models import load_model
from musebar_core.checkpoint import LoadedModel
from musebar_core.corpus import GenreCorpus
from musebar_core.corpus.single import consecutive, read_song, snippet
from musebar_core.errors import UsageError
from musebar_core.generation import generate, interpolation
from musebar_core.model import PITCHES, piano_roll
from musebar_core.playing import TEMPERATURE
from musebar_core.randomness import Purpose, latent_noise, stream
from musebar_core.threads import computing_with
from reports.words.standing import caution

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from torch import Tensor

    from musebar_core.config import Grid

Model = str | Path | LoadedModel
Song = str | Path | np.ndarray

log = logging.getLogger(__name__)


@computing_with()
def sample(
    model: Model,
    n: int = 4,
    *,
    steps: int | None = None,
    temperature: float = TEMPERATURE,
    top_p: float = 1.0,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Generate melodies from codes drawn from the prior.

    Parameters
    ----------
    model
        A checkpoint, or a model loaded from one.
    n
        Melodies.
    steps
        T, steps a melody; None: as many as a snippet of its training.
    temperature
        Below 1 bolder in its favourites, above 1 wilder.
    top_p
        Draw only from the likeliest symbols that together reach this probability.
    seed
        Draws the codes and the notes.

    Returns
    -------
    ndarray
        Pitches 0-127, 128 a rest; ``[n, T]``.

    Raises
    ------
    UsageError
        If there is no such checkpoint, or a number is none that the command takes.
    """
    bounds.SAMPLES.check("n", n)
    if steps is not None:
        bounds.STEPS.check("steps", steps)
    _check_drawing(temperature, top_p)
    found = opened(model)
    rng = stream(seed, Purpose.GENERATION)
    z = latent_noise(rng, n, found.config.model.latent_length)
    length = found.config.grid.snippet_steps if steps is None else steps
    return generate(found.network, z, length, rng, temperature, top_p=top_p)


@computing_with()
def reconstruct(
    model: Model,
    song: Song,
    *,
    bar: int = 1,
    repeat: bool = False,
    temperature: float = TEMPERATURE,
    top_p: float = 1.0,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Encode a snippet of a song, and decode the mean of its posterior: what the code keeps of it.

    The decoder hears what it said itself, never the song.

    Parameters
    ----------
    model, temperature, top_p, seed
        As of :func:`sample`.
    song
        A music file, or symbols on the model's grid, ``[steps]``.
    bar
        Where the snippet begins, counted from 1.
    repeat
        Whether a song that is too short is repeated from its beginning, as training does it.

    Returns
    -------
    ndarray
        The snippet, and what became of it; ``[2, T]``.

    Raises
    ------
    UsageError
        If there is no such checkpoint or song, the song is too short, or a number is none that
        the command takes.
    """
    bounds.BAR.check("bar", bar)
    _check_drawing(temperature, top_p)
    found = opened(model)
    original = _snippet(song, found.config.grid, bar=bar, repeat=repeat)
    mean, _ = posterior(found, original[None])
    rng = stream(seed, Purpose.GENERATION)
    steps = found.config.grid.snippet_steps
    again = generate(found.network, mean, steps, rng, temperature, top_p=top_p)
    return np.concatenate([original[None], again])


@computing_with()
def interpolate(
    model: Model,
    start: Song | None = None,
    end: Song | None = None,
    n: int = 8,
    *,
    repeat: bool = False,
    temperature: float = TEMPERATURE,
    top_p: float = 1.0,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Walk from one code to another along the great circle, decoding with the same random numbers.

    Parameters
    ----------
    model, temperature, top_p, seed
        As of :func:`sample`.
    start, end
        Songs whose beginnings are the two codes; without both, codes drawn from the prior.
    n
        Melodies, the two ends included.
    repeat
        Whether songs that are too short are repeated from their beginning.

    Returns
    -------
    ndarray
        ``[n, T]``.

    Raises
    ------
    UsageError
        If there is no such checkpoint or song, one end alone is named, a song is too short, or a
        number is none that the command takes.
    """
    bounds.INTERPOLATED.check("n", n)
    _check_drawing(temperature, top_p)
    found = opened(model)
    rng = stream(seed, Purpose.GENERATION)
    if start is None or end is None:
        if start is not None or end is not None:
            raise UsageError("one song alone: an interpolation goes from one to another")
        ends = latent_noise(rng, 2, found.config.model.latent_length)
    else:
        pitches = [_snippet(song, found.config.grid, repeat=repeat) for song in (start, end)]
        ends, _ = posterior(found, np.stack(pitches))
    codes = interpolation(ends[0], ends[1], n)
    steps = found.config.grid.snippet_steps
    return generate(found.network, codes, steps, rng, temperature, top_p=top_p, alike=True)


@computing_with()
def encode(
    model: Model,
    songs: Song | Sequence[Song] | Mapping[str, Song] | GenreCorpus,
    *,
    splits: Sequence[str] = ("train", "validation", "test"),
    repeat: bool = False,
) -> pd.DataFrame:
    """Give the posteriors of songs as a table: one row a snippet, one after the other in each song.

    Parameters
    ----------
    model
        As of :func:`sample`.
    songs
        Music files, pitches on the model's grid, either of them by name, or a genre of a corpus.
    splits
        Of a corpus.
    repeat
        Whether songs that are too short are repeated from their beginning, as those of a corpus
        always are.

    Returns
    -------
    DataFrame
        Columns ``song`` (its name, file or place, or its id in the corpus), ``title`` and
        ``split`` (empty outside a corpus), ``bar`` (from 1), ``mean_1`` to ``mean_L``, ``sd_1`` to
        ``sd_L``.

    Raises
    ------
    UsageError
        If there is no such checkpoint or song, or a song is too short.
    """
    import pandas as pd

    found = opened(model)
    grid = found.config.grid
    rows, parts = [], []
    for name, title, split, pitches in _listed(songs, grid, splits):
        cut = consecutive(pitches, grid, repeat=repeat or bool(split), name=name)
        rows += [(name, title, split, 1 + at * grid.bars) for at in range(len(cut))]
        parts.append(cut)
    if not parts:
        raise UsageError("no song to encode")
    codes = [posterior(found, batch) for batch in _batches(np.concatenate(parts))]
    mean, sd = (torch.cat(values).numpy() for values in zip(*codes, strict=True))
    table = pd.DataFrame(rows, columns=["song", "title", "split", "bar"])
    length = range(1, mean.shape[1] + 1)
    means = pd.DataFrame(mean, columns=[f"mean_{k}" for k in length])
    return pd.concat([table, means, pd.DataFrame(sd, columns=[f"sd_{k}" for k in length])], axis=1)


def opened(model: Model) -> LoadedModel:
    """The model, loaded where a path is given; one that nothing can be made with is told."""
    if isinstance(model, LoadedModel):
        return model
    found = load_model(model)
    said = caution(found.standing)
    if said:
        log.warning("%s: %s", model, said)
    return found


@torch.no_grad()
def posterior(model: LoadedModel, snippets: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of z's posterior of snippets ``[N, T]``, each ``[N, L]``."""
    roll = piano_roll(torch.from_numpy(np.ascontiguousarray(snippets)))
    mu, logvar = (each[:, -1] for each in model.network.encode(roll))
    return mu, (0.5 * logvar).exp()


def _check_drawing(temperature: float, top_p: float) -> None:
    bounds.TEMPERATURE.check("temperature", temperature)
    bounds.TOP_P.check("top_p", top_p)


def _snippet(song: Song, grid: Grid, *, bar: int = 1, repeat: bool = False) -> NDArray[np.uint8]:
    return snippet(_pitches(song, grid), grid, bar=bar, repeat=repeat, name=_name(song))


def _pitches(song: Song, grid: Grid) -> NDArray[np.uint8]:
    if isinstance(song, str | Path):
        return read_song(song, grid.steps_per_quarter)
    pitches = np.asarray(song)
    if pitches.ndim != 1 or pitches.dtype.kind not in "iu" or not len(pitches):
        raise UsageError(
            f"a song of shape {pitches.shape} and type {pitches.dtype}: pitches are whole numbers "
            "in one dimension"
        )
    if pitches.min() < 0 or pitches.max() > PITCHES:
        raise UsageError(
            f"a song with pitches from {pitches.min()} to {pitches.max()}: 0-127 are pitches, "
            "and 128 is a rest"
        )
    return pitches.astype(np.uint8)


def _name(song: Song) -> str:
    return str(song) if isinstance(song, str | Path) else "song"


def _listed(
    songs: Song | Sequence[Song] | Mapping[str, Song] | GenreCorpus,
    grid: Grid,
    splits: Sequence[str],
) -> list[tuple[str, str, str, NDArray[np.uint8]]]:
    """Name, title, split and pitches of each song."""
    if isinstance(songs, GenreCorpus):
        songs.grid.check(grid)
        return [
            (song.id, song.title, split, song.pitches)
            for split in splits
            for song in songs.songs(split)
        ]
    if isinstance(songs, str | Path | np.ndarray):
        songs = [songs]
    if not isinstance(songs, Mapping):
        songs = {
            str(song) if isinstance(song, str | Path) else f"song {at}": song
            for at, song in enumerate(songs, start=1)
        }
    return [(name, "", "", _pitches(song, grid)) for name, song in songs.items()]


def _batches(snippets: NDArray[np.uint8], size: int = 256) -> list[NDArray[np.uint8]]:
    return [snippets[first : first + size] for first in range(0, len(snippets), size)]
