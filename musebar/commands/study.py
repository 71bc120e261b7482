"""``musebar study``: launch, watch, status, stop, resume, export, measure, list."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from musebar_core.errors import MuseBarError, StudyError
from study.home import files

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

    from study.home.files import Place
    from study.home.studies import Home, Study
    from study.ledger.lease import Holder


_SUBMITTED_SECONDS = 300.0
"""For which ``watch`` waits for a cluster to begin with a study."""

_QUIET_SECONDS = 15.0
"""After which a driver's silence is worth a word: three heartbeats."""

_OWN = "own"
"""What ``--optuna`` means without a URL."""

_ADDRESS = click.option(
    "--address",
    metavar="URL",
    help="Run on the Ray cluster with this dashboard, as http://HOST:8265; without it, here.",
)
_JOIN = click.option(
    "--join", is_flag=True, help="Run on the Ray cluster that this machine is a node of."
)


@click.group()
def study() -> None:
    """Launch, watch, stop, resume, export and measure studies."""


@study.command()
@click.argument("spec")
@click.option("--name", help="Name of the study; by default the spec's own.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="K=V",
    help="Override one value, e.g. --set training.epochs=50. Repeatable.",
)
@_ADDRESS
@_JOIN
@click.pass_context
def launch(
    ctx: click.Context,
    spec: str,
    name: str | None,
    overrides: tuple[str, ...],
    address: str | None,
    join: bool,
) -> None:
    """Launch a study from SPEC, a preset's name or a YAML file.

    The study is recorded first, then runs until it ends, here or, with --address, on a cluster.
    Launching the same study again goes on with it.
    """
    from study.home import corpora
    from study.home.studies import Home
    from study.spec import specfile

    resolved = specfile.load(spec, overrides, name)
    corpora.check(resolved)
    home = Home(_home_of(ctx, resolved.storage.home))
    if address is not None:
        from study.cluster import jobs

        jobs.check_shared(resolved.name, resolved.storage.ledger, address)
        client = jobs.connect(address)
        _submit(client, home, home.create(resolved), address)
        return
    _run(home, home.create(resolved), join=join)


@study.command()
@click.argument("name")
@_ADDRESS
@_JOIN
@click.option("--client", "client_versions", hidden=True)
@click.pass_obj
def resume(
    home: Place, name: str, address: str | None, join: bool, client_versions: str | None
) -> None:
    """Go on with a study from its ledger, whatever stopped it."""
    from study.home.studies import Home

    place = Home(home)
    if client_versions is not None:
        from study.cluster import jobs

        jobs.Versions.here().check(jobs.Versions.parse(client_versions))
    opened = place.open(name)
    if address is not None:
        from study.cluster import jobs

        where = opened.ledger.database.url if opened.on_server else "sqlite"
        jobs.check_shared(name, where, address)
        _submit(jobs.connect(address), place, opened, address)
        return
    _run(place, opened, join=join)


@study.command()
@click.argument("name")
@click.pass_obj
def stop(home: Place, name: str) -> None:
    """Ask the driver of a study to stop; what is done is kept."""
    from study.home.studies import Home
    from study.ledger import lease
    from study.ledger.record import State

    opened = Home(home).open(name)
    held = lease.holder(opened.ledger, name)
    if held is None or held.gone:
        if opened.ledger.read_state(name) == State.SUBMITTED:
            opened.ledger.request_stop(name)
            click.echo(f"study '{name}' is submitted: its job will stop as soon as it begins")
            return
        click.echo(f"study '{name}' is not running{_unheard(held)}")
        return
    opened.ledger.request_stop(name)
    click.echo(
        f"asked process {held.pid} on {held.machine} to stop study '{name}'; "
        f"go on later with: {Home(home).command('study resume', name)}"
    )


