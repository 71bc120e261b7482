"""ABC written in the tests: music under a header of one key, meter and unit note length."""

from __future__ import annotations

import pytest

from musebar_core.corpus import abc

HEADER = "X:1\nT:test\nM:4/4\nL:1/4\nK:C\n"


def _rows(text: str, *, play_repeats: bool = True, part: int = 0) -> list[tuple[float, float, int]]:
    """(onset, duration, pitch) of a part, quarter notes; music alone gets a header."""
    whole = text if text.startswith(("X:", "%")) else HEADER + text
    parts = abc.read_abc(whole.encode()).parts(play_repeats)
    notes = parts[part].notes
    columns = notes.onsets.tolist(), notes.durations.tolist(), notes.pitches.tolist()
    return list(zip(*columns, strict=True))


@pytest.fixture(scope="session")
def rows():
    return _rows


@pytest.fixture(scope="session")
def pitches():
    return lambda text, **options: [pitch for _, _, pitch in _rows(text, **options)]


@pytest.fixture(scope="session")
def durations():
    return lambda text, **options: [duration for _, duration, _ in _rows(text, **options)]
