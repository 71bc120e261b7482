"""How long a driver's silence is waited for: by a clock of the test's own, second by second."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from musebar_core.errors import StudyError
from study.home.studies import Home
from study.ledger import lease
from study.ledger.lease import Holder, Lease, holder, process_start, this_host
from study.ledger.schema import leases


@pytest.fixture
def study(tmp_path, tiny_spec):
    made = Home(tmp_path / "studies").create(tiny_spec())
    yield made
    made.ledger.close()


class Clock:
    """Seconds that pass only in sleep, and what is to happen at which of them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.began = self.now
        self.events = {}
        self.sleeps = []

    @property
    def waited(self) -> float:
        return self.now - self.began

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps.append(seconds)
        self.now += seconds
        for at in [at for at in self.events if at <= self.waited]:
            self.events.pop(at)()


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(
        lease, "time", SimpleNamespace(monotonic=found.monotonic, sleep=found.sleep)
    )
    return found


@pytest.fixture
def held_elsewhere(study):
    """A driver on another host holds the study."""
    values = {"holder": "other", "host": "elsewhere/1", "pid": 1, "process_start": 0.0, "beat": 4}
    with study.ledger.database.begin() as db:
        db.execute(leases.insert().values(study="tiny", **values))


def beats(study, **changes):
    def change():
        with study.ledger.database.begin() as db:
            db.execute(leases.update().values(changes or {"beat": leases.c.beat + 1}))

    return change


def leaves(study):
    def leave():
        with study.ledger.database.begin() as db:
            db.execute(leases.delete())

    return leave


def test_a_driver_elsewhere_that_is_silent_for_a_minute_is_replaced_after_it(
    study, clock, held_elsewhere
):
    with Lease(study.ledger, "tiny"):
        assert 60 <= clock.waited <= 61
        assert holder(study.ledger, "tiny").here


@pytest.mark.parametrize("at", [1, 31, 59])
def test_a_driver_elsewhere_whose_heartbeat_moves_is_not_replaced(study, clock, held_elsewhere, at):
    clock.events[at] = beats(study)
    with pytest.raises(StudyError, match="is being driven by process 1 on elsewhere"):
        Lease(study.ledger, "tiny").__enter__()
    assert at <= clock.waited <= at + 1
    assert holder(study.ledger, "tiny").holder == "other"


def test_a_lease_that_another_took_meanwhile_is_left_to_it(study, clock, held_elsewhere):
    clock.events[5] = beats(study, holder="third", host="yonder/1", beat=4)
    with pytest.raises(StudyError, match="is being driven"):
        Lease(study.ledger, "tiny").__enter__()
    assert holder(study.ledger, "tiny").holder == "third"


def test_a_lease_that_is_given_back_meanwhile_is_taken_at_once(study, clock, held_elsewhere):
    clock.events[5] = leaves(study)
    with Lease(study.ledger, "tiny"):
        assert 5 <= clock.waited <= 6


@pytest.mark.parametrize(
    ("patience", "looks"), [(2.0, [0.5] * 4), (4.0, [1.0] * 4), (10.0, [1.0] * 10)]
)
def test_a_patience_of_ones_own_is_waited_for_whole_and_looked_in_between(
    study, clock, held_elsewhere, patience, looks
):
    with Lease(study.ledger, "tiny", patience=patience):
        assert clock.waited == patience
        assert clock.sleeps == looks


def test_a_driver_here_that_is_dead_is_not_waited_for(study, clock):
    child = subprocess.Popen([sys.executable, "-S", "-c", "pass"])
    child.wait()
    values = {"holder": "x", "host": this_host(), "process_start": 0.0, "beat": 4}
    with study.ledger.database.begin() as db:
        db.execute(leases.insert().values(study="tiny", pid=child.pid, **values))
    with Lease(study.ledger, "tiny"):
        assert clock.waited == 0


@pytest.mark.parametrize(
    ("silent", "gone"),
    [(None, False), (0.0, False), (5.0, False), (59.0, False), (60.0, False), (60.1, True)],
)
def test_a_driver_elsewhere_is_gone_after_a_minute_unheard(silent, gone):
    assert Holder("x", "elsewhere/1", 1, 0.0, 4, silent).gone is gone


@pytest.mark.parametrize(("off", "gone"), [(0.0, False), (1.0, False), (-1.0, False), (5.0, True)])
def test_a_driver_here_is_gone_when_its_process_is_however_long_unheard(off, gone):
    started = process_start(os.getpid()) + off
    assert Holder("x", this_host(), os.getpid(), started, 4, silent=3600.0).gone is gone


