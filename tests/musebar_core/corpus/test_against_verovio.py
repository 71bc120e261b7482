"""Scores of music21's collections against an independent reading, where verovio is installed.

``pip install verovio``; then ``pytest -m slow tests/musebar_core/corpus/test_against_verovio.py``.
"""

from __future__ import annotations

import base64
import io
import random
import re
from pathlib import Path

import mido
import music21
import pytest

from musebar_core.corpus.decoding import decode, decode_xml
from musebar_core.corpus.musicxml import unzip
from musebar_core.corpus.scores import form_of, read

verovio = pytest.importorskip("verovio")

CORPUS = Path(music21.__file__).parent / "corpus"


def notes_of_verovio(path: Path) -> set[tuple[float, int]]:
    """Onsets (quarter notes, to hundredths) and pitches of its MIDI, repeats not played."""
    content = path.read_bytes()
    content = unzip(content) if content[:2] == b"PK" else content
    text = decode(content) if path.suffix == ".krn" else decode_xml(content)
    toolkit = verovio.toolkit()
    form = "humdrum" if path.suffix == ".krn" else "xml"
    toolkit.setOptions({"inputFrom": form, "expandNever": True})
    assert toolkit.loadData(re.sub(r"^\s*<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", text))
    midi = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
    found = set()
    for track in midi.tracks:
        now = 0
        for event in track:
            now += event.time
            if event.type == "note_on" and event.velocity:
                found.add((round(now / midi.ticks_per_beat, 2), event.note))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("pattern", "n"), [("bach/*.mxl", 100), ("palestrina/*.krn", 300)])
def test_written_notes_are_those_of_verovio(pattern, n):
    """It lets notes of one pitch in two voices sound once, and grace notes take others' time."""
    paths = random.Random(1).sample(sorted(CORPUS.glob(pattern)), n)
    missing = counted = 0
    for path in paths:
        content = path.read_bytes()
        parts = read(content, form_of(content, path.suffix)).parts(play_repeats=False)
        ours = {
            (round(float(onset), 2), int(pitch))
            for part in parts
            for onset, pitch in zip(part.notes.onsets, part.notes.pitches, strict=True)
        }
        missing += len(ours - notes_of_verovio(path))
        counted += len(ours)
    assert counted > 100 * n
    assert missing < 0.005 * counted
