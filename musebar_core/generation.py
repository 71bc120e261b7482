"""Music out of a trained model: samples, interpolations, MIDI files.

Shapes: N melodies, T steps, P = 128 pitches, L latent dimensions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from musebar_core.model import PITCHES, RVAE

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

REST = PITCHES
_VELOCITY = 90
_PIANO = 0


@torch.no_grad()
def generate(
    model: RVAE, z: Tensor, steps: int, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """Decode codes into melodies, step by step.

    Parameters
    ----------
    model
        A trained model.
    z
        Latent codes, ``[N, L]``.
    steps
        T.
    rng
        Draws the notes.
    temperature
        Divides the logits; below 1 is bolder in its favourites, above 1 wilder.

    Returns
    -------
    numpy.ndarray
        Symbols 0-128, uint8 ``[N, T]``.

    Notes
    -----
    The decoder gives each pitch its own probability. A melody has at most one pitch a step, so
    a symbol is drawn from that distribution given that at most one pitch sounds: the odds of
    each pitch against 1 for the rest.
    """
    model.eval()
    state = model.initial_state(z)
    previous = torch.zeros(len(z), PITCHES)
    melody = np.empty((len(z), steps), dtype=np.uint8)
    for t in range(steps):
        logits, state = model.step(previous, z, state)
        with_rest = torch.cat([logits / temperature, torch.zeros(len(z), 1)], dim=1)
        cumulative = torch.softmax(with_rest.double(), dim=1).cumsum(dim=1).numpy()
        drawn = (rng.random((len(z), 1)) > cumulative).sum(axis=1)
        melody[:, t] = np.minimum(drawn, REST)
        previous = torch.eye(PITCHES + 1)[torch.from_numpy(melody[:, t]).long()][:, :PITCHES]
    return melody


def interpolation(z_from: Tensor, z_to: Tensor, n: int) -> Tensor:
    """Return n codes from one to the other along the great circle, ``[n, L]``.

    Codes of many dimensions lie near a sphere; the straight line would leave it (White 2016).
    """
    cosine = torch.nn.functional.cosine_similarity(z_from, z_to, dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    u = torch.linspace(0, 1, n)[:, None]
    if float(angle) < 1e-4:
        return z_from + u * (z_to - z_from)
    return (torch.sin((1 - u) * angle) * z_from + torch.sin(u * angle) * z_to) / torch.sin(angle)


class Note(NamedTuple):
    """One note: MIDI pitch, first step, and the step after its last."""

    pitch: int
    first: int
    end: int


def one_line(melodies: np.ndarray, steps_per_quarter: int) -> np.ndarray:
    """Lay melodies ``[N, T]`` one after the other, a bar of rest (four quarters) after each."""
    gap = np.full(4 * steps_per_quarter, REST, dtype=np.uint8)
    return np.concatenate([part for melody in melodies for part in (melody, gap)])


def notes(line: np.ndarray) -> list[Note]:
    """Read the notes of a melody ``[T]``.

    Equal neighbouring steps become one note: a roll cannot tell a held note from a repeated one.
    """
    edges = [0, *(int(edge) + 1 for edge in np.flatnonzero(np.diff(line))), len(line)]
    return [
        Note(int(line[first]), first, end)
        for first, end in pairwise(edges)
        if end > first and line[first] != REST
    ]


def write_midi(
    melodies: np.ndarray, path: Path, steps_per_quarter: int, *, tempo: float = 120.0
) -> None:
    """Write melodies as :func:`one_line`, their :func:`notes` on a piano.

    Parameters
    ----------
    melodies
        Symbols 0-128, ``[N, T]``.
    path
        The MIDI file, overwritten.
    steps_per_quarter
        The grid.
    tempo
        Quarter notes a minute.
    """
    import pretty_midi

    seconds_per_step = 60 / tempo / steps_per_quarter
    piano = pretty_midi.Instrument(program=_PIANO, name="melody")
    for pitch, first, end in notes(one_line(melodies, steps_per_quarter)):
        begin = first * seconds_per_step
        piano.notes.append(pretty_midi.Note(_VELOCITY, pitch, begin, end * seconds_per_step))
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    midi.instruments.append(piano)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.write(str(path))
