from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import psutil
import pytest

from musebar_core.errors import StudyError, UnknownNameError, UsageError
from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger.database import shown, without_password
from study.ledger.lease import Holder, Lease, holder, process_start, this_host
from study.ledger.ledger import Ledger, public
from study.ledger.reading import Runs
from study.ledger.record import Origin, OriginKind, Proposal, Record, SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult, SeedRunState
from study.ledger.schema import leases, seed_runs
from study.spec.sections import Phase
from study.spec.specfile import resolve, restore

RUN = SeedRun("low", "0123456789ab", 1000, Phase.CONFIRM)
MEASURED = Metrics.from_dict({"bce": 0.1 + 0.2, "collapsed": False, "informative_share": None})
DONE = SeedRunResult(metrics=RunMetrics(validation=MEASURED))
FAILED = SeedRunResult(failure=Failure("late", FailureKind.NODE_LOST))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request):
    """Where the ledger is kept: every test of this file that uses it runs against both."""
    return "sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def study(tmp_path, tiny_spec, url):
    made = Home(tmp_path / "studies").create(tiny_spec(storage__ledger=url))
    yield made
    made.ledger.close()


def test_a_seed_run_comes_back_as_it_was_written(study):
    ended = SeedRunResult(
        attempts=2,
        metrics=RunMetrics(MEASURED, MEASURED),
        curve=(EpochMetrics(3, 1 / 3, 2.5, 0.1, MEASURED),),
        best_epoch=3,
        seconds=1.5,
        node="node",
        device="cpu",
        versions={"torch": "2"},
        checkpoint="runs/x",
        finished_at="2026-01-01T00:00:00+00:00",
    )
    assert study.ledger.end("tiny", RUN, ended)
    assert study.ledger.read("tiny", runs=Runs.WITH_CURVES).ended == {RUN: ended}
    assert study.ledger.read("tiny").ended == {RUN: replace(ended, curve=None)}


def test_a_seed_run_is_recorded_once_and_the_first_stays(study):
    assert study.ledger.end("tiny", RUN, DONE)
    assert not study.ledger.end("tiny", RUN, FAILED)
    assert study.ledger.read("tiny").ended[RUN].done


def test_the_kind_of_a_failure_comes_back_and_one_without_is_not_known(study):
    study.ledger.end("tiny", RUN, FAILED)
    assert study.ledger.read("tiny").ended[RUN].failure == Failure("late", FailureKind.NODE_LOST)
    with study.ledger.database.begin() as db:
        db.exec_driver_sql("UPDATE musebar_seed_runs SET failure_kind = NULL")
    assert study.ledger.read("tiny").ended[RUN].failure == Failure("late", kind=None)


def test_a_metric_that_an_older_row_lacks_reads_as_not_measured(study):
    row = EpochMetrics(3, 1.0, 2.5, 0.1, MEASURED)
    study.ledger.end("tiny", RUN, replace(DONE, curve=(row,)))
    with study.ledger.database.begin() as db:
        kept = {"bce": 2.0, "a metric of another product": 1.0}
        curve = {"epoch": 3, "weight": 1.0, "train_bce": 2.5, "train_kl_bars": 0.1}
        older = {"metrics": {"validation": kept}, "curve": [curve | {"validation_bce": 2.0}]}
        db.execute(seed_runs.update().values(older))
    came = study.ledger.read("tiny", runs=Runs.WITH_CURVES).ended[RUN]
    assert came.metrics == RunMetrics(validation=Metrics.from_dict({"bce": 2.0}))
    assert came.metrics.validation.mi_lower is None
    (epoch,) = came.curve
    assert (epoch.validation.bce, epoch.validation.mi_lower) == (2.0, None)


def test_a_generation_is_recorded_whole_or_not_at_all(study, tiny_spec):
    spec = tiny_spec()
    pairs = [(cell, spec.configuration(cell)) for cell in list(spec.space.cells())[:2]]
    proposals = [
        Proposal(c.config_id, cell, Origin(OriginKind.CHANCE, "nothing new")) for cell, c in pairs
    ]
    found = [c for _, c in pairs]
    study.ledger.add_generation("tiny", "low", 0, proposals, found)
    with pytest.raises(StudyError):
        study.ledger.add_generation("tiny", "low", 1, proposals[:1], found[:1])  # proposed before
    record = study.ledger.read("tiny")
    assert list(record.generations) == [("low", 0)]
    assert record.generations["low", 0] == tuple(proposals)
    assert record.configurations[pairs[0][1].config_id] == pairs[0][1]


