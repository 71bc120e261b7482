"""YAML 1.2 as a user wrote it: read within bounds, with errors that say where it is wrong.

The one reader and the one writer of the product. A plain value is what the core schema of YAML
1.2 says it is, whatever older readers made of it: ``yes`` and ``1_000`` are text, ``010`` is ten,
``5e-2`` is a number. What is written reads the same by either version.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.scanner import Scanner, ScannerError

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ruamel.yaml.tokens import Token


Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What a file can hold. A key is text, whatever it looks like."""

MAX_BYTES = 2**19
MAX_NODES = 20_000
"""Values in a file, those that an alias repeats counted again."""
MAX_DEPTH = 32
MAX_DIGITS = 30
MAX_NAME = 256
"""Characters of a tag or an anchor."""

_NULLS = {"", "~", "null", "Null", "NULL"}
_SWITCHES = {"true": True, "True": True, "TRUE": True}
_SWITCHES |= {"false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"(?P<infinity>[-+]?\.(inf|Inf|INF))|\.(nan|NaN|NAN)")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Ends of a line by YAML 1.1 alone."""
_TAG = "tag:yaml.org,2002:"


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
    return _Reader(where, _events(text, where)).document()


def resolve(text: str) -> Plain:
    """A plain value by the core schema of YAML 1.2 (section 10.3.2).

    Raises
    ------
    OverflowError
        If it is a whole number of more than :data:`MAX_DIGITS` digits.
    """
    if text in _NULLS:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _WHOLE.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise OverflowError(f"a number of {len(text)} digits")
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if _NUMBER.fullmatch(text):
        return float(text)
    if found := _NO_NUMBER.fullmatch(text):
        return float(text.replace(".", "")) if found["infinity"] else math.nan
    return text


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
        return writer.represent_scalar(f"{_TAG}str", text, style=style)

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


class _Scanner(Scanner):
    """One that counts levels as it looks ahead, before there are events to count."""

    def fetch_flow_collection_start(self, TokenClass: type, to_push: str) -> None:  # noqa: N803
        if self.flow_level >= MAX_DEPTH:
            mark = self.reader.get_mark()
            raise ScannerError(problem=f"over {MAX_DEPTH} levels deep", problem_mark=mark)
        super().fetch_flow_collection_start(TokenClass, to_push)

    def scan_tag(self) -> Token:
        self._expect_short("a tag")
        found: Token = super().scan_tag()
        return found

    def scan_anchor(self, TokenClass: type) -> Token:  # noqa: N803
        self._expect_short("an anchor or alias")
        found: Token = super().scan_anchor(TokenClass)
        return found

    def _expect_short(self, what: str) -> None:
        begin = self.reader.prefix(MAX_NAME + 1)
        if len(begin) > MAX_NAME and not any(map(str.isspace, begin)):
            problem = f"{what} of over {MAX_NAME} characters"
            raise ScannerError(problem=problem, problem_mark=self.reader.get_mark())


def _events(text: str, where: str) -> Iterator[Event]:
    """What the parser finds, one after the other."""
    reader = YAML(typ="safe", pure=True)
    reader.Scanner = _Scanner
    try:
        yield from reader.parse(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unexpected content"
        raise UsageError(f"{where}: not valid YAML{at}: {' '.join(problem.split())}") from None


@dataclass
class _Reader:
    """Values made of events.

    Attributes
    ----------
    anchors
        Values by the name of their anchor, each with its number of nodes.
    nodes
        Made so far.
    """

    where: str
    events: Iterator[Event]
    anchors: dict[str, tuple[Plain, int]] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> Plain:
        next(self.events)  # the stream's start
        start = next(self.events)
        if isinstance(start, StreamEndEvent):
            return None
        if isinstance(start, DocumentStartEvent) and start.version not in {None, (1, 2)}:
            self._refuse(start, "YAML 1.2 is read here: leave the %YAML line out")
        value = self._value(next(self.events), 0)
        next(self.events)  # the document's end
        more = next(self.events)
        if isinstance(more, DocumentStartEvent):
            self._refuse(more, "a second document begins: one is read")
        return value

    def _value(self, event: Event, depth: int) -> Plain:
        if depth > MAX_DEPTH:
            self._refuse(event, f"over {MAX_DEPTH} levels deep")
        if isinstance(event, AliasEvent):
            return self._repeated(event)
        before = self.nodes
        self._count(event, 1)
        value: Plain
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            value = self._mapping(event, depth)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            self._refuse(event, "unexpected content")
        self._keep(event, value, self.nodes - before)
        return value

    def _keep(self, event: Event, value: Plain, nodes: int) -> None:
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self.anchors[event.anchor] = (value, nodes)

    def _repeated(self, event: AliasEvent) -> Plain:
        if event.anchor not in self.anchors:
            self._refuse(event, f"the alias *{event.anchor} is of no anchor before it")
        value, nodes = self.anchors[event.anchor]
        self._count(event, nodes)
        return copy.deepcopy(value)  # a change of one is none of the other

    def _sequence(self, start: SequenceStartEvent, depth: int) -> list[Plain]:
        self._check_tag(start, "seq")
        values = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, start: MappingStartEvent, depth: int) -> dict[str, Plain]:
        self._check_tag(start, "map")
        values: dict[str, Plain] = {}
        merged: dict[str, Plain] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key, line = self._key(event), event.start_mark.line + 1
            if key in lines:
                at = f"lines {lines[key]} and {line}" if lines[key] != line else f"line {line}"
                raise UsageError(
                    f"{self.where}: '{key[:60]}' stands twice, at {at}: keep one of them"
                )
            lines[key] = line
            value = self._value(next(self.events), depth + 1)
            if key == "<<" and isinstance(event, ScalarEvent) and event.style is None:
                merged = self._merged(event, value)
            else:
                values[key] = value
        return merged | values

    def _merged(self, key: Event, value: Plain) -> dict[str, Plain]:
        """Keys of one mapping or of several, the first of which outranks the others."""
        found: dict[str, Plain] = {}
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                self._refuse(key, "<<: takes a mapping, or a list of them")
            found = each | found
        return found

    def _key(self, event: Event) -> str:
        if isinstance(event, AliasEvent):
            found = self._repeated(event)
            if isinstance(found, str):
                return found
        if not isinstance(event, ScalarEvent):
            self._refuse(event, "a key is a word, no list or mapping")
        self._count(event, 1)
        key = str(event.value)
        self._keep(event, key, 1)
        return key

    def _scalar(self, event: ScalarEvent) -> Plain:
        text: str = event.value
        if event.tag in {None, "!"} and not (event.implicit[0] and event.tag is None):
            return text  # quoted, or said to be text
        try:
            value = resolve(text)
        except OverflowError as error:
            self._refuse(event, f"{error}: {text[:10]}...")
        if event.tag is None:
            return value
        if event.tag == f"{_TAG}str":
            return text
        if event.tag == f"{_TAG}float" and type(value) is int:
            return float(value)
        tags = {type(None): "null", bool: "bool", int: "int", float: "float"}
        self._check_tag(event, tags.get(type(value), "str"))
        return value

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent, kind: str) -> None:
        if event.tag not in {None, "!", f"{_TAG}{kind}"}:
            name = event.tag.replace(_TAG, "!!")
            self._refuse(event, f"the tag {name} does not go with this value")

    def _count(self, event: Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self._refuse(event, f"over {MAX_NODES} values, what aliases repeat among them")

    def _refuse(self, event: Event, why: str) -> NoReturn:
        mark = event.start_mark
        raise UsageError(f"{self.where}: line {mark.line + 1}, column {mark.column + 1}: {why}")
