"""``musebar cluster``: check cluster files."""

from __future__ import annotations

from pathlib import Path

import click

from musebar_core.errors import UsageError
from musebar_core.terminal import line


@click.group()
def cluster() -> None:
    """Check cluster files before money is spent."""


@cluster.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE")
def check(files: tuple[Path, ...]) -> None:
    """Check each FILE: a cluster.yaml for Ray's launcher, KubeRay's YAML, a script for Slurm.

    \b
    Examples:
      musebar cluster check cluster.yaml
    """
    from study.cluster.launcher import check as check_file

    wrong = []
    for file in files:
        try:
            nodes = check_file(file)
        except UsageError as error:
            wrong += str(error).splitlines()
        else:
            click.echo("\n  ".join([f"{file}: in order", *nodes]))
    for problem in wrong[:-1]:
        click.echo(f"Error: {line(problem)}", err=True)
    if wrong:
        raise UsageError(wrong[-1])
