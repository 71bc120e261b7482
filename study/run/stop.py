"""How a driver is asked to stop, and how it ends where its engine no longer answers."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

from musebar_core.errors import MuseBarError, StudyError
from study.ledger.record import StudyState

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from study.home.studies import Home, Study
    from study.ledger.lease import Lease

_POLL_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

GRACE_SECONDS = 20.0
"""From the signal to the end, at most: what is lost then is what was not in a checkpoint yet."""

_RAY_GONE_SECONDS = 3.0
"""The same, where the signal ended Ray's own processes too, so that none of them answers."""


class Interrupted(MuseBarError):  # noqa: N818  it is not an error that it was asked to stop
    """The study was asked to stop, and stopped; it can be resumed."""

    exit_code = 130


class Stop:
    """Whether the study should stop: by Ctrl-C, by SIGTERM, or by ``study stop``.

    The first signal asks; a second one interrupts whatever is going on. A driver that cannot
    stop in order, for its engine was ended by the same signal, ends all the same. SIGHUP, which a
    terminal sends as it closes, is ignored as by ``nohup``, by Ray's processes too, which inherit
    that: the study goes on.
    """

    def __init__(self, study: Study, home: Home, lease: Lease) -> None:
        self._study = study
        self._home = home
        self._lease = lease
        self._signalled = False
        self._requested = False
        self._looked = 0.0
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._over = threading.Event()

    def __enter__(self) -> Stop:
        self._before = {n: signal.getsignal(n) for n in (*_SIGNALS, signal.SIGHUP)}
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.listen()
        return self

    def listen(self) -> None:
        """Take the signals, again after somebody else took them."""
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Whether to stop; asks the ledger every second, and a database that is away not at all."""
        if not self._signalled and time.monotonic() - self._looked > _POLL_SECONDS:
            with contextlib.suppress(StudyError):
                self._requested = self._study.ledger.stop_requested(self._study.name, wait=False)
            self._looked = time.monotonic()
        return self._signalled or self._requested

    def check(self) -> None:
        """Raise :class:`Interrupted` if the study should stop."""
        if self():
            raise Interrupted(self._message)

    @property
    def _message(self) -> str:
        return (
            f"study '{self._study.name}' stopped; nothing that was done is lost. "
            f"Go on with: {self._home.command('study resume', self._study.name)}"
        )

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._signalled:
            raise KeyboardInterrupt
        self._signalled = True
        threading.Thread(target=self._see_to_it, daemon=True, name="stop").start()
        print("stopping; once more to stop at once", file=sys.stderr)

    def _see_to_it(self) -> None:
        """End the process where it does not end by itself."""
        began, had_ray = time.monotonic(), _has_ray()
        while not self._over.wait(0.5):
            waited = time.monotonic() - began
            ray_gone = waited > _RAY_GONE_SECONDS and had_ray and not _has_ray(alive=True)
            if waited > GRACE_SECONDS or ray_gone:
                break
        else:
            return
        self._study.ledger.database.patience = 0.0
        with contextlib.suppress(StudyError):
            self._study.ledger.set_state(self._study.name, StudyState.STOPPED)
            self._lease.release()
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        print(self._message, file=sys.stderr, flush=True)
        os._exit(Interrupted.exit_code)


def _has_ray(*, alive: bool = False) -> bool:
    """Whether a Ray of this process's own was started, or still lives."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name() in {"raylet", "gcs_server"} and not (
                alive and child.status() == psutil.STATUS_ZOMBIE
            ):
                return True
    return False
