"""Ctrl-C, held back while it would do harm."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    handler = signal.signal(signal.SIGINT, lambda number, _: arrived.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
    if arrived:
        signal.raise_signal(signal.SIGINT)


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

    handler = signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
