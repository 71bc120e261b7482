"""The Lakh MIDI Dataset as it is distributed (https://colinraffel.com/projects/lmd/; Raffel 2016).

Three layouts, told apart file by file:

- LMD-matched, ``A/A/A/TRAAAGR128F425B14B/1d9d16a9da90c090809c153754823c2b.mid``: the folder is a
  track of the Million Song Dataset (MSD), the name the MD5 of the file.
- LMD-full, ``1/1d9d16a9da90c090809c153754823c2b.mid``: an MD5; ``match_scores.json`` says which
  tracks it was matched to.
- the clean MIDI subset, ``Artist/Title.mid``: the MD5 is that of the content; the artist is the
  song's group.

``match_scores.json`` holds track: MD5: score from 0 to 1, ``md5_to_paths.json`` MD5: the paths that
a file had where it was found. ``unique_tracks.txt`` of the MSD holds a line a track,
``track<SEP>song<SEP>artist<SEP>title`` (http://millionsongdataset.com/pages/getting-dataset/).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from musebar_core.corpus.labels import MD5, TRACK, Labels
from musebar_core.corpus.listing import (
    Item,
    Listing,
    files_below,
    is_music,
    of_genres,
    printable,
    signature_of,
)
from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from musebar_core.corpus.labels import LabelOptions

CLEAN_SUBSET = "clean_midi"
"""Name of the clean MIDI subset's folder."""

OTHER_MATCH = "another MIDI of its track is taken"

_SHARE_OF_MD5_NAMES = 0.9


@dataclass(frozen=True)
class _File:
    """A MIDI file and what the dataset says of it.

    Attributes
    ----------
    name
        Path relative to the source.
    md5
        Empty where nothing needs it.
    track
        The MSD track that it is a MIDI of; empty where it is of none.
    score
        How well it matches that track, 0-1; -1 where that is unknown.
    """

    path: Path
    name: str
    md5: str
    track: str
    score: float
    genre: str


class _Matches:
    """What ``match_scores.json`` says, both ways round."""

    def __init__(self, scores: dict[str, dict[str, float]]) -> None:
        self._scores = scores
        self._tracks: dict[str, list[str]] = {}
        for track, files in scores.items():
            for md5 in files:
                self._tracks.setdefault(md5, []).append(track)

    def tracks(self, md5: str) -> list[str]:
        """Name the tracks that a file was matched to, best first."""
        found = self._tracks.get(md5, [])
        return sorted(found, key=lambda track: (-self.score(track, md5), track))

    def score(self, track: str, md5: str) -> float:
        return self._scores.get(track, {}).get(md5, -1.0)

    def __bool__(self) -> bool:
        return bool(self._scores)


def list_lakh(source: Path, options: LabelOptions, genres: Sequence[str] | None = None) -> Listing:
    """List the labelled MIDI files of the Lakh MIDI Dataset, whichever layout.

    Files without a genre are rejected unread. Of several MIDI files of one track, the best by
    score is taken (without scores: the first by name) unless ``options.matches`` is ``"all"``.

    Raises
    ------
    UsageError
        If a label file, map or score file cannot be read, or no file has a genre.
    UnknownNameError
        If a genre has no file.
    """
    labels = Labels.read(options)
    matches = _Matches(_read_scores(_companion(options.match_scores, source, "match_scores.json")))
    labelled: list[_File] = []
    rejected: list[tuple[str, str]] = []
    n_ignored = 0
    by_content = bool(matches) or labels.knows_files
    for path in files_below(source, hidden=True):  # an artist may be ".38 Special"
        if not is_music(path):
            n_ignored += 1
            continue
        file, reason = _look_up(path, source, labels, matches, by_content=by_content)
        if reason:
            rejected.append((file.name, reason))
        else:
            labelled.append(file)
    if not labelled:
        raise UsageError(_nothing(source, options, rejected, matches))
    taken = labelled
    if options.matches == "best":
        taken, others = _best(labelled)
        rejected += others
    items = of_genres(_items(taken, source, options), genres)
    return Listing("lakh", tuple(items), tuple(sorted(rejected)), n_ignored, signature_of(items))


def looks_like(source: Path, items: Sequence[Item]) -> bool:
    """Whether a folder listed as SOURCE/GENRE/FILE is one of the dataset's layouts."""
    if source.resolve().name == CLEAN_SUBSET:
        return True
    if not items or any(len(item.genre) > 1 for item in items):
        return False
    named = sum(bool(MD5.fullmatch(Path(item.source).stem)) for item in items)
    return named > _SHARE_OF_MD5_NAMES * len(items)


def _look_up(
    path: Path, source: Path, labels: Labels, matches: _Matches, *, by_content: bool
) -> tuple[_File, str]:
    """Find a file's MD5, track and genre; the reason where it has none."""
    name = printable(path.relative_to(source))
    md5 = ""
    if MD5.fullmatch(path.stem.lower()):
        md5 = path.stem.lower()
    elif by_content:
        md5 = _md5(path)
    tracks = [path.parent.name] if TRACK.fullmatch(path.parent.name) else matches.tracks(md5)
    genre, reason = labels.genre([*filter(None, [md5]), *tracks])
    labelled = [track for track in tracks if genre and labels.genre([track])[0] == genre]
    track = (labelled or tracks or [""])[0]
    return _File(path, name, md5, track, matches.score(track, md5), genre), reason