def test_a_generation_that_found_nothing_is_remembered(study):
    study.ledger.add_generation("tiny", "low", 0, [], [])
    assert study.ledger.read("tiny").generations == {("low", 0): ()}


def test_failed_attempts_are_counted(study):
    for attempt in (1, 2):
        study.ledger.add_failed_attempt("tiny", RUN, attempt, FAILED.failure)
    assert study.ledger.read("tiny").failed_attempts == {RUN: 2}


def test_running_again_forgets_the_request_to_stop(study):
    study.ledger.request_stop("tiny")
    assert study.ledger.stop_requested("tiny")
    study.ledger.set_state("tiny", StudyState.RUNNING)
    assert not study.ledger.stop_requested("tiny")


def test_a_job_that_begins_heeds_the_request_to_stop_that_came_before(study):
    study.ledger.request_stop("tiny")
    study.ledger.set_state("tiny", StudyState.SUBMITTED)
    assert not study.ledger.stop_requested("tiny")
    study.ledger.request_stop("tiny")
    study.ledger.set_state("tiny", StudyState.RUNNING)
    assert study.ledger.stop_requested("tiny")
    study.ledger.set_state("tiny", StudyState.RUNNING)
    assert not study.ledger.stop_requested("tiny")


def test_a_pickled_ledger_carries_no_connection(study):
    assert b"sqlalchemy" not in pickle.dumps(study.ledger)


def test_a_password_is_never_shown():
    with pytest.raises((UsageError, StudyError)) as caught:
        Ledger("postgresql+nosuchdriver://user:secret@localhost/db")
    assert "secret" not in str(caught.value)


def test_the_same_spec_opens_the_study_and_another_is_refused(study, tmp_path, tiny_spec):
    home = Home(tmp_path / "studies")
    assert home.create(tiny_spec(resources__slots="1")).folder == study.folder
    with pytest.raises(UsageError, match=r"training.epochs was 6 and is now 7"):
        home.create(
            tiny_spec(
                training="{profile: strong, epochs: 7, batch: 4, "
                "evaluate_every: 3, evaluation_snippets: 16}"
            )
        )


def test_runs_that_end_together_are_recorded_with_those_that_are_there_already(study):
    other, last = RUN._replace(seed=1001), RUN._replace(seed=1002)
    assert study.ledger.end("tiny", other, FAILED)
    study.ledger.end_all("tiny", {RUN: DONE, other: DONE, last: FAILED})
    ended = study.ledger.read("tiny").ended
    assert {run: one.done for run, one in ended.items()} == {RUN: True, other: False, last: False}
    assert study.ledger.ended_counts("tiny") == {
        ("low", Phase.CONFIRM, SeedRunState.DONE): 1,
        ("low", Phase.CONFIRM, SeedRunState.FAILED): 2,
    }
    assert study.ledger.commonest_failure("tiny") == "late"


def test_for_plans_a_run_is_read_with_its_validation_figures_alone(study):
    metrics = RunMetrics(MEASURED, MEASURED)
    ended = replace(DONE, metrics=metrics, curve=(), versions={"torch": "2"}, finished_at="2026")
    study.ledger.end_all("tiny", {RUN: ended, RUN._replace(seed=1001): replace(FAILED)})
    found = study.ledger.read("tiny", runs=Runs.FOR_PLANS).ended
    kept = replace(ended, metrics=RunMetrics(MEASURED), curve=None, versions=None)
    assert found[RUN] == kept
    assert found[RUN._replace(seed=1001)].failure == FAILED.failure
    assert study.ledger.read("tiny", runs=Runs.NONE).ended == {}


def test_a_spec_that_leaves_open_what_a_launch_settled_opens_the_study(study, tmp_path, tiny_spec):
    home = Home(tmp_path / "studies")
    assert home.create(tiny_spec(search__generation="null")).folder == study.folder
    with pytest.raises(UsageError, match=r"search.generation was 2 and is now 3"):
        home.create(tiny_spec(search__generation="3"))


