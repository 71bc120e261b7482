"""Every reading against an independent one: ``python -m benchmarks reading FOLDER...``.

All MIDI files, ABC tunes, MusicXML and Humdrum scores below each FOLDER (``music21`` stands for the
corpus that music21 ships) are read by this product, bars as written, and by another program:
:mod:`benchmarks.independent`. They agree where onset, duration and pitch of every note are the same
to a hundredth of a quarter note; for ABC, onset and highest pitch of the first voice to 1/24.
Each disagreement is put under a cause that is looked for in the file itself, else it is
"unexplained" and listed; ``--list`` lists the others, too. ``--most N`` takes a sample: N pieces of
each format.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.independent import (
    MUSIC_LINE,
    Heard,
    IndependentError,
    Score,
    by_abc2midi,
    by_mido,
    by_music21,
    missing,
    without_symbols,
)
from musebar_core.corpus import abc, scores
from musebar_core.corpus.account import kind
from musebar_core.corpus.checked import read_midi
from musebar_core.corpus.musicxml import unzip
from musebar_core.corpus.notes import UnreadableError
from musebar_core.corpus.scores import form_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from musebar_core.corpus.notes import Track
    from musebar_core.corpus.scores import Form

FORMATS = {
    **dict.fromkeys((".mid", ".midi", ".kar", ".rmi"), "MIDI"),
    ".abc": "ABC",
    **dict.fromkeys((".mxl", ".xml", ".musicxml"), "MusicXML"),
    ".krn": "Humdrum",
}
RIVALS = {"MIDI": "mido", "ABC": "abc2midi", "MusicXML": "music21", "Humdrum": "music21"}

SAME, UNEXPLAINED = "same", "unexplained"
CLOSE = 0.01
"""Quarter notes by which two times may differ."""

CHORD_SPREAD = 0.09
"""Quarter notes by which abc2midi may spread a chord."""

ABC_CAUSES = {
    "it reports an error in the text": re.compile(r"Error in line|Ignoring reserved"),
    "the repeat begins at a double bar": re.compile(r"\|\||\|\]|\[\|"),
    "the last ending is closed by a repeat sign": re.compile(r"2[^|]*(?:\|[^|:]*)*:\|"),
    "a tuplet of 5, 7 or 9": re.compile(r"\([579]"),
    "an ornament, a grace note's accidental or a chord of old": re.compile(r"[TH~]|\{[\^_=]|\+"),
    "a blank line in the tune": re.compile(r"\S[ \t]*\n[ \t]*\n\s*\S"),
    "a tie to another note": re.compile(r"-"),
    "a chord that a line end breaks": re.compile(r"\[[^\]|]*\n"),
}
"""Where abc2midi errs: what it says, and signs in the text; the second and third when played."""


@dataclass(frozen=True)
class Piece:
    """A file, or a tune of one (``text``)."""

    form: str
    name: str
    path: Path
    text: str = ""


@dataclass(frozen=True)
class Verdict:
    """``same``, or the cause of a disagreement, with what differs first."""

    piece: Piece
    cause: str
    detail: str = ""


def pieces_below(folder: Path) -> Iterator[Piece]:
    """All pieces below a folder, a tune book as its tunes."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        form = FORMATS.get(path.suffix.lower(), "")
        name = path.relative_to(folder).as_posix()
        if form == "ABC":
            tunes = abc.split_tunes(abc.decode(path.read_bytes()))
            for number, text in tunes:
                yield Piece(form, f"{name}:{number}" if len(tunes) > 1 else name, path, text)
        elif form and (form != "MusicXML" or form_of(path.read_bytes(), path.suffix.lower())):
            yield Piece(form, name, path)


def compare(piece: Piece) -> Verdict:
    """Read a piece twice."""
    if piece.form == "ABC":
        cause = abc_verdict(piece.text, play_repeats=False)
        return Verdict(piece, cause)
    content = piece.path.read_bytes()
    own: list[Heard] | str
    other: Score | str
    damage, lacks_ends = "", False
    try:
        if piece.form == "MIDI":
            read = read_midi(content)
            own, damage = heard(read.parts), read.damage
            lacks_ends = read.reader == "lenient" and not damage  # of its notes
        else:
            form: Form = form_of(content, piece.path.suffix.lower()) or "musicxml"
            own = heard(scores.read(content, form).parts(play_repeats=False))
    except UnreadableError as error:
        own = str(error)
    try:
        if piece.form == "MIDI":
            other = Score([note for note in by_mido(content) if note.duration > 0])
        else:
            other = by_music21(content, piece.form == "Humdrum")
    except IndependentError as error:
        other = str(error)
    return Verdict(piece, *_cause(own, other, damage, content, lacks_ends=lacks_ends))


