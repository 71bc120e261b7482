"""A melody made to sound: sine waves, small enough to stand in a page."""

from __future__ import annotations

import base64
import io
import wave
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.music import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 8000
"""Samples a second: up to B7 (pitch 107) sounds as it is."""
TEMPO = 120.0
"""Quarter notes a minute: a grid knows no tempo."""

_FADE_SECONDS = 0.012
_LOUDNESS = 0.35


def wav(pitches: Sequence[int], steps_per_quarter: int) -> bytes:
    """Play symbols 0-128 (128 = rest) as a WAV file: mono, 8 bit, 8 kHz, 120 quarters a minute.

    Equal neighbouring steps are one note: a grid cannot tell a held note from a repeated one.
    """
    seconds = 60 / TEMPO / steps_per_quarter
    sound = np.zeros(round(len(pitches) * seconds * RATE))
    for first, last, pitch in runs(pitches):
        begin, end = round(first * seconds * RATE), round(last * seconds * RATE)
        sound[begin:end] = _note(pitch, end - begin)
    samples = np.round(128 + 127 * _LOUDNESS * sound).astype(np.uint8)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def data_uri(content: bytes) -> str:
    """Write a WAV file as an address that holds it."""
    return f"data:audio/wav;base64,{base64.b64encode(content).decode()}"


def _note(pitch: int, n: int) -> np.ndarray:
    """Make a sine with a softer octave above it that fades in, dies away and fades out."""
    time = np.arange(n) / RATE
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    tone = np.sin(2 * np.pi * frequency * time)
    if 2 * frequency < RATE / 2:
        tone += 0.3 * np.sin(4 * np.pi * frequency * time)
    edge = np.minimum(np.arange(n), np.arange(n)[::-1]) / (_FADE_SECONDS * RATE)
    faded: np.ndarray = tone * np.exp(-1.2 * time) * np.minimum(edge, 1)
    return faded