@study.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--why", metavar="CONFIG", help="What was decided about a configuration, and why.")
@click.pass_obj
def status(home: Place, name: str, as_json: bool, why: str | None) -> None:
    """Print where a study stands, or why a configuration came as far as it did."""
    from rich.console import Console

    from musebar.commands.why import explain
    from study.home.studies import Home
    from study.ledger import lease
    from study.results.tables import state_of
    from study.run import progress

    opened = Home(home).open(name)
    record, state = opened.ledger.read(name, curves=why is not None), state_of(opened)
    if why is not None:
        click.echo(explain(name, record, state, why, as_json=as_json))
        return
    if as_json:
        click.echo(json.dumps(_status(name, record, state)))
        return
    click.echo(f"{name}: {state}{_unheard(lease.holder(opened.ledger, name))}")
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
def watch(home: Place, name: str, interval: float) -> None:
    """Watch a study until it ends; leaving does not stop it."""
    from rich.console import Console
    from rich.live import Live

    from study.home.studies import Home
    from study.results.tables import state_of
    from study.run import progress

    opened, began = Home(home).open(name), time.monotonic()
    console = Console(stderr=True)
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(progress.table(opened.ledger.read(name)), refresh=True)
                if not _is_under_way(state_of(opened), began):
                    break
                time.sleep(interval)
    else:
        _watch_plainly(opened, interval)
    click.echo(f"{name}: {state_of(opened)}")


@study.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; default HOME/NAME/export.")
@click.option(
    "--optuna",
    "optuna_url",
    metavar="[URL]",
    is_flag=False,
    flag_value=_OWN,
    help="Also write the trials for optuna-dashboard, into an Optuna storage or, without URL, "
    "into the study's own database.",
)
@click.pass_obj
def export(home: Place, name: str, out: Path | None, optuna_url: str | None) -> None:
    """Write results.parquet, curves.parquet, decisions.parquet, and what import needs beside."""
    from study.home.studies import Home
    from study.results import exchange
    from study.results.tables import state_of, write_table
    from study.results.tables import tables as flattened

    opened = Home(home).open(name)
    record = opened.ledger.read(name, curves=True)
    tables = flattened(name, record, state_of(opened))
    target = out or home / name / "export"
    with files.written(target) as folder:
        folder.mkdir(parents=True, exist_ok=True)
        frames = {"results": tables.results, "curves": tables.curves, "decisions": tables.decisions}
        for file, frame in frames.items():
            written = write_table(frame, folder / f"{file}.parquet")
            click.echo(f"{target / written.name}  {len(frame)} rows")
        for written in exchange.write(record, folder):
            click.echo(target / written.name)
    if optuna_url is not None:
        from study.ledger.database import shown
        from study.results import optunastudy

        url = opened.ledger.database.url if optuna_url == _OWN else optuna_url
        for study_name, count in optunastudy.export(tables, url).items():
            click.echo(f"{shown(url)}  {study_name}: {count} trials")


@study.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the study here; by default the one it had.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="K=V",
    help="Override one value, e.g. --set corpus.source=FOLDER. Repeatable.",
)
@click.pass_obj
def import_(home: Place, folder: Path, name: str | None, overrides: tuple[str, ...]) -> None:
    """Make a study of the export in FOLDER; resume does what it lacks.

    Its models stay behind. Where the music is not the runs' own, resume says so.
    """
    from study.home.studies import Home
    from study.results import exchange

    here = Home(home)
    brought, runs = exchange.bring(here, folder, overrides, name)
    click.echo(f"{home / brought.name}  {runs} seed runs")
    resume = here.command("study resume", brought.name)
    click.echo(f"check its music and do what it lacks: {resume}", err=True)


@study.command()
@click.argument("name")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Seeds of each configuration, the first of its phase.",
)
@click.pass_obj
def measure(home: Place, name: str, seeds: int) -> None:
    """Take the further measures of a study's kept models; seconds a model.

    Writes HOME/NAME/measures.parquet and prints its path.
    """
    import torch

    from study.home.studies import Home
    from study.results import measuring

    opened = Home(home).open(name)
    torch.set_num_threads(1)  # small models: several threads wait for each other
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
def list_(home: Place, as_json: bool) -> None:
    """List the studies in HOME, newest first."""
    from study.home.studies import Home
    from study.results.tables import state_of

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