def heard(tracks: Iterable[Track]) -> list[Heard]:
    """Give the notes of all tracks but drums."""
    return [
        Heard(float(onset), float(duration), int(pitch))
        for track in tracks
        if not track.is_drum
        for onset, duration, pitch in zip(
            track.notes.onsets, track.notes.durations, track.notes.pitches, strict=True
        )
    ]


def _cause(
    own: list[Heard] | str, other: Score | str, damage: str, content: bytes, *, lacks_ends: bool
) -> tuple[str, str]:
    if isinstance(own, str):
        both = "neither reads it" if isinstance(other, str) else "rejected here"
        return f"{both}: {kind(own)}", own
    if isinstance(other, str):
        return "damaged, and the other refuses it" if damage else "the other refuses it", other
    if same(own, other.notes):
        return SAME, ""
    ours, theirs = _only(own, other.notes), _only(other.notes, own)
    detail = f"{len(own)} notes here, {len(other.notes)} there; {ours[:2]} here, {theirs[:2]} there"
    if damage:
        return "damaged", f"{damage}; {detail}"
    if lacks_ends:
        return "a note whose end is missing: here it ends where its key is struck next", detail
    return _difference(own, other, content), detail


def _difference(own: list[Heard], other: Score, content: bytes) -> str:
    """Look for what two readings of one score differ in."""
    if len(other.notes) > len(own) and b"<cue" in _plain(content):
        return "cue notes, which sound there"
    if _differ_by_ties(own, other.notes):
        return "ties: the same pitches begin and end, cut at other places"
    if _by_class(own) == _by_class(other.notes) and _moves_octaves(content):
        return "octaves: a clef and a transposition that both move them"
    if b"**kern" in content and len(other.notes) < len(own):
        return "a list of sections without repeats, or spines that split again: less is read there"
    if other.drifts:
        return "time: measures that are no whole ones, or lie elsewhere in other parts"
    return UNEXPLAINED


def _differ_by_ties(own: list[Heard], other: list[Heard]) -> bool:
    """Whether each note of one begins where one of the other does, and ends where one does."""
    ours, theirs = _only(own, other), _only(other, own)
    few, many = sorted((ours, theirs), key=len)
    begins = {(onset, pitch) for onset, _, pitch in many}
    ends = {(round(onset + duration, 1), pitch) for onset, duration, pitch in many}
    return bool(few) and all(
        (onset, pitch) in begins and (round(onset + duration, 1), pitch) in ends
        for onset, duration, pitch in few
    )


def _by_class(notes: Iterable[Heard]) -> list[tuple[float, int]]:
    return sorted((round(note.onset, 1), note.pitch % 12) for note in notes)


def _moves_octaves(content: bytes) -> bool:
    return b"clef-octave-change" in _plain(content)


def _plain(content: bytes) -> bytes:
    """The text of a score, of which the letters of UTF-16 are one byte each."""
    return (unzip(content) if content[:2] == b"PK" else content).replace(b"\0", b"")


def same(one: Sequence[Heard], other: Sequence[Heard]) -> bool:
    """Whether two readings have the same notes."""
    if len(one) != len(other):
        return False
    first, second = (
        np.array(sorted((n.pitch, n.onset, n.duration) for n in notes)).reshape(-1, 3)
        for notes in (one, other)
    )
    return bool((first[:, 0] == second[:, 0]).all()) and bool(
        np.allclose(first, second, rtol=0, atol=CLOSE)
    )


def _only(one: Iterable[Heard], other: Iterable[Heard]) -> list[tuple[float, float, int]]:
    first, second = (
        Counter((round(n.onset, 2), round(n.duration, 2), n.pitch) for n in notes)
        for notes in (one, other)
    )
    return sorted((first - second).elements())


