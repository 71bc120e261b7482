"""What a shell completes: names of studies, presets and genres, as far as they can be read."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from study.home import files

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from study.home.files import AnyPath


def study_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Studies in the home, newest first; files are not read for it."""
    found: list[AnyPath] = []
    with contextlib.suppress(Exception):  # a shell has no use for a message
        found = sorted(_home(ctx).glob("*/study.yaml"), key=lambda f: -f.stat().st_mtime)
    return _items((file.parent.name for file in found), incomplete)


def specs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Presets, and beside them the files that the shell knows."""
    del ctx
    from study.spec import specfile

    return [*_items(specfile.presets(), incomplete), CompletionItem(incomplete, type="file")]


def genres(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Genres of the study that is named before, else of every study."""
    from study.home.studies import Home
    from study.ledger.reading import Runs
    from study.search.evidence import genres_of

    found: dict[str, None] = {}
    with contextlib.suppress(Exception):
        home = Home(_home(ctx))
        named = ctx.params.get("name")
        for name in home.names() if named is None else [named]:
            with contextlib.suppress(Exception):
                record = home.open(name).ledger.read(name, runs=Runs.NONE)
                found |= dict.fromkeys(genres_of(record))
    return _items(found, incomplete)


def _home(ctx: click.Context) -> AnyPath:
    """The home that the line to be completed names; the default one where it names none."""
    root = ctx.find_root()
    asked = root.params.get("home") or next(
        str(p.get_default(root)) for p in root.command.params if p.name == "home"
    )
    return files.to_path(Path(asked).expanduser() if not files.is_url(asked) else asked)


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
