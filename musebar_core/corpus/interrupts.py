"""Ctrl-C and its like, held back while they would do harm."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end: a user, a scheduler, a terminal that closes."""

_OF_ALL = {signal.SIGINT, signal.SIGHUP}
"""Those that a terminal sends to the processes started here too; these end with their parent."""


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait until the block is left; processes that start in it never see it.

    A process half started cannot be ended quietly. The signal is blocked for the processes that
    are started, which inherit that, and noted for this one, where any thread may receive it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    with _handled(lambda number, _: arrived.append(number)), signals_kept_from_children():
        yield
    for number in arrived[:1]:
        signal.raise_signal(number)


@contextmanager
def interrupts_remembered() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C interrupt as ever, and again where a library's import or callback swallowed it.

    Yields
    ------
    Callable
        Raises :class:`KeyboardInterrupt` if Ctrl-C has come since the block was entered.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    arrived: list[int] = []

    def interrupt(number: int, _: object) -> None:
        arrived.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if arrived:
            raise KeyboardInterrupt

    with _handled(interrupt):
        yield check


@contextmanager
def signals_kept_from_children() -> Iterator[None]:
    """Have processes that start in the block never see what a terminal sends to all."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_ALL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Take the signals that end a process, but for those that are ignored."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    taken = [number for number, found in before.items() if found is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number] or signal.SIG_DFL)
