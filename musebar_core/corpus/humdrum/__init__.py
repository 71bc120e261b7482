"""Humdrum (``**kern``) -> title and parts at sounding pitch.

:mod:`columns` follows the spines as they split, join, cross, begin and end; :mod:`token` reads
what stands in a cell; :mod:`form` the bars, their signs and the sections; :mod:`score` reads the
file line by line and keeps the time.
"""

from musebar_core.corpus.humdrum.score import read_humdrum

__all__ = ["read_humdrum"]
