"""Mutated ABC tunes: no crash, no hang, no tune that blows its memory.

Seeded mutations of crafted tunes: signs of the language put in, cut, doubled and repeated, numbers
made absurd, bytes changed. ``make test-all`` reads 10,000 of them.
"""

from __future__ import annotations

import random

import pytest

from musebar_core.corpus.limits import Limits
from musebar_core.corpus.reading import CRASHED, read_all, read_item
from musebar_core.corpus.sources import Item

LONG = (pytest.mark.slow, pytest.mark.timeout(4 * 3600))
"""Of 10,000 files: more hours than it takes on a busy machine of two cores."""

SEED = 11
SIGNS = [
    *[
        "|",
        "||",
        "|:",
        ":|",
        "::",
        "|1",
        "|2",
        "[1,3",
        "[",
        "]",
        "(3",
        "(5:4:6",
        "(",
        ")",
        "{",
        "}",
    ],
    *[
        "&",
        "&&",
        "(&",
        "&)",
        ">",
        "<<",
        "-",
        "^",
        "__",
        "=",
        '"',
        "!",
        "+",
        "!D.C.!",
        "!fine!",
        "Z9",
    ],
    *[
        "[V:1]",
        "[V:2 octave=1]",
        "[K:Eb exp ^f]",
        "[M:7/8]",
        "[L:1/64]",
        "[P:A]",
        "\n",
        "\n\n",
        "%",
    ],
    *[
        "\nV:3\n",
        "\nP:B\n",
        "\nK:F#mix\n",
        "\nX:2\n",
        "%%begintext\n",
        "\\",
        "'",
        ",",
        "/",
        "m:n=no\n",
    ],
]
NUMBERS = ["0", "1/0", "99999999999999999999", "4096/4095", "7//////////", "-1", "1-64,1-64"]


def crafted(rng: random.Random) -> str:
    """A valid tune of one or two voices with repeats, tuplets, ties, chords and fields."""
    keys, meters = ["C", "Gdor", "Bb", "D phr ^f", "HP"], ["4/4", "6/8", "C|", "none", "2+3/8"]
    lines = ["X:1", "T:fuzz", f"M:{rng.choice(meters)}", f"L:1/{rng.choice([4, 8, 16])}"]
    lines += ["P:A2(BA)2"] if rng.random() < 0.2 else []
    lines += ["m:~n2 = n/o/n"] if rng.random() < 0.2 else []
    lines.append(f"K:{rng.choice(keys)}")
    for i in range(rng.randint(2, 12)):
        voice = f"[V:{i % 2}] " if rng.random() < 0.3 else ""
        bars = ["".join(rng.choice(NOTES) for _ in range(rng.randint(1, 8))) for _ in range(4)]
        lines.append(
            voice + rng.choice(["", "|:"]) + " | ".join(bars) + rng.choice(["|", ":|", "|]"])
        )
    return "\n".join(lines) + "\n"


NOTES = [
    "C",
    "d2",
    "^f",
    "=B,",
    "e/",
    "g>a",
    "[CEG]2",
    "(3abc",
    "z",
    "x2",
    "{g}A",
    "c-c",
    "~G2",
    '"Am"A',
]


def mutated(text: str, rng: random.Random) -> bytes:
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        at, other = rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)
        match rng.randrange(7):
            case 0 | 1:
                text = text[:at] + rng.choice(SIGNS) + text[at:]
            case 2:
                text = text[:at] + rng.choice(NUMBERS) + text[at:]
            case 3:
                text = text[:at] + text[at + rng.randint(1, 20) :]
            case 4:
                text = text[:at] + text[other : other + rng.randint(1, 200)] + text[at:]
            case 5:
                text = text[:at] + rng.choice(SIGNS) * rng.choice([2, 50, 3_000]) + text[at:]
            case _:
                text = text[:at] + text[at:] * rng.randint(1, 4)
        text = text[:200_000]
    data = bytearray(text.encode("utf-8", "replace"))
    for _ in range(rng.choice([0, 0, 0, 3])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("n", [200, pytest.param(10_000, marks=LONG)])
def test_mutated_tunes_are_taken_or_rejected(tmp_path, n):
    """Workers are held to 5 s of the processor and 768 MiB: no tune may need so much."""
    rng = random.Random(SEED)
    items = []
    for i in range(n):
        path = tmp_path / f"{i}.abc"
        path.write_bytes(mutated(crafted(rng), rng))
        items.append(Item(f"jazz/{i}.abc", "jazz", "", str(path)))
    readings = read_all(items, 4, workers=2, limits=Limits(score_seconds=5.0))
    assert [reading.item for reading in readings] == items
    assert all((reading.pitches is None) == bool(reading.reason) for reading in readings)
    reasons = [reading.reason for reading in readings]
    assert "" in reasons
    unforeseen = [each for each in reasons if "takes over" in each or each == CRASHED]
    assert not unforeseen
    assert not [each for each in reasons if "Error" in each]


@pytest.mark.parametrize(
    "music",
    [
        *["[" * 100_000, "(" * 100_000, "{" * 100_000, '"' * 99_999, "!" * 100_000, ":" * 100_000],
        *["|:" * 50_000, "&" * 100_000, "(3" * 50_000, "-" * 100_000, ">" * 100_000, "+a" * 50_000],
        *["^" * 100_000, "[K:" * 40_000, "|1" * 50_000, "C" + "'" * 100_000, "C" + "9" * 100_000],
        *["=3D" * 40_000, "[V:1]C" * 20_000, "C&" * 50_000, "!a" * 50_000, "[1-64" * 20_000],
        *["%" * 100_000, "\\u0041" * 20_000, "C/" * 50_000, "[P:A]C|" * 15_000, "X:1\n" * 20_000],
        *["SC" * 20_000 + "&C" * 20_000, "[" + "c-" * 50_000, "c-&" * 30_000],
    ],
    ids=lambda music: music[:5].strip(),
)
def test_signs_repeated_without_end_take_little_time(tmp_path, music):
    path = tmp_path / "a.abc"
    path.write_text(
        f"X:1\nT:{music}\nP:{music[:5_000]}\nm:{music}\nm:~n2={music}\nK:C\n{music}\n{music}\n"
    )
    (reading,) = read_all(
        [Item("jazz/a.abc", "jazz", "", str(path))], 4, workers=1, limits=Limits(score_seconds=5.0)
    )
    assert "takes over" not in reading.reason
    assert read_item(Item("jazz/a.abc", "jazz", "", str(path)), 4).reason == reading.reason
