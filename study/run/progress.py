"""What a study's progress looks like: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from musebar_core.terminal import plain, styled
from study.run.stages import Stages, duration
from study.search import tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from study.ledger.record import Record
    from study.results.inflight import InFlight
    from study.run.driver import Driver

LINE_SECONDS = 60.0
"""Between two lines where there is no terminal."""

_REFRESH_SECONDS = 0.5

_SHARE = 0.03
"""Of the driver's time, which showing progress takes at most: a large study is shown less often."""

_CURVES, _SPARKS = 8, 24
_BLOCKS = "▁▂▃▄▅▆▇█"
"""Curves that are drawn, evaluations of each, and what they are drawn with."""

_WIDE = 110
"""Columns of a terminal from which the table has room for bars."""


def table(
    record: Record,
    counted: tally.Tally | None = None,
    *,
    busy: int | None = None,
    seconds_left: float | None = None,
) -> Group:
    """Draw a study's progress, a row a genre; with a bar each where the terminal is wide enough.

    ``counted`` is the record's tally, where that is known.
    """
    counted = counted or tally.tally(record)
    wide = Console().width >= _WIDE
    grid = Table(box=None, pad_edge=False, collapse_padding=not wide)
    for heading in (
        "genre",
        "proposed",
        "racing",
        "done",
        "failed",
        "undertrained",
        "collapsed",
        "seed runs",
        "lowest val. BCE",
    ):
        grid.add_column(heading, justify="left" if heading == "genre" else "right")
    if wide:
        grid.add_column("")
    for genre, row in counted.genres.items():
        configurations = row.configurations
        bar = ProgressBar(total=max(1, row.planned), completed=row.done + row.failed, width=16)
        grid.add_row(
            Text(plain(genre)),
            *map(
                str,
                (
                    configurations.proposed,
                    configurations.racing,
                    configurations.done,
                    configurations.failed,
                    configurations.undertrained,
                    configurations.collapsed,
                ),
            ),
            f"{row.done}/{row.planned}",
            _best(row.best or row.intermediate),
            *([bar] if wide else []),
        )
    head = Text(plain(f"study {record.spec.name}{_running(counted, busy)}"), style="bold")
    return Group(head, grid, *map(Text, map(plain, _footer(counted, seconds_left))))


def curves(found: Sequence[InFlight]) -> Table:
    """Draw runs on their way, a row each with its validation BCE so far, the first few of them."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("on their way", "configuration", "seed", "epoch"):
        grid.add_column(heading, justify="right" if heading in {"seed", "epoch"} else "left")
    grid.add_column("val. BCE")
    for run in found[:_CURVES]:
        values = [row.validation.bce for row in run.evaluations]
        grid.add_row(
            Text(plain(run.genre)),
            run.config.config_id,
            str(run.seed),
            f"{run.epoch}/{run.config.training.epochs}",
            f"{sparkline(values)} {values[-1]:.1f}{_of_few(run)}",
        )
    if len(found) > _CURVES:
        grid.add_row(f"and {len(found) - _CURVES} more")
    return grid


def _of_few(run: InFlight) -> str:
    """On how many snippets, where those that ended were measured on more."""
    if not run.config.training.curve_is_partial:
        return ""
    return f" on {run.evaluations[-1].validation.n_snippets} snippets"


def sparkline(values: Sequence[float]) -> str:
    """Draw the last :data:`_SPARKS` numbers as blocks from their lowest to their highest."""
    shown = [value for value in values[-_SPARKS:] if math.isfinite(value)]
    if not shown:
        return ""
    low, span = min(shown), max(shown) - min(shown)
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((value - low) / span * steps) if span else 0] for value in shown)


def line(
    record: Record,
    counted: tally.Tally | None = None,
    *,
    busy: int | None = None,
    seconds_left: float | None = None,
) -> str:
    """One plain line of progress; ``counted`` is the record's tally, where that is known."""
    counted = counted or tally.tally(record)
    genres = "; ".join(
        f"{genre} {row.done}/{row.planned} seed runs done, {row.failed} failed, "
        f"{row.undertrained} undertrained, {row.collapsed} collapsed, "
        f"{row.configurations.proposed} configurations, {row.configurations.racing} racing, "
        f"lowest BCE {_best(row.best or row.intermediate)}"
        for genre, row in counted.genres.items()
    )
    running = _running(counted, busy)
    return f"{record.spec.name}: {genres or 'corpus not ready yet'}{running}; " + "; ".join(
        _footer(counted, seconds_left)
    )


