"""YAML 1.2 as a user wrote it: read within bounds, with errors that say where it is wrong.

The one reader and the one writer of the product. A plain value is what the core schema of YAML
1.2 says it is, whatever older readers made of it: ``yes`` and ``1_000`` are text, ``010`` is ten,
``5e-2`` is a number. What is written reads the same by either version.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from musebar_core.errors import UsageError
from musebar_core.plainfile import check_plain
from musebar_core.yamlvalues import TAG, Plain, document, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_BYTES = 2**19

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Ends of a line by YAML 1.1 alone."""


class Readable(Protocol):
    """A file, here or at a URL."""

    def open(self, mode: str) -> IO[bytes]:
        """Open it."""


def read_mapping(path: Readable, what: str, like: str = "") -> dict[str, Plain]:
    """Read a file that holds one YAML mapping.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages: ``"spec"``, ``"cluster file"``.
    like
        What to write instead of what is no mapping, for messages.

    Raises
    ------
    UsageError
        If it cannot be read, is too large, no YAML (line and column are named) or no mapping, or
        names a key twice (both lines are named).
    """
    if isinstance(path, Path):
        check_plain(path, f"{what} {path}")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{what} {path}: over {MAX_BYTES // 1024} KiB: it is something else")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the {what} {path}: it is not text") from None
    return parse_mapping(text, f"{what} {path}", like)


def parse_mapping(text: str, where: str, like: str = "") -> dict[str, Plain]:
    """Read text that is one YAML mapping; errors as of :func:`parse`."""
    content = parse(text, where)
    if not isinstance(content, dict):
        hint = f": {like}" if like else ""
        raise UsageError(f"{where}: not a mapping of names to values{hint}")
    return content


def parse(text: str, where: str) -> Plain:
    """Read text that is one YAML document.

    Parameters
    ----------
    text
        YAML 1.2.
    where
        What the text is of, for messages.

    Raises
    ------
    UsageError
        If it is no YAML, names a key twice, or is deeper or more than :data:`MAX_DEPTH` and
        :data:`MAX_NODES`.
    """
    if found := _UNPRINTABLE.search(text):
        line, column = _position(text, found.start())
        raise UsageError(
            f"{where}: not valid YAML at line {line}, column {column}: "
            f"the control character U+{ord(found[0]):04X}"
        )
    return document(text, where)


def dump(content: Mapping[str, object], width: int = 80) -> str:
    """Plain data as YAML, its keys in their order.

    Text that a reader of YAML 1.1 or 1.2 would take for something else is quoted.
    """
    import yaml

    class Writer(yaml.SafeDumper):  # it knows what 1.1 takes for something else
        """Its own, for its own way of writing text."""

    def write_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = None if _is_text(text) else "'"
        style = '"' if _BREAKS.search(text) else style
        return writer.represent_scalar(f"{TAG}str", text, style=style)

    Writer.add_representer(str, write_text)
    written: str = yaml.dump(
        content, Dumper=Writer, sort_keys=False, allow_unicode=True, width=width
    )
    return written


def _is_text(plain: str) -> bool:
    try:
        return isinstance(resolve(plain), str)
    except OverflowError:
        return False


def _position(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
