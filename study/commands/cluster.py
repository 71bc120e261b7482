"""``musebar cluster``: check cluster files."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def cluster() -> None:
    """Check cluster files before money is spent."""


@cluster.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check FILE, a cluster.yaml for Ray's cluster launcher."""
    from study.cluster import check as check_file

    for name, kind in check_file(file).items():
        workers = f"{kind.get('min_workers', 0)} to {kind.get('max_workers', 0)} workers"
        click.echo(f"{name}: {kind.get('resources') or 'resources found by Ray'}, {workers}")
    click.echo(f"{file}: in order")
