"""Genre labels from published files, and the map from their words to the corpus' genres.

A label file has a line a song: its key, a tab, the label, and in some files a tab and a second
label. Lines that begin with ``#`` are comments. The key is a track of the Million Song Dataset
(``TRAAAAK128F9318786``) or the MD5 of a MIDI file. So are written

- tagtraum CD1, CD2 and CD2C: ``msd_tagtraum_cd2c.cls``, zipped as it is distributed or not
  (https://www.tagtraum.com/msd_genre_datasets.html; Schreiber, ISMIR 2015). The second label is
  a minority's; the first decides.
- MAGD, topMAGD and MASD: ``msd-MAGD-genreAssignment.cls``, ``msd-topMAGD-genreAssignment.cls``,
  ``msd-MASD-styleAssignment.cls``
  (http://www.ifs.tuwien.ac.at/mir/msd/; Schindler, Mayer and Rauber, ISMIR 2012).
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Literal

from musebar_core.corpus.listing import check_name
from musebar_core.errors import UsageError
from musebar_core.plainfile import check_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NO_LABEL = "no genre label"

TRACK = re.compile(r"TR[A-Z]{5}[0-9A-F]{11}")
"""Name of a track of the Million Song Dataset."""
MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class LabelOptions:
    """Where the genres of the Lakh MIDI Dataset come from, and which of its files are taken.

    Attributes
    ----------
    files
        Label files; the first that gives a song a genre of the map decides.
    genre_map
        YAML file of genre: labels; None: the one that comes along.
    match_scores
        ``match_scores.json``; None: looked for in the source and beside it.
    tracks
        The Million Song Dataset's ``unique_tracks.txt``, which says artist (the group) and
        title; None: looked for in the source and beside it.
    matches
        Of several MIDI files of one track: the ``"best"`` by score, or ``"all"``.
    """

    files: tuple[Path, ...]
    genre_map: Path | None = None
    match_scores: Path | None = None
    tracks: Path | None = None
    matches: Literal["best", "all"] = "best"


@dataclass(frozen=True)
class Labels:
    """What label files say of each key, seen through a genre map.

    Attributes
    ----------
    genres
        Genre of a label, by :func:`plain` label.
    by_file
        For each file, in the order of precedence: key to label.
    """

    genres: dict[str, str]
    by_file: tuple[dict[str, str], ...]

    @classmethod
    def read(cls, options: LabelOptions) -> Labels:
        """Read the files.

        Raises
        ------
        UsageError
            If one cannot be read or is no label file or map; the line is named.
        """
        files = tuple(read_labels(path) for path in options.files)
        return cls(read_genre_map(options.genre_map), files)

    def genre(self, keys: Sequence[str]) -> tuple[str, str]:
        """Find the genre of a song by any of its keys, best first: (genre, reason of none)."""
        found = [labels[key] for labels in self.by_file for key in keys if key in labels]
        for label in found:
            if plain(label) in self.genres:
                return self.genres[plain(label)], ""
        return "", f"label '{found[0]}' is in no genre of the map" if found else NO_LABEL

    @property
    def knows_files(self) -> bool:
        """Whether any key is a file's MD5."""
        return any(MD5.fullmatch(key) for labels in self.by_file for key in labels)


def plain(label: str) -> str:
    """Write a label without case, blanks, ``-`` and ``_``, which published files vary."""
    return re.sub(r"[\s_-]+", "", label).casefold()


def read_labels(path: Path) -> dict[str, str]:
    """Read a label file: key to its first label; of a key that comes again, the first line.

    Raises
    ------
    UsageError
        If it cannot be read, has a line of another form, or no label at all.
    """
    labels: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, *names = (part.strip() for part in line.split("\t"))
        key = key.lower() if MD5.fullmatch(key.lower()) else key
        if not (TRACK.fullmatch(key) or MD5.fullmatch(key)) or not names or not names[0]:
            raise UsageError(
                f"label file {path}, line {number}: not a track of the Million Song Dataset or an "
                f"MD5, a tab and a genre: {line[:60]!r}"
            )
        labels.setdefault(key, names[0])
    if not labels:
        raise UsageError(f"label file {path} has no label")
    return labels


_LIKE = "write a line a genre, `jazz: [Jazz, Big_Band]`"


def read_genre_map(path: Path | None) -> dict[str, str]:
    """Read a genre map: :func:`plain` label to genre; None: the map that comes along.

    Raises
    ------
    UsageError
        If it cannot be read, is no mapping of genres to lists of labels, or names a label twice.
    """
    from musebar_core.yamlfile import parse_mapping, read_mapping

    where = f"genre map {path}"
    if path is None:
        content = parse_mapping(default_genre_map(), where)
    else:
        content = read_mapping(path, "genre map", _LIKE)
    if not content:
        raise UsageError(f"{where}: {_LIKE}")
    pairs: list[tuple[str, str]] = []
    for genre, labels in content.items():
        if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
            raise UsageError(f"{where}: {genre}: write a list of labels, `{genre}: [Jazz]`")
        check_name(genre, f"{where}: genre")
        pairs += [(plain(str(label)), genre) for label in labels]
    for label, count in Counter(label for label, _ in dict.fromkeys(pairs)).items():
        if count > 1:
            genres = [genre for each, genre in dict.fromkeys(pairs) if each == label]
            raise UsageError(f"{where}: label '{label}' is in several genres: {', '.join(genres)}")
    return dict(pairs)


def default_genre_map() -> str:
    """Text of the genre map that comes along."""
    source = resources.files("musebar_core.corpus") / "genre_map.yaml"
    return source.read_text(encoding="utf-8")


def _text(path: Path) -> str:
    check_plain(path, f"label file {path}")
    try:
        if zipfile.is_zipfile(path):
            return _unzipped(path)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the label file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the label file {path}: it is not text") from None
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise UsageError(f"cannot read the label file {path}: {error}") from None


def _unzipped(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".cls")]
        names = [name for name in names if not name.rpartition("/")[2].startswith("._")]
        if len(names) != 1:
            raise UsageError(f"label file {path}: an archive of {len(names)} .cls files, not 1")
        return archive.read(names[0]).decode("utf-8-sig")
