"""The space of the page on own spaces is one, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from study.spec import specfile

PAGE = Path(__file__).parents[3] / "docs" / "spaces.md"


def test_the_space_of_the_page_can_be_searched(tmp_path):
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "my-space.yaml").write_text(text)
    small = ["corpus.grid.snippet_steps=16", f"search.space={tmp_path / 'my-space.yaml'}"]
    space = specfile.load("search", small).space
    # 3 lengths, 3 divisors of 4 bars, and constant or logistic with one of 2 lengths
    assert len(list(space.cells())) == 3 * 3 * (1 + 2)
