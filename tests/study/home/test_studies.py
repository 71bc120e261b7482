from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from musebar_core.errors import StudyError, UnknownNameError, UsageError
from study.cluster import jobs
from study.home import files
from study.home.studies import DEFAULT_HOME, SPEC_FILE, Home, _cause, _time, check_free, recorded
from study.ledger import schema
from study.ledger.lease import Lease, this_host
from study.ledger.ledger import Ledger
from study.ledger.record import SeedRun
from study.ledger.result import Failure, FailureKind, SeedRunResult
from study.spec.sections import Phase


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
    assert str(caught.value).count(str(file)) == 1
    assert "spec: " not in str(caught.value)
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


@pytest.mark.parametrize(
    ("path", "musebar"),
    [
        (DEFAULT_HOME, "musebar"),
        ("/data/studies", "musebar --home /data/studies"),
        ("/my data", "musebar --home '/my data'"),
    ],
)
def test_a_command_for_the_user_names_the_home_where_it_is_not_the_default(path, musebar):
    home = Home(Path(path))
    assert home.musebar == musebar
    assert home.command("study resume", "tiny") == f"{musebar} study resume tiny"
    assert home.corpora == Path(path) / "corpora"


def test_studies_are_named_the_newest_first_then_by_name_and_other_folders_are_none(tmp_path):
    for name, time in (("b", 200), ("old", 100), ("a", 200), ("new", 300)):
        (tmp_path / name).mkdir()
        (tmp_path / name / SPEC_FILE).touch()
        os.utime(tmp_path / name / SPEC_FILE, (time, time))
    (tmp_path / "corpora" / "music").mkdir(parents=True)
    (tmp_path / "corpora" / "music" / SPEC_FILE).touch()  # too deep
    assert Home(tmp_path).names() == ["new", "a", "b", "old"]
    assert Home(tmp_path / "nowhere").names() == []


def test_a_study_that_is_not_there_is_told_with_those_that_are(tmp_path, tiny_spec):
    with pytest.raises(UnknownNameError, match=r"there is no study in .* launch quickstart"):
        Home(tmp_path).open("jazz")
    Home(tmp_path).create(tiny_spec("jazz")).ledger.close()
    with pytest.raises(UnknownNameError, match="did you mean 'jazz'"):
        Home(tmp_path).open("jaz")


def test_a_study_whose_folder_was_renamed_by_hand_is_refused(tmp_path, tiny_spec):
    Home(tmp_path).create(tiny_spec("jazz")).ledger.close()
    (tmp_path / "jazz").rename(tmp_path / "blues")
    with pytest.raises(UsageError, match=r"holds study 'jazz'.*rename it back to 'jazz'"):
        Home(tmp_path).open("blues")


def test_what_there_is_of_a_study_is_read_for_the_same_spec_wherever_it_is_to_run(
    tmp_path, tiny_spec
):
    home = Home(tmp_path)
    assert home.record_of(tiny_spec("jazz")) is None
    home.create(tiny_spec("jazz")).ledger.close()
    assert home.record_of(tiny_spec("jazz")).spec == tiny_spec("jazz")
    elsewhere = tiny_spec("jazz", resources="{slots: 3, cpus_per_trial: 2, gpus_per_trial: 1.0}")
    assert home.record_of(elsewhere).spec == tiny_spec("jazz")
    with pytest.raises(UsageError) as caught:
        home.record_of(tiny_spec("jazz", search__finalists="1"))
    assert str(caught.value) == (
        "study 'jazz' exists with another spec: search.finalists was 2 and is now 1; give this one "
        f"another --name, or resume that one with: musebar --home {tmp_path} study resume jazz"
    )


def test_a_study_begun_with_an_open_generation_is_the_same_when_asked_for_so_again(
    tmp_path, tiny_spec
):
    home = Home(tmp_path)
    study = home.create(tiny_spec("jazz", search__order="in_turn"))
    study.ledger.close()
    asked = tiny_spec("jazz", search__generation="null")
    assert home.record_of(asked).spec.search.generation == 2
    with pytest.raises(UsageError, match=r"search\.generation was 2 and is now 3"):
        home.record_of(tiny_spec("jazz", search__generation="3"))


def test_a_study_that_is_created_again_before_it_ran_takes_over_where_it_is_to_run(
    tmp_path, tiny_spec
):
    home = Home(tmp_path)
    home.create(tiny_spec("jazz")).ledger.close()
    again = home.create(tiny_spec("jazz", resources="{slots: 3, cpus_per_trial: 2}"))
    assert again.ledger.read("jazz").spec.resources.cpus_per_trial == 2
    again.ledger.close()
    assert recorded(tmp_path / "jazz" / SPEC_FILE).resources.slots == 3


