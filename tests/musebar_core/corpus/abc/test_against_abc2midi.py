"""All ABC that music21 ships, against abc2midi: an independent program, which symusic brings along.

Two comparisons a tune. *As written*: every repeat sign is made a plain bar line before abc2midi
reads it, and bars come once here. *As played*: the tune as it is. A tune agrees if onsets (to 1/24
quarter note) and highest pitches of its first voice are the same from the first note to the last.
Grace notes, chord symbols and what abc2midi plays of ornaments are left out; `R:hornpipe` too,
which it swings.

Where they disagree, a reason is looked for that stands in the text or that abc2midi itself tells;
`docs/decisions/0009-abc-is-read-here.md` explains the reasons.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import symusic

from musebar_core.corpus import abc
from musebar_core.corpus.sources import list_embedded

ABC2MIDI = Path(symusic.__file__).parent / "bin" / "abc2midi"
CHORD_SPREAD = 0.09
"""Quarter notes by which abc2midi may spread a chord."""

MUSIC_LINE = re.compile(r"^(?![A-Za-z+]:(?![|:]))(?!%).*$", re.MULTILINE)
REASONS = {
    "it reports an error in the text": re.compile(r"Error in line|Ignoring reserved"),
    "the repeat begins at a double bar": re.compile(r"\|\||\|\]|\[\|"),
    "the last ending is closed by a repeat sign": re.compile(r"2[^|]*(?:\|[^|:]*)*:\|"),
    "a tuplet of 5, 7 or 9": re.compile(r"\([579]"),
    "an ornament, a grace note's accidental or a chord of old": re.compile(r"[TH~]|\{[\^_=]|\+"),
    "a tie to another note": re.compile(r"-"),
}


def tunes(genre: str) -> list[tuple[str, str]]:
    """(name, text) of a collection's tunes."""
    items = list_embedded([genre]).items
    return [(item.source, item.text or abc.decode(Path(item.path).read_bytes())) for item in items]


def by_abc2midi(text: str) -> tuple[list[tuple[float, int]], str]:
    """(onset in quarter notes, pitch) of the first voice, and what abc2midi says."""
    bare = MUSIC_LINE.sub(lambda line: re.sub(r'"[^"]*"|![^!\s|:\[\]]*!', "", line[0]), text)
    bare = MUSIC_LINE.sub(
        lambda line: re.sub(r'[T~.](?=[\^_=A-Ga-g({\["vu~TH.])', "", line[0]), bare
    )
    bare = re.sub(r"^R:.*\n", "", bare, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.abc").write_text(bare)
        options = ["-o", "a.mid", "-NGRA", "-NGUI", "-NFER"]
        told = subprocess.run(
            [ABC2MIDI, "a.abc", *options], cwd=folder, capture_output=True, check=False
        )
        made = Path(folder, "a.mid")
        score = symusic.Score(str(made)) if made.exists() else None
    sounding = [track for track in score.tracks if len(track.notes)] if score else []
    quarter = score.ticks_per_quarter if score else 1
    notes = [(note.time / quarter, note.pitch) for note in (sounding[0].notes if sounding else ())]
    return notes, told.stdout.decode("utf-8", "replace")


def here(text: str, *, play_repeats: bool) -> list[tuple[float, int]]:
    _, parts, _ = abc.read_parts(text.encode(), play_repeats=play_repeats)
    notes = next((part.notes for part in parts if len(part.notes)), None)
    if notes is None:
        return []
    return list(zip(notes.onsets.tolist(), notes.pitches.tolist(), strict=True))


def without_repeats(text: str) -> str:
    """Make bar lines of repeat signs and endings."""
    bars = re.compile(
        r"\[ ?\d[\d,-]*|:*\[?\|[|:\]]*(?:\[\|)?[|:\]]*(?:\d[\d,-]*)?|::+|^\s*(?:\d[\d,-]*(?=\s)|:)"
    )
    return MUSIC_LINE.sub(lambda line: bars.sub(" | ", re.sub(r'"[^"]*"', "", line[0])), text)


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


def verdict(text: str, *, play_repeats: bool) -> str:
    """``same``, a reason why not, or ``unexplained``."""
    theirs, told = by_abc2midi(text if play_repeats else without_repeats(text))
    if tops(theirs) == tops(here(text, play_repeats=play_repeats)):
        return "same"
    music = "".join(MUSIC_LINE.findall(text))
    reasons = list(REASONS.items())
    if reasons[0][1].search(told):
        return reasons[0][0]
    within = reasons[1:3] if play_repeats else []
    return next(
        (name for name, sign in [*within, *reasons[3:]] if sign.search(music)), "unexplained"
    )


@pytest.mark.parametrize(
    ("genre", "written", "played"),
    [("fiddle", 0.985, 0.93), ("irish", 0.985, 0.96), ("folk", 0.999, 0.999)],
)
@pytest.mark.parametrize("n", [60, pytest.param(10_000, marks=pytest.mark.slow)])
def test_notes_and_playing_order_agree_with_abc2midi(genre, written, played, n, capsys):
    if not ABC2MIDI.exists():
        pytest.skip("this symusic comes without abc2midi")
    texts = [text for _, text in tunes(genre)]
    texts = texts[:: max(len(texts) // n, 1)]
    for play_repeats, least in ((False, written), (True, played)):
        with ThreadPoolExecutor(2) as threads:
            found = Counter(threads.map(partial(verdict, play_repeats=play_repeats), texts))
        with capsys.disabled():
            if n > 1_000:
                print(f"\n{genre}, {'played' if play_repeats else 'written'}: {dict(found)}")
        assert found["unexplained"] == 0
        assert found["same"] >= (least - (0.05 if n < 1_000 else 0)) * len(texts)
