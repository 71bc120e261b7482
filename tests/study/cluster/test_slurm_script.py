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


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--nodes=2", {"nodes": "2"}),
        ("--nodes 2", {"nodes": "2"}),
        ("-N2", {"nodes": "2"}),
        ("-N=2", {"nodes": "2"}),
        ("-N 2 -n 4", {"nodes": "2", "ntasks": "4"}),
        ("-J name -o out", {"job-name": "name", "output": "out"}),
        ("-p fast", {"p": "fast"}),
        ("--exclusive --requeue", {"exclusive": "", "requeue": ""}),
        ("--comment='two words' # and a note --nodes=3", {"comment": "two words"}),
        ("--export=A=b", {"export": "A=b"}),
        ("stray --nodes=2", {"nodes": "2"}),
        ("-", {}),
    ],
)
def test_an_option_is_read_as_slurm_reads_it(line, options):
    assert slurm.read(f"#!/bin/sh\n#SBATCH {line}\n").options == options


def test_options_count_before_the_first_command_and_those_after_are_named_by_line():
    text = (
        "#!/bin/sh\n#SBATCH --nodes=2\n  # a note\n\n#SBATCH --nodes=3\necho a \\\n  b\n"
        "#SBATCH --nodes=4\n# another\n#SBATCH --time=1\n"
    )
    script = slurm.read(text)
    assert (script.options, script.late) == ({"nodes": "3"}, (8, 10))
    assert script.code == "echo a    b"
    assert script.lines == ["3", "echo a    b"]


RAY = "#!/bin/sh\n#SBATCH --exclusive\nray symmetric-run -- "


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (f"{RAY}musebar study launch a --join", []),
        (f"{RAY}musebar study resume a --address=x", []),
        (f"{RAY}musebar study resume a", ["keeps to one node without --join"]),
        (f"{RAY}musebar study launch a --joined", ["keeps to one node without --join"]),
        (f"{RAY}musebar study launch a --join\nstudy launch b", ["keeps to one node"]),
        ("#!/bin/sh\nmusebar study launch a", []),  # one node is one, without Ray's symmetric run
        ("#!/bin/sh\nmusebar study launched a", ["no command launches a study"]),
        (f"{RAY}a study of mine", ["no command launches a study"]),
        (
            "#!/bin/sh\n#SBATCH --ntasks-per-node=0\nray symmetric-run -- study launch a --join",
            ["add #SBATCH --exclusive", "--ntasks-per-node=0: Ray is started once a node, so 1"],
        ),
    ],
)
def test_what_is_wrong_with_a_script_is_all_named(text, problems):
    found, _ = slurm.check(slurm.read(text))
    assert len(found) == len(problems)
    for said, expected in zip(found, problems, strict=True):
        assert expected in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "nodes: 1, not requeued"),
        ("--nodes=3 --requeue", "nodes: 3, requeued where one is lost"),
        ("-w n1", "nodes: 1, n1 among them, not requeued"),
    ],
)
def test_the_nodes_of_a_script_are_told(options, said):
    assert slurm.check(slurm.read(f"#SBATCH {options}\nstudy launch"))[1] == [said]


def test_a_script_without_anything_to_fill_in_has_no_line_of_it(tmp_path):
    file = tmp_path / "job.sbatch"
    file.write_text("#!/bin/sh\nmusebar study launch a\n")
    assert check(file) == ["nodes: 1, not requeued"]


def test_a_script_in_another_encoding_is_read_all_the_same(tmp_path):
    file = tmp_path / "job.sbatch"
    file.write_bytes(b"#!/bin/sh\n#SBATCH\t--nodes=2 # caf\xe9\nmusebar study launch a\n")
    assert check(file) == ["nodes: 2, not requeued"]
