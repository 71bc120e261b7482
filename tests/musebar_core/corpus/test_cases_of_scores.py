"""Small scores, each of a kind that is easily misread, with the melody that they hold.

Read as a build reads them: the file, its melody, the steps of a quarter note.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.corpus.reading import read_item
from musebar_core.corpus.sources import Item

CASES = Path(__file__).parent / "cases"
REPEATED = "72 74 76 77 79 81 83 84 72 74 76 77 79 81 83 84 81 77 76 74 72 74 76 77"
MELODIES = {
    "kern_split_joined_split_again.krn": "62 62 65 65 71 71 71 71 72 74 76 77",
    "musicxml_clarinet_in_B_flat.musicxml": "70 72 74 75 77 79 81 82 79 75 74 72",
    "musicxml_repeat.musicxml": REPEATED,
    "musicxml_utf16.musicxml": "72 74 76 77 79 81 83 84",
}


@pytest.mark.parametrize("name", MELODIES)
def test_a_case_gives_its_melody(name):
    reading = read_item(Item(name, "a", "", str(CASES / name)), 1)
    assert reading.reason == ""
    expected = [int(pitch) for pitch in MELODIES[name].split()]
    assert reading.pitches[: len(expected)].tolist() == expected
