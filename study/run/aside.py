"""Work beside the engine's loop, one piece at a time, on a thread that no exit waits for."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


def at_once(work: Callable[[], Answer]) -> Future[Answer]:
    """Do work here and now; what it raises is raised where its answer is asked for."""
    future: Future[Answer] = Future()
    _do(work, future)
    return future


class Aside:
    """Does work in the order in which it is given; call it as :func:`at_once`.

    The thread ends with the process, in the middle of its work: an executor's would be waited for.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def __call__(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Do it later; the future holds its answer, or what it raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="aside")
            self._thread.start()
        future: Future[Answer] = Future()
        self._waiting.put(lambda: _do(work, future))
        return future

    def _work(self) -> None:
        while True:
            self._waiting.get()()


def _do(work: Callable[[], Answer], future: Future[Answer]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  it is raised where the answer is asked for
        future.set_exception(error)
