"""Mutated MusicXML and Humdrum files: no crash of the build, no hang, no blown memory.

Seeded mutations of crafted scores: of bytes, and of what has a meaning (tags, lines, numbers,
cells are doubled, dropped, swapped and made absurd). ``make test-all`` reads 10,000 of each.
"""

from __future__ import annotations

import random
import re

import pytest

from musebar_core.corpus.reading import CRASHED, read_all
from musebar_core.corpus.sources import Item

LONG = (pytest.mark.slow, pytest.mark.timeout(2 * 3600))
"""Of 10,000 files: more hours than it takes on a busy machine of two cores."""

SEED = 11
SIGNS = (
    '<barline location="left"><repeat direction="forward"/></barline>',
    '<barline location="right"><repeat direction="backward" times="3"/></barline>',
    '<barline location="middle"><repeat direction="backward"/></barline>',
    '<barline location="left"><ending number="1, 2" type="start"/></barline>',
    '<barline location="right"><ending number="1" type="stop"/></barline>',
    '<sound dacapo="yes"/>',
    '<sound fine="yes"/>',
    "<direction><direction-type><segno/></direction-type></direction>",
    "<direction><direction-type><words>D.S. al Coda</words></direction-type></direction>",
    "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>",
    "<backup><duration>2</duration></backup>",
    "<forward><duration>1</duration></forward>",
)
CELLS = ("4c", "8.dd#", "[2e-", "2e-]", "4r", "8qf", "4c 4e 4g", ".", "0G", "3%2a", "16bb")
ROWS = ("*^", "*v", "*x", "*+", "*-", "*>A", "*>[A,A,B]", "*>B", "*Trd1c2", "*clefX", "*fine")


def crafted_musicxml(rng: random.Random) -> str:
    parts = ""
    for part in range(rng.randint(1, 3)):
        measures = "<measure><attributes><divisions>2</divisions></attributes></measure>"
        for _ in range(rng.randint(1, 12)):
            notes = "".join(crafted_note(rng) for _ in range(rng.randint(0, 6)))
            sign = rng.choice(SIGNS) if rng.random() < 0.4 else ""
            measures += f"<measure>{sign}{notes}</measure>"
        parts += f'<part id="P{part}">{measures}</part>'
    return f'<?xml version="1.0"?><score-partwise><part-list/>{parts}</score-partwise>'


def crafted_note(rng: random.Random) -> str:
    before = rng.choice(["", "", "", "<chord/>", "<grace/>", "<cue/>"])
    tie = rng.choice(["", "", '<tie type="start"/>', '<tie type="stop"/>'])
    pitch = f"<step>{rng.choice('ABCDEFG')}</step><octave>{rng.randint(3, 6)}</octave>"
    duration = rng.choice([1, 2, 4, 8])
    return f"<note>{before}<pitch>{pitch}</pitch><duration>{duration}</duration>{tie}</note>"


def crafted_humdrum(rng: random.Random) -> str:
    width = rng.randint(1, 4)
    lines = ["\t".join(["**kern"] * width)]
    for number in range(rng.randint(2, 60)):
        roll = rng.random()
        if roll < 0.1:
            sign = rng.choice(["", ":|!", "!|:", ":|!|:"])
            lines.append("\t".join([f"={number}{sign}"] * width))
        elif roll < 0.2:
            lines.append("\t".join(rng.choice(ROWS) for _ in range(width)))
        else:
            lines.append("\t".join(rng.choice(CELLS) for _ in range(width)))
    return "\n".join([*lines, "\t".join(["*-"] * width), ""])


def mutated(text: str, splitter: str, rng: random.Random) -> bytes:
    """Change pieces that mean something, then perhaps bytes."""
    pieces = re.split(splitter, text)
    for _ in range(rng.choice([0, 1, 2, 5, 20])):
        at, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        change = rng.randrange(6)
        if change == 0:
            pieces[at] = pieces[other]
        elif change == 1:
            pieces[at] = ""
        elif change == 2:
            pieces[at:at] = pieces[other : other + rng.randint(1, 30)]
        elif change == 3:
            pieces[at] *= rng.choice([2, 3, 50])
        elif change == 4:
            absurd = rng.choice(["0", "-1", "999999999", "1e308", "nan", "", "9" * 400])
            pieces[at] = re.sub(r"\d+", absurd, pieces[at])
        else:
            pieces[at], pieces[other] = pieces[other], pieces[at]
    data = bytearray("".join(pieces).encode())
    for _ in range(rng.choice([0, 0, 0, 1, 4])):
        at = rng.randrange(len(data) or 1)
        data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
    return bytes(data[: rng.randrange(len(data) or 1)] if rng.random() < 0.05 else data)


FORMATS = {
    ".musicxml": (crafted_musicxml, r"(<[^>]*>)"),
    ".krn": (crafted_humdrum, r"([\t\n])"),
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("n", [200, pytest.param(10_000, marks=LONG)])
def test_mutated_scores_are_taken_or_rejected(tmp_path, n, suffix):
    rng = random.Random(SEED)
    craft, splitter = FORMATS[suffix]
    items = []
    for i in range(n):
        path = tmp_path / f"{i}{suffix}"
        path.write_bytes(mutated(craft(rng), splitter, rng))
        items.append(Item(f"a/{path.name}", "a", "", str(path)))
    readings = read_all(items, 4, workers=2)
    assert [reading.item for reading in readings] == items
    assert all((reading.pitches is None) == bool(reading.reason) for reading in readings)
    reasons = [reading.reason for reading in readings]
    assert "" in reasons
    assert not [reason for reason in reasons if "takes over" in reason or reason == CRASHED]
    assert not [reason for reason in reasons if re.match(r"unreadable: \w+Error", reason)]
