"""Options that several commands share."""

from __future__ import annotations

import click

OVERRIDES = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="K=V",
    help="Override one value, e.g. --set training.epochs=50. Repeatable.",
)
"""Values of a spec, one by one."""
