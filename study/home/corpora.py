"""The corpus of a study: named by its spec, built once under HOME/corpora, described by facts."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.baselines import fit_baselines
from musebar_core.corpus import (
    COLLECTIONS,
    Corpus,
    build_corpus,
    build_embedded,
    evaluation_snippets,
    list_source,
)
from musebar_core.corpus.request import PLAYED
from musebar_core.corpus.sources import list_embedded
from musebar_core.corpus.store import is_of_older_rules
from musebar_core.corpus.version import READING_VERSION
from musebar_core.errors import UnknownNameError, UsageError
from study.home import files
from study.ledger.record import CURVE, GenreFacts
from study.spec.sections import EMBEDDED_SOURCE, OVERALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from study.home.files import AnyPath
    from study.spec.model import StudySpec

logger = logging.getLogger(__name__)

OLDER_RULES = (
    "corpus {source} was read by the rules of another version, which read some files otherwise: "
    "build it again ('musebar corpus build SOURCE --out {source} --force') for those of this one"
)

FINGERPRINT = "fingerprint"
"""The file that a built corpus has."""

SPLITS = ("train", "validation", "test")


def check(spec: StudySpec) -> tuple[str, ...]:
    """Look at the corpus's source before any work is done.

    Returns
    -------
    tuple of str
        The genres that a study of it has, as far as its files tell: the joint corpus last.

    Raises
    ------
    UsageError
        If the source holds no music, or not a genre that the spec asks for, or is a corpus of
        another grid.
    """
    source = Path(spec.corpus.source)
    if spec.corpus.labels and (spec.corpus.source == EMBEDDED_SOURCE or is_built(source)):
        raise UsageError(
            f"spec: corpus.labels is for a folder of the Lakh MIDI Dataset; {spec.corpus.source} "
            "has its genres already: leave it out"
        )
    if spec.corpus.source == EMBEDDED_SOURCE:
        known: tuple[str, ...] = tuple(COLLECTIONS)
    elif is_built(source):
        corpus = Corpus.load(source)
        corpus.grid.check(spec.grid)
        _check_repeats(spec, corpus)
        known = corpus.genres
        if spec.corpus.include_overall and set(spec.corpus.genres or known) != set(known):
            raise UsageError(
                f"spec: corpus.genres names {len(spec.corpus.genres or ())} of the {len(known)} "
                f"genres of {source}, but its joint corpus is all of them: leave corpus.genres "
                "out, or set corpus.include_overall=false"
            )
    else:
        known = list_source(source, labels=spec.corpus.label_options).genres
    for genre in spec.corpus.genres or ():
        if genre not in known:
            raise UnknownNameError("genre", genre, known)
    return _genres(spec, spec.corpus.genres or known)


def _genres(spec: StudySpec, named: Iterable[str]) -> tuple[str, ...]:
    """The genres of a study: those named, and the joint corpus where there is one."""
    genres = tuple(named)
    return (*genres, OVERALL) if spec.corpus.include_overall and len(genres) > 1 else genres


def _check_repeats(spec: StudySpec, corpus: Corpus) -> None:
    built = corpus.info.get("repeats", PLAYED)
    if spec.corpus.repeats not in {PLAYED, built}:
        raise UsageError(
            f"spec: corpus.repeats is {spec.corpus.repeats}, but {spec.corpus.source} was built "
            f"with repeats {built}: build it again with --repeats {spec.corpus.repeats}, or leave "
            "corpus.repeats out"
        )


def is_built(folder: AnyPath) -> bool:
    """Whether a folder is a built corpus."""
    return (folder / FINGERPRINT).is_file()


def load(location: str) -> Corpus:
    """Load a corpus, from a copy on this machine where it is at a URL.

    A corpus never changes under its name, so that a copy is good for ever.
    """
    kept = files.to_path(location)
    if isinstance(kept, Path):
        return Corpus.load(kept)
    local = files.workspace(kept)
    return Corpus.load(local if is_built(local) else files.fetch(kept, local))


def share(corpus: Corpus, home: AnyPath) -> str:
    """Bring a corpus into a home for other machines to load; its location there."""
    if not isinstance(home, Path):
        folder = home / "corpora" / corpus.path.name
        if not is_built(folder):
            files.publish(corpus.path, folder, last=FINGERPRINT)
        return str(folder)
    if corpus.path.resolve().is_relative_to(home.resolve()):
        return str(corpus.path.resolve())
    shared = home / "corpora" / f"{corpus.path.name}-{corpus.fingerprint[:8]}"
    if not is_built(shared):
        files.fetch(corpus.path, shared)
    return str(shared.resolve())


def prepare(
    spec: StudySpec, folder: Path, progress: Callable[[int, int], None] | None = None
) -> Corpus:
    """Load the study's corpus, building it first where it was not built yet.

    Parameters
    ----------
    spec
        Names the source.
    folder
        HOME/corpora, where corpora are built.
    progress
        Called with items done and in all while one is built.
    """
    asked = spec.corpus
    source = Path(asked.source)
    if asked.source == EMBEDDED_SOURCE:
        return build_embedded(
            folder / _folder_name(spec),
            spec.grid,
            genres=asked.genres,
            songs_per_genre=asked.songs_per_genre,
            repeats=asked.repeats,
            progress=progress,
            replace=True,
        )
    if is_built(source):
        if is_of_older_rules(source):
            logger.warning("%s", OLDER_RULES.format(source=source))
        return Corpus.load(source)
    return build_corpus(
        source,
        folder / _folder_name(spec),
        spec.grid,
        songs_per_genre=asked.songs_per_genre,
        genres=asked.genres,
        labels=asked.label_options,
        repeats=asked.repeats,
        progress=progress,
        replace=True,
    )


def facts(spec: StudySpec, corpus: Corpus) -> dict[str, GenreFacts]:
    """What the report needs to know of each genre's music: counts, N and baselines.

    Raises
    ------
    CorpusError
        If a genre has too few songs for a split.
    """
    genres = _genres(spec, spec.corpus.genres or corpus.genres)
    return {genre: _genre_facts(spec, corpus, genre) for genre in genres}


def _genre_facts(spec: StudySpec, corpus: Corpus, genre: str) -> GenreFacts:
    view, training = corpus.genre(genre), spec.configuration({}).training
    baselines = fit_baselines(view)
    snippets = {
        split: evaluation_snippets(view, split, spec.grid, training.evaluation_snippets)
        for split in SPLITS[1:]
    }
    if training.curve_is_partial:
        snippets[CURVE] = evaluation_snippets(
            view, "validation", spec.grid, training.curve_snippets, anywhere=True
        )
    return GenreFacts(
        fingerprint=view.fingerprint,
        train_songs=view.n_songs("train"),
        validation_songs=view.n_songs("validation"),
        test_songs=view.n_songs("test"),
        validation_snippets=len(snippets["validation"]),
        test_snippets=len(snippets["test"]),
        baselines={split: dict(baselines.score(found)) for split, found in snippets.items()},
    )


def _folder_name(spec: StudySpec) -> str:
    """Name a corpus by all that decides its content: other music is built somewhere else."""
    asked = spec.corpus
    source = Path(asked.source)
    embedded = asked.source == EMBEDDED_SOURCE
    listing = (
        list_embedded(asked.genres)
        if embedded
        else list_source(source, asked.genres, asked.label_options)
    )
    inputs = [
        asked.source if embedded else str(source.resolve()),
        listing.signature,
        listing.genres,
        asked.songs_per_genre,
        spec.grid.steps_per_quarter,
        spec.grid.steps_per_bar,
        importlib.metadata.version("musebar-study"),
        READING_VERSION,
        *([] if asked.repeats == PLAYED else [asked.repeats]),
    ]
    digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:8]
    return f"{source.name or 'music'}-{digest}"
