"""From music to a corpus of melodies on a grid: sources, notes, grid, split, store, snippets."""

from musebar_core.corpus.build import build_corpus, build_embedded
from musebar_core.corpus.labels import LabelOptions
from musebar_core.corpus.snippets import SnippetSampler, Windows, evaluation_snippets, windows
from musebar_core.corpus.sources import COLLECTIONS, EMBEDDED, list_folder, list_source
from musebar_core.corpus.store import GRIDS, OVERALL, Corpus, GenreCorpus, Song, TimeGrid

__all__ = [
    "COLLECTIONS",
    "EMBEDDED",
    "GRIDS",
    "OVERALL",
    "Corpus",
    "GenreCorpus",
    "LabelOptions",
    "SnippetSampler",
    "Song",
    "TimeGrid",
    "Windows",
    "build_corpus",
    "build_embedded",
    "evaluation_snippets",
    "list_folder",
    "list_source",
    "windows",
]
