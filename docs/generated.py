"""What the site's pages have of the code itself: commands, columns of tables, public names.

MkDocs calls these hooks (``mkdocs.yml``). A page says ``<!-- commands -->`` where the help of every
command is to stand, ``<!-- columns of results -->`` where the columns of ``results.parquet``, and
``<!-- python -->`` where the public names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar.cli import musebar
from study.results.columns import CURVES, DECISIONS, RESULTS, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs.config.defaults import MkDocsConfig

TABLES = {"results": RESULTS, "curves": CURVES, "decisions": DECISIONS}


def on_config(config: MkDocsConfig) -> None:
    """Put every decision record into the navigation, in order."""
    records = sorted((Path(config.docs_dir) / "decisions").glob("*.md"))
    config.nav[-1]["Decisions"] = [f"decisions/{record.name}" for record in records]


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace what a page asks for by what the code says."""
    markdown = re.sub(
        "<!-- columns of ([a-z]+) -->", lambda asked: columns(TABLES[asked.group(1)]), markdown
    )
    made = {"<!-- commands -->": commands, "<!-- python -->": public_names}
    for mark, make in made.items():
        if mark in markdown:
            markdown = markdown.replace(mark, "\n\n".join(make()))
    return markdown


def on_page_content(html: str, **_: object) -> str:
    """Leave out the roles of docstrings (``:meth:`` and others), which no extension reads."""
    return re.sub(r":(?:attr|class|data|exc|func|meth|mod):(<code>)~?", r"\1", html)


def columns(table: Iterable[Column]) -> str:
    """Describe the columns of a table, as Markdown."""
    rows = [f"| `{one.name}` | {one.dtype} | {one.unit} | {_cell(one.meaning)} |" for one in table]
    return "\n".join(["| column | type | unit | meaning |", "| --- | --- | --- | --- |", *rows])


def commands() -> Iterator[str]:
    """Give every command's help, as the terminal has it, under its name."""
    root = click.Context(
        musebar, info_name="musebar", terminal_width=80, **musebar.context_settings
    )
    for context in contexts(root):
        depth = 2 if context.parent is None else min(3, context.command_path.count(" ") + 1)
        yield f"{'#' * depth} {context.command_path}\n\n```text\n{context.get_help()}\n```"


def contexts(context: click.Context) -> Iterator[click.Context]:
    """Walk the command tree: a command, then those below it, in the order of their help."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None and not command.hidden:
                yield from contexts(click.Context(command, parent=context, info_name=name))


def public_names() -> Iterator[str]:
    """Name everything that ``import musebar`` offers, for mkdocstrings to document."""
    import musebar as face

    for name in face.__all__:
        yield f"::: {face._MODULES[name]}.{name}"  # noqa: SLF001  where each comes from


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
