"""Options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar_core.terminal import without_passwords

if TYPE_CHECKING:
    import os


_LONGEST_NAME, _LONGEST_PATH = 255, 4095
"""Bytes that file systems take at most."""


class LocalPath(click.Path):
    """A file or folder of this machine; an address is refused, whose password may be in it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Take a path as it is.

        Raises
        ------
        click.UsageError
            If it is an address, such as ``s3://bucket/name``, empty, which would mean the folder
            one stands in, or longer than file systems take.
        """
        if not str(value).strip():
            self.fail("it is empty: name a file or a folder", param, ctx)
        if "://" in str(value):
            said = without_passwords(str(value))
            self.fail(f"'{said}' is an address: name a path on this machine", param, ctx)
        if _is_too_long(str(value)):
            self.fail(f"'{str(value)[:40]}...' is too long: name a shorter one", param, ctx)
        return super().convert(value, param, ctx)


def _is_too_long(path: str) -> bool:
    whole, *names = (len(each.encode(errors="replace")) for each in (path, *path.split("/")))
    return whole > _LONGEST_PATH or max(names) > _LONGEST_NAME


LOCAL = LocalPath()
"""Where files are written, or read as they were written."""


def finite(_: click.Context, parameter: click.Parameter, value: float) -> float:
    """Take a number, as the callback of an option; no range keeps ``nan`` out.

    Raises
    ------
    click.BadParameter
        If it is not finite.
    """
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no finite number", param=parameter)
    return value


OVERRIDES = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="K=V",
    help="Override one value, e.g. --set training.epochs=50. Repeatable.",
)
"""Values of a spec, one by one."""
