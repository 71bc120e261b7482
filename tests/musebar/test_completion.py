"""What a shell is offered, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess

import pytest

from study.home.studies import Home
from tests.conftest import musebar_command


@pytest.fixture
def home(tmp_path, tiny_spec):
    """A home with two studies; the music of one is known."""
    place = Home(tmp_path / "studies")
    study = place.create(tiny_spec("first-try"))
    study.ledger.set_corpus("first-try", None, {"high": {}, "low": {}})
    place.create(tiny_spec("second-try"))
    return place


def offered(folder, line, home="studies"):
    """Names that bash would show where the line ends."""
    words = line.split(" ")
    done = subprocess.run(
        [*musebar_command()[:2], COMPLETE],
        cwd=folder,
        env=os.environ
        | {
            "_MUSEBAR_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            "MUSEBAR_HOME": home,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return [found.split(",", 1)[1] for found in done.stdout.splitlines() if found]


COMPLETE = "import sys; sys.argv[0] = 'musebar'; from musebar.cli import main; main()"


def test_studies_are_offered_wherever_one_is_named(home, tmp_path):
    for command in ("study status", "study delete", "study resume", "report build", "study watch"):
        assert sorted(offered(tmp_path, f"musebar {command} ")) == ["first-try", "second-try"]
    assert offered(tmp_path, "musebar study status f") == ["first-try"]
    assert offered(tmp_path, "musebar recommend low --study se") == ["second-try"]


def test_studies_of_the_home_that_the_line_names_are_offered(home, tmp_path):
    line = f"musebar --home {home.path} study status s"
    assert offered(tmp_path, line, home="elsewhere") == ["second-try"]
    assert offered(tmp_path, "musebar study status ", home="elsewhere") == []


def test_genres_are_offered_of_every_study_or_of_the_one_named(home, tmp_path):
    assert offered(tmp_path, "musebar recommend ") == ["high", "low"]
    assert offered(tmp_path, "musebar recommend --study second-try ") == []
    assert offered(tmp_path, "musebar recommend --study first-try l") == ["low"]


def test_presets_are_offered_for_a_launch(tmp_path):
    assert "quickstart" in offered(tmp_path, "musebar study launch q")
