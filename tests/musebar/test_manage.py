"""Studies renamed and deleted, by command, on real ledgers."""

from __future__ import annotations

import json

import pytest

from study.home import upkeep
from study.home.studies import Home
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from study.ledger.record import SeedRun
from study.spec import specfile
from study.spec.sections import Phase
from tests.study.ledger.test_ledger import DONE


@pytest.fixture
def home(tmp_path, tiny_spec):
    """A home with one study of one seed run, with its model."""
    place = Home(tmp_path / "studies")
    study = place.create(tiny_spec("tiny"))
    spec = study.ledger.read("tiny").spec
    config = spec.configuration({})
    study.ledger.add_configurations("tiny", [config])
    study.ledger.end("tiny", SeedRun("low", config.config_id, 1000, Phase.CONFIRM), DONE)
    model = study.folder / "runs" / "low" / config.config_id / "1000" / "model.safetensors"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    study.ledger.close()
    return place


def test_a_renamed_study_has_its_runs_and_models_under_the_new_name_alone(home):
    before = home.open("tiny").ledger.read("tiny")
    upkeep.rename(home, "tiny", "other")
    assert home.names() == ["other"]
    opened = home.open("other")
    after = opened.ledger.read("other")
    assert (after.spec.name, after.ended.keys()) == ("other", before.ended.keys())
    assert opened.ledger.studies() == ["other"]
    assert [f.name for f in opened.folder.rglob("model.safetensors")] == ["model.safetensors"]
    assert after.spec.identity() | {"name": "tiny"} == before.spec.identity()


def test_a_renaming_that_was_killed_after_the_ledger_is_ended_by_the_same_command(home):
    from study.ledger import upkeep as rows

    ledger = home.open("tiny").ledger
    rows.rename(ledger, "tiny", "other")
    ledger.close()
    upkeep.rename(home, "tiny", "other")
    assert home.open("other").ledger.read("other").spec.name == "other"


@pytest.mark.parametrize("name", ["../out", "", "a b", "x" * 101, "corpora", "tiny"])
def test_a_name_that_is_none_or_is_taken_is_refused_and_changes_nothing(musebar, home, name):
    done = musebar("study", "rename", "tiny", name)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert home.open("tiny").ledger.read("tiny").spec.name == "tiny"


def test_two_studies_of_one_database_are_kept_apart(tmp_path, tiny_spec):
    url = f"sqlite:///{tmp_path / 'all.sqlite'}"
    place = Home(tmp_path / "studies")
    for name in ("one", "two"):
        place.create(tiny_spec(name, storage__ledger=url))
    upkeep.rename(place, "one", "three")
    assert sorted(Ledger(url).studies()) == ["three", "two"]
    upkeep.delete(place, "three")
    assert Ledger(url).studies() == ["two"]
    assert place.names() == ["two"]


def test_a_deleted_study_leaves_nothing_and_its_name_is_free(musebar, home, tiny):
    done = musebar("study", "delete", "tiny", "--yes")
    assert done.returncode == 0, done.stderr
    assert "1 seed runs" in done.stdout
    assert list(home.path.iterdir()) == []
    assert musebar("study", "list").stdout.startswith("no study")


def test_deleting_asks_and_without_a_terminal_needs_a_yes(musebar, home):
    done = musebar("study", "delete", "tiny")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--yes" in line
    assert home.names() == ["tiny"]


def test_what_others_put_beside_a_study_stays_and_is_told(musebar, home):
    folder = home.path / "tiny"
    (folder / "notes.txt").write_text("mine")
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("no report of the product's")
    (folder / "runs" / "low" / "thoughts.txt").write_text("mine")
    done = musebar("study", "delete", "tiny", "--yes")
    assert "notes.txt, report, runs" in done.stderr
    left = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    assert left == ["notes.txt", "report/index.html", "runs/low/thoughts.txt"]


@pytest.mark.parametrize("command", [("rename", "tiny", "other"), ("delete", "tiny", "--yes")])
def test_a_study_that_is_being_driven_is_left_alone(musebar, home, command):
    ledger = home.open("tiny").ledger
    with Lease(ledger, "tiny"):
        done = musebar("study", *command)
    assert done.returncode == 1
    assert "is being driven" in done.stderr
    assert home.open("tiny").ledger.ended_counts("tiny")


def test_presets_are_listed_with_what_they_are_for(musebar):
    rows = json.loads(musebar("study", "presets", "--json").stdout)
    assert [row["name"] for row in rows] == specfile.presets()
    assert all(row["about"] for row in rows)
    assert "quickstart" in musebar("study", "presets").stdout