@pytest.mark.parametrize(("off", "gone"), [(1.9, False), (-1.9, False), (2.0, True), (-2.0, True)])
def test_a_process_that_started_two_seconds_from_the_holders_is_another(monkeypatch, off, gone):
    monkeypatch.setattr(lease, "process_start", lambda _: 100.0)
    assert Holder("x", this_host(), os.getpid(), 100.0 + off, 4).gone is gone


def test_a_process_that_is_not_there_has_no_start_and_holds_nothing():
    beyond = 2**22 + 1  # Linux gives no higher number than 2**22
    assert Holder("x", this_host(), beyond, 0.0, 4).gone
    with pytest.raises(FileNotFoundError):
        process_start(beyond)


def test_a_process_starts_so_many_seconds_after_the_machine_whatever_it_is_called(tmp_path):
    odd = tmp_path / "a) 1 2 (3"
    shutil.copy(shutil.which("sleep"), odd)
    child = subprocess.Popen([odd, "60"])
    try:
        for pid in (child.pid, os.getpid()):
            since_boot = psutil.Process(pid).create_time() - psutil.boot_time()
            assert process_start(pid) == pytest.approx(since_boot, abs=2.0)
    finally:
        child.kill()
        child.wait()


def test_a_host_is_its_name_its_boot_and_its_namespace_of_processes():
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    assert this_host() == f"{socket.gethostname()}/{boot}/{namespace}"


