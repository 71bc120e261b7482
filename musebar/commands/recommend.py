"""``musebar recommend``: which configuration to use for a genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.results.tables import StudyTables


def _gone(_: click.Context, __: click.Parameter, value: str | None) -> None:
    """Refuse the option that --for replaced, whatever its value."""
    if value is not None:
        instead = {"bce": "reconstruction", "information": "representation"}.get(value)
        hint = f"--for {instead}" if instead else "--for representation, density or reconstruction"
        raise UsageError(f"--prefer {value}: there is no --prefer any more; say {hint}")


@click.command()
@click.argument("genre")
@click.option("--study", "name", metavar="NAME", help="Study to ask; default: the newest.")
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
    help="representation (the most informative code of those whose NLL is as good as the best's), "
    "density (lowest NLL) or reconstruction[@NATS] (lowest BCE at a KL of at most so many nats); "
    "default: what the study was asked for.",
)
@click.option("--prefer", hidden=True, expose_value=False, callback=_gone)
@click.pass_obj
def recommend(home: AnyPath, genre: str, name: str | None, style: str, purpose: str | None) -> None:
    """Recommend a configuration for GENRE, with the evidence for it."""
    from reports.answers.choice import NothingWorks
    from reports.output import recommendation
    from reports.words.choice import nothing_works_text
    from reports.words.recommendation import as_text
    from study.home.studies import Home
    from study.statistics.purposes import Aim

    musebar = Home(home).musebar
    aim = None if purpose is None else Aim.parse(purpose)
    found = recommendation.recommend(_study(home, name), genre, aim, musebar)
    match style:
        case "yaml":
            text = recommendation.as_yaml(found)
        case "json":
            text = recommendation.as_json(found)
        case _ if isinstance(found, NothingWorks):
            text = nothing_works_text(found)
        case _:
            text = as_text(found, musebar)
    click.echo(text.rstrip("\n"))


def _study(home: AnyPath, name: str | None) -> StudyTables:
    from study.home.studies import Home
    from study.results.tables import load_tables, study_names

    if name is None:
        names = study_names(home)
        if not names:
            raise UsageError(
                f"there is no study in {home}: launch one with "
                f"`{Home(home).musebar} study launch quickstart`, "
                "or name another folder with --home"
            )
        name = names[0]
    return load_tables(home, name)
