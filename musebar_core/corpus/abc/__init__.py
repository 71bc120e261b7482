"""ABC (standard 2.1, loosely read): a tune's text -> title and parts.

Text and tune books are in :mod:`.text`, what fields say in :mod:`.fields`, a line's tokens in
:mod:`.tokens`, macros in :mod:`.macros`, pitches in :mod:`.pitch`, what a voice writes in
:mod:`.voice` and :mod:`.bars`, lines in :mod:`.interpreter`, signs of one voice that hold for
all in :mod:`.together`, repeats and ties in :mod:`.play`. Why this is no library's:
`docs/decisions/0009-abc-is-read-here.md`.
"""

from __future__ import annotations

from musebar_core.corpus.abc.interpreter import read_tune
from musebar_core.corpus.abc.play import in_played_order, sounding
from musebar_core.corpus.abc.text import decode, split_tunes
from musebar_core.corpus.abc.together import together
from musebar_core.corpus.notes import Score, Track

__all__ = ["decode", "read_abc", "split_tunes"]


def read_abc(content: bytes) -> Score:
    """Read an ABC file: title, voices and number of tunes; of several, the first is read.

    Voices come in the order of their first notes; percussion is left out, overlays are with their
    voice.
    """
    text = decode(content)
    tunes = split_tunes(text)
    tune = read_tune(tunes[0][1] if tunes else text)
    voices = list(tune.voices.values())
    written = [voice.finished() for voice in voices]

    def play(repeats: bool) -> list[Track]:
        tracks: list[Track] = []
        for voice, bars in zip(voices, together(written) if repeats else written, strict=True):
            if voice.spelling.shift.is_percussion:
                continue
            played = in_played_order(bars, tune.parts) if repeats else bars
            tracks.append(Track(voice.name, sounding(played)))
        return tracks

    return Score(tune.title, play, max(len(tunes), 1))
