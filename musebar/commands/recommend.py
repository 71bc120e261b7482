"""``musebar recommend``: which configuration to use for a genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from musebar.commands import completion
from musebar_core.errors import MuseBarError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from study.home.files import AnyPath
    from study.results.tables import StudyTables


def _gone(_: click.Context, __: click.Parameter, value: str | None) -> None:
    """Refuse the option that --for replaced, whatever its value."""
    if value is not None:
        from study.statistics.purposes import Purpose

        now = {"bce": Purpose.RECONSTRUCTION, "information": Purpose.REPRESENTATION}.get(value)
        hint = " or ".join(Purpose) if now is None else now
        raise UsageError(f"--prefer {value}: there is no --prefer any more; say --for {hint}")


class _PurposeOption(click.Option):
    """An option whose help names every purpose, which is imported where that is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from reports.words.purposes import purposes_text

        self.help = f"{purposes_text()}. Default: what the study was asked for."
        return super().get_help_record(ctx)


@click.command()
@click.argument("genre", shell_complete=completion.genres)
@click.option(
    "--study",
    "name",
    metavar="NAME",
    shell_complete=completion.study_names,
    help="Study to ask; default: the newest with results for GENRE.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "yaml", "json"]),
    default="text",
    show_default=True,
    help="text to read; yaml or json for `musebar train --config` and scripts.",
)
@click.option(
    "--for",
    "purpose",
    metavar="PURPOSE",
    cls=_PurposeOption,
)
@click.option("--full", is_flag=True, help="All the evidence, and the decision card.")
@click.option("--strict", is_flag=True, help="Exit with 1 where nothing works yet.")
@click.option("--prefer", hidden=True, expose_value=False, callback=_gone)
@click.pass_obj
def recommend(
    home: AnyPath,
    genre: str,
    name: str | None,
    style: str,
    purpose: str | None,
    full: bool,
    strict: bool,
) -> None:
    """Recommend a configuration for GENRE, with the evidence for it.

    \b
    Examples:
      musebar recommend jazz
      musebar recommend jazz --study my-study --for density --full
      musebar recommend jazz --format yaml > best.yaml
    """
    from reports.answers.unchosen import NothingWorks
    from reports.output import recommendation
    from reports.words.choice import nothing_works_text
    from reports.words.recommendation import as_brief, as_text
    from study.home.studies import Home
    from study.results.tables import load_tables
    from study.statistics.purposes import Aim

    musebar = Home(home).musebar
    aim = None if purpose is None else Aim.parse(purpose)
    tables = _newest(home, genre) if name is None else load_tables(home, name)
    found = recommendation.recommend(tables, genre, aim, musebar)
    match style:
        case "yaml":
            text = recommendation.as_yaml(found)
        case "json":
            text = recommendation.as_json(found)
        case _ if isinstance(found, NothingWorks):
            text = nothing_works_text(found)
        case _:
            text = as_text(found, musebar) if full else as_brief(found, musebar)
    click.echo(text.rstrip("\n"))
    if strict and (isinstance(found, NothingWorks) or not found.works):
        raise SystemExit(1)


def _newest(home: AnyPath, genre: str) -> StudyTables:
    """Return the newest study that has results for a genre; else the newest that names it.

    Raises
    ------
    UnknownNameError
        If none names it: with the nearest of all genres that have results.
    UsageError
        If there is no study.
    """
    from reports.answers.summaries import genre_names
    from study.home.studies import Home

    newest: StudyTables | None = None
    named: StudyTables | None = None
    places: dict[str, str] = {}
    for name, tables in _readable(home):
        with_results = [str(one) for one in tables.results["genre"].unique()]
        if genre in with_results:
            return tables
        for one in with_results:
            places.setdefault(one, f"study '{name}'")
        if named is None and genre in genre_names(tables):
            named = tables
        newest = newest or tables
    if newest is None:
        raise UsageError(
            f"there is no study in {home}: launch one with "
            f"`{Home(home).musebar} study launch quickstart`, "
            "or name another folder with --home"
        )
    if named is None and places:
        raise UnknownNameError("genre", genre, places, places=places)
    return named or newest


def _readable(home: AnyPath) -> Iterator[tuple[str, StudyTables]]:
    """Read the studies of a home, newest first; one that cannot be read is named and left out."""
    from study.results.tables import load_tables, study_names

    for name in study_names(home):
        try:
            tables = load_tables(home, name)
        except MuseBarError as error:
            click.echo(f"warning: study '{name}' is passed over: {error}", err=True)
        else:
            yield name, tables
