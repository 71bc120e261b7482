"""How much room a study needs on disk, and what is said where there is less."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from musebar_core.errors import StudyError
from musebar_core.size import n_parameters
from study.ledger.record import Record
from study.run import diskspace
from study.search import planner
from study.spec.sections import Phase

MIB = 2**20


def weight_bytes(spec):
    return 4 * n_parameters(spec.configuration({}).model)


def test_a_study_needs_room_for_the_weights_that_it_keeps_and_two_checkpoints(tiny_spec):
    """Four methods of three seeds a genre keep theirs; a checkpoint is twice four weights' size."""
    spec = tiny_spec()
    record = Record.unbegun(spec, ("high", "low"))
    kept = [run for run in planner.plan(record).runs if run.phase is not Phase.SEARCH]
    searched = [run for run in planner.plan(record).runs if run.phase is Phase.SEARCH]
    assert (len(kept), len(searched)) == (2 * 4 * 3, 0)
    assert diskspace.needed(record) == 32 * MIB + (24 + 4) * weight_bytes(spec)


def test_runs_of_the_search_keep_nothing(tiny_spec, monkeypatch):
    spec = tiny_spec()
    runs = [SimpleNamespace(phase=phase) for phase in (Phase.SEARCH, Phase.SEARCH, Phase.CONFIRM)]
    monkeypatch.setattr(planner, "plan", lambda _: SimpleNamespace(runs=runs))
    assert diskspace.needed(Record.unbegun(spec, ("low",))) == 32 * MIB + 5 * weight_bytes(spec)


@pytest.mark.parametrize(
    ("resources", "checkpoints"),
    [
        ("{gpus_per_trial: 1, seeds_per_trial: 3}", 3),
        ("{gpus_per_trial: auto, seeds_per_trial: auto}", 10),
        ("{seeds_per_trial: 3}", 1),  # one after the other
    ],
)
def test_runs_that_train_together_have_their_checkpoints_at_once(tiny_spec, resources, checkpoints):
    spec = tiny_spec(resources=resources)
    wanted = 32 * MIB + (12 + 4 * checkpoints) * weight_bytes(spec)
    assert diskspace.needed(Record.unbegun(spec, ("low",))) == wanted


@pytest.fixture
def free(monkeypatch, tmp_path):
    """Bytes free of the home, and of the folder of temporary files; which were asked."""
    asked = []

    def tell(home, scratch):
        folders = {str(tmp_path / "home"): home, str(tmp_path / "scratch"): scratch}

        def usage(folder):
            asked.append(folder)
            return SimpleNamespace(free=folders[str(folder)])

        monkeypatch.setattr(diskspace, "shutil", SimpleNamespace(disk_usage=usage))
        monkeypatch.setattr(diskspace.tempfile, "gettempdir", lambda: str(tmp_path / "scratch"))
        monkeypatch.setattr(diskspace, "needed", lambda _: 100 * MIB)
        return asked

    return tell


def test_just_as_much_room_as_is_needed_is_enough(free, tmp_path):
    free(100 * MIB, 64 * MIB)
    diskspace.check(None, tmp_path / "home")


def test_a_home_with_less_is_refused_with_both_numbers(free, tmp_path):
    free(99 * MIB, 64 * MIB)
    with pytest.raises(StudyError) as caught:
        diskspace.check(None, tmp_path / "home")
    assert str(caught.value) == (
        f"the disk of {tmp_path / 'home'} has 99 MiB left, and the study needs about 100 MiB "
        "there: name another home with --home, or make room; what was done is kept"
    )


def test_a_byte_less_for_temporary_files_is_refused(free, tmp_path):
    free(100 * MIB, 64 * MIB - 1)
    with pytest.raises(StudyError, match=r"scratch has 64 MiB left.*name another in TMPDIR"):
        diskspace.check(None, tmp_path / "home")


def test_a_home_at_a_url_is_not_asked(free, tmp_path):
    asked = free(0, 64 * MIB)
    diskspace.check(None, SimpleNamespace())
    assert asked == [tmp_path / "scratch"]