def _md5(path: Path) -> str:
    """MD5 of a file's content, the dataset's name for it; empty where it cannot be read."""
    try:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        return ""


def _best(files: Sequence[_File]) -> tuple[list[_File], list[tuple[str, str]]]:
    """Keep one file a track; the others get the reason."""
    best: dict[str, _File] = {}
    for file in sorted(files, key=lambda each: (-each.score, each.name)):
        best.setdefault(file.track or file.name, file)
    taken, others = [], []
    for file in files:
        first = best[file.track or file.name]
        if file is first:
            taken.append(file)
        else:
            better = " (it matches better)" if first.score > file.score else ""
            others.append((file.name, f"{OTHER_MATCH}: {first.name}{better}"))
    return taken, others


def _items(files: Sequence[_File], source: Path, options: LabelOptions) -> list[Item]:
    tracks = _companion(options.tracks, source, "unique_tracks.txt")
    named = _read_tracks(tracks, {file.track for file in files if file.track})
    titles = _read_titles(_companion(None, source, "md5_to_paths.json"))
    several = Counter(file.track for file in files) if options.matches == "all" else Counter()
    return [
        Item(
            file.name,
            file.genre,
            *_group_and_path(file, named, several),
            title=named.get(file.track, ("", ""))[1] or titles.get(file.path.stem.lower(), ""),
        )
        for file in files
    ]


def _group_and_path(
    file: _File, named: dict[str, tuple[str, str]], several: Counter[str]
) -> tuple[str, str]:
    """Name the artist where the layout or the MSD says it, else the track of several files."""
    layout = not MD5.fullmatch(file.path.stem.lower())
    artist = file.name.rpartition("/")[0].rpartition("/")[2] if layout else ""
    group = named.get(file.track, ("", ""))[0] or artist
    if not group and several[file.track] > 1:
        group = file.track
    return group, str(file.path)


def _companion(named: Path | None, source: Path, name: str) -> Path | None:
    """Find a file of the dataset: as named, else in the source or beside it."""
    if named is not None:
        if not named.is_file():
            raise UsageError(f"no file {named}: it should be {name} or the like")
        return named
    for folder in (source, source.resolve().parent):
        if (folder / name).is_file():
            return folder / name
    return None


def _read_json(path: Path | None, what: str) -> Any:  # noqa: ANN401 - whatever is in the file
    if path is None:
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        detail = " ".join(str(error).split())
        raise UsageError(f"cannot read the {what} {path}: {detail}") from None


def _read_scores(path: Path | None) -> dict[str, dict[str, float]]:
    content = _read_json(path, "match scores")
    if not isinstance(content, dict) or not all(
        isinstance(files, dict) and all(isinstance(one, (int, float)) for one in files.values())
        for files in content.values()
    ):
        raise UsageError(f'match scores {path}: write {{"TRACK": {{"MD5": score}}}}')
    scores: dict[str, dict[str, float]] = content
    return scores


def _read_titles(path: Path | None) -> dict[str, str]:
    """Read MD5 to title: the name of the first file that was found to have it."""
    content = _read_json(path, "paths of the MIDI files")
    if not isinstance(content, dict) or not all(
        isinstance(paths, list) and all(isinstance(one, str) for one in paths)
        for paths in content.values()
    ):
        raise UsageError(f'paths of the MIDI files {path}: write {{"MD5": ["PATH"]}}')
    return {
        md5: " ".join(PurePosixPath(paths[0]).stem.split())
        for md5, paths in content.items()
        if paths
    }


def _read_tracks(path: Path | None, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Read track to (artist, title) for the tracks that are wanted."""
    if path is None:
        return {}
    named: dict[str, tuple[str, str]] = {}
    for line in _lines(path):
        track, _, rest = line.partition("<SEP>")
        if track in wanted:
            artist, _, title = rest.partition("<SEP>")[2].partition("<SEP>")
            named[track] = (" ".join(artist.split()), " ".join(title.split()))
    return named


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file
    except OSError as error:
        raise UsageError(f"cannot read the tracks {path}: {error.strerror}") from None


def _nothing(
    source: Path, options: LabelOptions, rejected: list[tuple[str, str]], matches: _Matches
) -> str:
    if not rejected:
        return f"{source} holds no MIDI file"
    reasons = Counter(reason for _, reason in rejected)
    common = ", ".join(f"{count}: {reason}" for reason, count in reasons.most_common(3))
    files = ", ".join(str(path) for path in options.files)
    hint = (
        ""
        if matches
        else (
            "; files that are not in folders of tracks are found by match_scores.json, which is "
            "neither in the source nor beside it: name it with --match-scores"
        )
    )
    return f"{source}: none of its {len(rejected)} files has a genre by {files} ({common}){hint}"
