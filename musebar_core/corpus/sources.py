"""What to read: a folder of music, a table of songs, the Lakh MIDI Dataset, or music21's own.

A folder is SOURCE/GENRE/**/FILE. The first folder below a genre, where there is one, is the
song's group (an artist, say). A folder whose music lies in itself alone is one genre. Hidden files
and folders are passed over. What is music is decided by the suffix, and for MIDI (plain or wrapped
in RIFF) also by content. A tune book (ABC) is as many songs as it has tunes.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.corpus import lakh, songlist
from musebar_core.corpus.abc import decode, split_tunes
from musebar_core.corpus.listing import (
    MUSIC_SUFFIXES,
    Item,
    Listing,
    by_hash,
    check_name,
    files_below,
    is_music,
    items_of,
    of_genres,
    printable,
    signature_of,
)
from musebar_core.errors import CorpusError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.labels import LabelOptions

__all__ = [
    "COLLECTIONS",
    "EMBEDDED",
    "Collection",
    "Item",
    "Listing",
    "by_hash",
    "list_embedded",
    "list_folder",
    "list_source",
    "split_tunes",
]

LOOSE = "not in a genre folder: put it in SOURCE/GENRE/"

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


def list_source(
    source: Path, genres: Sequence[str] | None = None, labels: LabelOptions | None = None
) -> Listing:
    """List what a path names: a table of songs, a Lakh folder (with labels), or a folder.

    Parameters
    ----------
    source
        A .csv or .tsv file, or a folder.
    genres
        Genres to read; the others are no part of the source. None: all.
    labels
        Genre labels of the Lakh MIDI Dataset; None: folders or the table say the genre.

    Raises
    ------
    UsageError
        If ``source`` cannot be what it is named for; the message says what to do.
    UnknownNameError
        If a genre is not there.
    """
    if source.suffix.lower() in songlist.SUFFIXES and source.is_file():
        if labels is not None:
            raise UsageError(f"{source} says the genres itself: leave the label files out")
        return songlist.list_table(source, genres)
    if labels is not None:
        _check_folder(source)
        return lakh.list_lakh(source, labels, genres)
    return list_folder(source, genres)


def list_folder(source: Path, genres: Sequence[str] | None = None) -> Listing:
    """List a folder's music files.

    Parameters
    ----------
    source
        The folder: SOURCE/GENRE/**/FILE; or a genre's own, if all music lies in it directly.
    genres
        Genre folders to read; the others are no part of the source. None: all.

    Raises
    ------
    UsageError
        If ``source`` is no folder, holds no music, or is the Lakh MIDI Dataset, whose folders
        are no genres.
    UnknownNameError
        If a genre is not there.
    """
    _check_folder(source)
    files = files_below(source)
    music = [path for path in files if is_music(path)]
    loose = [path for path in music if path.parent == source]
    only_genre = printable(Path(source.resolve().name)) if len(loose) == len(music) else ""
    items: list[Item] = []
    for path in music:
        folders = [printable(Path(part)) for part in path.relative_to(source).parts[:-1]]
        genre, group = folders[0] if folders else only_genre, "".join(folders[1:2])
        if genre:
            items += items_of(path, printable(path.relative_to(source)), genre, group)
    rejected = [] if only_genre else [(printable(Path(path.name)), LOOSE) for path in loose]
    _check_found(source, items)
    items = of_genres(items, genres)
    n_ignored = len(files) - len(music)
    return Listing("folder", tuple(items), tuple(rejected), n_ignored, signature_of(items))


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


def _check_folder(source: Path) -> None:
    if not source.is_dir():
        what = "is not a folder" if source.exists() else "does not exist"
        raise UsageError(
            f"{source} {what}: name a folder with a folder of music for each genre, or a table "
            "of songs (.csv)"
        )


def _check_found(source: Path, items: list[Item]) -> None:
    if not items and (source / "fingerprint").is_file():
        raise UsageError(f"{source} is a built corpus already: use it as it is")
    if not items:
        raise UsageError(
            f"{source} holds no music file ({', '.join(sorted(MUSIC_SUFFIXES))}): name a folder "
            "with a folder of music for each genre, or a table of songs (.csv)"
        )
    for genre in {item.genre for item in items}:
        check_name(genre, "genre folder")
    if lakh.looks_like(source, items):
        raise UsageError(
            f"{source} is laid out as the Lakh MIDI Dataset, whose folders are no genres: "
            "name a file of genre labels (--labels, or corpus.labels in a spec)"
        )


def _embedded_root() -> Path:
    found = importlib.util.find_spec("music21")
    if found is None or found.origin is None:
        raise CorpusError("music21 is not installed: pip install music21")
    return Path(found.origin).parent / "corpus"


def _collection_items(root: Path, genre: str, collection: Collection) -> tuple[list[Item], int]:
    folder = root / collection.folder
    if not folder.is_dir():
        raise CorpusError(f"this music21 has no collection {collection.folder} ({folder})")
    files = files_below(folder)
    music = [path for path in files if path.suffix.lower() in collection.suffixes]
    items: list[Item] = []
    for path in music:
        name = f"{collection.folder}/{path.relative_to(folder).as_posix()}"
        if collection.many_tunes:
            tunes = split_tunes(decode(path.read_bytes()))
            items += [Item(f"{name}#{tune}", genre, "", str(path), text) for tune, text in tunes]
        else:
            items.append(Item(name, genre, "", str(path)))
    return items, len(files) - len(music)