def test_a_study_that_is_created_again_as_it_is_stays_untouched(tmp_path, tiny_spec):
    home = Home(tmp_path)
    home.create(tiny_spec("jazz")).ledger.close()
    os.utime(tmp_path / "jazz" / SPEC_FILE, (100, 100))
    home.create(tiny_spec("jazz")).ledger.close()
    assert _time(tmp_path / "jazz" / SPEC_FILE) == 100


def test_a_password_stays_in_the_file_when_where_a_study_runs_is_taken_over(
    tmp_path, tiny_spec, monkeypatch
):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setattr("study.home.studies._open_ledger", lambda spec, folder: Ledger(url))
    asked = {"storage__ledger": "postgresql://me:se-cret@host/db"}
    Home(tmp_path).create(tiny_spec("jazz", **asked)).ledger.close()
    Home(tmp_path).create(tiny_spec("jazz", **asked, resources__slots="7")).ledger.close()
    found = recorded(tmp_path / "jazz" / SPEC_FILE)
    assert (found.resources.slots, found.storage.ledger) == (7, asked["storage__ledger"])


def test_of_a_study_that_has_begun_what_ended_is_read(tmp_path, tiny_spec):
    study = Home(tmp_path).create(tiny_spec("jazz"))
    ended_one(study)
    study.ledger.close()
    assert len(Home(tmp_path).record_of(tiny_spec("jazz")).ended) == 1


def ended_one(study):
    config = study.ledger.read(study.name).spec.configuration({})
    study.ledger.add_configurations(study.name, [config])
    run = SeedRun("low", config.config_id, 1000, Phase.CONFIRM)
    failed = SeedRunResult(Failure("loss is no number", FailureKind.DIVERGED))
    study.ledger.end(study.name, run, failed)


def test_once_a_run_has_ended_only_what_is_no_part_of_a_study_may_change(tmp_path, tiny_spec):
    home = Home(tmp_path)
    study = home.create(tiny_spec("jazz"))
    ended_one(study)
    study.ledger.close()
    with pytest.raises(UsageError, match=r"resources\.cpus_per_trial was 1 and is now 2"):
        home.create(tiny_spec("jazz", resources="{cpus_per_trial: 2}"))
    again = home.create(tiny_spec("jazz", resources__slots="7"))
    assert again.ledger.read("jazz").spec.resources.slots == 7
    again.ledger.close()


def test_while_a_driver_lives_where_a_study_runs_is_left_as_it_is(tmp_path, tiny_spec):
    home = Home(tmp_path)
    study = home.create(tiny_spec("jazz"))
    with Lease(study.ledger, "jazz"):
        home.create(tiny_spec("jazz", resources__slots="7"))
    assert study.ledger.read("jazz").spec == tiny_spec("jazz")
    assert recorded(tmp_path / "jazz" / SPEC_FILE) == tiny_spec("jazz")
    study.ledger.close()


def test_another_spec_is_refused_where_a_study_is_created(tmp_path, tiny_spec):
    home = Home(tmp_path)
    home.create(tiny_spec("jazz")).ledger.close()
    with pytest.raises(UsageError, match=r"seeds\.confirm was 3 and is now 4"):
        home.create(tiny_spec("jazz", seeds__confirm="4"))


@pytest.mark.parametrize("name", ["corpora", "trained"])
def test_a_home_has_folders_that_are_no_studies(tmp_path, tiny_spec, name):
    with pytest.raises(UsageError, match=f"'{name}': a home has a folder of that name"):
        Home(tmp_path).create(tiny_spec(name))
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("found", [[], ["ledger.sqlite", "ledger.sqlite-wal"], [".study.yaml.x"]])
def test_what_an_interrupted_launch_left_is_no_hindrance(tmp_path, found):
    (tmp_path / "jazz").mkdir()
    for name in found:
        (tmp_path / "jazz" / name).touch()
    check_free(tmp_path / "jazz")
    check_free(tmp_path / "blues")
    (tmp_path / "jazz" / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"is no study \(it holds thesis.tex\)"):
        check_free(tmp_path / "jazz")
    for name in ("notes.txt", "ledger.txt", "zither.txt"):
        (tmp_path / "jazz" / name).touch()
    with pytest.raises(UsageError, match=r"is no study \(it holds ledger.txt\)"):
        check_free(tmp_path / "jazz")  # the first by name
    (tmp_path / "jazz" / SPEC_FILE).touch()
    check_free(tmp_path / "jazz")  # made by another just now


def test_a_file_in_the_place_of_a_studys_folder_is_named(tmp_path):
    (tmp_path / "jazz").touch()
    with pytest.raises(UsageError, match=r"is no study \(it holds jazz\)"):
        check_free(tmp_path / "jazz")


def test_a_home_that_cannot_be_written_is_told_with_the_cause(tmp_path, tiny_spec):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(UsageError, match=r"cannot write to the home .*\(Not a directory\).*--home"):
        Home(tmp_path / "home").create(tiny_spec())


