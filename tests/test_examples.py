"""The notebooks in ``examples/``: every code cell runs, in order, in one Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PATIENCE, TINY, write_lot

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def cells(notebook):
    content = json.loads(notebook.read_text())
    assert content["nbformat"] == 4
    return ["".join(c["source"]) for c in content["cells"] if c["cell_type"] == "code"]


def run_notebook(notebook, folder):
    """Run the cells as a notebook does; what the last line of each is worth is printed."""
    source = (
        "import ast, json, sys\n"
        "scope = {}\n"
        "for cell in json.load(sys.stdin):\n"
        "    *before, last = ast.parse(cell).body\n"
        "    exec(compile(ast.Module(before, []), 'cell', 'exec'), scope)\n"
        "    if isinstance(last, ast.Expr):\n"
        "        print(repr(eval(compile(ast.Expression(last.value), 'cell', 'eval'), scope)))\n"
        "    else:\n"
        "        exec(compile(ast.Module([last], []), 'cell', 'exec'), scope)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source],
        input=json.dumps(cells(notebook)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    for genre, lowest in (("jazz", 36), ("pop", 60)):
        for song in range(12):
            write_lot(tmp_path / "my-music" / genre / f"{song}.mid", song + lowest, 96, lowest)
    return tmp_path


def test_the_notebooks_hold_no_outputs():
    for notebook in NOTEBOOKS:
        content = json.loads(notebook.read_text())
        assert not any(c.get("outputs") for c in content["cells"])
    assert len(NOTEBOOKS) == 2


@pytest.mark.studies
def test_ones_own_music_becomes_a_study_a_model_and_melodies(folder):
    shown = run_notebook(ROOT / "examples" / "own-music.ipynb", folder)
    assert shown.splitlines()[-1] == "(4, 16)"
    assert (folder / "studies" / "my-study" / "study.yaml").is_file()


@pytest.mark.studies
def test_a_study_is_asked_from_a_notebook(folder):
    import musebar

    spec = {"name": "quickstart", "corpus": {"source": str(folder / "my-music")}}
    small = [f"{key}={value}" for key, value in TINY.items()]
    fewer = ["search.configurations=2", "search.finalists=1", "seeds={search: 1, confirm: 2}"]
    study = musebar.launch(spec, folder / "studies", overrides=[*small, *fewer])
    assert study.state == "finished"
    shown = run_notebook(ROOT / "examples" / "ask-a-study.ipynb", folder)
    assert "('quickstart', 'finished', ('jazz', 'pop'))" in shown
    assert "validation_mi_lower" in shown
    assert "Figure" in shown


@pytest.mark.studies
def test_the_same_call_takes_a_finished_study_and_another_spec_is_refused(folder):
    import musebar

    spec = {"name": "once", "corpus": {"source": str(folder / "my-music")}}
    small = [f"{key}={value}" for key, value in TINY.items()]
    small += ["search.configurations=2", "search.finalists=1", "seeds={search: 1, confirm: 2}"]
    first = musebar.launch(spec, folder / "studies", overrides=small)
    again = musebar.launch(spec, folder / "studies", overrides=small)
    assert again.results.equals(first.results)
    with pytest.raises(musebar.MuseBarError, match="exists with another spec"):
        musebar.launch(spec, folder / "studies", overrides=[*small, "training.epochs=7"])
