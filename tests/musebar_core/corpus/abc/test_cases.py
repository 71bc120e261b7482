"""Small files, each for a whole kind of construct, with the steps that a hand can count."""

from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.corpus.reading import read_item
from musebar_core.corpus.sources import list_folder

CASES = Path(__file__).parent.parent / "cases"
REST = 128
SCALE_END = [69, 67, 65, 64, 62, 64, 65, 67, 69, 71, 72, 74, 76, 74, 72, 71]

RIGHT = {
    "abc_accidental_lasts_the_bar.abc": [
        *[66, 66, 66, 66, 65, 67, 69, 71, 67, 65, 66, 66, 60, 62, 64, 65],
        *SCALE_END,
    ],
    "abc_bar_rests_Z_and_x.abc": [
        *[60, 62, 64, 65, *[REST] * 8, 67, 69, 71, 72, *[REST] * 4, 72, 71, 69, 67],
        *SCALE_END,
    ],
    "abc_inline_key_change.abc": [
        *[60, 62, 64, 65, 61, 62, 64, 66, 66, 64, 62, 61, 61, 62, 64, 66],
        *[69, 67, 66, 64, 62, 64, 66, 67, 69, 71, 73, 74, 76, 74, 73, 71],
    ],
    "abc_two_tunes_with_version_line.abc#1": [
        *[66, 66, 66, 66, 65, 67, 69, 71, 67, 65, 66, 66, 60, 62, 64, 65],
        *SCALE_END,
    ],
    "abc_two_tunes_with_version_line.abc#2": [
        *[70, 70, 70, 70, 71, 69, 67, 65, 72, 74, 76, 77, 79, 77, 76, 74, 72, 71, 69, 67],
    ],
}


@pytest.mark.parametrize("source", RIGHT)
def test_a_case_gives_its_steps(source):
    items = {item.source: item for item in list_folder(CASES).items}
    reading = read_item(items[source], 1)
    assert reading.reason == ""
    assert reading.pitches.tolist() == RIGHT[source]
