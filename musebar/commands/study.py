"""``musebar study``: launch, resume and stop; the other commands of the group stand beside."""

from __future__ import annotations

import contextlib
import shlex
import signal
from typing import TYPE_CHECKING

import click

from musebar.commands import beforehand, completion
from musebar.commands.exchange import export, import_, measure
from musebar.commands.look import list_, status, unheard, watch
from musebar.commands.manage import delete, init, presets, rename
from musebar.commands.mirror import mirror
from musebar.commands.options import OVERRIDES
from musebar.launching import require_success
from study.home import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ray.job_submission import JobSubmissionClient

    from study.home.files import AnyPath
    from study.home.studies import Home, Study


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
    """Launch, watch, stop, resume, export, measure and tidy up studies."""


for _command in (
    status,
    watch,
    list_,
    presets,
    init,
    export,
    import_,
    measure,
    mirror,
    rename,
    delete,
):
    study.add_command(_command)


@study.command()
@click.argument("spec", shell_complete=completion.specs)
@click.option("--name", help="Name of the study; by default the spec's own.")
@OVERRIDES
@_ADDRESS
@_JOIN
@click.option("--dry-run", is_flag=True, help="Tell what it takes, and start nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before days of work on CPUs.")
@click.pass_context
def launch(
    ctx: click.Context,
    spec: str,
    name: str | None,
    overrides: tuple[str, ...],
    address: str | None,
    join: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Launch a study from SPEC, a preset's name or a YAML file.

    The study is recorded first, then runs until it ends, here or, with --address, on a cluster.
    Launching the same study again goes on with it. --dry-run measures a step of training here and
    tells seed runs, hours, memory, disk and GPUs.

    \b
    Examples:
      musebar study launch my-study.yaml --dry-run
      musebar study launch my-study.yaml
      musebar study launch my-study.yaml --name short --set training.epochs=50
    """
    from study.home import corpora
    from study.home.studies import Home
    from study.spec import specfile

    resolved = specfile.load(spec, overrides, name)
    genres = corpora.check(resolved)
    home = Home(_home_of(ctx, resolved.storage.home))
    if dry_run:
        beforehand.tell(resolved, home, genres)
        return
    beforehand.agree(resolved, home, here=address is None and not join, yes=yes)
    if address is not None:
        from study.cluster import jobs

        jobs.check_shared(resolved.name, resolved.storage.ledger, address)
        client = jobs.connect(address)
        _submit(client, home, home.create(resolved), address)
        return
    with _outlasting_its_terminal():
        _run(home, home.create(resolved), join=join)


@study.command()
@click.argument("name", shell_complete=completion.study_names)
@_ADDRESS
@_JOIN
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Try again what failed, but for what diverged: that would end the same.",
)
@click.option("--client", "client_versions", hidden=True)
@click.pass_obj
def resume(
    home: AnyPath,
    name: str,
    address: str | None,
    join: bool,
    retry_failed: bool,
    client_versions: str | None,
) -> None:
    """Go on with a study from its ledger, whatever stopped it.

    \b
    Examples:
      musebar study resume my-study
      musebar study resume my-study --retry-failed
    """
    from study.home.studies import Home

    place = Home(home)
    if client_versions is not None:
        from study.cluster import jobs

        jobs.Versions.here().check(jobs.Versions.parse(client_versions))
    opened = place.open(name)
    if retry_failed:
        _retry_failed(place, opened)
    if address is not None:
        from study.cluster import jobs

        where = opened.ledger.database.url if opened.on_server else "sqlite"
        jobs.check_shared(name, where, address)
        _submit(jobs.connect(address), place, opened, address)
        return
    with _outlasting_its_terminal():
        _run(place, opened, join=join)


@study.command()
@click.argument("name", shell_complete=completion.study_names)
@click.pass_obj
def stop(home: AnyPath, name: str) -> None:
    """Ask the driver of a study to stop; what is done is kept.

    \b
    Examples:
      musebar study stop my-study
    """
    from study.home.studies import Home
    from study.ledger import lease
    from study.ledger.record import StudyState

    opened = Home(home).open(name)
    held = lease.holder(opened.ledger, name)
    if held is None or held.gone:
        if opened.ledger.read_state(name) is StudyState.SUBMITTED:
            opened.ledger.request_stop(name)
            click.echo(f"study '{name}' is submitted: its job will stop as soon as it begins")
            return
        click.echo(f"study '{name}' is not running{unheard(held)}")
        return
    opened.ledger.request_stop(name)
    click.echo(
        f"asked process {held.pid} on {held.machine} to stop study '{name}'; "
        f"go on later with: {Home(home).command('study resume', name)}"
    )


def _home_of(ctx: click.Context, asked: str | None) -> AnyPath:
    """``--home`` or MUSEBAR_HOME where given, else the spec's ``storage.home``."""
    given = ctx.find_root().get_parameter_source("home")
    if asked is None or given is not click.core.ParameterSource.DEFAULT:
        home: AnyPath = ctx.obj
        return home
    return files.to_path(asked)


def _is_finished(opened: Study) -> bool:
    from study.ledger.record import StudyState

    if opened.ledger.read_state(opened.name) is not StudyState.FINISHED:
        return False
    require_success(opened)
    click.echo(f"study '{opened.name}' is finished, nothing is left to run: {opened.folder}")
    return True


def _retry_failed(home: Home, opened: Study) -> None:
    from study.ledger.lease import Lease
    from study.ledger.record import StudyState

    with Lease(opened.ledger, opened.name, home.musebar):
        count = opened.ledger.forget_failed(opened.name)
        if count:
            opened.ledger.set_state(opened.name, StudyState.STOPPED)
    click.echo(f"{count} failed seed runs are tried again", err=True)


def _say_finished(home: Home, opened: Study) -> None:
    """Print where a finished study lies, and to stderr the commands that come next."""
    from study.ledger.reading import Runs
    from study.search.evidence import genres_of

    click.echo(f"study '{opened.name}' is finished: {opened.folder}")
    genre = shlex.quote(genres_of(opened.ledger.read(opened.name, runs=Runs.NONE))[0])
    click.echo(
        f"next: {home.musebar} recommend {genre} --study {opened.name}; "
        f"{home.command('report build', opened.name)}",
        err=True,
    )


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
    require_success(opened)
    _say_finished(home, opened)


@contextlib.contextmanager
def _outlasting_its_terminal() -> Iterator[None]:
    """From before the study is recorded a closed terminal ends nothing; see :mod:`study.run.stop`.

    Importing the engine alone takes seconds.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _run(home: Home, opened: Study, *, join: bool) -> None:
    from study.run import stages
    from study.run.dispatch import run_study
    from study.run.progress import Reporter

    if _is_finished(opened):
        return
    with Reporter(since=stages.age()) as reporter:
        try:
            run_study(opened, home, reporter, join=join)
        except KeyboardInterrupt:
            click.echo(
                f"interrupted; go on with: {home.command('study resume', opened.name)}", err=True
            )
            raise click.exceptions.Exit(130) from None
    failed = require_success(opened)
    if failed:
        runs = sum(opened.ledger.ended_counts(opened.name).values())
        click.echo(f"{failed} of {runs} seed runs failed; the report names them", err=True)
    click.echo(reporter.stages.said(), err=True)
    _say_finished(home, opened)