def tops(notes: list[tuple[float, int]]) -> list[tuple[int, int]]:
    """Onsets in 1/24 quarter notes from the first, and the highest pitch of each."""
    found: list[tuple[float, int]] = []
    last = -1.0
    for onset, pitch in sorted(notes):
        if found and onset - last < CHORD_SPREAD:
            found[-1] = (found[-1][0], max(found[-1][1], pitch))
        else:
            found.append((onset, pitch))
            last = onset
    return [(round((onset - found[0][0]) * 24), pitch) for onset, pitch in found]


def without_repeats(text: str) -> str:
    """Make bar lines of repeat signs and endings of ABC, and take the order of parts out."""
    text = re.sub(r"^P:.*\n(?=(?:.*\n)*?K:)", "", text, flags=re.MULTILINE)
    bars = re.compile(
        r"\[ ?\d[\d,-]*|:*\[?\|[|:\]]*(?:\[\|)?[|:\]]*(?:\d[\d,-]*)?|::+|^\s*(?:\d[\d,-]*(?=\s)|:)"
    )
    return MUSIC_LINE.sub(lambda line: bars.sub(" | ", without_symbols(line)), text)


def abc_verdict(text: str, *, play_repeats: bool) -> str:
    """Compare a tune with abc2midi's reading: ``same``, a cause, or ``unexplained``."""
    theirs, told = by_abc2midi(text if play_repeats else without_repeats(text))
    parts = abc.read_abc(text.encode()).parts(play_repeats)
    first = next((heard([part]) for part in parts if len(part.notes)), [])
    if tops(theirs) == tops([(note.onset, note.pitch) for note in first]):
        return SAME
    music = "\n".join(MUSIC_LINE.findall(text))
    causes = list(ABC_CAUSES.items())
    if causes[0][1].search(told):
        return causes[0][0]
    within = causes[1:3] if play_repeats else []
    return next((name for name, sign in [*within, *causes[3:]] if sign.search(music)), UNEXPLAINED)


def main() -> None:
    """Compare all pieces below the folders, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading")
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder, or music21")
    parser.add_argument("--list", action="store_true", help="list every disagreement")
    parser.add_argument("--most", type=int, help="so many of each format, evenly spaced")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    pieces = [piece for name in options.folders for piece in pieces_below(_folder(name))]
    if not pieces:
        parser.exit(1, f"no music in {', '.join(options.folders)}\n")
    for form, what in missing().items():
        print(f"{form} is not compared: it takes {what}")
    pieces = [piece for piece in pieces if piece.form not in missing()]
    if options.most:
        pieces = _spaced(pieces, options.most)
    with ProcessPoolExecutor(options.workers) as pool:
        verdicts = list(pool.map(compare, pieces, chunksize=8))
    _print(verdicts, options.list)


def _spaced(pieces: Sequence[Piece], most: int) -> list[Piece]:
    of_form: defaultdict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        of_form[piece.form].append(piece)
    steps = {form: -(-len(found) // most) for form, found in of_form.items()}
    return [piece for form, found in of_form.items() for piece in found[:: steps[form]]]


def _folder(name: str) -> Path:
    if name != "music21":
        return Path(name)
    import music21

    return Path(music21.__file__).parent / "corpus"


def _print(verdicts: Sequence[Verdict], every: bool) -> None:
    causes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        causes[verdict.piece.form][verdict.cause] += 1
    print("| format | against | compared | agree | |\n| --- | --- | --- | --- | --- |")
    for form, of_form in causes.items():
        n, n_same = of_form.total(), of_form[SAME]
        print(f"| {form} | {RIVALS[form]} | {n:,} | {n_same:,} | {n_same / n:.1%} |")
    print("\n| format | cause | pieces |\n| --- | --- | --- |")
    for form, of_form in causes.items():
        for cause, count in of_form.most_common():
            if cause != SAME:
                print(f"| {form} | {cause} | {count:,} |")
    listed = [v for v in verdicts if v.cause != SAME and (every or v.cause == UNEXPLAINED)]
    for verdict in listed:
        print(f"{verdict.piece.name}: {verdict.cause}: {verdict.detail}")


if __name__ == "__main__":
    main()
