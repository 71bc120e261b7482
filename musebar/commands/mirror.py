"""``musebar study mirror``: a study's runs in TensorBoard, MLflow or W&B."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from musebar.commands import completion
from musebar.commands.options import finite
from musebar_core.errors import StudyError

if TYPE_CHECKING:
    from study.home.files import AnyPath

_BEGUN_SECONDS = 300.0
"""For which a study that was recorded is waited for: its corpus may be built first."""


@click.command()
@click.argument("name", shell_complete=completion.study_names)
@click.option(
    "--to",
    "targets",
    multiple=True,
    required=True,
    metavar="TRACKER[=WHERE]",
    help="tensorboard[=DIR], mlflow=URI or wandb[=DIR]; DIR is by default a folder of the study's "
    "own. Repeatable.",
)
@click.option(
    "--follow", is_flag=True, help="Go on until the study ends, in TensorBoard as its runs train."
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    callback=finite,
    default=10.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.pass_obj
def mirror(
    home: AnyPath, name: str, targets: tuple[str, ...], follow: bool, interval: float
) -> None:
    """Tell trackers of a study's seed runs; what they were told of is not told again.

    The ledger is read and never written: a tracker that fails stops no study. W&B is written
    offline, for 'wandb sync' to send.

    \b
    Examples:
      musebar study mirror my-study --to tensorboard
      musebar study mirror my-study --to tensorboard=events --follow
    """
    from musebar.commands.look import is_under_way
    from study.home.studies import Home
    from study.ledger.record import StudyState
    from study.results.tables import state_of
    from study.trackers.mirror import Mirror, tracker

    opened = Home(home).open(name)
    mirrors = {target: Mirror(opened, tracker(opened, target)) for target in targets}
    began = time.monotonic()
    while True:
        state = state_of(opened)
        begins = state is StudyState.CREATED and time.monotonic() - began < _BEGUN_SECONDS
        more = follow and (begins or is_under_way(state, began))
        for target, one in mirrors.items():
            try:
                told = one.tell()
            except StudyError as error:
                if not more:
                    raise
                click.echo(f"{error}; trying again", err=True)
                continue
            if not more:
                click.echo(f"{target}  {told} seed runs")
        if not more:
            return
        time.sleep(interval)
