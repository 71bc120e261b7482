"""The Slurm script, as it stands in docs/clusters, in a real Slurm of two nodes."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml

from study.home.studies import Home
from study.ledger.reading import Runs
from study.results import tables
from study.results.columns import KEY
from tests import namespaces, slurmcluster
from tests.conftest import TINY
from tests.services import missing

SCRIPT = Path(__file__).parents[3] / "docs" / "clusters" / "slurm.sbatch"

EPOCHS = "{profile: strong, epochs: 960, batch: 4, evaluate_every: 80, evaluation_snippets: 16}"
"""Seconds a run: the study must outlast the half minute that Slurm takes to miss a node."""


@pytest.fixture
def lab(music):
    """A folder that all nodes see, with the spec and Python's environment; and the two nodes."""
    reason = slurmcluster.why_not()
    if reason:
        missing(reason)
    reason = namespaces.why_not()
    if reason:
        pytest.skip(reason)
    # Slurm's and Ray's sockets lie in it, and their names may have 107 characters
    folder = Path(tempfile.mkdtemp(prefix="mbs", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "venv").mkdir()
    (folder / "venv" / "bin").symlink_to(Path(sys.executable).parent)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(spec(music)))
    top = str(Path(__file__).parents[3])
    env = os.environ | {"PYTHONPATH": top, "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    with (
        namespaces.Network(3) as network,
        slurmcluster.Slurm(folder, network, env) as slurm,
    ):
        slurm.wait_for_nodes()
        yield slurm
    shutil.rmtree(folder, ignore_errors=True)


def spec(music):
    content = {"corpus": {"source": str(music), "genres": ["low"]}}
    for key, value in (TINY | {"search.methods": "false", "training": EPOCHS}).items():
        section, _, name = key.partition(".")
        place = content.setdefault(section, {})
        place |= {name: yaml.safe_load(value)} if name else yaml.safe_load(value)
    return content


def filled_in(folder):
    text = SCRIPT.read_text()
    for word, value in {
        "YOUR-HEAD": "n1",
        "YOUR-FOLDER": str(folder),
        "YOUR-SPEC": "tiny.yaml",
        "/var/tmp/$USER": str(folder / "disk-of-n1"),
    }.items():
        assert word in text
        text = "\n".join(
            line if line.startswith("# ") else line.replace(word, value)
            for line in text.splitlines()
        )
    (folder / "slurm.sbatch").write_text(text)
    return folder / "slurm.sbatch"


def ended(folder):
    """How many seed runs the ledger holds; 0 before it is there."""
    home = Home(folder / "studies")
    if "tiny" not in home.names():
        return 0
    opened = home.open("tiny")
    return len(opened.ledger.read("tiny", runs=Runs.FOR_PLANS).ended)


def wait_for(what, slurm, seconds=900):
    deadline = time.monotonic() + seconds
    while not (seen := what()):
        if time.monotonic() > deadline:
            raise TimeoutError(slurm.said())
        time.sleep(1)
    return seen


@pytest.mark.slow
@pytest.mark.services
def test_a_node_of_a_slurm_job_is_lost_and_the_requeued_job_ends_in_the_same_table(
    lab, musebar, tmp_path
):
    number = lab.submit(filled_in(lab.folder))
    wait_for(lambda: ended(lab.folder) >= 2 or over(lab, number), lab)
    assert lab.job(number)["JobState"] == "RUNNING", lab.said()
    lab.kill("n2")
    wait_for(lambda: lab.job(number)["Restarts"] == "1", lab)
    before = ended(lab.folder)
    lab.start_node("n2")
    wait_for(lambda: over(lab, number), lab)
    assert lab.job(number)["JobState"] == "COMPLETED", lab.said()

    loaded = tables.load_tables(lab.folder / "studies", "tiny")
    found = loaded.results
    assert str(loaded.state) == "finished"
    assert before < len(found)
    assert not found.duplicated(list(KEY)).any()
    assert set(found.node) == {"n1", "n2"}

    alone = musebar("study", "launch", lab.folder / "tiny.yaml", timeout=900)
    assert alone.returncode == 0, alone.stderr
    other = tables.load_tables(tmp_path / "studies", "tiny").results
    figures = [c for c in found.columns if c.startswith(("validation_", "test_"))]
    columns = [*KEY, "state", *figures]
    assert in_order(found)[columns].equals(in_order(other)[columns])


def in_order(results):
    return results.sort_values(list(KEY)).reset_index(drop=True)


def over(slurm, number):
    return slurm.job(number)["JobState"] not in {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING"}