def test_a_system_that_tells_less_of_itself_has_hosts_and_processes_all_the_same(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(lease, "Path", lambda path: tmp_path / path.lstrip("/"))
    assert this_host() == f"{socket.gethostname()}//0"
    assert process_start(os.getpid()) == psutil.Process().create_time()


def test_a_study_that_another_takes_at_the_same_moment_is_left_to_it(
    study, monkeypatch, held_elsewhere
):
    monkeypatch.setattr(lease, "holder", lambda *_: None)  # as it was when one looked
    with pytest.raises(
        StudyError, match=r"^study 'tiny' was taken by another driver a moment ago$"
    ):
        Lease(study.ledger, "tiny").__enter__()
    monkeypatch.undo()
    assert holder(study.ledger, "tiny").holder == "other"


def test_a_study_that_another_took_from_the_dead_is_left_to_it(study, monkeypatch, held_elsewhere):
    dead = Holder("first", this_host(), 2**22 + 1, 0.0, 4)
    monkeypatch.setattr(lease, "holder", lambda *_: dead)
    with pytest.raises(StudyError, match="was taken by another driver a moment ago"):
        Lease(study.ledger, "tiny").__enter__()
    monkeypatch.undo()
    assert holder(study.ledger, "tiny").holder == "other"


def test_a_database_that_fails_is_not_taken_for_another_driver(study, monkeypatch):
    monkeypatch.setattr(lease, "holder", lambda *_: None)
    with study.ledger.database.begin() as db:
        leases.drop(db)
    with pytest.raises(StudyError, match="no such table: musebar_leases"):
        Lease(study.ledger, "tiny").__enter__()


def test_no_process_waits_for_a_lease_to_end(study):
    with Lease(study.ledger, "tiny") as held:
        assert held._thread.daemon
        assert held._thread.is_alive()
    assert not held._thread.is_alive()


def test_a_lease_is_given_back_at_the_end_and_one_that_cannot_be_is_no_error(study):
    with Lease(study.ledger, "tiny"):
        pass
    assert holder(study.ledger, "tiny") is None
    with Lease(study.ledger, "tiny"), study.ledger.database.begin() as db:
        leases.drop(db)


def test_a_database_that_is_away_is_tried_at_the_next_heartbeat_and_a_lost_lease_no_more(
    study, monkeypatch
):
    with Lease(study.ledger, "tiny") as held:
        pass
    beats = []

    def beat(_):
        beats.append(1)
        if len(beats) == 1:
            raise StudyError("away")
        if len(beats) == 3:
            held._lost.set()

    monkeypatch.setattr(held, "_closing", SimpleNamespace(wait=lambda _: len(beats) > 5))
    monkeypatch.setattr(held, "_beat", beat)
    held._keep_alive()
    assert len(beats) == 3


def test_a_heartbeat_moves_the_beat_and_its_time_and_nothing_else(study):
    with Lease(study.ledger, "tiny") as held:
        before = holder(study.ledger, "tiny")
        with study.ledger.database.begin() as db:
            db.execute(leases.update().values(beat_at=leases.c.beat_at - 100.0))
            held._beat(db)
        after = holder(study.ledger, "tiny")
        assert (before.beat, after.beat) == (0, 1)
        assert after.silent < 50
        assert (after.holder, after.pid) == (before.holder, before.pid)


def test_a_heartbeat_comes_every_five_seconds(study, monkeypatch):
    waits = []
    with Lease(study.ledger, "tiny") as held:
        pass

    def wait(seconds):
        waits.append(seconds)
        return len(waits) > 3

    monkeypatch.setattr(held, "_closing", SimpleNamespace(wait=wait))
    monkeypatch.setattr(held, "_beat", lambda db: None)
    held._keep_alive()
    assert waits == [5.0] * 4


@pytest.mark.parametrize(("silent", "asks"), [(14.0, False), (15.0, False), (15.1, True)])
def test_a_driver_without_a_heartbeat_for_fifteen_seconds_asks_whether_it_still_holds(
    study, clock, silent, asks
):
    with Lease(study.ledger, "tiny") as held:
        with study.ledger.database.begin() as db:
            db.execute(leases.update().values(holder="other"))
        clock.now = held._confirmed + silent
        if asks:
            with pytest.raises(StudyError, match="taken over"):
                held.check()
        else:
            held.check()


def test_a_lease_of_one_study_is_none_of_another(study, tmp_path, tiny_spec):
    Home(tmp_path / "studies").create(tiny_spec("other", storage__ledger=study.ledger.database.url))
    with Lease(study.ledger, "tiny"), Lease(study.ledger, "other") as held:
        assert holder(study.ledger, "tiny").holder != holder(study.ledger, "other").holder
        held.release()
        assert holder(study.ledger, "other") is None
        assert holder(study.ledger, "tiny").pid == os.getpid()


def test_who_is_refused_is_told_how_to_watch_and_to_stop_with_the_command_as_it_was_called(
    study, clock, held_elsewhere
):
    clock.events[1] = beats(study)
    with pytest.raises(StudyError) as caught:
        Lease(study.ledger, "tiny", "musebar --home here").__enter__()
    assert str(caught.value) == (
        "study 'tiny' is being driven by process 1 on elsewhere: watch it with 'musebar --home "
        "here study watch tiny', or stop it with 'musebar --home here study stop tiny'"
    )


def test_a_lease_of_another_study_is_left_where_one_of_the_same_holder_is_replaced(
    study, clock, held_elsewhere, tmp_path, tiny_spec
):
    """Neither is another study's row deleted, nor another holder's of this one."""
    values = {"holder": "other", "host": "elsewhere/1", "pid": 1, "process_start": 0.0, "beat": 4}
    with study.ledger.database.begin() as db:
        db.execute(leases.insert().values(study="another", **values))
    with Lease(study.ledger, "tiny"):
        assert holder(study.ledger, "another").holder == "other"


def test_how_long_ago_a_holder_was_heard_of_makes_no_other_holder():
    one, other = (Holder("x", "elsewhere/1", 1, 0.0, 4, silent) for silent in (1.0, 50.0))
    assert one == other != Holder("x", "elsewhere/1", 1, 0.0, 5, 1.0)


def test_a_lease_that_was_just_taken_was_just_heard_of(study):
    with Lease(study.ledger, "tiny"):
        assert holder(study.ledger, "tiny").silent == pytest.approx(0, abs=10)


def test_who_was_replaced_is_told_that_nothing_more_is_recorded(study, clock):
    with Lease(study.ledger, "tiny") as held:
        with study.ledger.database.begin() as db:
            db.execute(leases.update().values(holder="thief"))
            held._beat(db)
        with pytest.raises(StudyError) as caught:
            held.check()
    assert str(caught.value) == (
        "study 'tiny' was taken over by another driver: this one stops, and records nothing more"
    )


def test_a_heartbeat_that_is_under_way_ends_before_the_lease_is_given_back(study):
    held = Lease(study.ledger, "tiny")
    there = []

    def last_beat():
        held._closing.wait()
        time.sleep(0.05)
        there.append(holder(study.ledger, "tiny"))

    held._thread = threading.Thread(target=last_beat)
    with held:
        pass
    assert [one.pid for one in there] == [os.getpid()]
