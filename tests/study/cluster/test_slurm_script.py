"""Slurm's batch scripts, checked before they are submitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.errors import UsageError
from study.cluster import slurm
from study.cluster.launcher import check

SCRIPT = Path(__file__).parents[3] / "docs" / "clusters" / "slurm.sbatch"


@pytest.fixture
def changed(tmp_path):
    """The shipped script with one thing changed, as a file."""

    def change(old, new):
        text = SCRIPT.read_text()
        assert old in text
        file = tmp_path / "job.sbatch"
        file.write_text(text.replace(old, new))
        return file

    return change


def test_the_shipped_script_is_in_order_and_says_what_is_to_be_filled_in():
    assert check(SCRIPT) == [
        "nodes: 2, YOUR-HEAD among them, requeued where one is lost",
        "to fill in: YOUR-FOLDER, YOUR-HEAD, YOUR-SPEC",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("--join", "", "keeps to one node without --join"),
        ("#SBATCH --exclusive\n", "", "add #SBATCH --exclusive"),
        ("--ntasks-per-node=1", "--ntasks-per-node=4", "--ntasks-per-node=4: Ray is started once"),
        ("head=", "#SBATCH --mem=4G\nhead=", "#SBATCH after the first command"),
        ("study launch", "study watch", "no command launches a study"),
    ],
)
def test_a_slip_in_a_script_is_named(changed, old, new, problem):
    file = changed(old, new)
    with pytest.raises(UsageError, match=problem) as caught:
        check(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_options_are_read_in_every_way_that_slurm_takes_them():
    script = slurm.read("#!/bin/sh\n#SBATCH -N 2 --exclusive\n#SBATCH -wn1\n#SBATCH --time 1:00\n")
    assert script.options == {"nodes": "2", "exclusive": "", "nodelist": "n1", "time": "1:00"}
