"""Music out of a trained model: samples, interpolations, MIDI files.

Shapes: N melodies, T steps, P = 128 pitches, L latent dimensions.
"""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from musebar_core.marks import replace_file
from musebar_core.model import PITCHES, RVAE
from musebar_core.playing import PIANO, TEMPERATURE, TEMPO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

REST = PITCHES
_VELOCITY = 90

MIDI_MARK = "MuseBar"
"""What a file of music of ours has in it, and others have not."""


@torch.no_grad()
def generate(
    model: RVAE,
    z: Tensor,
    steps: int,
    rng: np.random.Generator,
    temperature: float = TEMPERATURE,
    *,
    top_p: float = 1.0,
    alike: bool = False,
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
        Raises probabilities to the power 1/temperature; below 1 bolder in its favourites, above 1
        wilder.
    top_p
        See :func:`nucleus`; 1 leaves no symbol out.
    alike
        Whether all melodies are drawn with the same random numbers, so that they differ by their
        codes alone.

    Returns
    -------
    numpy.ndarray
        Symbols 0-128, uint8 ``[N, T]``.

    Notes
    -----
    See :func:`symbol_distribution` for how a symbol is drawn.
    """
    model.eval()

    def draw(logits: Tensor) -> Tensor:
        probabilities = nucleus(symbol_distribution(logits, temperature), top_p)
        cumulative = probabilities.cumsum(dim=1).cpu().numpy()
        drawn = (rng.random((1 if alike else len(z), 1)) > cumulative).sum(axis=1)
        return torch.from_numpy(np.minimum(drawn, REST))

    return run_free(model, z, steps, draw).numpy()


def run_free(model: RVAE, z: Tensor, steps: int, choose: Callable[[Tensor], Tensor]) -> Tensor:
    """Let the decoder hear at each step what was chosen of its own logits at the one before.

    Parameters
    ----------
    model
        In eval mode.
    z
        Latent codes, ``[N, L]``.
    steps
        T.
    choose
        From logits ``[N, P]`` to symbols 0-128, int64 ``[N]``.

    Returns
    -------
    Tensor
        Symbols, uint8 ``[N, T]``.
    """
    state = model.initial_state(z)
    rolls = torch.eye(PITCHES + 1, device=z.device)[:, :PITCHES]
    previous, melody = z.new_zeros(len(z), PITCHES), []
    for _ in range(steps):
        logits, state = model.step(previous, z, state)
        melody.append(choose(logits))
        previous = rolls[melody[-1]]
    return torch.stack(melody, dim=1).to(torch.uint8)


def symbol_distribution(logits: Tensor, temperature: float) -> Tensor:
    """Turn the decoder's P probabilities into one distribution over P pitches and the rest.

    A melody has at most one pitch a step, so that the probability of a pitch, as BCE teaches it,
    is that of the symbol, and what the pitches leave of 1 is the rest's. Where they sum to more
    than 1 there is no rest, and they share 1 in proportion. Temperature T raises probabilities to
    the power 1/T. (Pitches taken as independent, given that at most one sounds, would rest
    far too often: ten pitches of 0.1 each, which leave no rest, have odds of 1.1 against it.)

    Returns
    -------
    Tensor
        Float64 ``[..., P + 1]``, rows sum to 1; the rest is last.
    """
    pitches = torch.nn.functional.logsigmoid(logits.double())
    rest = (1 - pitches.exp().sum(dim=-1, keepdim=True)).clamp_min(0).log()
    return torch.softmax(torch.cat([pitches, rest], dim=-1) / temperature, dim=-1)


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Keep the likeliest symbols that together reach ``top_p``, and none beyond (Holtzman 2020).

    Parameters
    ----------
    probabilities
        ``[N, S]``, rows sum to 1.
    top_p
        0 to 1; the likeliest symbol always stays.

    Returns
    -------
    Tensor
        ``[N, S]``; what stays shares 1 in proportion.
    """
    if top_p >= 1:
        return probabilities
    ordered, places = probabilities.sort(dim=1, descending=True, stable=True)
    before = ordered.cumsum(dim=1) - ordered
    before[:, 0] = -1.0
    kept = torch.where(before < top_p, ordered, 0.0)
    found = torch.zeros_like(probabilities).scatter(1, places, kept)
    return found / found.sum(dim=1, keepdim=True)


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
    melodies: np.ndarray,
    path: Path,
    steps_per_quarter: int,
    *,
    tempo: float = TEMPO,
    program: int = PIANO,
) -> None:
    """Write melodies as :func:`one_line`, their :func:`notes` on one instrument.

    Parameters
    ----------
    melodies
        Symbols 0-128, ``[N, T]``.
    path
        The MIDI file, overwritten; the name of its track begins with :data:`MIDI_MARK`.
    steps_per_quarter
        The grid.
    tempo
        Quarter notes a minute.
    program
        Of General MIDI, 0-127.
    """
    import pretty_midi

    seconds_per_step = 60 / tempo / steps_per_quarter
    played = pretty_midi.Instrument(program=program, name=f"{MIDI_MARK} melody")
    for pitch, first, end in notes(one_line(melodies, steps_per_quarter)):
        begin = first * seconds_per_step
        played.notes.append(pretty_midi.Note(_VELOCITY, pitch, begin, end * seconds_per_step))
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    midi.instruments.append(played)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    midi.write(written)
    replace_file(path, written.getvalue())
