"""``musebar study status``, ``watch`` and ``list``: where studies stand."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from musebar.commands import completion
from musebar.commands.options import finite
from musebar_core.errors import MuseBarError
from musebar_core.terminal import line, styled

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.home.studies import Study
    from study.ledger.lease import Holder
    from study.ledger.record import Record, StudyState

_SUBMITTED_SECONDS = 300.0
"""For which ``watch`` waits for a cluster to begin with a study."""

_QUIET_SECONDS = 15.0
"""After which a driver's silence is worth a word: three heartbeats."""


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--why", metavar="CONFIG", help="What was decided about a configuration, and why.")
@click.pass_obj
def status(home: AnyPath, name: str, as_json: bool, why: str | None) -> None:
    """Print where a study stands, or why a configuration came as far as it did.

    \b
    Examples:
      musebar study status my-study
      musebar study status my-study --json
    """
    from rich.console import Console

    from musebar.commands.why import explain
    from study.home.studies import Home
    from study.ledger import lease
    from study.ledger.reading import Runs
    from study.results.tables import state_of
    from study.run import progress

    opened = Home(home).open(name)
    kept = Runs.FOR_PLANS if why is None else Runs.WITH_CURVES
    record, state = opened.ledger.read(name, runs=kept), state_of(opened)
    if why is not None:
        click.echo(explain(name, record, state, why, as_json=as_json))
        return
    if as_json:
        click.echo(json.dumps(_status(name, record, state)))
        return
    click.echo(f"{name}: {state}{unheard(lease.holder(opened.ledger, name))}")
    Console(file=styled(sys.stdout)).print(progress.table(record))


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    callback=finite,
    default=2.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.pass_obj
def watch(home: AnyPath, name: str, interval: float) -> None:
    """Watch a study until it ends; leaving does not stop it.

    On a terminal with the curves of the runs on their way, where their folder is here.

    \b
    Examples:
      musebar study watch my-study
    """
    from rich.console import Console, Group
    from rich.live import Live

    from study.home.studies import Home
    from study.ledger.reading import Runs
    from study.results.inflight import under_way
    from study.results.tables import state_of
    from study.run import progress

    opened, began = Home(home).open(name), time.monotonic()
    console = Console(file=styled(sys.stderr))
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                record = opened.ledger.read(name, runs=Runs.FOR_PLANS)
                ended = {(run.genre, run.config_id, run.seed) for run in record.ended}
                running = under_way(ended, opened.folder)
                drawn = [progress.curves(running)] if running else []
                live.update(Group(progress.table(record), *drawn), refresh=True)
                if not is_under_way(state_of(opened), began):
                    break
                time.sleep(interval)
    else:
        _watch_plainly(opened, interval)
    click.echo(f"{name}: {state_of(opened)}")


@click.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def list_(home: AnyPath, as_json: bool) -> None:
    """List the studies in HOME, newest first.

    \b
    Examples:
      musebar study list
    """
    from study.home.studies import Home

    place = Home(home)
    rows = []
    for name in place.names():
        try:
            rows.append(_listed(place.open(name), as_json=as_json))
        except MuseBarError as error:
            click.echo(line(f"{name}: {error}"), err=True)
        except Exception as error:  # noqa: BLE001  one broken study is no reason not to list others
            click.echo(line(f"{name}: cannot be read ({type(error).__name__}: {error})"), err=True)
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"no study in '{home}': musebar study launch quickstart makes one")
    for row in rows:
        click.echo(row)


def _listed(opened: Study, *, as_json: bool) -> dict[str, Any] | str:
    """A study as ``list`` has it: a line from counts alone, or all that ``status`` tells."""
    from study.ledger.reading import Runs
    from study.results.overview import overview
    from study.results.tables import state_of

    name, state = opened.name, state_of(opened)
    if as_json:
        return _status(name, opened.ledger.read(name, runs=Runs.FOR_PLANS), state)
    found = overview(opened.ledger, name)
    return f"{name}  {state}  {found.done}/{found.planned} seed runs  {', '.join(found.genres)}"


def is_under_way(state: StudyState, began: float) -> bool:
    """Whether there is something to watch: a study that runs, or that a cluster is to begin."""
    from study.ledger.record import StudyState

    waiting = state is StudyState.SUBMITTED and time.monotonic() - began < _SUBMITTED_SECONDS
    return waiting or state is StudyState.RUNNING


def unheard(held: Holder | None) -> str:
    """What to add where a driver elsewhere is only believed to be dead."""
    if held is None or held.here or held.silent is None or held.silent < _QUIET_SECONDS:
        return ""
    return f" (its driver on {held.machine} was last heard of {held.silent:.0f} s ago)"


def _status(name: str, record: Record, state: StudyState) -> dict[str, Any]:
    from study.search import tally

    counted = tally.tally(record)
    return {
        "study": name,
        "state": state,
        "genres": {genre: tally.as_dict(row) for genre, row in counted.genres.items()},
        "seed_runs_left": counted.left,
        "elapsed_seconds": counted.elapsed_seconds,
        "device": counted.device,
        "device_hours": counted.device_hours,
        "device_hours_left": counted.device_hours_left,
        "slots_lately": counted.slots_lately,
    }


def _watch_plainly(opened: Study, interval: float) -> None:
    from study.ledger.reading import Runs
    from study.results.tables import state_of
    from study.run import progress

    shown, began = -progress.LINE_SECONDS, time.monotonic()
    while True:
        state = state_of(opened)
        if not is_under_way(state, began) or time.monotonic() - shown >= progress.LINE_SECONDS:
            record = opened.ledger.read(opened.name, runs=Runs.FOR_PLANS)
            click.echo(progress.line(record), err=True)
            shown = time.monotonic()
        if not is_under_way(state, began):
            return
        time.sleep(interval)
