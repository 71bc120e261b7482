"""MusicXML, plain or zipped -> title and parts at sounding pitch.

:mod:`archive` unpacks, :mod:`document` makes a tree of text that may be hostile, :mod:`measure`
reads one measure of one part, :mod:`marks` the signs of repeats and jumps, :mod:`score` puts
the parts together. `docs/decisions/0010-scores-are-read-by-our-own-readers.md` says why not by a
library.
"""

from musebar_core.corpus.musicxml.archive import LARGEST_XML_BYTES, unzip
from musebar_core.corpus.musicxml.score import read_musicxml

__all__ = ["LARGEST_XML_BYTES", "read_musicxml", "unzip"]
