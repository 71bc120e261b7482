"""Every command of the README is run, in order, as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from study.spec import specfile
from tests.conftest import TINY, write_lot

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SMALL = {
    "corpus": {"songs_per_genre": 12},
    "model": {"hidden": 8},
    "training": {"epochs": 4, "evaluate_every": 2, "evaluation_snippets": 16},
    "search": {"configurations": 2, "generation": 2},
    "seeds": {"search": 1, "confirm": 2},
}
"""What the test changes in the sizes of the README's studies; the commands stay as they are."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


def shrink(content: dict) -> dict:
    for section, values in SMALL.items():
        content[section] = content.get(section, {}) | values
    return content


@pytest.fixture
def folder(tmp_path):
    """What a reader of the README has: music, a spec, the cluster file, a small quickstart."""
    for genre, lowest in (("jazz", 36), ("pop", 60)):
        for song in range(12):
            write_lot(tmp_path / "my-music" / genre / f"{song}.mid", song + lowest, 80, lowest)
    for genre, lowest in (("chorale", 36), ("fiddle", 60)):
        for song in range(12):
            write_lot(
                tmp_path / "collections" / genre / f"{song}.mid", song + 99 + lowest, 80, lowest
            )
    (my_study,) = blocks("yaml")
    (tmp_path / "my-study.yaml").write_text(yaml.safe_dump(shrink(yaml.safe_load(my_study))))
    (tmp_path / "cluster.yaml").write_text((ROOT / "cluster.yaml").read_text())
    return tmp_path


@pytest.mark.studies
def test_every_command_of_the_readme_runs(folder, musebar):
    quickstart = yaml.safe_load(
        (ROOT / "study" / "spec" / "presets" / "quickstart.yaml").read_text()
    )
    # of music on which so small a run is trained, so that there is a recommendation to train
    grid = {"steps_per_quarter": 1, "steps_per_bar": 4, "snippet_steps": 64}
    quickstart["corpus"] |= {"source": "collections", "grid": grid}
    (folder / "quickstart.yaml").write_text(yaml.safe_dump(shrink(quickstart)))
    assert musebar("study", "launch", "quickstart.yaml").returncode == 0
    for command in commands():
        program, *arguments = shlex.split(command)
        if program == "make":
            assert_make_knows(arguments)
            continue
        assert program == "musebar"
        target = arguments.index(">") if ">" in arguments else len(arguments)
        done = musebar(*arguments[:target])
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if ">" in arguments:
            (folder / arguments[target + 1]).write_text(done.stdout)
    (notebook,) = blocks("python")
    told = subprocess.run(
        [sys.executable, "-c", notebook], cwd=folder, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "chorale" in told.stdout
    assert (folder / "studies" / "quickstart" / "report" / "index.html").is_file()
    assert (folder / "tune.mid").read_bytes()[:4] == b"MThd"


def assert_make_knows(targets):
    done = subprocess.run(
        ["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_specs_of_the_readme_are_valid_as_they_stand(tmp_path):
    (my_study,) = blocks("yaml")
    (tmp_path / "my-study.yaml").write_text(my_study)
    assert specfile.load(str(tmp_path / "my-study.yaml")).name == "my-study"


def test_every_preset_the_readme_names_exists():
    assert {"paper-methods", "paper-heatmap", "search", "quickstart"} <= set(specfile.presets())
    for name in specfile.presets():
        assert f"`{name}`" in README


def test_the_repository_needs_no_overrides_that_do_not_exist():
    assert specfile.load("search", [f"{key}={value}" for key, value in TINY.items()])


@pytest.mark.slow
def test_the_quickstart_shows_methods_that_collapsed_and_one_that_did_not(musebar, tmp_path):
    import pandas as pd

    launched = musebar("study", "launch", "quickstart", timeout=900)
    assert launched.returncode == 0, launched.stderr
    assert musebar("study", "export", "quickstart", "--out", "out").returncode == 0
    results = pd.read_parquet(tmp_path / "out" / "results.parquet")
    compared = results[results.phase.isin(["methods", "confirm"])]
    share = compared.groupby(["genre", "config_id"]).validation_collapsed.mean()
    assert (share > 0.2).any()
    assert (share == 0).any()
