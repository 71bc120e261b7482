"""Wrong use answers in one clear line with exit code 2, before any work starts."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from musebar.cli import musebar as root


def one_clear_line(done):
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "launch", "quickstrat"], "did you mean 'quickstart'"),
        (
            ["study", "launch", "quickstart", "--set", "search.fixed.regularizers=7"],
            "allowed: 1, 2, 4, 8",
        ),
        (
            ["study", "launch", "quickstart", "--set", "search.fixd=1"],
            "did you mean 'search.fixed'",
        ),
        (
            ["study", "launch", "quickstart", "--set", "corpus.genres=[fidle]"],
            "unknown genre 'fidle': did you mean 'fiddle'",
        ),
        (["study", "launch", "quickstart", "--set", "corpus.source=nowhere"], "nowhere"),
        (["study", "launch", "missing.yaml"], "missing.yaml"),
        (["study", "status", "nothing"], "unknown study 'nothing'"),
        (["study", "resume", "nothing"], "unknown study 'nothing'"),
        (["study", "stop", "nothing"], "unknown study 'nothing'"),
        (["study", "watch", "nothing"], "unknown study 'nothing'"),
        (["study", "export", "nothing"], "unknown study 'nothing'"),
        (["report", "build", "nothing"], "unknown study 'nothing'"),
        (["recommend", "jazz", "--study", "nothing"], "unknown study 'nothing'"),
        (["recommend", "jazz"], "study launch"),
        (["train", "--config", "missing.yaml"], "missing.yaml"),
        (["sample", "missing.safetensors"], "no such checkpoint"),
        (["cluster", "check", "missing.yaml"], "missing.yaml"),
    ],
)
def test_one_clear_line(musebar, arguments, message):
    assert message in one_clear_line(musebar(*arguments))


def outputs(group=root):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from outputs(command)
        yield from (one for one in command.params if "--out" in one.opts)


def test_no_command_writes_to_an_address_or_shows_its_password():
    options = [*outputs()]
    assert len(options) > 9
    for one in options:
        for value, said in (
            ("s3://u:secret@bucket/x", "'s3://u:***@bucket/x' is an address"),
            (" ", "it is empty"),
        ):
            with pytest.raises(click.BadParameter) as raised:
                one.type.convert(value, one, None)
            assert said in raised.value.message
            assert "secret" not in raised.value.format_message()


def test_a_report_is_not_built_at_an_address(musebar):
    told = one_clear_line(musebar("report", "build", "x", "--out", "ftp://u:secret@host/x"))
    assert "is an address: name a path on this machine" in told
    assert "secret" not in told


def test_a_spec_that_is_no_yaml_is_named_with_line_and_column(musebar, tmp_path):
    (tmp_path / "spec.yaml").write_text("name: x\nsearch: [\n")
    assert "line 3, column 1" in one_clear_line(musebar("study", "launch", "spec.yaml"))


def test_an_answer_that_recommends_nothing_cannot_be_trained(musebar, tmp_path):
    (tmp_path / "best.yaml").write_text("genre: jazz\nverdict: nothing works yet\nconfig: null\n")
    said = one_clear_line(musebar("train", "--config", "best.yaml"))
    assert "nothing works yet for 'jazz'" in said


def test_an_empty_folder_is_no_corpus(musebar, tmp_path):
    (tmp_path / "empty").mkdir()
    override = ["--set", "corpus.source=empty"]
    assert "empty" in one_clear_line(musebar("study", "launch", "quickstart", *override))
    assert "empty" in one_clear_line(musebar("corpus", "build", "empty"))


def test_a_home_that_cannot_be_written_is_named(musebar, tmp_path):
    (tmp_path / "file").write_text("")
    done = musebar("--home", tmp_path / "file" / "home", "study", "launch", "quickstart")
    assert "file" in one_clear_line(done)


def test_an_unknown_option_and_command_are_wrong_use(musebar):
    assert musebar("study", "launch", "quickstart", "--fast").returncode == 2
    assert musebar("stuby").returncode == 2


def test_every_command_has_help(musebar):
    from musebar.cli import COMMANDS

    for command in COMMANDS:
        done = musebar(command, "--help")
        assert done.returncode == 0, done.stderr
        assert "Usage: " in done.stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from musebar.cli import musebar\n"
        "assert CliRunner().invoke(musebar, ['--help']).exit_code == 0\n"
        "print([m for m in ('torch', 'ray', 'pandas', 'plotly', 'optuna') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_cluster_file_with_a_typo_is_refused(musebar, tmp_path):
    from pathlib import Path

    text = (Path(__file__).parents[2] / "cluster.yaml").read_text()
    (tmp_path / "good.yaml").write_text(text)
    assert musebar("cluster", "check", "good.yaml").returncode == 0
    (tmp_path / "typo.yaml").write_text(text.replace("max_workers: 8\nidle", "max_wrkers: 8\nidle"))
    assert "max_wrkers" in one_clear_line(musebar("cluster", "check", "typo.yaml"))
    (tmp_path / "swap.yaml").write_text(
        text.replace("min_workers: 0\n    max_workers: 8", "min_workers: 4\n    max_workers: 2")
    )
    assert "min_workers 4 is over max_workers 2" in one_clear_line(
        musebar("cluster", "check", "swap.yaml")
    )
