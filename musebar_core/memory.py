"""The memory of a process: kept once taken, seldom looked through, and known to be exhausted.

A step takes buffers of megabytes and gives them back. By itself the C library hands large ones on
to the system, which clears new pages for the next step: docs/performance.md says what that costs.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of mallopt(3)."""
_NEVER = -1


def keep() -> None:
    """Have this process keep what it has taken until it ends; heeded by glibc.

    Large pages are heeded where this comes before torch's first tensor. What the user has set
    stays.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:  # another C library
        return
    for name, parameter, value in (
        ("MALLOC_TRIM_THRESHOLD_", _TRIM_THRESHOLD, _NEVER),
        ("MALLOC_MMAP_MAX_", _MMAP_MAX, 0),
    ):
        if name not in os.environ:
            set_option(parameter, value)


def collect_seldom() -> None:
    """Have Python look for garbage that refers to itself less often, and only in what is new.

    Imports and parsers make hundreds of thousands of objects that are none: a third of the time
    that a score took to be read went to looking. What holds memory is to refer to itself nowhere.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def is_exhausted(error: Exception) -> bool:
    """Whether it is Python's word for it, the system's, CUDA's, or torch's for its CPU memory."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    torch = sys.modules.get("torch")  # what it did not raise need not load it
    if isinstance(error, getattr(torch, "OutOfMemoryError", ())):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
