"""YAML that a user wrote, read with errors that say where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """Read a file that holds one YAML mapping.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages: ``"spec"``, ``"cluster file"``.

    Raises
    ------
    UsageError
        If it cannot be read, is no YAML (line and column are named) or no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the {what} {path}: it is not text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unexpected content"
        raise UsageError(f"{what} {path}: not valid YAML{at}: {problem}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{what} {path}: not a mapping of names to values")
    return content
