"""``musebar study presets``, ``init``, ``rename``, ``delete``: what to launch, and tidying up."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar.commands import completion
from musebar.commands.options import LOCAL
from musebar_core.errors import UsageError
from musebar_core.terminal import line

if TYPE_CHECKING:
    from study.home.files import AnyPath


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def presets(as_json: bool) -> None:
    """List the studies that come along, for launch: names, and what each is for.

    \b
    Examples:
      musebar study presets
    """
    from study.spec import specfile

    rows = [{"name": name, "about": specfile.about(name)} for name in specfile.presets()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    with_names = click.HelpFormatter(width=100)
    with_names.write_dl([(row["name"], row["about"]) for row in rows])
    click.echo(with_names.getvalue(), nl=False)


@click.command()
@click.argument("folder", metavar="FOLDER")
@click.option("--out", type=LOCAL, help="Default: NAME of the folder, .yaml.")
def init(folder: str, out: Path | None) -> None:
    """Write a commented spec for FOLDER, which has a sub-folder of music for each genre.

    Editors that know YAML Schema complete it by the schema that its first line names.

    \b
    Examples:
      musebar study init my-music --out new.yaml
    """
    from musebar_core.corpus import list_source
    from study.spec import reference

    source = Path(folder)
    genres = list_source(source).genres
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.resolve().stem).lstrip("._-") or "my-study"
    target = out or Path(f"{name}.yaml")
    if target.exists() or target.is_symlink():
        raise UsageError(f"--out {target}: is there already; name another file")
    text = reference.starter(target.stem if out else name, folder, genres)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {target}: {error.strerror}") from None
    click.echo(target)
    click.echo(f"next: musebar study launch {shlex.quote(str(target))} --dry-run", err=True)


@click.command()
@click.argument("old", metavar="NAME", shell_complete=completion.study_names)
@click.argument("new", metavar="NEW")
@click.pass_obj
def rename(home: AnyPath, old: str, new: str) -> None:
    """Give study NAME the name NEW, with all that belongs to it.

    A report or export that was made of it names it as before, until it is made again.

    \b
    Examples:
      musebar study rename my-study first-try
    """
    from study.home import upkeep
    from study.home.studies import Home

    upkeep.rename(Home(home), old, new)
    click.echo(home / new)


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(home: AnyPath, name: str, yes: bool) -> None:
    """Delete study NAME: its results, models, report and export. Its corpus stays.

    On a terminal it asks first; elsewhere it needs --yes.

    \b
    Examples:
      musebar study delete my-study --yes
    """
    from study.home import upkeep
    from study.home.studies import Home

    place = Home(home)
    runs = sum(place.open(name).ledger.ended_counts(name).values())
    confirm(f"Delete study '{name}' with its {runs} seed runs, for good?", "delete it", yes=yes)
    ended, left = upkeep.delete(place, name)
    click.echo(f"deleted study '{name}' and its {ended} seed runs")
    if left:
        click.echo(line(f"left in {home / name}, not the study's own: {', '.join(left)}"), err=True)


def confirm(question: str, what: str, *, yes: bool) -> None:
    """Ask on a terminal before something that cannot be taken back, or takes long.

    Parameters
    ----------
    question
        What is asked.
    what
        What ``--yes`` does, as a verb and its object.
    yes
        Whether the answer was given beforehand.

    Raises
    ------
    UsageError
        Where there is no terminal to ask on.
    click.exceptions.Exit
        With 1, where the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} There is no terminal to ask on: say --yes to {what}")
    if not click.confirm(question, err=True):
        click.echo("nothing was changed", err=True)
        raise click.exceptions.Exit(1)
