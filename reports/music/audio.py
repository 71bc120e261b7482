"""Sound of a melody as a small WAV file, without a synthesiser: a few decaying harmonics."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.generation import MIDI_MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.generation import Note

RATE = 11_025
"""Samples a second; mono, 16 bit."""

_HARMONICS = (1.0, 0.45, 0.2, 0.1)
_ATTACK, _RELEASE, _DECAY = 0.012, 0.05, 2.2
_LOUDNESS = 0.5


def wav(notes: Sequence[Note], steps: int, seconds_per_step: float) -> bytes:
    """Play notes as a WAV file of ``steps`` steps; the same notes give the same bytes."""
    line = np.zeros(int(np.ceil((steps * seconds_per_step + _RELEASE) * RATE)))
    for pitch, first, end in notes:
        sound = _note(pitch, (end - first) * seconds_per_step)
        at = round(first * seconds_per_step * RATE)
        room = line[at : at + len(sound)]
        room += sound[: len(room)]
    peak = float(np.abs(line).max(initial=0.0))
    samples = line * (_LOUDNESS / peak if peak else 0.0)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return _marked(file.getvalue())


def _marked(sound: bytes) -> bytes:
    """Add what made it, as RIFF has it: ``ISFT`` of a list ``INFO``, after the sound."""
    name = MIDI_MARK.encode() + b"\0"
    info = b"INFOISFT" + len(name).to_bytes(4, "little") + name + b"\0" * (len(name) % 2)
    whole = sound[8:] + b"LIST" + len(info).to_bytes(4, "little") + info
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def _note(pitch: int, seconds: float) -> np.ndarray:
    """Sound one note, its overtones under half the sample rate, with a soft start and end."""
    t = np.arange(round((seconds + _RELEASE) * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    tone = np.zeros_like(t)
    for k, strength in enumerate(_HARMONICS, start=1):
        if k * frequency < RATE / 2:
            tone += strength * np.sin(2 * np.pi * k * frequency * t)
    envelope = np.exp(-_DECAY * t) * np.minimum(t / _ATTACK, 1.0)
    shaped: np.ndarray = tone * envelope * np.clip((seconds + _RELEASE - t) / _RELEASE, 0.0, 1.0)
    return shaped
