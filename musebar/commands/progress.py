"""How far reading music is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from musebar_core.terminal import styled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 5.0
"""Of progress, where there is no terminal to draw a bar on."""
_SHORTEST_SECONDS = 0.1
"""That a rate is told of."""


@contextmanager
def reading() -> Iterator[Progress]:
    """Show files read, on stderr: a bar on a terminal, now and then a line elsewhere."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    speed = TextColumn("{task.fields[rate]}")
    columns = ("reading music", BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    began: float | None = None
    with Progress(*columns, console=Console(file=styled(sys.stderr)), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(done: int, total: int) -> None:
            nonlocal began
            began = began or time.monotonic()  # workers have started when the first file is read
            per_second = _rate(done, time.monotonic() - began)
            rate = "" if per_second is None else f"{per_second:.0f} files/s"
            bar.update(task, completed=done, total=total, rate=rate)

        yield show


def _lines() -> Progress:
    began: float | None = None
    last = 0.0

    def show(done: int, total: int) -> None:
        nonlocal began, last
        now = time.monotonic()
        if began is None:  # workers have started when the first file is read
            began = last = now
        if done < total and now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        per_second = _rate(done, now - began)
        speed = "" if per_second is None else f", {per_second:.0f} a second"
        left = f", {(total - done) / per_second:.0f} s left" if per_second and done < total else ""
        click.echo(f"read {done} of {total} files{speed}{left}", err=True)

    return show


def _rate(done: int, seconds: float) -> float | None:
    """Files a second; None while the time is too short to tell."""
    return None if seconds < _SHORTEST_SECONDS else done / seconds
