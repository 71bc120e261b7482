"""Readings of music by programs that share no code with this product.

MIDI by mido, ABC by abc2midi (of Debian's abcmidi, or what symusic brings along), MusicXML and
Humdrum by music21. Bars come as written, pitches as they sound, a chord of a score is its highest
note. Each raises :class:`IndependentError` with one line where the program refuses the content.
"""

from __future__ import annotations

import functools
import io
import re
import shutil
import subprocess
import tempfile
import warnings
import zipfile
from collections import defaultdict, deque
from importlib import util
from pathlib import Path
from typing import Any, NamedTuple

import mido

MUSIC_LINE = re.compile(r"^(?![A-Za-z+]:(?![|:]))(?!%).*$", re.MULTILINE)
DRUMS = 9


class IndependentError(Exception):
    """The other program does not read this; the message says why."""


class Heard(NamedTuple):
    """A note: quarter notes, MIDI pitch; of one that is never let go the duration is 0."""

    onset: float
    duration: float
    pitch: int


def abc2midi() -> Path | None:
    """Give the place of abc2midi: symusic's, else the system's; None if there is neither."""
    found = util.find_spec("symusic")
    own = Path(found.origin).parent / "bin" / "abc2midi" if found and found.origin else None
    if own is not None and own.exists():
        return own
    system = shutil.which("abc2midi")
    return Path(system) if system else None


def by_mido(content: bytes) -> list[Heard]:
    """Read the notes of all parts of a MIDI file but drums, first struck first let go."""
    try:
        piece = mido.MidiFile(file=io.BytesIO(_unwrapped(content)))
    except Exception as error:  # noqa: BLE001 - mido raises whatever it meets
        raise IndependentError(f"{type(error).__name__}: {error}") from None
    if piece.ticks_per_beat <= 0:
        raise IndependentError("time base of frames a second")
    return [note for track in piece.tracks for note in _track(track, piece.ticks_per_beat)]


def _unwrapped(content: bytes) -> bytes:
    return content[max(content.find(b"MThd"), 0) :] if content[:4] == b"RIFF" else content


def _track(track: Any, per_quarter: int) -> list[Heard]:  # noqa: ANN401 - mido has no types
    heard: list[Heard] = []
    sounding: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
    tick = 0
    for event in track:
        tick += event.time
        if event.type not in {"note_on", "note_off"} or event.channel == DRUMS:
            continue
        queue = sounding[event.channel, event.note]
        if event.type == "note_on" and event.velocity:
            queue.append(len(heard))
            heard.append(Heard(tick / per_quarter, 0.0, event.note))
        elif queue:
            place = queue.popleft()
            onset = heard[place].onset
            heard[place] = Heard(onset, tick / per_quarter - onset, event.note)
    return heard


def by_abc2midi(text: str) -> tuple[list[tuple[float, int]], str]:
    """Read (onset in quarter notes, pitch) of a tune's first voice, and what abc2midi says.

    Chord symbols, grace notes and ornaments are taken out first, and ``R:hornpipe``, which it
    swings.
    """
    bare = MUSIC_LINE.sub(without_symbols, text)
    bare = MUSIC_LINE.sub(
        lambda line: re.sub(r'[T~.](?=[\^_=A-Ga-g({\["vu~TH.])', "", line[0]), bare
    )
    bare = re.sub(r"^R:.*\n", "", bare, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.abc").write_text(bare)
        command = [str(abc2midi()), "a.abc", "-o", "a.mid", "-NGRA", "-NGUI", "-NFER"]
        told = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        made = Path(folder, "a.mid")
        piece = mido.MidiFile(str(made)) if made.exists() else None
    tracks = [_track(track, piece.ticks_per_beat) for track in piece.tracks] if piece else []
    first = next((track for track in tracks if track), [])
    notes = [(note.onset, note.pitch) for note in first]
    return notes, told.stdout.decode("utf-8", "replace")


def without_symbols(line: re.Match[str]) -> str:
    """A line without chord symbols and decorations; a comment where nothing is left."""
    bare = re.sub(r'"[^"]*"|![^!\s|:\[\]]*!', "", line[0])
    return bare if bare.strip() or not line[0].strip() else "%"


class Score(NamedTuple):
    """A score as music21 reads it, and what it says of itself.

    Attributes
    ----------
    notes
        Of all parts.
    drifts
        Whether measures of one number begin at different times in different parts, or a measure
        is not as long as its time signature says.
    """

    notes: list[Heard]
    drifts: bool = False


def by_music21(content: bytes, is_humdrum: bool) -> Score:
    """Read a score's first piece at sounding pitch."""
    from music21 import converter, stream

    if content[:2] == b"PK":
        content = _unzipped(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = _decoded(content) if is_humdrum else _as_utf8(content)
            read: Any = converter.parseData(data, format="humdrum" if is_humdrum else "musicxml")
            score = (list(getattr(read, "scores", [])) or [read])[0]
            score.toSoundingPitch(inPlace=True)
    except Exception as error:  # noqa: BLE001 - so does music21
        raise IndependentError(f"{type(error).__name__}: {error}") from None
    parts = list(getattr(score, "parts", [])) or [score]
    measures = [list(part.getElementsByClass(stream.Measure)) for part in parts]
    return Score([note for part in parts for note in _of_part(part)], _drifts(measures))


def _drifts(parts: list[list[Any]]) -> bool:
    """Whether parts' measures lie elsewhere, or any but the first and last is no whole one."""
    starts = {tuple(round(float(measure.offset), 3) for measure in part) for part in parts}
    whole = all(
        abs(float(measure.duration.quarterLength) - float(measure.barDuration.quarterLength)) < 0.01
        for part in parts
        for measure in part[1:-1]
    )
    return len(starts) > 1 or not whole


def _unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [
            name
            for name in archive.namelist()
            if re.search(r"\.(?:musicxml|xml)$", name) and not name.startswith("META-INF")
        ]
        return archive.read(names[0])


def _decoded(content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _as_utf8(content: bytes) -> bytes:
    """Have XML in UTF-8, which alone music21 takes."""
    if content[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return content
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", content.decode("utf-16")).encode()


def _of_part(part: Any) -> list[Heard]:  # noqa: ANN401 - music21 has no types
    """Take a part's notes: chords at their highest note, what is tied as one."""
    from music21 import chord, harmony, note

    heard: list[Heard] = []
    open_ties: dict[int, int] = {}
    for element in part.flatten().notes:
        if isinstance(element, harmony.Harmony) or not isinstance(element, chord.Chord | note.Note):
            continue
        notes = element.notes if isinstance(element, chord.Chord) else [element]
        top = max(notes, key=lambda each: each.pitch.midi)
        onset, pitch = float(element.offset), int(top.pitch.midi)
        duration = float(element.quarterLength)
        tie = top.tie.type if top.tie else None
        before = open_ties.pop(pitch, None)
        if tie in {"continue", "stop"} and before is not None:
            heard[before] = Heard(
                heard[before].onset, onset + duration - heard[before].onset, pitch
            )
        elif duration > 0:
            before = len(heard)
            heard.append(Heard(onset, duration, pitch))
        if tie in {"start", "continue"} and before is not None:
            open_ties[pitch] = before
    return heard


@functools.cache
def missing() -> dict[str, str]:
    """Say for each format that cannot be compared here what to install."""
    absent = {} if abc2midi() else {"ABC": "abc2midi (apt install abcmidi)"}
    if util.find_spec("music21") is None:
        absent |= dict.fromkeys(("MusicXML", "Humdrum"), "music21 (pip install music21)")
    return absent
