"""What commands read and write: a URL is fetched, and nothing of a user's is replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar_core.errors import UsageError
from study.home import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from musebar_core.checkpoint import Identity
    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus


class _ReadFile(click.ParamType[Path]):
    """A file or folder to read: of this machine, or fetched from a URL."""

    name = "path"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        del param, ctx
        try:
            return files.copied(files.to_path(value))
        except OSError as error:
            raise UsageError(f"{value}: cannot be read ({error})") from None


READ = _ReadFile()
"""A parameter that names something to read."""


def check_out(out: Path, is_ours: Callable[[Path], bool], kind: str) -> None:
    """Refuse, before any work, a place that cannot be written or holds something else."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.is_dir():
            raise UsageError(f"--out {out}: is a folder; name a file")
        if (out.exists() or out.is_symlink()) and not (out.is_file() and is_ours(out)):
            raise UsageError(f"--out {out}: exists and is no {kind}; name another file")
        if not os.access(out.parent, os.W_OK):
            raise UsageError(f"--out {out}: {out.parent} cannot be written; name another folder")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from None


def load_corpus(path: Path, genre: str, config: Configuration) -> GenreCorpus:
    """A genre of a built corpus, on the grid of a configuration."""
    from musebar_core.corpus import Corpus

    if not (path / "fingerprint").is_file():
        raise UsageError(f"{path}: not a built corpus; name one with --corpus DIR")
    corpus = Corpus.load(path)
    corpus.grid.check(config.grid)
    return corpus.genre(genre)


def corpus_of(identity: Identity, file: Path) -> Path:
    """The corpus that a checkpoint names, on this machine: no address in a file is contacted."""
    named = identity.corpus_path
    if files.is_url(named):
        raise UsageError(
            f"{file} says that its corpus is at '{named}', and no address is asked that only a "
            "file names: give it, or a folder, with --corpus"
        )
    if not named:
        raise UsageError(f"{file} names no corpus: name one with --corpus DIR")
    return Path(named)