def _running(counted: tally.Tally, busy: int | None) -> str:
    if busy is not None:
        return f", {busy} slots in use"
    if counted.slots_lately is None:
        return ""
    return f", {counted.slots_lately:.1f} slots in use lately"


def _footer(counted: tally.Tally, seconds_left: float | None) -> list[str]:
    parts = []
    if counted.elapsed_seconds is not None:
        parts.append(f"{duration(counted.elapsed_seconds)} since the first run began")
    parts.append(f"{counted.device_hours:.2g} {counted.device}-hours spent")
    if counted.left and counted.device_hours_left is not None:
        parts.append(
            f"at most {counted.device_hours_left:.2g} more for {counted.left} seed runs left"
        )
    if seconds_left is not None:
        parts.append(f"about {duration(seconds_left)} left")
    lines = [", ".join(parts)]
    for genre, row in counted.genres.items():
        if row.transfer is not None:
            lines.append(f"{genre}: {_transfer(row.transfer)}")
    return lines


def _transfer(transfer: tally.TransferTally) -> str:
    text = f"{transfer.proposed} configurations from other genres, {transfer.finalists} finalists"
    if transfer.won:
        text += ", one of them best of the search"
    if transfer.gain is not None:
        compared = "as good as"
        if transfer.gain:
            compared = "better than" if transfer.gain > 0 else "worse than"
        text += f"; the best of them is {compared} the best own proposal"
    return text


def _best(best: tally.Best | None) -> str:
    if best is None:
        return "-"
    interval = "" if best.low is None else f" [{best.low:.1f}, {best.high:.1f}]"
    caveat = f" ({best.caveat})" if best.caveat else ""
    return f"{best.bce:.1f}{interval} n={best.seeds}{caveat}"


class Reporter:
    """Shows a running study on stderr. Used as a context manager.

    Attributes
    ----------
    stages
        Where the time goes.
    """

    def __init__(self, since: float = 0.0) -> None:
        self.stages = Stages(since=since)
        self.console = Console(file=styled(sys.stderr))
        self._live: Live | None = None
        self._shown = 0.0
        self._pause = 0.0
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
        elif self._due(LINE_SECONDS):
            self.console.print(text)

    def changed(self, driver: Driver) -> None:
        """Show that a run has ended."""
        self._show(driver)

    def tick(self, driver: Driver) -> None:
        """Show that time has passed."""
        self._show(driver)

    def _show(self, driver: Driver) -> None:
        if not self._due(max(_REFRESH_SECONDS if self._live else LINE_SECONDS, self._pause)):
            return
        began = time.perf_counter()
        counted = tally.tally(driver.record, driver.planner)
        left = self._seconds_left(driver, counted.left)
        if self._live is not None:
            self._live.update(table(driver.record, counted, busy=driver.busy, seconds_left=left))
        else:
            text = line(driver.record, counted, busy=driver.busy, seconds_left=left)
            self.console.print(plain(text), markup=False, soft_wrap=True)
        self._pause = (time.perf_counter() - began) / _SHARE

    def _due(self, interval: float) -> bool:
        if time.monotonic() - self._shown < interval:
            return False
        self._shown = time.monotonic()
        return True

    def _seconds_left(self, driver: Driver, left: int) -> float | None:
        """From the pace since this process took the study up; None before it has one."""
        ended, now = len(driver.record.ended), time.monotonic()
        if self._began is None:
            self._began = (now, ended)
        began, before = self._began
        return None if ended == before else (now - began) / (ended - before) * left
