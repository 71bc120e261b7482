"""What one file may cost: processor seconds and memory, held in the worker that reads it.

Seconds are those of the processor, not of the clock: a busy machine rejects nothing that an idle
one takes. Two timers hold them. The first raises in Python; where a parser never comes back to
Python, the kernel ends the process within two seconds more.

Memory is held twice too. A thread ends the process as it takes more than it may; a parser that
takes more at one stroke, before the thread looks, is refused it by the kernel. The kernel alone
does not do: an interpreter without a byte left aborts, or unwinds for ever (CPython 3.11 cannot
enter a ``finally``), and then what it died of is not known.
"""

from __future__ import annotations

import math
import resource
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STATM = Path("/proc/self/statm")
REFUSAL_BYTES = 64 * 2**20

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi"})


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost.

    Attributes
    ----------
    midi_seconds, score_seconds
        Processor seconds for a MIDI file, and for a score (a long one takes seconds).
    memory_bytes
        That a worker may take beyond what it starts with.
    """

    midi_seconds: float = 5.0
    score_seconds: float = 60.0
    memory_bytes: int = 768 * 2**20

    def seconds(self, path: str) -> float:
        """Processor seconds for a file of this name."""
        midi = Path(path).suffix.lower() in MIDI_SUFFIXES
        return self.midi_seconds if midi else self.score_seconds

    def too_slow(self, path: str) -> str:
        """Reason of a file that took too long."""
        return f"unreadable: reading it takes over {self.seconds(path):g} s"

    @property
    def too_large(self) -> str:
        """Reason of a file that took too much memory."""
        return f"unreadable: reading it takes over {self.memory_bytes // 2**20} MiB of memory"


_BY_TICKS = 1.02
"""More than the system's count for its bound, by ticks, is over a process' own."""


class OutOfTimeError(BaseException):
    """The time is up; no `except Exception` of a parser may catch it."""


@contextmanager
def limited_time(seconds: float) -> Iterator[None]:
    """Raise :class:`OutOfTimeError` in this process' main thread after these processor seconds."""
    signal.signal(signal.SIGPROF, _raise)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    last = math.ceil(_BY_TICKS * time.process_time() + seconds + 0.5)
    resource.setrlimit(resource.RLIMIT_CPU, (last if most < 0 else min(last, most), most))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def limit_memory(n_bytes: int) -> Callable[[], int]:
    """Let this process take so much more data memory, and a little for the moment of refusal.

    Returns
    -------
    Callable
        Gives the bytes that are left of ``n_bytes``, negative once they are exceeded; always
        all of them where the system does not say what a process has (it is no Linux).
    """
    if not STATM.is_file():
        return lambda: n_bytes
    last = _data_bytes() + n_bytes
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = last + n_bytes // 4 + REFUSAL_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most < 0 else min(wanted, most), most))
    return lambda: last - _data_bytes()


def _data_bytes() -> int:
    return int(STATM.read_text().split()[5]) * resource.getpagesize()


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError
