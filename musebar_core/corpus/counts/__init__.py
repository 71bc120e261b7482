"""Counting what a source holds, by means that share nothing with the readers.

A module a format, each a short walk over bytes, tokens or elements that imports no reader and no
library of music: only so is it evidence about the readers when both agree.
:mod:`musebar_core.corpus.checked` compares the two.
"""

from musebar_core.corpus.counts.abc import count_abc
from musebar_core.corpus.counts.count import Count
from musebar_core.corpus.counts.humdrum import count_humdrum
from musebar_core.corpus.counts.midi import count_midi
from musebar_core.corpus.counts.musicxml import count_musicxml

__all__ = ["Count", "count_abc", "count_humdrum", "count_midi", "count_musicxml"]