def test_an_older_studys_genres_go_on_in_turn(study):
    content = study.ledger.read("tiny").spec.model_dump(mode="json")
    del content["search"]["order"]
    assert restore(content).search.order == "in_turn"
    assert resolve(content).search.order is None


def test_launching_again_corrects_where_a_study_runs(study, tmp_path, tiny_spec):
    home = Home(tmp_path / "studies")
    home.create(tiny_spec(resources="{slots: 8, gpus_per_trial: auto, seeds_per_trial: auto}"))
    recorded = home.open("tiny").ledger.read("tiny").spec.resources
    assert (recorded.slots, recorded.gpus_per_trial, recorded.seeds_per_trial) == (
        8,
        "auto",
        "auto",
    )
    assert "slots: 8" in (study.folder / "study.yaml").read_text()


def test_once_runs_have_ended_only_what_no_result_depends_on_changes(study, tmp_path, tiny_spec):
    home = Home(tmp_path / "studies")
    home.create(tiny_spec(resources__gpus_per_trial="0.25"))
    study.ledger.end("tiny", RUN, DONE)
    home.create(tiny_spec(resources="{slots: 3, gpus_per_trial: 0.5}"))
    recorded = study.ledger.read("tiny").spec.resources
    assert (recorded.slots, recorded.gpus_per_trial) == (3, 0.5)
    with pytest.raises(UsageError, match=r"gpus_per_trial was 'a GPU' and is now 0"):
        home.create(tiny_spec())
    with pytest.raises(UsageError, match=r"seeds_per_trial was 1 and is now 'auto'"):
        home.create(tiny_spec(resources="{gpus_per_trial: 1, seeds_per_trial: auto}"))


def test_a_living_drivers_study_stays_as_it_read_it(study, tmp_path, tiny_spec):
    with Lease(study.ledger, "tiny"):
        Home(tmp_path / "studies").create(tiny_spec(resources__slots="7"))
        assert study.ledger.read("tiny").spec.resources.slots != 7


@pytest.mark.parametrize("url", ["nonsense", "postgresql+nosuchdriver://u:secret@localhost/db"])
def test_a_wrong_ledger_leaves_no_study_behind(tmp_path, tiny_spec, url):
    home = Home(tmp_path / "studies")
    with pytest.raises(UsageError, match=r"storage\.ledger"):
        home.create(tiny_spec(storage__ledger=url))
    assert home.names() == []


def test_a_shared_database_does_not_run_another_homes_spec(tmp_path, tiny_spec):
    url = f"sqlite:///{tmp_path}/shared.sqlite"
    Home(tmp_path / "one").create(tiny_spec(storage__ledger=url))
    with pytest.raises(UsageError, match="exists with another spec"):
        Home(tmp_path / "two").create(tiny_spec(storage__ledger=url, search__finalists="1"))


def test_what_a_generation_wrote_before_the_connection_broke_is_not_written_again(study, tiny_spec):
    spec = tiny_spec()
    cells = list(spec.space.cells())[:2]
    found = [spec.configuration(cell) for cell in cells]
    proposed = [Proposal(c.config_id, cell) for c, cell in zip(found, cells, strict=True)]
    for _ in range(2):
        study.ledger.add_generation("tiny", "low", 0, proposed, found)
    assert len(study.ledger.read("tiny").generations["low", 0]) == 2


def test_rows_come_in_the_order_of_bytes_whatever_the_databases_language(study):
    nameless = SeedRunResult(failure=Failure("null \0 in it", FailureKind.ERROR))
    for genre in ("b", "a", "B", "_", "A"):
        study.ledger.end("tiny", RUN._replace(genre=genre), nameless)
    assert [run.genre for run in study.ledger.read("tiny").ended] == ["A", "B", "_", "a", "b"]


def test_a_record_is_read_as_of_one_moment(study, monkeypatch):
    """A run that ends while the record is being read is in all of what was read, or in none."""
    from study.ledger import ledger, schema

    select, other = ledger._select, Ledger(study.ledger.database.url)

    def interrupted(db, table, *args):
        rows = select(db, table, *args)
        if table is schema.genres:
            other.end("tiny", RUN, DONE)
        return rows

    monkeypatch.setattr(ledger, "_select", interrupted)
    assert study.ledger.read("tiny").ended == {}
    assert RUN in study.ledger.read("tiny").ended
    other.close()


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://me:se%40cret@host:5/db", "postgresql://me@host/db?password=se%40cret"],
)
def test_a_stored_or_shown_url_has_no_password(tiny_spec, url):
    for text in (shown(url), without_password(url), str(public(tiny_spec(storage__ledger=url)))):
        assert "cret" not in text
        assert "host" in text


