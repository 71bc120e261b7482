"""What a seed run failed of, told where the fault is seen: in the run, or by Ray of its worker."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from ray.exceptions import (
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)
from safetensors import SafetensorError

from musebar_core import memory
from musebar_core.errors import CorpusError, DivergedError
from study.ledger.result import Failure, FailureKind

if TYPE_CHECKING:
    from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def failure_of(error: Exception, folder: Path | None) -> Failure:
    """Name an error's kind, and say it in a line.

    Parameters
    ----------
    error
        What ended the attempt.
    folder
        Where it wrote, if it came so far.
    """
    kind = _kind(error)
    first = next(iter(str(error).splitlines()), "")
    match kind:
        case FailureKind.DIVERGED:
            said = str(error)
        case FailureKind.OUT_OF_MEMORY:
            said = ": ".join(filter(None, ["out of memory", first]))
        case FailureKind.DISK_FULL:
            said = f"the disk is full ({socket.gethostname()}: {folder})"
        case _:
            said = f"{type(error).__name__}: {error}"
    return Failure(said, kind)


def _kind(error: Exception) -> FailureKind:
    if isinstance(error, DivergedError):
        return FailureKind.DIVERGED
    if memory.is_exhausted(error):
        return FailureKind.OUT_OF_MEMORY
    if isinstance(error, CorpusError):
        return FailureKind.BAD_DATA
    if isinstance(error, ImportError):
        return FailureKind.INSTALLATION
    if isinstance(error, OSError | SafetensorError):
        number = getattr(error, "errno", None)
        # safetensors has the system's words alone
        full = number in _NO_ROOM or "No space left" in str(error)
        return FailureKind.DISK_FULL if full else FailureKind.INPUT_OUTPUT
    return FailureKind.ERROR


def failure_of_worker(error: object, told: str) -> Failure:
    """Name the kind of a worker's end that it could not report itself.

    Parameters
    ----------
    error
        Ray's, as far as it is known.
    told
        All that Ray says of it. How a process ended is there alone.
    """
    if isinstance(error, RayTaskError) and isinstance(error.cause, Exception):
        return failure_of(error.cause, None)
    if isinstance(error, RayActorError) and error.actor_init_failed:
        last = told.strip().splitlines()[-1]
        return Failure(f"the worker could not start: {last}", FailureKind.INSTALLATION)
    if isinstance(error, NodeDiedError) or getattr(error, "preempted", False) or _is_of_node(told):
        return Failure("the node it ran on was lost", FailureKind.NODE_LOST)
    if isinstance(error, ActorUnavailableError):  # Ray knows no death: of a process, it would
        return Failure("the node it ran on no longer answers", FailureKind.NODE_LOST)
    # of any death Ray says that memory may be the cause
    if isinstance(error, OutOfMemoryError) or "low on memory" in told.lower():
        said = "out of memory: Ray killed the worker before its node ran out"
        return Failure(said, FailureKind.OUT_OF_MEMORY)
    return Failure("the worker process died (killed, or crashed)", FailureKind.WORKER_DIED)


def failure_of_engine(error: BaseException) -> Failure | None:
    """What ended Ray Tune, where it says nothing of the study; None for what it cannot go on from.

    Tune gives up where Ray kills workers for memory, taken by other programs say, before they have
    begun: it knows the death of an actor and no other.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OutOfMemoryError) or "low on memory" in str(seen).lower():
            return failure_of_worker(seen, str(seen))
        seen = seen.__cause__ or seen.__context__
    return None


def _is_of_node(told: str) -> bool:
    known = told.lower()
    return "node" in known and any(words in known for words in _NODE_LOST)


_NODE_LOST = ("node has died", "node died", "node was", "preempted", "node is dead", "drained")
"""How Ray says that an actor went with its node."""