def test_a_ledger_that_cannot_be_written_is_told_as_that_and_not_as_the_home(tmp_path, tiny_spec):
    (tmp_path / "file").touch()
    file = tmp_path / "file" / "a" / "l.sqlite"
    said = rf"cannot write the ledger '{file}' \(Not a directory\): name another storage.ledger"
    with pytest.raises(UsageError, match=said):
        Home(tmp_path / "home").create(tiny_spec(storage__ledger=f"sqlite:///{file}"))


def test_a_studys_file_holds_the_whole_spec_for_its_owner_alone(tmp_path, tiny_spec):
    Home(tmp_path).create(tiny_spec("jazz")).ledger.close()
    file = tmp_path / "jazz" / SPEC_FILE
    assert recorded(file) == tiny_spec("jazz")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is no file"):
        recorded(tmp_path / "blues" / SPEC_FILE)


@pytest.mark.parametrize(
    "kind",
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "fuse.sshfs",
        "ceph",
        "lustre",
        "fuse.ceph-fuse",
        "fuse.glusterfs",
    ],
)
def test_sqlite_on_a_disk_of_several_machines_is_refused_wherever_it_is_named(
    tmp_path, tiny_spec, monkeypatch, kind
):
    monkeypatch.setattr("study.home.files.filesystem", lambda folder: kind)
    for ledger in ("sqlite", f"sqlite:///{tmp_path}/beside/ledger.sqlite"):
        with pytest.raises(UsageError, match="network file system"):
            Home(tmp_path).create(tiny_spec(storage__ledger=ledger))


def test_a_home_that_cannot_be_read_is_told_with_the_cause(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)
    with pytest.raises(UsageError, match=r"cannot read the home '.*': Permission denied$"):
        Home(tmp_path).names()


def test_a_study_whose_file_has_just_gone_is_the_oldest(tmp_path):
    assert _time(tmp_path / "gone") == 0


def test_a_launch_that_was_killed_before_its_spec_was_on_disk_is_gone_on_with(tmp_path, tiny_spec):
    home = Home(tmp_path)
    home.create(tiny_spec("jazz")).ledger.close()
    (tmp_path / "jazz" / SPEC_FILE).unlink()
    with pytest.raises(UsageError) as caught:
        home.create(tiny_spec("jazz", search__finalists="1"))
    assert str(caught.value).endswith(f"with: musebar --home {tmp_path} study resume jazz")
    study = home.create(tiny_spec("jazz", resources__slots="7"))
    assert study.ledger.read("jazz").spec.resources.slots == 7
    study.ledger.close()
    assert recorded(tmp_path / "jazz" / SPEC_FILE).resources.slots == 7


def test_a_driver_that_is_dead_holds_nothing_up(tmp_path, tiny_spec):
    home = Home(tmp_path)
    study = home.create(tiny_spec("jazz"))
    dead = {"holder": "x", "host": this_host(), "pid": 1, "process_start": -100.0, "beat": 0}
    with study.ledger.database.begin() as db:
        db.execute(schema.leases.insert().values(study="jazz", **dead))
    home.create(tiny_spec("jazz", resources__slots="7")).ledger.close()
    assert study.ledger.read("jazz").spec.resources.slots == 7
    study.ledger.close()


def test_a_password_is_kept_where_its_owner_alone_reads_it(tmp_path, tiny_spec):
    spec = tiny_spec("jazz", storage__ledger="postgresql://me:se-cret@host/db")
    assert "se-cret" in str(Home(tmp_path).kept(spec))
    assert "se-cret" not in str(Home(files.to_path("memory://kept")).kept(spec))


def test_the_folder_of_a_ledger_beside_the_home_is_made_once_for_several_studies(
    tmp_path, tiny_spec
):
    home, file = Home(tmp_path / "home"), tmp_path / "deep" / "down" / "ledger.sqlite"
    for name in ("jazz", "blues"):
        home.create(tiny_spec(name, storage__ledger=f"sqlite:///{file}")).ledger.close()
    assert sorted(home.names()) == ["blues", "jazz"]
    assert file.is_file()


@pytest.mark.parametrize(
    ("error", "said"), [(OSError(2, "No such file"), "No such file"), (OSError("a\nb"), "a")]
)
def test_the_cause_of_a_systems_error_is_told_in_a_line(error, said):
    assert _cause(error) == said


def test_a_study_that_no_ledger_takes_leaves_no_folder(tiny_spec, tmp_path):
    spec = tiny_spec(storage__ledger=f"sqlite:///{tmp_path}")  # a folder is no file
    with pytest.raises(StudyError, match="unable to open"):
        Home(tmp_path / "home").create(spec)
    assert list((tmp_path / "home").iterdir()) == []
