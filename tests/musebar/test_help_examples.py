"""Every command has an example in its help, and every example runs as it stands there."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from click.testing import CliRunner

from musebar.cli import musebar as root
from tests.conftest import PATIENCE, TINY, musebar_command, write_lot

ROOT = Path(__file__).parents[2]
UNTIL_STOPPED = {"report serve"}
"""Commands that go on until Ctrl-C; each prints a line once it is up."""

STARTS_RAY = {"study launch", "study resume"}
"""Commands that a process of their own is started for, as Ray wants to be; the others run here."""


def commands(group=root, path=()):
    """Every command that does something, with the words that lead to it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif not command.hidden:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands())


def examples(command):
    return re.findall(r"^ *(musebar .*?)$", command.help or "", re.MULTILINE)


EXAMPLES = [(name, line) for name, found in COMMANDS.items() for line in examples(found)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """What the examples speak of: music, a spec, a finished study, and what was made of it."""
    folder = tmp_path_factory.mktemp("examples")
    for genre, lowest in (("jazz", 36), ("pop", 60)):
        for song in range(12):
            write_lot(folder / "my-music" / genre / f"{song}.mid", song + lowest, 96, lowest)
    spec = yaml.safe_load((ROOT / "study/spec/presets/search.yaml").read_text())
    spec |= {"name": "my-study"}
    spec["corpus"]["source"] = "my-music"
    for key, value in TINY.items():
        section, _, field = key.partition(".")
        settled = yaml.safe_load(value)
        spec[section] = spec.get(section, {}) | ({field: settled} if field else settled)
    spec["search"] |= {"configurations": 2, "finalists": 1}
    spec["seeds"] = {"search": 1, "confirm": 2}
    (folder / "my-study.yaml").write_text(yaml.safe_dump(spec))
    shutil.copy(ROOT / "cluster.yaml", folder)
    for line in (
        "study launch my-study.yaml",
        "corpus build my-music --out my-corpus",
        "report build my-study",
        "study export my-study --out export",
    ):
        assert run(folder, line).exit_code == 0
    (folder / "best.yaml").write_text(
        run(folder, "recommend jazz --study my-study --format yaml").stdout
    )
    trained = run(folder, "train --config best.yaml --out best.safetensors")
    assert trained.exit_code == 0, trained.stderr
    return folder


ENVIRONMENT = {"COLUMNS": "120", "BROWSER": "true"}


def run(folder, line):
    if any(line.startswith(name) for name in STARTS_RAY):
        return apart(folder, line)
    with contextlib.chdir(folder):
        return CliRunner(env=ENVIRONMENT).invoke(root, shlex.split(line), catch_exceptions=False)


def apart(folder, line):
    done = subprocess.run(
        [*musebar_command(), *shlex.split(line)],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return SimpleNamespace(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself_in_its_help(name):
    found = examples(COMMANDS[name])
    assert found, f"musebar {name} --help shows no example"
    assert all(line.startswith(f"musebar {name}") for line in found)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_the_examples_unwrapped(name):
    shown = CliRunner().invoke(root, [*name.split(), "--help"], terminal_width=100).output
    assert all(f"  {line}\n" in shown for line in examples(COMMANDS[name]))


@pytest.mark.studies
@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_every_example_runs(prepared, tmp_path, name, line):
    folder = tmp_path / "here"
    shutil.copytree(prepared, folder, symlinks=True)
    if name in UNTIL_STOPPED:
        assert_runs_until_stopped(folder, line)
        return
    if "my-study.yaml" in line:  # which names the music beside it: launched there, not here
        shutil.rmtree(folder / "studies" / "my-study")
    command, _, target = line.removeprefix("musebar ").partition(" > ")
    done = run(folder, command)
    assert done.exit_code == 0, f"{line}: {done.stderr}"
    if target:
        assert done.stdout
    for out in re.findall(r"--out (\S+)", line):
        assert (folder / out).exists()


def assert_runs_until_stopped(folder, line):
    process = subprocess.Popen(
        [*musebar_command(), *shlex.split(line)[1:]],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
