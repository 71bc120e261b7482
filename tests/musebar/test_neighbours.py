"""Files beside the user that are called as our packages are: the wheel, installed on its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from musebar.neighbours import PACKAGES
from tests.conftest import PATIENCE

ROOT = Path(__file__).parents[2]
NOT_OURS = 'raise RuntimeError("this file is not of MuseBar")\n'
BESIDE = ("study.py", "reports/__init__.py", "tests/__init__.py", "search_spaces.py")
ALSO = ("musebar_core.py", "musebar_core/__init__.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this source tree, built from a copy of it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    build = ["wheel", ".", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out)]
    pip(*build, cwd=source)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Programs of an environment with the wheel in it; what it needs, it takes from the tests'."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip("--python", str(python), "install", "--quiet", "--no-deps", str(wheel))
    (own,) = (folder / "lib").glob("python*/site-packages")
    (own / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def pip(*arguments: str, cwd: Path | None = None) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=cwd, env=bare(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def bare() -> dict[str, str]:
    """The environment, without what leads to this source tree."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"COLUMNS": "120"}


@pytest.fixture
def here(tmp_path) -> Path:
    """The user's folder, with files of theirs that bear our packages' names."""
    for name in BESIDE:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(NOT_OURS)
    return tmp_path


def run(here, *command, **more):
    arguments = [str(part) for part in command]
    return subprocess.run(
        arguments,
        cwd=here,
        env=bare() | more,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def begin(installed, as_module):
    return [installed / "python", "-m", "musebar"] if as_module else [installed / "musebar"]


@pytest.mark.studies
@pytest.mark.parametrize("as_module", [False, True], ids=["musebar", "python -m musebar"])
def test_a_study_runs_beside_files_that_are_called_as_our_packages(
    installed, here, tiny, as_module
):
    small = tiny(search__methods="false", search__configurations="2", corpus__genres="[low]")
    launch = ["study", "launch", "search", "--name", "beside", *small]
    done = run(here, *begin(installed, as_module), *launch)
    assert done.returncode == 0, done.stderr
    status = run(here, installed / "musebar", "study", "status", "beside", "--json")
    assert '"failed": 0' in status.stdout
    assert '"state": "finished"' in status.stdout


@pytest.mark.parametrize("also", ALSO)
@pytest.mark.parametrize("as_module", [False, True], ids=["musebar", "python -m musebar"])
def test_a_corpus_is_built_beside_such_files(installed, here, music, as_module, also):
    (here / also).parent.mkdir(exist_ok=True)
    (here / also).write_text(NOT_OURS)
    build = ["corpus", "build", music, "--out", "corpus", "--workers", "2"]
    done = run(here, *begin(installed, as_module), *build)
    assert done.returncode == 0, done.stderr
    assert "taken 30, rejected 0" in done.stdout


@pytest.mark.parametrize("path", [".", os.pathsep])
def test_where_pythonpath_puts_such_a_file_first_one_line_names_it(installed, here, path):
    done = run(here, installed / "musebar", "study", "list", PYTHONPATH=path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"{here / 'search_spaces.py'} hides MuseBar's own package 'search_spaces'" in line
    assert not (here / "studies").exists()


def test_the_wheel_holds_all_that_the_source_tree_has(wheel):
    kept = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as content:
        held = {name for name in content.namelist() if ".dist-info/" not in name}
    assert held == {name for name in kept if not name.endswith(".md")}
    assert {Path(name).suffix for name in held} == {
        *(".py", ".typed", ".yaml", ".json", ".css", ".js", ".j2"),
    }
