"""What to read: the music files of a folder, or music21's embedded collections.

A folder is SOURCE/GENRE/**/FILE. The first folder below a genre, where there is one, is the
song's group (an artist, say). Hidden files and folders are passed over.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.corpus.store import OVERALL
from musebar_core.errors import ConfigurationError, CorpusError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MUSIC_SUFFIXES = frozenset({".mid", ".midi", ".mxl", ".musicxml", ".xml"})

EMBEDDED = "music21"
"""The word that names the embedded corpus where a folder could be named."""


@dataclass(frozen=True)
class Collection:
    """A collection of music21: its folder, its suffixes, and if a file holds many tunes."""

    folder: str
    suffixes: frozenset[str]
    many_tunes: bool = False


COLLECTIONS = {
    "fiddle": Collection("ryansMammoth", frozenset({".abc"})),
    "chorale": Collection("bach", frozenset({".mxl", ".xml", ".krn"})),
    "renaissance": Collection("palestrina", frozenset({".krn"})),
    "irish": Collection("oneills1850", frozenset({".abc"}), many_tunes=True),
    "folk": Collection("essenFolksong", frozenset({".abc"}), many_tunes=True),
}
"""Genres of the embedded corpus."""


@dataclass(frozen=True)
class Item:
    """One file, or one tune of a file, that may become a song.

    Attributes
    ----------
    source
        Its name in the corpus: the path relative to SOURCE, or collection/name[#tune].
    genre, group
        ``group`` is empty where it is unknown.
    path
        The file.
    text
        The tune's ABC text where the file holds many.
    """

    source: str
    genre: str
    group: str
    path: str
    text: str | None = None


@dataclass(frozen=True)
class Listing:
    """What a source holds.

    Attributes
    ----------
    kind
        ``"folder"`` or ``"music21"``.
    items
        What may become songs, ordered by source name.
    rejected
        (file, reason) of music files that lie where no genre is.
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


def list_folder(source: Path, genres: Sequence[str] | None = None) -> Listing:
    """List a folder's music files.

    Parameters
    ----------
    source
        The folder: SOURCE/GENRE/**/FILE.
    genres
        Genre folders to read; the others are no part of the source. None: all.

    Raises
    ------
    UsageError
        If ``source`` is no folder, or holds no music in a genre folder.
    UnknownNameError
        If a genre is not there.
    """
    if not source.is_dir():
        what = "is not a folder" if source.exists() else "does not exist"
        raise UsageError(f"{source} {what}: name a folder with a folder of music for each genre")
    items: list[Item] = []
    rejected: list[tuple[str, str]] = []
    signature: list[str] = []
    n_ignored = 0
    for path in _files(source):
        relative = path.relative_to(source)
        name = _printable(relative)
        if path.suffix.lower() not in MUSIC_SUFFIXES:
            n_ignored += 1
        elif len(relative.parts) == 1:
            rejected.append((name, "not in a genre folder: put it in SOURCE/GENRE/"))
        else:
            group = _printable(Path(relative.parts[1])) if len(relative.parts) > 2 else ""
            items.append(Item(name, _printable(Path(relative.parts[0])), group, str(path)))
            status = path.stat()
            signature.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    _check_found(source, items, rejected)
    items = _of_genres(items, genres)
    return Listing("folder", tuple(items), tuple(rejected), n_ignored, tuple(signature))


def list_embedded(genres: Sequence[str] | None = None) -> Listing:
    """List the pieces of music21's embedded collections, as genres.

    Raises
    ------
    UnknownNameError
        If a genre is not one of :data:`COLLECTIONS`.
    CorpusError
        If the installed music21 has not got the collection.
    """
    root = _embedded_root()
    names = sorted(set(genres)) if genres else sorted(COLLECTIONS)
    items: list[Item] = []
    n_ignored = 0
    for genre in names:
        if genre not in COLLECTIONS:
            raise UnknownNameError("genre", genre, COLLECTIONS)
        found, ignored = _collection_items(root, genre, COLLECTIONS[genre])
        items += found
        n_ignored += ignored
    return Listing(EMBEDDED, tuple(items), (), n_ignored, tuple(names))


def by_hash(items: Iterable[Item]) -> list[Item]:
    """Put items in the order of the SHA-256 of their names: fixed, and spread over a source."""
    return sorted(items, key=lambda item: hashlib.sha256(item.source.encode()).digest())


def split_tunes(text: str) -> list[tuple[str, str]]:
    """Split an ABC file at its ``X:`` fields into (reference number, text of the tune).

    A number that comes again gets ``.2``, ``.3``.
    """
    tunes: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for piece in re.split(r"^(?=X:)", text, flags=re.MULTILINE):
        header = re.match(r"X:\s*(\S*)", piece)
        if header is None:
            continue
        number = header.group(1)
        seen[number] = seen.get(number, 0) + 1
        name = number if seen[number] == 1 else f"{number}.{seen[number]}"
        tunes.append((name, piece.rstrip() + "\n"))
    return tunes


def _files(source: Path) -> list[Path]:
    """All files that are not hidden, sorted."""
    found: list[Path] = []
    for folder, subfolders, names in os.walk(source, onerror=_cannot_list):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        paths = [Path(folder, name) for name in names if not name.startswith(".")]
        found += [path for path in paths if path.is_file()]
    return sorted(found)


def _cannot_list(error: OSError) -> None:
    raise UsageError(f"cannot read the folder {error.filename}: {error.strerror}")


def _printable(path: Path) -> str:
    """Write a posix path as valid UTF-8; bytes that are none become escapes."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _check_found(source: Path, items: list[Item], rejected: list[tuple[str, str]]) -> None:
    if not items and (source / "fingerprint").is_file():
        raise UsageError(f"{source} is a built corpus already: use it as it is")
    if not items and rejected:
        raise UsageError(
            f"{source} has {len(rejected)} music files but no genre folder: put them in "
            f"{source}/GENRE/"
        )
    if not items:
        raise UsageError(
            f"{source} holds no music file ({', '.join(sorted(MUSIC_SUFFIXES))}) in a genre folder"
        )
    if any(item.genre == OVERALL for item in items):
        raise ConfigurationError(
            f"genre folder '{OVERALL}': that name means all genres together; rename the folder"
        )


def _of_genres(items: list[Item], genres: Sequence[str] | None) -> list[Item]:
    if not genres:
        return items
    known = {item.genre for item in items}
    for genre in genres:
        if genre not in known:
            raise UnknownNameError("genre", genre, known)
    return [item for item in items if item.genre in set(genres)]


def _embedded_root() -> Path:
    found = importlib.util.find_spec("music21")
    if found is None or found.origin is None:
        raise CorpusError("music21 is not installed: pip install music21")
    return Path(found.origin).parent / "corpus"


def _collection_items(root: Path, genre: str, collection: Collection) -> tuple[list[Item], int]:
    folder = root / collection.folder
    if not folder.is_dir():
        raise CorpusError(f"this music21 has no collection {collection.folder} ({folder})")
    files = _files(folder)
    music = [path for path in files if path.suffix.lower() in collection.suffixes]
    items: list[Item] = []
    for path in music:
        name = f"{collection.folder}/{path.relative_to(folder).as_posix()}"
        if collection.many_tunes:
            tunes = split_tunes(path.read_text(encoding="utf-8", errors="replace"))
            items += [Item(f"{name}#{tune}", genre, "", str(path), text) for tune, text in tunes]
        else:
            items.append(Item(name, genre, "", str(path)))
    return items, len(files) - len(music)
