"""How many CPU threads a model computes with: one rule for studies, training and reports.

One, unless whoever runs it says more: as in a study, whose slots fill the machine. The models are
small, their threads wait for each other at every step, and where another program holds a core the
one that has it waits for the one that has not. docs/performance.md has the measurements. Sums over
more threads round in another way, so that the rule may not depend on how busy a machine is.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 1
"""What a model computes with where nobody says otherwise."""


def wait_quietly() -> None:
    """Have threads that wait for each other give up their core, in place of spinning on it.

    Heeded where it comes before torch is imported; what the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def computing_with(threads: int = THREADS) -> Iterator[None]:
    """Compute with so many threads; restore what was set before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
