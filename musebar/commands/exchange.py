"""``musebar study export``, ``import`` and ``measure``: what comes out of a study, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from musebar.commands import completion
from musebar.commands.options import LOCAL, OVERRIDES
from musebar_core.marks import check_place
from musebar_core.threads import computing_with
from study.home import files

if TYPE_CHECKING:
    from pathlib import Path

    from study.home.files import AnyPath

_OWN = "own"
"""What ``--optuna`` means without a URL."""


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option("--out", type=LOCAL, help="Folder; default HOME/NAME/export.")
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
def export(home: AnyPath, name: str, out: Path | None, optuna_url: str | None) -> None:
    """Write results.parquet, curves.parquet, decisions.parquet, and what import needs beside.

    \b
    Examples:
      musebar study export my-study --out export
    """
    from study.home.studies import Home
    from study.results import exchange
    from study.results.tables import stored_tables

    opened = Home(home).open(name)
    record = opened.ledger.read(name)
    tables = stored_tables(opened, record)
    target = out or home / name / "export"
    with files.written(target) as folder:
        check_place(folder)
        written = exchange.export(tables, record, folder)
    for file, rows in written.items():
        click.echo(f"{target / file}" + ("" if rows is None else f"  {rows} rows"))
    if optuna_url is not None:
        from study.ledger.database import shown
        from study.results import optunastudy

        url = opened.ledger.database.url if optuna_url == _OWN else optuna_url
        for study_name, count in optunastudy.export(tables, url).items():
            click.echo(f"{shown(url)}  {study_name}: {count} trials")


@click.command("import")
@click.argument("folder", type=LOCAL)
@click.option("--name", help="Name of the study here; by default the one it had.")
@OVERRIDES
@click.pass_obj
def import_(home: AnyPath, folder: Path, name: str | None, overrides: tuple[str, ...]) -> None:
    """Make a study of the export in FOLDER; resume does what it lacks.

    Its models stay behind. Where the music is not the runs' own, resume says so.

    \b
    Examples:
      musebar study import export --name again
    """
    from study.home.studies import Home
    from study.ledger.reading import Runs
    from study.ledger.record import StudyState
    from study.results import exchange
    from study.search.planner import Planner

    here = Home(home)
    brought, runs = exchange.import_study(here, folder, overrides, name)
    click.echo(f"{home / brought.name}  {runs} seed runs")
    if Planner(brought.ledger.read(brought.name, runs=Runs.FOR_PLANS)).done:
        brought.ledger.set_state(brought.name, StudyState.FINISHED)
        said = f"it lacks nothing: {here.command('report build', brought.name)}"
    else:
        resume = here.command("study resume", brought.name)
        said = f"check its music and do what it lacks: {resume}"
    click.echo(said, err=True)


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Seeds of each configuration, the first of its phase.",
)
@click.pass_obj
def measure(home: AnyPath, name: str, seeds: int) -> None:
    """Take the further measures of a study's kept models; seconds a model.

    Writes HOME/NAME/measures.parquet and prints its path.

    \b
    Examples:
      musebar study measure my-study --seeds 1
    """
    from study.home.studies import Home
    from study.results import measuring

    opened = Home(home).open(name)
    rows = []
    with computing_with():
        for row in measuring.measure(opened, seeds):
            rows.append(row)
            click.echo(
                f"{len(rows)}  {row['genre']} {row['config_id']} seed {row['seed']}  code worth "
                f"{row['code_worth']:.1f} nats",
                err=True,
            )
    click.echo(f"{measuring.write(opened, rows)}  {len(rows)} rows")
