"""``musebar doctor`` on machines and folders that are fit, and on such as are not."""

from __future__ import annotations

import json
import os
import time

import pytest

from musebar import checkup
from musebar.checkup import State
from study.home.studies import Home


def found(home, folder):
    return {one.name: one for one in checkup.checkup(home, folder)}


def test_a_machine_that_runs_these_tests_is_fit_and_every_check_says_what_it_saw(musebar):
    done = musebar("doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["broken"] is False
    assert [one["name"] for one in told["checks"]] == [
        "python",
        "packages",
        "torch",
        "cuda",
        "ray",
        "ports",
        "disk",
        "memory",
        "home",
        "database",
        "studies",
        "clock",
        "names",
    ]
    assert all(one["found"] for one in told["checks"])
    assert all(one["advice"] for one in told["checks"] if one["state"] != "fine")


def test_files_that_are_called_as_packages_are_named_and_harm_nobody(tmp_path):
    (tmp_path / "study.py").write_text("raise SystemExit(9)\n")
    (tmp_path / "ray").mkdir()
    seen = found(tmp_path / "studies", tmp_path)["names"]
    assert seen.state is State.NOTE
    assert "ray/, study.py" in seen.found
    assert "rename" in seen.advice


def test_a_package_that_is_hidden_is_broken(tmp_path, monkeypatch):
    (tmp_path / "plotly.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "plotly", raising=False)
    seen = found(tmp_path / "studies", tmp_path)["names"]
    assert (seen.state, "plotly" in seen.found) == (State.BROKEN, True)


def test_a_home_that_is_a_file_is_broken_and_the_command_exits_with_1(musebar, tmp_path):
    (tmp_path / "file").write_text("")
    done = musebar("--home", "file", "doctor")
    assert done.returncode == 1
    assert "broken  home" in done.stdout
    assert "--home DIR" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_broken(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    assert found(home, tmp_path)["home"].state is State.BROKEN


def test_a_study_whose_ledger_is_gone_is_named(tmp_path, tiny_spec):
    place = Home(tmp_path / "studies")
    place.create(tiny_spec("tiny")).ledger.close()
    assert found(place.path, tmp_path)["studies"].found == "1 can be read"
    (place.path / "tiny" / "ledger.sqlite").unlink()
    seen = found(place.path, tmp_path)["studies"]
    assert seen.state is State.BROKEN
    assert "tiny" in seen.found


def test_a_clock_from_before_the_product_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert checkup._clock(tmp_path).state is State.BROKEN


def test_little_memory_or_disk_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(checkup, "_LITTLE_MEMORY", 2**60)
    monkeypatch.setattr(checkup, "_LITTLE_DISK", 2**60)
    seen = found(tmp_path, tmp_path)
    assert {seen[name].state for name in ("memory", "disk")} == {State.NOTE}
    monkeypatch.setattr(checkup, "_LEAST_DISK", 2**60)
    assert found(tmp_path, tmp_path)["disk"].state is State.BROKEN
