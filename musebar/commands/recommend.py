"""``musebar recommend``: which configuration to use for a genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.results.tables import StudyTables


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
    "--prefer",
    type=click.Choice(["bce", "information"]),
    default="bce",
    show_default=True,
    help="Lowest BCE, or the most informative code among those that beat the Markov baseline.",
)
@click.pass_obj
def recommend(home: AnyPath, genre: str, name: str | None, style: str, prefer: str) -> None:
    """Recommend a configuration for GENRE, with the evidence for it."""
    from reports.output import recommendation
    from reports.words.recommendation import as_text
    from study.home.studies import Home

    musebar = Home(home).musebar
    found = recommendation.recommend(_study(home, name), genre, prefer, musebar)
    writers = {
        "text": lambda: as_text(found, musebar),
        "yaml": lambda: recommendation.as_yaml(found),
        "json": lambda: recommendation.as_json(found),
    }
    click.echo(writers[style]().rstrip("\n"))


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
