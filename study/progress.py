"""What a study's progress looks like: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from study import evidence, planner

if TYPE_CHECKING:
    from study.driver import Driver
    from study.record import Record
    from study.spec import Phase

_LINE_SECONDS = 30.0
_REFRESH_SECONDS = 0.5


@dataclass(frozen=True)
class GenreCounts:
    """Seed runs of one genre.

    Attributes
    ----------
    planned
        Wanted so far; grows while a search proposes and confirms.
    done, failed, collapsed
        Ended ones; collapsed ones are among the done.
    configurations
        Configurations proposed or fixed so far.
    best_bce
        Lowest mean validation BCE over configurations with all seeds of a phase, nats per
        snippet; None before there is one.
    """

    planned: int = 0
    done: int = 0
    failed: int = 0
    collapsed: int = 0
    configurations: int = 0
    best_bce: float | None = None


def counts(record: Record) -> dict[str, GenreCounts]:
    """Count the seed runs of each genre."""
    plan = planner.plan(record)
    return {genre: _counts(record, plan, genre) for genre in evidence.genres_of(record)}


def _counts(record: Record, plan: planner.Plan, genre: str) -> GenreCounts:
    wanted = [run for run in plan.planned if run.genre == genre]
    ended = [record.ended[run] for run in wanted if run in record.ended]
    done = [e for e in ended if e.done]
    bces: dict[tuple[str, Phase], list[float]] = {}
    for run in wanted:
        if run in record.ended and record.ended[run].done:
            value = record.ended[run].metrics["validation"]["bce"]
            bces.setdefault((run.config_id, run.phase), []).append(value)
    means = [sum(v) / len(v) for (_, phase), v in bces.items()
             if len(v) == len(record.spec.seeds_of(phase))]  # fmt: skip
    return GenreCounts(
        planned=len(wanted),
        done=len(done),
        failed=len(ended) - len(done),
        collapsed=sum(bool(e.metrics["validation"]["collapsed"]) for e in done),
        configurations=len({run.config_id for run in wanted}),
        best_bce=min(means, default=None),
    )


def table(record: Record, *, busy: int | None = None, seconds_left: float | None = None) -> Group:
    """Draw a study's progress, a row a genre."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("genre", "configs", "", "done", "failed", "collapsed", "best val. BCE"):
        grid.add_column(heading, justify="left" if heading in {"genre", ""} else "right")
    for genre, row in counts(record).items():
        grid.add_row(
            genre,
            str(row.configurations),
            ProgressBar(total=max(1, row.planned), completed=row.done + row.failed, width=24),
            f"{row.done}/{row.planned}",
            str(row.failed),
            str(row.collapsed),
            "-" if row.best_bce is None else f"{row.best_bce:.1f}",
        )
    parts = [f"study {record.spec.name}"]
    if busy is not None:
        parts.append(f"{busy} running")
    if seconds_left is not None:
        parts.append(f"about {_duration(seconds_left)} left of what is planned so far")
    return Group(Text(", ".join(parts), style="bold"), grid)


def line(record: Record, *, busy: int | None = None, seconds_left: float | None = None) -> str:
    """One plain line of progress."""
    genres = "; ".join(
        f"{genre} {row.done}/{row.planned} done, {row.failed} failed, {row.collapsed} collapsed"
        for genre, row in counts(record).items()
    )
    running = "" if busy is None else f", {busy} running"
    left = "" if seconds_left is None else f", about {_duration(seconds_left)} left"
    return f"{record.spec.name}: {genres or 'corpus not ready yet'}{running}{left}"


class Reporter:
    """Shows a running study on stderr. Used as a context manager."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self._live: Live | None = None
        self._shown = 0.0
        self._began: tuple[float, int] | None = None

    def __enter__(self) -> Reporter:
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def corpus(self, done: int, total: int) -> None:
        """Show that a corpus is being built."""
        text = f"reading music: {done} of {total} pieces"
        if self._live is not None:
            self._live.update(Text(text))
        elif self._due(_LINE_SECONDS):
            self.console.print(text, highlight=False)

    def changed(self, driver: Driver) -> None:
        """Show that a run has ended."""
        self._show(driver)

    def tick(self, driver: Driver) -> None:
        """Show that time has passed."""
        self._show(driver)

    def _show(self, driver: Driver) -> None:
        if not self._due(_REFRESH_SECONDS if self._live else _LINE_SECONDS):
            return
        left = self._seconds_left(driver)
        if self._live is not None:
            self._live.update(table(driver.record, busy=driver.busy, seconds_left=left))
        else:
            text = line(driver.record, busy=driver.busy, seconds_left=left)
            self.console.print(text, highlight=False, soft_wrap=True)

    def _due(self, interval: float) -> bool:
        if time.monotonic() - self._shown < interval:
            return False
        self._shown = time.monotonic()
        return True

    def _seconds_left(self, driver: Driver) -> float | None:
        """From the pace since this process took the study up; None before it has one."""
        ended, now = len(driver.record.ended), time.monotonic()
        if self._began is None:
            self._began = (now, ended)
        began, before = self._began
        if ended == before:
            return None
        left = len(planner.plan(driver.record).runs)
        return (now - began) / (ended - before) * left


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
