from __future__ import annotations

import pytest

from musebar_core.errors import UsageError
from study.cluster import jobs
from study.home.studies import SPEC_FILE, Home


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid YAML at line 1"),
        ("[]", "not a mapping"),
        ("", "not a mapping"),
        ("name: poor\nname: poor\n", "'name' stands twice, at lines 1 and 2"),
        ("name: poor\ntraining: []\n", "training: "),
        ("name: poor\nseeds: {confirm: 99999999999}\n", "seeds.confirm: 99999999999"),
    ],
)
def test_a_study_whose_spec_is_broken_is_refused_with_its_file_and_reason(tmp_path, text, message):
    file = tmp_path / "poor" / SPEC_FILE
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        Home(tmp_path).open("poor")
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def kept_elsewhere(tmp_path, tiny_spec):
    """A study whose ledger is a file beside its home: of one machine, the home of several."""
    file = tmp_path / "disk" / "ledger.sqlite"
    home = Home(tmp_path / "shared")
    home.create(tiny_spec("split", storage__ledger=f"sqlite:///{file}"))
    return home, file


def test_a_ledger_can_be_a_file_beside_a_home_that_several_machines_see(kept_elsewhere):
    home, file = kept_elsewhere
    assert file.is_file()
    assert home.open("split").ledger.studies() == ["split"]


def test_on_another_machine_such_a_ledger_is_missed_and_not_made_anew(kept_elsewhere):
    home, file = kept_elsewhere
    file.unlink()
    with pytest.raises(UsageError, match=r"'split' is .*ledger.sqlite, a file of the machine"):
        home.open("split")
    assert not file.exists()


def test_a_ledger_that_is_gone_from_its_studys_folder_is_missed_and_not_made_anew(
    tmp_path, tiny_spec
):
    home = Home(tmp_path)
    home.create(tiny_spec("lost")).ledger.close()
    (tmp_path / "lost" / "ledger.sqlite").unlink()
    with pytest.raises(UsageError, match=r"'lost', .*ledger.sqlite, is gone"):
        home.open("lost")
    assert not (tmp_path / "lost" / "ledger.sqlite").exists()


@pytest.mark.parametrize("ledger", ["sqlite", "sqlite:////var/tmp/ledger.sqlite"])
def test_a_cluster_that_is_reached_by_address_is_given_no_file_for_a_ledger(ledger):
    with pytest.raises(UsageError, match="keeps its ledger in SQLite"):
        jobs.check_shared("split", ledger, "http://127.0.0.1:8265")