def _is_under_way(state: str, began: float) -> bool:
    """Whether there is something to watch: a study that runs, or that a cluster is to begin."""
    waiting = state == "submitted" and time.monotonic() - began < _SUBMITTED_SECONDS
    return waiting or state == "running"


def _unheard(held: Holder | None) -> str:
    """What to add where a driver elsewhere is only believed to be dead."""
    if held is None or held.here or held.silent is None or held.silent < _QUIET_SECONDS:
        return ""
    return f" (its driver on {held.machine} was last heard of {held.silent:.0f} s ago)"


def _home_of(ctx: click.Context, asked: str | None) -> Place:
    """``--home`` or MUSEBAR_HOME where given, else the spec's ``storage.home``."""
    given = ctx.find_root().get_parameter_source("home")
    if asked is None or given is not click.core.ParameterSource.DEFAULT:
        home: Place = ctx.obj
        return home
    return files.place(asked)


def _is_finished(opened: Study) -> bool:
    from study.ledger.record import State

    if opened.ledger.read_state(opened.name) != State.FINISHED:
        return False
    _require_success(opened)
    click.echo(f"study '{opened.name}' is finished, nothing is left to run: {opened.folder}")
    return True


def _require_success(opened: Study) -> int:
    """How many seed runs of a finished study failed; StudyError where all of them did."""
    ended = opened.ledger.read(opened.name).ended.values()
    reasons = Counter(run.failure for run in ended if run.failure is not None)
    failed = reasons.total()
    if failed and failed == len(ended):
        raise StudyError(
            f"study '{opened.name}' is finished, and none of its {failed} seed runs succeeded "
            f"({reasons.most_common(1)[0][0]}): mend that, and launch it again under another --name"
        )
    return failed


def _submit(client: JobSubmissionClient, home: Home, opened: Study, address: str) -> None:
    from study.cluster import jobs
    from study.run import dispatch
    from study.run.progress import Reporter

    if _is_finished(opened):
        return
    with Reporter() as reporter:
        dispatch.prepare(opened, home, reporter)
    job = jobs.submit(client, opened, home)
    try:
        click.echo(f"study '{opened.name}' runs at {address} as job {job}", err=True)
        jobs.follow(client, job, opened, home, lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        watch, stop = (home.command(f"study {verb}", opened.name) for verb in ("watch", "stop"))
        click.echo(
            f"left study '{opened.name}': it goes on at {address} as job {job}. "
            f"Watch it with: {watch}; stop it with: {stop}",
            err=True,
        )
        raise click.exceptions.Exit(130) from None
    _require_success(opened)
    click.echo(f"study '{opened.name}' is finished: {opened.folder}")


def _run(home: Home, opened: Study, *, join: bool) -> None:
    from study.run.dispatch import run_study
    from study.run.progress import Reporter

    if _is_finished(opened):
        return
    with Reporter() as reporter:
        try:
            run_study(opened, home, reporter, join=join)
        except KeyboardInterrupt:
            click.echo(
                f"interrupted; go on with: {home.command('study resume', opened.name)}", err=True
            )
            raise click.exceptions.Exit(130) from None
    failed = _require_success(opened)
    if failed:
        runs = len(opened.ledger.read(opened.name).ended)
        click.echo(f"{failed} of {runs} seed runs failed; the report names them", err=True)
    click.echo(f"study '{opened.name}' is finished: {opened.folder}")


def _status(name: str, record: Any, state: str) -> dict[str, Any]:  # noqa: ANN401
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
    from study.results.tables import state_of
    from study.run import progress

    shown, began = -progress.LINE_SECONDS, time.monotonic()
    while True:
        state = state_of(opened)
        if not _is_under_way(state, began) or time.monotonic() - shown >= progress.LINE_SECONDS:
            click.echo(progress.line(opened.ledger.read(opened.name)), err=True)
            shown = time.monotonic()
        if not _is_under_way(state, began):
            return
        time.sleep(interval)
