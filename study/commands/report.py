"""``musebar report``: build a study's pages, open them."""

from __future__ import annotations

from pathlib import Path

import click

from musebar_core.errors import UsageError


@click.group()
def report() -> None:
    """Build and open the report pages of a study."""


@report.command()
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the pages; default: HOME/NAME/report.",
)
@click.pass_obj
def build(home: Path, name: str, out: Path | None) -> None:
    """Build the report of study NAME; the last line printed is the path of its first page."""
    from reports.build import build_report
    from study.results import load_tables

    click.echo(build_report(load_tables(home, name), out or home / name / "report"))


@report.command("open")
@click.argument("name")
@click.pass_obj
def open_report(home: Path, name: str) -> None:
    """Open the report of study NAME in a browser."""
    import webbrowser

    from study.home import Home
    from study.results import study_names

    index = home / name / "report" / "index.html"
    if not index.is_file():
        _require_study(name, study_names(home), home)
        build = Home(home).command("report build", name)
        raise UsageError(f"no report at {index}: build it with `{build}`")
    if not webbrowser.open(index.resolve().as_uri()):
        click.echo("no browser could be started; the report is at:", err=True)
    click.echo(index)


def _require_study(name: str, known: list[str], home: Path) -> None:
    from musebar_core.errors import UnknownNameError

    if name not in known:
        raise UnknownNameError("study", name, known, f"there is no study in {home}")
