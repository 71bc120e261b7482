"""A Humdrum file, line by line -> tracks.

Time is what the notes make it: a line of notes ends where the first note ends that sounds in any
``**kern`` column, and there the next begins. Barlines move no time, so that notes may cross them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from musebar_core.corpus.decoding import decode
from musebar_core.corpus.humdrum.columns import KERN, PATHS, Column, follow
from musebar_core.corpus.humdrum.form import JUMPS, Form
from musebar_core.corpus.humdrum.token import read_token
from musebar_core.corpus.notes import Score, Track, UnreadableError
from musebar_core.corpus.performance import Written, perform

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_BYTES = 64 * 2**20
"""A file of more bytes is refused."""

MOST_CELLS = 4_000_000
"""Bars times spines; a file with more is refused."""

_AT_ONCE = 1e-6
"""Quarter notes by which times may differ by rounding."""

_TRANSPOSED = re.compile(r"\*Trd[+-]?\d+c([+-]?\d{1,3})")
_CUE_SIGN = re.compile(r"!!!RDF\*\*kern:\s*(\S)\s*=\s*cue", re.IGNORECASE)
_TITLE = re.compile(r"!!!OTL(@{0,2}[\w-]*):\s*(.*)")
_CODES = {
    "soprn": "Soprano",
    "cant": "Cantus",
    "alto": "Alto",
    "calto": "Alto",
    "tenor": "Tenor",
    "barit": "Baritone",
    "bass": "Bass",
    "piano": "Piano",
    "vioin": "Violin",
    "violn": "Violin",
    "viola": "Viola",
    "cello": "Cello",
    "flt": "Flute",
    "clars": "Clarinet",
    "trmpt": "Trumpet",
}


def read_humdrum(content: bytes) -> Score:
    """Read a score: title, parts (a ``**kern`` spine a part) and number of pieces.

    Pitches of ``**kern`` sound as they are written down: ``*ITr`` says how an instrument's part
    would be written. ``*Tr`` says that they were moved, and is taken back. Grace notes and cue
    notes are left out, chords are taken at their highest note, ties are merged.

    Parameters
    ----------
    content
        The file; of several pieces in it, the first is read. Without repeats its sections come as
        its list without repeats says, if there is one.

    Raises
    ------
    UnreadableError
        If it is no Humdrum, has no ``**kern`` spine, or its columns do not fit together.
    """
    if len(content) > LARGEST_BYTES:
        raise UnreadableError("it is larger than 64 MiB")
    lines = re.split(r"\r\n|\r|\n", decode(content))
    reader = _Reader(lines)
    reader.read()
    if reader.cue_signs:  # they hold for the whole piece, and may stand at its end
        reader = _Reader(lines, reader.cue_signs)
        reader.read()
    spines = [spine for spine in reversed(reader.spines.values()) if spine.is_kern]
    form = reader.form
    if not spines:
        raise UnreadableError("no **kern spine in it")
    if len(spines) * len(form.starts) > MOST_CELLS:
        raise UnreadableError(f"{len(form.starts)} bars of {len(spines)} spines")
    ends = [*form.starts[1:], reader.end]
    lengths = [end - start for start, end in zip(form.starts, ends, strict=True)]
    bars = [[spine.bars.get(bar, []) for bar in range(len(lengths))] for spine in spines]

    def play(repeats: bool) -> list[Track]:
        played = perform(bars, lengths, form.order(repeats))
        return [Track(spine.name, notes) for spine, notes in zip(spines, played, strict=True)]

    return Score(reader.title, play, reader.n_pieces)


@dataclass
class _Spine:
    """A spine's name and its notes, bar by bar."""

    is_kern: bool
    name: str = ""
    bars: dict[int, list[Written]] = field(default_factory=dict)


