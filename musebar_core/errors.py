"""The error tree. A message says what is wrong, which value, and what to do.

MuseBarError
├── UsageError            what was typed or named is wrong, found before work starts
│   ├── UnknownNameError  a name that is not among the known ones
│   └── ConfigurationError  a value that no run could be made with
└── WorkError             work started and failed
├── CorpusError       music could not be read, or a corpus is damaged
├── CheckpointError   a checkpoint is missing, damaged or of another model
├── DivergedError     a loss is no longer a finite number
└── StudyError        a study cannot go on (lease held, storage gone)
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MuseBarError(Exception):
    """Root of every error that this product raises on purpose."""

    exit_code = 1


class UsageError(MuseBarError):
    """What was typed or named is wrong; nothing was started."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not among the known ones; names the nearest.

    Parameters
    ----------
    kind
        What was named, as a noun: ``"preset"``, ``"genre"``.
    name
        The unknown name.
    known
        The names that would have been accepted.
    hint
        What to do when none is known.
    places
        Known name to where it is known, said with the nearest: ``"study 'jigs'"``.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        hint: str = "",
        places: Mapping[str, str] | None = None,
    ) -> None:
        choices = sorted(known)
        message = f"unknown {kind} '{name}'{nearest(name, choices, places=places)}"
        if choices:
            message += f" (known: {', '.join(choices)})"
        elif hint:
            message += f": {hint}"
        super().__init__(message)


class ConfigurationError(UsageError):
    """A value that no run could be made with."""


class WorkError(MuseBarError):
    """Work started and failed."""


class CorpusError(WorkError):
    """Music could not be read, or a corpus is damaged."""


class CheckpointError(WorkError):
    """A checkpoint is missing, damaged or belongs to another model."""


class DivergedError(WorkError):
    """A loss is no longer a finite number."""


class StudyError(WorkError):
    """A study cannot go on: its lease is held, its storage is gone."""


def nearest(
    name: str,
    known: Iterable[str],
    cutoff: float = 0.5,
    prefix: str = "",
    places: Mapping[str, str] | None = None,
) -> str:
    """``": did you mean 'x'?"``, or nothing where nothing is near; ``prefix`` goes before x.

    ``places`` are names to where they are known: ``": did you mean 'x', of study 'jigs'?"``.
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    if not near:
        return ""
    place = (places or {}).get(near[0])
    return f": did you mean '{prefix}{near[0]}'{f', of {place}' if place else ''}?"
