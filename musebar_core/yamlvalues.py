"""Values out of YAML 1.2 text, within bounds; errors say where it is wrong."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeAlias

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
    from collections.abc import Iterator

    from ruamel.yaml.tokens import Token


Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What a file can hold. A key is text, whatever it looks like."""


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


TAG = "tag:yaml.org,2002:"


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


def document(text: str, where: str) -> Plain:
    """The one document of a text; see :func:`musebar_core.yamlfile.parse`."""
    return _Reader(where, _events(text, where)).document()


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
        if event.tag == f"{TAG}str":
            return text
        if event.tag == f"{TAG}float" and type(value) is int:
            return float(value)
        tags = {type(None): "null", bool: "bool", int: "int", float: "float"}
        self._check_tag(event, tags.get(type(value), "str"))
        return value

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent, kind: str) -> None:
        if event.tag not in {None, "!", f"{TAG}{kind}"}:
            name = event.tag.replace(TAG, "!!")
            self._refuse(event, f"the tag {name} does not go with this value")

    def _count(self, event: Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self._refuse(event, f"over {MAX_NODES} values, what aliases repeat among them")

    def _refuse(self, event: Event, why: str) -> NoReturn:
        mark = event.start_mark
        raise UsageError(f"{self.where}: line {mark.line + 1}, column {mark.column + 1}: {why}")
