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

    rate = TextColumn("{task.fields[rate]}")
    columns = ("reading music", BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    began: float | None = None
    with Progress(*columns, console=Console(file=styled(sys.stderr)), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(done: int, total: int) -> None:
            nonlocal began
            began = began or time.monotonic()  # workers have started when the first file is read
            per_second = done / max(time.monotonic() - began, 1e-9)
            bar.update(task, completed=done, total=total, rate=f"{per_second:.0f} files/s")

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
        per_second = done / max(now - began, 1e-9)
        left = f", {(total - done) / per_second:.0f} s left" if done < total else ""
        click.echo(f"read {done} of {total} files, {per_second:.0f} a second{left}", err=True)

    return show
