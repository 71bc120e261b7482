"""All ABC that music21 ships, against abc2midi: an independent program, which symusic brings along.
``benchmarks.reading`` has the comparison.

Two comparisons a tune. *As written*: every repeat sign is made a plain bar line before abc2midi
reads it, and bars come once here. *As played*: the tune as it is. A tune agrees if onsets (to 1/24
quarter note) and highest pitches of its first voice are the same from the first note to the last.
Grace notes, chord symbols and what abc2midi plays of ornaments are left out; `R:hornpipe` too,
which it swings.

Where they disagree, a reason is looked for that stands in the text or that abc2midi itself tells;
`docs/decisions/0009-abc-is-read-here.md` explains the reasons.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from benchmarks.independent import abc2midi
from benchmarks.reading import abc_verdict
from musebar_core.corpus import abc
from musebar_core.corpus.sources import list_embedded


def tunes(genre: str) -> list[tuple[str, str]]:
    """(name, text) of a collection's tunes."""
    items = list_embedded([genre]).items
    return [(item.source, item.text or abc.decode(Path(item.path).read_bytes())) for item in items]


@pytest.mark.parametrize(
    ("genre", "written", "played"),
    [("fiddle", 0.985, 0.93), ("irish", 0.985, 0.96), ("folk", 0.999, 0.999)],
)
@pytest.mark.parametrize("n", [60, pytest.param(10_000, marks=pytest.mark.slow)])
def test_notes_and_playing_order_agree_with_abc2midi(genre, written, played, n, capsys):
    if abc2midi() is None:
        pytest.skip("there is no abc2midi here")
    texts = [text for _, text in tunes(genre)]
    texts = texts[:: max(len(texts) // n, 1)]
    for play_repeats, least in ((False, written), (True, played)):
        with ThreadPoolExecutor(2) as threads:
            found = Counter(threads.map(partial(abc_verdict, play_repeats=play_repeats), texts))
        with capsys.disabled():
            if n > 1_000:
                print(f"\n{genre}, {'played' if play_repeats else 'written'}: {dict(found)}")
        assert found["unexplained"] == 0
        assert found["same"] >= (least - (0.05 if n < 1_000 else 0)) * len(texts)
