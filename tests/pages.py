"""The documentation as a reader copies from it: code blocks, and the command lines in them."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar.cli import musebar

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r'^(?P<indent> *)```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n'
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_INDENTED = re.compile(r"\n\n((?:    .*\n|\n)+)")
_SPAN = re.compile(r"`(musebar [^`]+)`")
_BEGIN = re.compile(r"^(?:#\s+)?(musebar\s.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``title`` names the file that it is."""

    page: str
    language: str
    title: str | None
    text: str


def pages() -> list[Path]:
    """Every page of the site, and what stands at the top of the repository."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page, in order; those of the languages, where some are named."""
    found = [
        Block(
            str(page.relative_to(ROOT)),
            match["language"],
            match["title"],
            textwrap.dedent(match["text"]),
        )
        for match in _FENCE.finditer(page.read_text())
    ]
    return [one for one in found if not languages or one.language in languages]


def command_lines(page: Path) -> Iterator[str]:
    """Every line of a page's blocks that calls ``musebar``; continued lines are joined."""
    text = page.read_text()
    fenced = "\n".join(one.text for one in blocks(page, "sh", "text"))
    indented = "\n".join(map(textwrap.dedent, _INDENTED.findall(_FENCE.sub("", text))))
    for line in f"{fenced}\n{indented}".replace("\\\n", " ").splitlines():
        if (found := _BEGIN.match(line.strip())) is not None:
            yield found[1]


def spans(page: Path) -> list[str]:
    """Command lines within a page's sentences, which may leave out what does not matter there."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", page.read_text()))]


def complaint(line: str, *, whole: bool = True) -> str | None:
    """Why ``musebar`` would not take a command line; None where it would.

    Parameters
    ----------
    line
        As it would be typed; what follows ``|``, ``>``, ``&&`` or ``;`` is left out.
    whole
        Whether arguments that a command needs have to be there.
    """
    words = shlex.split(re.split(r"\s(?:\||>|&&|;)\s|;\s", line, maxsplit=1)[0], comments=True)
    command: click.Command = musebar
    context = click.Context(musebar, info_name="musebar")
    words = words[1:]
    try:
        while isinstance(command, click.Group):
            parser = command.make_parser(context)
            given, words, _ = parser.parse_args(list(words))
            if not words:
                if given.get("version"):
                    return None
                return "names no command" if whole else None
            found = command.get_command(context, words[0])
            if found is None:
                return f"there is no command '{words[0]}'"
            command, words = found, words[1:]
            context = click.Context(command, parent=context, info_name=command.name)
        given, left, _ = command.make_parser(context).parse_args(list(words))
    except click.BadOptionUsage as error:  # `--for`, whose value does not matter there
        return error.format_message() if whole else None
    except click.UsageError as error:
        return error.format_message()
    return _values(command, context, given, left, whole=whole)


def _values(
    command: click.Command,
    context: click.Context,
    given: dict[str, object],
    left: list[str],
    *,
    whole: bool,
) -> str | None:
    if left:
        return f"one argument too many: {left[0]}"
    for parameter in command.params:
        value = given.get(parameter.name or "")
        has_value = isinstance(value, str | tuple | list) and bool(value)
        if isinstance(parameter, click.Argument) and parameter.required:
            if whole and not has_value:
                return f"lacks {parameter.human_readable_name}"
        elif has_value and isinstance(parameter.type, click.Choice | click.IntRange):
            try:
                parameter.type_cast_value(context, value)
            except click.UsageError as error:
                return error.format_message()
    return None
