"""``musebar study``: launch, watch, status, stop, resume, export, measure, list."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from musebar_core.errors import MuseBarError, UsageError

if TYPE_CHECKING:
    from study.home import Home, Study


@click.group()
def study() -> None:
    """Launch, watch, stop, resume, export and measure studies."""


@study.command()
@click.argument("spec")
@click.option("--name", help="Name of the study; by default the spec's own.")
@click.option("--set", "overrides", multiple=True, metavar="K=V",
              help="Override one value, e.g. --set training.epochs=50. Repeatable.")  # fmt: skip
@click.option("--address", help="A cluster's dashboard; without it the study runs here.")
@click.pass_context
def launch(
    ctx: click.Context, spec: str, name: str | None, overrides: tuple[str, ...], address: str | None
) -> None:
    """Launch a study from SPEC, a preset's name or a YAML file.

    The study is recorded first, then runs here until it ends. Launching the same study again
    goes on with it.
    """
    from study import corpora, specfile
    from study.home import Home

    if address is not None:
        raise UsageError(
            "--address: submitting to a cluster is not available in this version; "
            "run 'musebar study launch' on the cluster's head node"
        )
    resolved = specfile.load(spec, overrides, name)
    corpora.check(resolved)
    home = Home(_home_of(ctx, resolved.storage.home))
    _run(home, home.create(resolved))


@study.command()
@click.argument("name")
@click.pass_obj
def resume(home: Path, name: str) -> None:
    """Go on with a study from its ledger, whatever stopped it."""
    from study.home import Home

    place = Home(home)
    _run(place, place.open(name))


@study.command()
@click.argument("name")
@click.pass_obj
def stop(home: Path, name: str) -> None:
    """Ask the driver of a study to stop; what is done is kept."""
    from study import lease
    from study.home import Home

    opened = Home(home).open(name)
    held = lease.holder(opened.ledger, name)
    if held is None or (held.here and not held.alive):
        click.echo(f"study '{name}' is not running")
        return
    opened.ledger.request_stop(name)
    click.echo(
        f"asked process {held.pid} on {held.host} to stop study '{name}'; "
        f"go on later with: {Home(home).command('study resume', name)}"
    )


@study.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--why", metavar="CONFIG", help="What was decided about a configuration, and why.")
@click.pass_obj
def status(home: Path, name: str, as_json: bool, why: str | None) -> None:
    """Print where a study stands, or why a configuration came as far as it did."""
    from rich.console import Console

    from study import progress
    from study.commands.why import explain
    from study.home import Home
    from study.results import state_of

    opened = Home(home).open(name)
    record, state = opened.ledger.read(name), state_of(opened)
    if why is not None:
        click.echo(explain(name, record, state, why, as_json=as_json))
        return
    if as_json:
        click.echo(json.dumps(_status(name, record, state)))
        return
    click.echo(f"{name}: {state}")
    Console().print(progress.table(record))


@study.command()
@click.argument("name")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.pass_obj
def watch(home: Path, name: str, interval: float) -> None:
    """Watch a study until it ends; leaving does not stop it."""
    from rich.console import Console
    from rich.live import Live

    from study import progress
    from study.home import Home
    from study.results import state_of

    opened = Home(home).open(name)
    console = Console(stderr=True)
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(progress.table(opened.ledger.read(name)), refresh=True)
                if state_of(opened) != "running":
                    break
                time.sleep(interval)
    else:
        _watch_plainly(opened, interval)
    click.echo(f"{name}: {state_of(opened)}")


@study.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; default HOME/NAME/export.")
@click.pass_obj
def export(home: Path, name: str, out: Path | None) -> None:
    """Write results.parquet, curves.parquet and decisions.parquet."""
    from study.results import load_tables, write_table

    tables = load_tables(home, name)
    out = out or home / name / "export"
    out.mkdir(parents=True, exist_ok=True)
    frames = {"results": tables.results, "curves": tables.curves, "decisions": tables.decisions}
    for file, frame in frames.items():
        click.echo(f"{write_table(frame, out / f'{file}.parquet')}  {len(frame)} rows")


@study.command()
@click.argument("name")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True,
              help="Seeds of each configuration, the first of its phase.")  # fmt: skip
@click.pass_obj
def measure(home: Path, name: str, seeds: int) -> None:
    """Take the further measures of a study's kept models; seconds a model.

    Writes HOME/NAME/measures.parquet and prints its path.
    """
    from study import measuring
    from study.home import Home

    opened = Home(home).open(name)
    rows = []
    for row in measuring.measure(opened, seeds):
        rows.append(row)
        click.echo(
            f"{len(rows)}  {row['genre']} {row['config_id']} seed {row['seed']}  code worth "
            f"{row['code_worth']:.1f} nats",
            err=True,
        )
    click.echo(f"{measuring.write(opened, rows)}  {len(rows)} rows")


@study.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def list_(home: Path, as_json: bool) -> None:
    """List the studies in HOME, newest first."""
    from study.home import Home
    from study.results import state_of

    place = Home(home)
    rows = []
    for name in place.names():
        try:
            opened = place.open(name)
            rows.append(_status(name, opened.ledger.read(name), state_of(opened)))
        except MuseBarError as error:
            click.echo(f"{name}: {error}", err=True)
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"no study in '{home}': musebar study launch quickstart makes one")
    for row in rows:
        done = sum(genre["done"] for genre in row["genres"].values())
        planned = sum(genre["planned"] for genre in row["genres"].values())
        genres = ", ".join(row["genres"])
        click.echo(f"{row['study']}  {row['state']}  {done}/{planned} seed runs  {genres}")


def _home_of(ctx: click.Context, asked: str | None) -> Path:
    """``--home`` or MUSEBAR_HOME where given, else the spec's ``storage.home``."""
    given = ctx.find_root().get_parameter_source("home")
    if asked is None or given is not click.core.ParameterSource.DEFAULT:
        home: Path = ctx.obj
        return home
    if "://" in asked:
        raise UsageError(f"storage.home '{asked}': only a local folder is supported so far")
    return Path(asked)


def _run(home: Home, opened: Study) -> None:
    from study.dispatch import run_study
    from study.progress import Reporter
    from study.record import State

    if opened.ledger.read_state(opened.name) == State.FINISHED:
        click.echo(f"study '{opened.name}' is finished, nothing is left to run: {opened.folder}")
        return
    with Reporter() as reporter:
        try:
            run_study(opened, home, reporter)
        except KeyboardInterrupt:
            click.echo(
                f"interrupted; go on with: {home.command('study resume', opened.name)}", err=True
            )
            raise click.exceptions.Exit(130) from None
    ended = opened.ledger.read(opened.name).ended.values()
    failed = sum(not run.done for run in ended)
    if failed:
        click.echo(f"{failed} of {len(ended)} seed runs failed; the report names them", err=True)
    click.echo(f"study '{opened.name}' is finished: {opened.folder}")


def _status(name: str, record: Any, state: str) -> dict[str, Any]:  # noqa: ANN401
    from study import tally

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
    from study import progress
    from study.results import state_of

    shown = -progress.LINE_SECONDS
    while True:
        state = state_of(opened)
        if state != "running" or time.monotonic() - shown >= progress.LINE_SECONDS:
            click.echo(progress.line(opened.ledger.read(opened.name)), err=True)
            shown = time.monotonic()
        if state != "running":
            return
        time.sleep(interval)
