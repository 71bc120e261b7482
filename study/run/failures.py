"""What a seed run failed of, told from the error where it is caught."""

from __future__ import annotations

import errno
import socket
import sys
from typing import TYPE_CHECKING

from safetensors import SafetensorError

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
    if _is_out_of_memory(error):
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


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it is Python's word for it, the system's, CUDA's, or torch's for its CPU memory."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    torch = sys.modules.get("torch")  # what it did not raise need not load it
    if isinstance(error, getattr(torch, "OutOfMemoryError", ())):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
