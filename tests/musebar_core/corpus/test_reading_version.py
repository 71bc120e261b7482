"""What the version of the reading rules stands for: the melodies of pieces kept beside the tests.

Where this fails because music is meant to be read otherwise, raise READING_VERSION and pin the
digest that it prints.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from musebar_core.corpus.files import read_melody
from musebar_core.corpus.grid import to_grid
from musebar_core.corpus.version import READING_VERSION

CASES = Path(__file__).parent / "cases"
PINNED = (14, "1dcf83006738856a")


def test_music_that_is_read_otherwise_has_another_version():
    digest = hashlib.sha256()
    for path in sorted(CASES.iterdir()):
        melody = read_melody(path.read_bytes(), path.suffix)
        digest.update(path.name.encode() + to_grid(melody.notes, 4).tobytes())
    assert (READING_VERSION, digest.hexdigest()[:16]) == PINNED
