"""What a source holds: items that may become songs, and what every lister shares."""

from __future__ import annotations

import hashlib
import heapq
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.corpus.abc import decode, split_tunes
from musebar_core.corpus.store import OVERALL
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MUSIC_SUFFIXES = frozenset(
    {".mid", ".midi", ".kar", ".rmi", ".mxl", ".musicxml", ".xml", ".abc", ".krn"}
)


@dataclass(frozen=True)
class Item:
    """One file, or one tune of a file, that may become a song.

    Attributes
    ----------
    source
        Its name in the corpus: the path relative to SOURCE, or collection/name[#tune].
    genre, group
        ``group`` (an artist, say) is empty where it is unknown.
    path
        The file.
    text
        The tune's ABC text where the file holds many.
    title
        As the source says; empty where only the music itself may say.
    """

    source: str
    genre: str
    group: str
    path: str
    text: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Listing:
    """What a source holds.

    Attributes
    ----------
    kind
        ``"folder"``, ``"list"``, ``"lakh"`` or ``"music21"``.
    items
        What may become songs, ordered by source name.
    rejected
        (file, reason) of music files that have no genre, or are out for another reason that
        shows without reading them.
    n_ignored
        Files that are no music.
    signature
        What tells whether the source has changed: lines for a hash.
    """

    kind: str
    items: tuple[Item, ...]
    rejected: tuple[tuple[str, str], ...]
    n_ignored: int
    signature: tuple[str, ...]

    @property
    def genres(self) -> tuple[str, ...]:
        """Names of the genres, sorted."""
        return tuple(sorted({item.genre for item in self.items}))


def files_below(folder: Path, *, hidden: bool = False) -> list[Path]:
    """List all files, sorted; hidden ones only if asked for, macOS's ``._NAME`` never.

    Links to folders are followed, but no folder is listed twice: the name without links counts,
    then the first. A link that leads nowhere is listed: to read it will fail, with the reason.

    Raises
    ------
    UsageError
        If a folder cannot be read.
    """
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting, linked = [str(folder)], list[str]()
    while waiting or linked:
        inside = waiting.pop() if waiting else heapq.heappop(linked)
        identity, entries = _look_into(inside, hidden=hidden)
        if identity in seen:
            continue
        seen.add(identity)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.is_symlink() and Path(entry.path).is_dir():
                heapq.heappush(linked, entry.path)
            elif _is_file(entry):
                found.append(entry.path)
    return [Path(path) for path in sorted(found, key=lambda path: path.replace(os.sep, "\0"))]


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether this is a file (no pipe, no device), or a link that should lead to one."""
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError:  # a link to itself
        return True


def is_music(path: Path) -> bool:
    """Whether a file is music by its suffix, or MIDI by its first bytes whatever it is called."""
    if path.suffix.lower() in MUSIC_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start[:4] == b"MThd" or (start[:4], start[8:]) == (b"RIFF", b"RMID")


def items_of(path: Path, name: str, genre: str, group: str, title: str = "") -> list[Item]:
    """Make a file's items: one, or one a tune of an ABC file that holds several."""
    if path.suffix.lower() == ".abc":
        try:
            tunes = split_tunes(decode(path.read_bytes()))
        except OSError:
            tunes = []  # reading it will fail again, and give the reason
        if len(tunes) > 1:
            return [Item(f"{name}#{tune}", genre, group, str(path), text) for tune, text in tunes]
    return [Item(name, genre, group, str(path), title=title)]


def state_of(path: Path) -> str:
    """Size and time of a file: what a change of it changes; empty where it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def signature_of(items: Iterable[Item]) -> tuple[str, ...]:
    """Lines that change whenever an item, its labels or its file do."""
    return tuple(
        " ".join([item.source, item.genre, item.group, item.title, state_of(Path(item.path))])
        for item in items
    )


def by_hash(items: Iterable[Item]) -> list[Item]:
    """Put items in the order of the SHA-256 of their names: fixed, and spread over a source."""
    return sorted(items, key=lambda item: hashlib.sha256(item.source.encode()).digest())


def printable(path: Path) -> str:
    """Write a posix path as valid UTF-8; bytes that are none become escapes."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def of_genres(items: list[Item], genres: Sequence[str] | None) -> list[Item]:
    """Keep the items of some genres; None: of all.

    Raises
    ------
    UnknownNameError
        If a genre is not there.
    """
    if not genres:
        return items
    known = {item.genre for item in items}
    for genre in genres:
        if genre not in known:
            raise UnknownNameError("genre", genre, known)
    return [item for item in items if item.genre in set(genres)]


def check_name(genre: str, where: str) -> None:
    """Raise :class:`ConfigurationError` if a genre has the name of all genres together."""
    if genre == OVERALL:
        raise ConfigurationError(
            f"{where} '{OVERALL}': that name means all genres together; rename it"
        )


def _look_into(folder: str, *, hidden: bool) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    """What identifies a folder, and what it holds that is to be looked at."""
    passed_over = "._" if hidden else "."
    try:
        status = Path(folder).stat()
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if not entry.name.startswith(passed_over)]
    except OSError as error:
        raise UsageError(f"cannot read the folder {folder}: {error.strerror}") from None
    return (status.st_dev, status.st_ino), kept
