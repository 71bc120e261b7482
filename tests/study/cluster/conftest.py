"""Files of clusters as they are shipped, with one thing changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from musebar_core.errors import UsageError
from study.cluster.launcher import check

TOP = Path(__file__).parents[3]


@pytest.fixture
def told(tmp_path):
    """What is told of a shipped file with one thing changed."""

    def check_changed(file: str, change) -> list[str]:
        content = yaml.safe_load((TOP / file).read_text())
        change(content)
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(content))
        return check(path)

    return check_changed


@pytest.fixture
def changed(told):
    """What is wrong with a shipped file with one thing changed."""

    def problem(file: str, change) -> str:
        with pytest.raises(UsageError) as caught:
            told(file, change)
        return str(caught.value)

    return problem
