"""What ``musebar study launch`` says before it starts: what a study takes, and whether to go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar.commands.manage import confirm

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.home.studies import Home
    from study.run.estimate import Estimate
    from study.spec.model import StudySpec


CURVE = 128
"""Snippets that are enough for evaluations on the way (docs/decisions/0018)."""

MUCH = 0.2
"""Share of a run from which fewer of them are worth a word."""


def tell(spec: StudySpec, home: Home, genres: tuple[str, ...]) -> None:
    """Print what a launch would take, and start nothing."""
    from study.run.estimate import estimate

    click.echo("measuring a step of training here", err=True)
    found = estimate(spec, home.record_of(spec), genres)
    click.echo("\n".join(lines(spec, found, home.path)))


def lines(spec: StudySpec, found: Estimate, home: AnyPath) -> list[str]:
    """What a study takes, in words."""
    import psutil

    told = f"{found.epochs:,} steps of {_time(found.pace.step_seconds)}"
    told += f", {found.evaluations} evaluations of {_time(found.pace.curve_seconds)}"
    memory = f"about {_size(found.memory_bytes)} a run"
    if found.slots:
        memory += f", {_size(found.memory_bytes * found.slots)} for {found.slots} at a time"
    on = "a GPU" if found.device == "cuda" else "CPUs"
    genres = f"{len(found.genres)} genres ({', '.join(found.genres)})"
    return [
        f"study {spec.name}: nothing is started or recorded",
        f"seed runs: {found.seed_runs:,} at most, in {genres}",
        f"a run: {_time(found.run_seconds)} alone on {on} ({told}; the largest one, measured here)",
        _evaluations(spec, found),
        _hours(found),
        f"memory: {memory}; {_size(psutil.virtual_memory().available)} are free here",
        _disk(found, home),
        _gpus(found),
    ]


def _evaluations(spec: StudySpec, found: Estimate) -> str:
    told = f"evaluations: {found.evaluation_share:.0%} of a run"
    leaner = found.with_curve_of(CURVE)
    has_begun, lags = found.has_begun, spec.training.encoder_steps
    if (
        has_begun
        or lags
        or found.evaluation_share < MUCH
        or leaner.run_seconds >= found.run_seconds
    ):
        return told
    return (
        f"{told}; {leaner.evaluation_share:.0%} with --set training.curve_snippets={CURVE}, which "
        f"makes a run take {_time(leaner.run_seconds)}"
    )


def _hours(found: Estimate) -> str:
    if found.hours is None:
        return "hours: not known, as this machine has no room for a trial"
    days = f" ({found.hours / 24:,.0f} days)" if found.hours >= 48 else ""
    hours = f"{found.hours:,.0f}{days}" if found.hours >= 10 else f"{found.hours:.2g}"
    told = f"hours: {hours} at most here, {found.slots} trials at a time"
    if found.device == "cuda":
        return f"{told}; runs that train together on a GPU take less"
    return f"{told}; on GPUs it is another matter" if found.gpus_per_trial else told


def _disk(found: Estimate, home: AnyPath) -> str:
    from study.run.estimate import free_disk

    free = ""
    if isinstance(home, Path):
        free = f"; {_size(free_disk(home))} are free"
    return f"disk: about {_size(found.disk_bytes)} in {home}{free}"


def _gpus(found: Estimate) -> str:
    here = f"this machine has {found.gpus:g}" if found.gpus else "this machine has none"
    if not found.gpus_per_trial:
        return f"GPUs: none asked for; {here}"
    return (
        f"GPUs: {found.gpus_per_trial:.2g} of one a trial, with {_size(found.gpu_bytes)} of its "
        f"memory; {here}"
    )


def agree(spec: StudySpec, home: Home, *, here: bool, yes: bool) -> None:
    """Ask before a new study of the paper's size trains on CPUs, where that takes days.

    Raises
    ------
    UsageError
        Without a terminal to ask on, and without ``--yes``.
    """
    from study.run.estimate import is_paper_size, trains_on_cpus

    if spec.name in home.names() or not is_paper_size(spec) or not trains_on_cpus(spec, here=here):
        return
    if yes:
        click.echo(f"study '{spec.name}' is of the paper's size, and trains on CPUs", err=True)
        return
    confirm(
        f"Study '{spec.name}' is of the paper's size ({spec.training.epochs} steps of "
        f"{spec.model.hidden} hidden units a run) and would train on CPUs, which takes days: "
        "--dry-run tells how long, --set resources.gpus_per_trial=auto asks for GPUs, and "
        "--set model.hidden=64 makes it small. Launch it as it is?",
        "launch it",
        yes=yes,
    )


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1000:.0f} ms"


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