def test_a_killed_driver_that_nobody_reaped_is_dead(study):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    started = process_start(child.pid)
    deadline = time.monotonic() + 20
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not Holder("x", this_host(), child.pid, started, 0).alive
    child.wait()


def test_a_database_that_is_gone_is_one_clear_error(study):
    with study.ledger.database.engine.begin() as db:
        db.exec_driver_sql("DROP TABLE musebar_leases")
    with pytest.raises(StudyError, match="leases"):
        Lease(study.ledger, "tiny").__enter__()


def test_a_study_killed_before_its_spec_is_on_disk_is_created_again(
    study, tmp_path, tiny_spec, url
):
    (study.folder / "study.yaml").unlink()
    assert Home(tmp_path / "studies").names() == []
    made = Home(tmp_path / "studies").create(tiny_spec(storage__ledger=url))
    assert made.ledger.studies() == Home(tmp_path / "studies").names() == ["tiny"]


def test_an_unknown_study_names_the_known(study, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'tiny'"):
        Home(tmp_path / "studies").open("tinny")


def test_an_unwritable_home_is_refused_by_name(tmp_path, tiny_spec):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to the home"):
        Home(tmp_path / "file").create(tiny_spec())


def test_a_second_driver_is_refused_and_the_first_named(study):
    with Lease(study.ledger, "tiny"), pytest.raises(StudyError, match=f"process {os.getpid()} on"):
        Lease(study.ledger, "tiny").__enter__()
    with Lease(study.ledger, "tiny"):
        pass


def test_a_driver_that_was_killed_is_replaced_at_once(study):
    code = (
        "import os, sys\n"
        "from study.ledger.ledger import Ledger\n"
        "from study.ledger.lease import Lease\n"
        "Lease(Ledger(sys.argv[1]), 'tiny').__enter__()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, study.ledger.database.url], check=False, timeout=60)
    dead = holder(study.ledger, "tiny")
    assert dead is not None
    assert not dead.alive
    with Lease(study.ledger, "tiny"):
        assert holder(study.ledger, "tiny").pid == os.getpid()


def held_elsewhere(study):
    with Lease(study.ledger, "tiny"):
        mine = holder(study.ledger, "tiny")
    with study.ledger.database.begin() as db:
        db.execute(
            leases.insert().values(
                study="tiny", holder="other", host="elsewhere/1", pid=1, process_start=0.0, beat=4
            )
        )
    return mine


def test_a_machine_of_the_same_name_is_another_host(study):
    """Cloud images share names, and every machine's first process namespace its number."""
    name, boot, namespace = this_host().split("/")
    same = Holder("x", f"{name}/another-boot/{namespace}", os.getpid(), 0.0, 0)
    assert boot
    assert not same.here
    assert same.machine == name


def test_a_silent_holder_on_another_host_is_replaced_after_patience(study):
    held_elsewhere(study)
    with Lease(study.ledger, "tiny", patience=1.0):
        assert holder(study.ledger, "tiny").host == this_host()


def test_a_driver_that_lost_its_lease_records_nothing_more(study, monkeypatch):
    monkeypatch.setattr("study.ledger.lease.HEARTBEAT", 0.05)
    with Lease(study.ledger, "tiny") as held:
        held.check()
        with study.ledger.database.begin() as db:
            db.execute(leases.update().values(holder="thief"))
        held._thread.join(timeout=5)
        with pytest.raises(StudyError, match="taken over"):
            held.check()


def test_a_process_id_used_again_is_not_mistaken_for_the_holder():
    reused = Holder("x", this_host(), os.getpid(), process_start=1.0, beat=0)
    assert not reused.alive


def test_a_study_created_by_several_at_once_is_created_once(tmp_path, tiny_spec):
    spec = tiny_spec()
    homes = [tmp_path / str(i) for i in range(10)]
    with ThreadPoolExecutor(8) as pool:
        for home in homes:
            made = list(pool.map(lambda _, h=home: Home(h).create(spec), range(4)))
            assert {study.folder for study in made} == {home / "tiny"}
            assert made[0].ledger.studies() == ["tiny"]


def test_eight_that_open_a_new_ledger_at_once_all_find_it(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for attempt in range(10):
            folder, together = tmp_path / str(attempt), Barrier(8)
            folder.mkdir()

            def opened(_, folder=folder, together=together):
                together.wait()
                ledger = Ledger.in_folder(folder)
                found = ledger.studies()
                ledger.close()
                return found

            assert list(pool.map(opened, range(8))) == [[]] * 8


def test_a_study_that_another_made_since_one_looked_is_opened(tmp_path, tiny_spec, monkeypatch):
    first = Home(tmp_path).create(tiny_spec())
    monkeypatch.setattr(Home, "names", lambda _: [])  # as it was when one looked
    assert Home(tmp_path).create(tiny_spec()).folder == first.folder


def test_whoever_sees_a_study_being_created_can_read_it(tmp_path, tiny_spec):
    spec = tiny_spec()

    def look(home: Home) -> Record:
        while "tiny" not in home.names():
            pass
        return home.open("tiny").ledger.read("tiny")

    with ThreadPoolExecutor(3) as pool:
        for i in range(10):
            home = Home(tmp_path / str(i))
            seen = [pool.submit(look, home) for _ in range(2)]
            home.create(spec)
            assert all(s.result(20).state == StudyState.CREATED for s in seen)


def test_what_failed_is_forgotten_to_be_tried_again_but_not_what_diverged(tmp_path, tiny_spec):
    ledger = Ledger.in_folder(tmp_path)
    spec = tiny_spec()
    ledger.create(spec)
    kinds = (FailureKind.INSTALLATION, FailureKind.ERROR, FailureKind.DIVERGED, None)
    runs = [SeedRun("low", "0" * 12, seed, Phase.SEARCH) for seed in range(len(kinds) + 1)]
    for run, kind in zip(runs, kinds, strict=False):
        ledger.end(spec.name, run, SeedRunResult(failure=Failure("why", kind)))
        ledger.add_failed_attempt(spec.name, run, 1, Failure("why", kind))
    ledger.end(spec.name, runs[-1], SeedRunResult())
    assert ledger.forget_failed(spec.name) == 3
    record = ledger.read(spec.name)
    assert set(record.ended) == {runs[2], runs[4]}
    assert set(record.failed_attempts) == {runs[2]}


def test_a_plain_installation_names_the_extra_that_postgresql_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    with pytest.raises(UsageError, match=r"pip install 'musebar-study\[cluster\]'"):
        Ledger("postgresql+psycopg://me@host/db")


def test_nobody_asks_a_new_study_to_stop(study):
    assert not study.ledger.stop_requested("tiny")
    assert not study.ledger.stop_requested("tiny", wait=False)
    assert not study.ledger.read("tiny").stop_requested


@pytest.mark.parametrize("state", [StudyState.STOPPED, StudyState.FINISHED, StudyState.CREATED])
def test_a_study_that_only_gets_another_state_keeps_the_request_to_stop(study, state):
    study.ledger.request_stop("tiny")
    study.ledger.set_state("tiny", state)
    assert study.ledger.read_state("tiny") is state
    assert study.ledger.stop_requested("tiny", wait=False)
    assert study.ledger.read("tiny").stop_requested


def test_what_is_asked_and_recorded_of_one_study_is_not_of_another(study, tiny_spec):
    study.ledger.create(tiny_spec("other", search__finalists="1"))
    study.ledger.request_stop("tiny")
    study.ledger.set_state("tiny", StudyState.STOPPED)
    study.ledger.end("tiny", RUN, FAILED)
    study.ledger.add_failed_attempt("tiny", RUN, 1, FAILED.failure)
    study.ledger.set_corpus("tiny", "there", {"low": {"fingerprint": "f"}})
    other = study.ledger.read("other")
    assert (other.state, other.stop_requested) == (StudyState.CREATED, False)
    assert (other.ended, other.failed_attempts, other.facts) == ({}, {}, {})
    assert (other.corpus_path, other.spec.search.finalists) == (None, 1)
    assert study.ledger.forget_failed("other") == 0
    study.ledger.set_corpus("other", None, {"low": {"fingerprint": "g"}})
    assert study.ledger.read("tiny").facts == {"low": {"fingerprint": "f"}}
    assert RUN in study.ledger.read("tiny").ended


def test_configurations_are_recorded_once_and_those_there_already_stay(study, tiny_spec):
    spec = tiny_spec()
    found = [spec.configuration(cell) for cell in list(spec.space.cells())[:3]]
    study.ledger.add_configurations("tiny", found[:2])
    study.ledger.add_configurations("tiny", [*found, found[2]])
    assert study.ledger.read("tiny").configurations == {c.config_id: c for c in found}


def test_what_is_given_one_by_one_is_written_again_where_the_first_time_was_lost(
    study, tiny_spec, monkeypatch
):
    """A database may go away after it was told all: the work is done again."""
    spec, database = tiny_spec(), study.ledger.database
    first, second = (spec.configuration(cell) for cell in list(spec.space.cells())[:2])
    transact = database.transact

    def again(work):
        with contextlib.suppress(ZeroDivisionError):
            transact(lambda db: work(db) or 1 / 0)
        return transact(work)

    monkeypatch.setattr(database, "transact", again)
    study.ledger.add_configurations("tiny", iter([first]))
    proposed = [Proposal(second.config_id, {})]
    study.ledger.add_generation("tiny", "low", 0, proposed, iter([second]))
    monkeypatch.undo()
    known = study.ledger.read("tiny").configurations
    assert known.keys() == {first.config_id, second.config_id}


def test_a_ledger_whose_file_is_gone_is_not_made_anew(tmp_path, tiny_spec):
    ledger = Ledger.in_folder(tmp_path)
    ledger.create(tiny_spec())
    ledger.close()
    assert ledger.database.engine.pool.checkedin() == 0
    (tmp_path / "ledger.sqlite").unlink()
    with pytest.raises(StudyError, match=r"ledger\.sqlite is gone, deleted or moved"):
        ledger.studies()


def test_a_ledger_that_is_closed_has_no_connection_left(study):
    study.ledger.studies()
    assert study.ledger.database.engine.pool.checkedin() > 0
    study.ledger.close()
    assert study.ledger.database.engine.pool.checkedin() == 0


def test_a_spec_that_says_otherwise_where_it_runs_is_recorded_anew(study, tiny_spec):
    study.ledger.set_spec(tiny_spec(resources__slots="7"))
    assert study.ledger.read("tiny").spec.resources.slots == 7
    assert study.ledger.read_state("tiny") is StudyState.CREATED


def test_other_errors_of_a_database_are_not_taken_for_what_is_there_already(study):
    with study.ledger.database.begin() as db:
        seed_runs.drop(db)
    for write in (
        lambda: study.ledger.end("tiny", RUN, DONE),
        lambda: study.ledger.end_all("tiny", {RUN: DONE}),
    ):
        with pytest.raises(StudyError, match="musebar_seed_runs"):
            write()


def test_who_does_not_wait_for_a_database_asks_it_once(study, monkeypatch):
    def wait(_):
        raise StudyError("this waits")

    study.ledger.request_stop("tiny")
    monkeypatch.setattr(study.ledger.database, "transact", wait)
    assert study.ledger.stop_requested("tiny", wait=False)
    for ask in (
        lambda: study.ledger.stop_requested("tiny"),
        lambda: study.ledger.stop_requested("tiny", wait=True),
    ):
        with pytest.raises(StudyError, match="this waits"):
            ask()


def test_a_ledger_of_a_folder_stays_where_it_is_wherever_one_goes(tmp_path, tiny_spec, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger.in_folder(Path())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ledger.create(tiny_spec())
    ledger.close()
    assert ledger.studies() == ["tiny"]
    assert (tmp_path / "ledger.sqlite").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_ledger_keeps_no_password_of_its_own_database(tmp_path, tiny_spec):
    ledger = Ledger.in_folder(tmp_path)
    url = "postgresql+psycopg://me:cret@host/db"
    ledger.create(tiny_spec(storage__ledger=url))
    for write in (ledger.set_spec,):
        assert ledger.read("tiny").spec.storage.ledger == "postgresql+psycopg://me@host/db"
        write(tiny_spec(storage__ledger=url))
    assert ledger.read("tiny").spec.storage.ledger == "postgresql+psycopg://me@host/db"
    assert public(tiny_spec())["storage"]["ledger"] == "sqlite"