class _Reader:
    """Reads the lines of the first piece, and counts the pieces."""

    def __init__(self, lines: Sequence[str], cue_signs: str = "") -> None:
        self.lines = lines
        self.columns: list[Column] = []
        self.spines: dict[int, _Spine] = {}
        self.form = Form()
        self.title = ""
        self.n_pieces = 0
        self.now = 0.0
        self.end = 0.0
        self.is_bar_empty = True
        self.cue_signs = cue_signs

    def read(self) -> None:
        """Read the first piece."""
        for number, line in enumerate(self.lines):
            if line.startswith("!!"):
                self._comment(line)
            elif line.startswith("**") and not self.columns:
                self.n_pieces += 1
                if self.n_pieces == 1:
                    self._begin(line.split("\t"))
            elif line.strip() and not line.startswith("!") and self.columns:
                self._line(number, line)

    def _begin(self, kinds: Sequence[str]) -> None:
        self.columns = [Column(spine, kind.strip()) for spine, kind in enumerate(kinds)]
        self.spines = {column.spine: _Spine(column.is_kern) for column in self.columns}

    def _line(self, number: int, line: str) -> None:
        cells = line.split("\t")
        if len(cells) == len(self.columns) + 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(self.columns):
            raise UnreadableError(
                f"line {number + 1} has {len(cells)} columns where {len(self.columns)} go on"
            )
        if line.startswith("*"):
            self._interpretations(number, [cell.strip() for cell in cells])
        elif line.startswith("="):
            marked = next((cell for cell in cells if ":" in cell), "")
            self.form.read_barline(marked, self.now, self.is_bar_empty)
            self._after_bar()
        else:
            self._notes(cells)

    def _notes(self, cells: Sequence[str]) -> None:
        """Read a line of notes, and move the time to where the first of those sounding ends."""
        is_timed = False
        for column, cell in zip(self.columns, cells, strict=True):
            if not column.is_kern or cell.strip() in {"", "."}:
                continue
            note = read_token(cell, self.cue_signs)
            if note.duration <= 0:
                continue
            is_timed = True
            column.end = self.now + note.duration
            if note.pitch is not None and not column.is_silent:
                self._add(column, note.pitch, note.duration, note.is_tied, note.ties)
        if is_timed:
            self.is_bar_empty = False
            ends = [column.end for column in self.columns if column.is_kern]
            self.end = max(self.end, *ends)
            later = (end for end in ends if end > self.now + _AT_ONCE)
            self.now = min(later, default=self.now)

    def _add(self, column: Column, pitch: int, duration: float, is_tied: bool, ties: bool) -> None:
        position = self.now - self.form.starts[-1]
        written = Written(position, duration, pitch - column.semitones, is_tied, ties)
        self.spines[column.spine].bars.setdefault(self.form.bar, []).append(written)

    def _interpretations(self, number: int, cells: Sequence[str]) -> None:
        if not PATHS.isdisjoint(cells):
            new_spine = len(self.spines)
            self.columns = follow(self.columns, cells, self._width_after(number), new_spine)
            for column in self.columns:
                self.spines.setdefault(column.spine, _Spine(is_kern=False))
            return
        for column, cell in zip(self.columns, cells, strict=True):
            if cell.startswith("**"):
                column.kind = cell
                self.spines[column.spine].is_kern |= cell == KERN
            elif len(cell) > 1:
                self._tandem(column, cell)

    def _tandem(self, column: Column, cell: str) -> None:
        """Read what an interpretation says of a column, or of the piece."""
        moved = _TRANSPOSED.fullmatch(cell)
        if moved is not None:
            column.semitones = int(moved.group(1))
        elif cell.startswith("*>") and len(cell) > 2:
            self.form.read_section(cell, self.now, self.is_bar_empty)
            self._after_bar()
        elif cell in JUMPS:
            self.form.read_jump(cell, self.now)
            self._after_bar()
        elif cell in {"*cue", "*Xcue"}:
            column.is_cue = cell == "*cue"
        elif cell.startswith("*clef"):
            column.is_unpitched = cell.startswith("*clefX")
        elif cell.startswith("*I"):
            self._name(self.spines[column.spine], cell[2:])

    def _name(self, spine: _Spine, code: str) -> None:
        """Take an instrument's name, else its code; not its class, abbreviation or key."""
        if code.startswith('"'):
            spine.name = code[1:].strip()
        elif not spine.name and code in _CODES:
            spine.name = _CODES[code]
        elif not spine.name and code.startswith(":["):
            spine.name = code[2:].rstrip("]").strip().capitalize()

    def _after_bar(self) -> None:
        """Note whether the open bar has just begun."""
        self.is_bar_empty = self.now <= self.form.starts[-1]

    def _comment(self, line: str) -> None:
        if self.n_pieces > 1:
            return
        title, cue = _TITLE.match(line), _CUE_SIGN.match(line)
        if title is not None and not self.title:
            self.title = " ".join(title.group(2).split())
        elif cue is not None:
            self.cue_signs += cue.group(1)

    def _width_after(self, number: int) -> int:
        """Cells of the next line that has them; -1 if there is none."""
        for line in self.lines[number + 1 :]:
            if line.strip() and not line.startswith("!!"):
                return line.rstrip("\t").count("\t") + 1
        return -1
