"""A driver that is asked to stop: by signals, by the ledger, and where its engine is dead."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import psutil
import pytest

from musebar_core.errors import StudyError
from study.ledger.record import StudyState
from study.run import stop as module
from study.run.stop import Interrupted, Stop


class Clock:
    """Seconds that pass where they are waited for, or are told to."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class Ledger:
    """What is asked of a study's ledger; ``away`` is raised where it is set."""

    def __init__(self):
        self.requested, self.away, self.asked, self.states = False, None, 0, []
        self.database = SimpleNamespace(patience=60.0)

    def stop_requested(self, name, *, wait):
        assert (name, wait) == ("tiny", False)
        self.asked += 1
        if self.away:
            raise self.away
        return self.requested

    def set_state(self, name, state):
        if self.away:
            raise self.away
        self.states.append((name, state))


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def released():
    return []


@pytest.fixture
def stop(clock, ledger, released):
    home = SimpleNamespace(command=lambda words, name: f"musebar {words} {name}")
    lease = SimpleNamespace(release=lambda: released.append(1))
    return Stop(SimpleNamespace(name="tiny", ledger=ledger), home, lease)


def test_the_ledger_is_asked_once_a_second(stop, clock, ledger):
    assert [stop(), ledger.asked] == [False, 1]
    ledger.requested = True
    for seconds, asked, stops in ((0.5, 1, False), (0.5, 1, False), (0.1, 2, True), (0.5, 2, True)):
        clock.now += seconds
        assert (stop(), ledger.asked) == (stops, asked)


def test_a_database_that_is_away_says_what_it_said_last(stop, clock, ledger):
    ledger.requested = True
    assert stop()
    ledger.away = StudyError("away")
    clock.now += 2
    assert stop()
    assert ledger.asked == 2


def test_a_database_that_was_never_there_asks_nobody_to_stop(stop, ledger):
    ledger.away = StudyError("away")
    assert not stop()
    assert ledger.asked == 1


def test_a_study_that_should_stop_says_how_to_go_on(stop, clock, ledger):
    stop.check()
    ledger.requested = True
    clock.now += 2
    with pytest.raises(Interrupted) as caught:
        stop.check()
    assert str(caught.value) == (
        "study 'tiny' stopped; nothing that was done is lost. Go on with: musebar study resume tiny"
    )
    assert caught.value.exit_code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_interrupts(stop, ledger, monkeypatch, capsys, number):
    seen = []
    monkeypatch.setattr(stop, "_see_to_it", lambda: seen.append(1))
    with stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        assert ledger.asked == 1  # a signal needs no ledger
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert seen == [1]
    assert capsys.readouterr().err == "stopping; once more to stop at once\n"


def test_signals_are_as_before_once_the_study_is_over(stop):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with stop:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as Ray does, starting
        stop.listen()
        assert signal.getsignal(signal.SIGTERM) == stop._on_signal
        assert not stop._over.is_set()
    assert [signal.getsignal(number) for number in numbers] == before
    assert stop._over.is_set()


class Child:
    def __init__(self, name, status=psutil.STATUS_RUNNING):
        self._name, self._status, self.killed = name, status, 0

    def name(self):
        if self._name is None:
            raise psutil.NoSuchProcess(1)
        return self._name

    def status(self):
        return self._status

    def kill(self):
        self.killed += 1
        if self._name is None:
            raise psutil.NoSuchProcess(1)


@pytest.fixture
def children(monkeypatch):
    found = []
    of_children = Child("worker")

    def below(*, recursive=False):
        return [*found, of_children] if recursive else found

    process = SimpleNamespace(children=below, of_children=of_children)
    monkeypatch.setattr(module, "psutil", SimpleNamespace(
        Process=lambda: process,
        NoSuchProcess=psutil.NoSuchProcess,
        STATUS_ZOMBIE=psutil.STATUS_ZOMBIE,
    ))  # fmt: skip
    return found


@pytest.fixture
def ends(stop, clock, monkeypatch):
    """Sees to the end of a driver that was signalled: its exit code, and after how long."""

    def see(*, over_after=None, at=None):
        began = clock.now

        def wait(seconds):
            assert seconds == 0.5
            if over_after is not None and clock.now - began >= over_after:
                return True
            clock.now += seconds
            assert clock.now - began < 60, "it waits for ever"
            if at is not None:
                at(clock.now - began)
            return False

        codes = []
        monkeypatch.setattr(stop, "_over", SimpleNamespace(wait=wait))
        monkeypatch.setattr(module, "os", SimpleNamespace(_exit=codes.append))
        stop._see_to_it()
        return codes, clock.now - began

    return see


def test_a_driver_that_does_not_end_by_itself_is_ended(ends, children, ledger, released, capsys):
    children += [Child("python"), Child(None), Child("raylet")]
    assert ends() == ([130], 20.5)
    assert ledger.states == [("tiny", StudyState.STOPPED)]
    assert (released, ledger.database.patience) == ([1], 0.0)
    assert [child.killed for child in children] == [1, 1, 1]
    assert module.psutil.Process().of_children.killed == 1
    assert "study 'tiny' stopped; nothing that was done is lost" in capsys.readouterr().err


def test_a_driver_that_ends_by_itself_is_left_alone(ends, children, ledger, released):
    children.append(Child("python"))
    assert ends(over_after=20.0) == ([], 20.0)
    assert (ledger.states, released, children[0].killed) == ([], [], 0)
    assert ledger.database.patience == 60.0


def test_a_driver_whose_ray_died_of_the_same_signal_waits_for_none(ends, children):
    children.append(Child("gcs_server", psutil.STATUS_ZOMBIE))
    assert ends() == ([130], 3.5)


def test_a_ray_that_dies_later_is_waited_for_until_then(ends, children):
    children.append(Child("raylet"))
    assert ends(at=lambda now: children.clear() if now >= 7 else None) == ([130], 7.0)


def test_a_driver_without_a_ray_of_its_own_has_all_the_time(ends, children):
    children.append(Child("python"))
    assert ends() == ([130], 20.5)


def test_a_database_that_is_away_keeps_no_driver_from_its_end(ends, children, ledger, released):
    ledger.away = StudyError("away")
    assert ends()[0] == [130]
    assert (ledger.states, released) == ([], [])


@pytest.mark.parametrize(
    ("child", "had", "alive"),
    [
        (Child("raylet"), True, True),
        (Child("gcs_server"), True, True),
        (Child("raylet", psutil.STATUS_ZOMBIE), True, False),
        (Child("python"), False, False),
        (Child(None), False, False),
    ],
)
def test_a_ray_of_ones_own_is_known_by_its_processes(children, child, had, alive):
    children += [Child("python"), child]
    assert (module._has_ray(), module._has_ray(alive=True)) == (had, alive)
