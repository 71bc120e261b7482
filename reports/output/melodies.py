"""Melodies as files, in the form that a file's ending names: MIDI, sound, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from musebar_core.errors import UsageError
from musebar_core.generation import MIDI_MARK, notes, one_line, write_midi
from musebar_core.marks import replace_file
from musebar_core.playing import PIANO, TEMPO
from reports.figures.picture import MOST_ROLLS, piano_rolls
from reports.music.audio import wav

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from musebar_core.config import Grid

LONGEST_SOUND = 3600.0
"""Seconds of a sound file, at most."""

_START = 4096
"""Bytes at either end of a file that its mark is looked for in."""


class Form(StrEnum):
    """What a file of melodies is."""

    MIDI = "MIDI file"
    SOUND = "sound file"
    PICTURE = "picture"


FORMS = {
    ".mid": Form.MIDI,
    ".midi": Form.MIDI,
    ".wav": Form.SOUND,
    ".png": Form.PICTURE,
    ".svg": Form.PICTURE,
}
"""Forms by ending."""

_MAGIC = {".mid": b"MThd", ".midi": b"MThd", ".wav": b"RIFF", ".png": b"\x89PNG", ".svg": b"<?xml"}


@dataclass(frozen=True)
class Playing:
    """How melodies are played and drawn.

    Attributes
    ----------
    grid
        What a step is.
    tempo
        Quarter notes a minute.
    program
        Of General MIDI, 0-127; sound files have a tone of their own.
    """

    grid: Grid
    tempo: float = TEMPO
    program: int = PIANO

    def seconds(self, steps: int) -> float:
        """How long so many steps sound."""
        return steps * 60 / self.tempo / self.grid.steps_per_quarter


def form_of(path: Path) -> Form:
    """The form that a file's ending names.

    Raises
    ------
    UsageError
        If it names none.
    """
    found = FORMS.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"--out {path}: is no MIDI file (.mid, .midi), sound (.wav) or picture (.png, .svg) by "
            "its ending: name one that is"
        )
    return found


def check(path: Path, n: int, steps: int, playing: Playing) -> None:
    """Refuse, before any work, what no file of a form can hold: ``n`` melodies of ``steps``.

    Raises
    ------
    UsageError
        If the form is not known, or they are too many or too long for it.
    """
    form = form_of(path)
    seconds = playing.seconds(n * (steps + 4 * playing.grid.steps_per_quarter))
    if form is Form.SOUND and seconds > LONGEST_SOUND:
        raise UsageError(
            f"--out {path}: would sound for {seconds / 3600:.1f} hours, and one is the most: ask "
            "for less, or for a MIDI file"
        )
    if form is Form.PICTURE and n > MOST_ROLLS:
        raise UsageError(
            f"--out {path}: {n} melodies, and a picture shows {MOST_ROLLS} at most: ask for fewer"
        )


def write(melodies: NDArray[np.uint8], path: Path, playing: Playing, titles: Sequence[str]) -> None:
    """Write melodies uint8 ``[N, T]`` into one file, in the form that its ending names.

    One after the other with a bar of rest between them, or under each other in a picture, where
    each has its title.
    """
    grid, form = playing.grid, form_of(path)
    if form is Form.MIDI:
        write_midi(
            melodies, path, grid.steps_per_quarter, tempo=playing.tempo, program=playing.program
        )
        return
    if form is Form.SOUND:
        alone = len(melodies) == 1
        line = melodies[0] if alone else one_line(melodies, grid.steps_per_quarter)
        content = wav(notes(line), len(line), playing.seconds(1))
    else:
        kind = path.suffix.lower().removeprefix(".")
        content = piano_rolls(melodies, titles, grid.steps_per_bar, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def is_ours(path: Path) -> bool:
    """Whether a file of melodies was written by this product."""
    with path.open("rb") as file:
        start = file.read(_START)
        file.seek(max(0, path.stat().st_size - _START))
        end = file.read()
    magic = _MAGIC.get(path.suffix.lower(), b"MThd")
    return start.startswith(magic) and MIDI_MARK.encode() in start + end
