"""``musebar doctor``: whether this machine is fit for studies, and what to do where it is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar_core.terminal import line

if TYPE_CHECKING:
    from study.home.files import AnyPath


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def doctor(home: AnyPath, as_json: bool) -> None:
    """Look at Python, torch, Ray, disk, memory, database, home, clock and names; say what to do.

    Exits with 1 where something is broken.

    \b
    Examples:
      musebar doctor
      musebar doctor --json
    """
    from musebar.checkup import State, checkup

    findings = []
    for one in checkup(home, Path.cwd()):
        findings.append(one)
        if not as_json:
            click.echo(line(f"{one.state:6}  {one.name:9} {one.found}"))
            if one.advice:
                click.echo(f"{'':17} {line(one.advice)}")
    broken = any(one.state is State.BROKEN for one in findings)
    if as_json:
        checks = [dataclasses.asdict(one) for one in findings]
        click.echo(json.dumps({"broken": broken, "checks": checks}, indent=2))
    if broken:
        raise click.exceptions.Exit(1)
