"""Worker processes for parsers: quiet, bounded in memory, and gone with their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait as wait_for_any
from typing import TYPE_CHECKING

from musebar_core import memory
from musebar_core.corpus.interrupts import interrupts_held, signals_kept_from_children
from musebar_core.corpus.limits import Limits, limit_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import BaseContext


PARSERS = ("symusic",)
"""What is loaded once for all worker processes, and pays for many files."""


OVER_MEMORY = 3
"""Exit code of a worker that took more memory than it may."""


UNGUARDED = (
    "worker processes cannot start: a script must call this beneath `if __name__ == '__main__':`; "
    "or read with workers=0"
)

WATCH_SECONDS = 0.02
"""Between two looks of a worker at itself; in them Python code takes at most some 10 MiB."""


def context_of(preload: Sequence[str] = PARSERS) -> BaseContext:
    """Fork processes, where that can be, from a server with the parsers loaded.

    A worker of a script that does not guard its start runs that script as it starts, and so comes
    here itself: it ends with what to do, and without a traceback.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        print(UNGUARDED, file=sys.stderr)
        raise SystemExit(1)
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["musebar_core.corpus.reading", *preload])
    with signals_kept_from_children():
        resource_tracker.ensure_running()  # it lets interrupts in again as it starts
    with interrupts_held(), _user_folder_kept_out():
        forkserver.ensure_running()
    return context


@contextmanager
def _user_folder_kept_out() -> Iterator[None]:
    """Have Pythons that start meanwhile not look for modules in the folder they are started in.

    The server would preload what the user has there under a name of ours.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def pool_of(workers: int, limits: Limits) -> ProcessPoolExecutor:
    """Start worker processes, each within ``limits``."""
    return ProcessPoolExecutor(
        workers, mp_context=context_of(), initializer=enter, initargs=(limits,)
    )


def enter(limits: Limits) -> None:
    """Make a worker quiet and bounded, and end it with its parent.

    Parsers write to the terminal, what a terminal sends is the parent's to handle, and a parent
    that is killed cannot tell its workers to stop.
    """
    memory.collect_seldom()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    sys.stdout.flush()
    sys.stderr.flush()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    left = limit_memory(limits.memory_bytes)
    threading.Thread(target=_watch, args=(left,), daemon=True).start()


def _watch(memory_left: Callable[[], int]) -> None:
    """End this process as its parent ends or its memory is used up."""
    parent = multiprocessing.parent_process()
    sentinels = [] if parent is None else [parent.sentinel]
    while not wait_for_any(sentinels, WATCH_SECONDS):
        if memory_left() < 0:
            os._exit(OVER_MEMORY)
    os._exit(1)
