"""One music file or tune -> one melody.

MIDI is read by :mod:`~musebar_core.corpus.midi`, scores by :mod:`~musebar_core.corpus.scores`,
both are checked by :mod:`~musebar_core.corpus.checked`, and the track is chosen by
:mod:`~musebar_core.corpus.melody`. What a file is, is decided by its content where the content
says so (a MIDI file may hide in a RIFF wrapper, a .xml may be zipped).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from musebar_core.corpus import checked, melody, midi, scores
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from musebar_core.corpus.notes import Melody


def read_melody(content: bytes, suffix: str, play_repeats: bool = True) -> Melody:
    """Read one file's melody.

    Parameters
    ----------
    content
        The file, or the text of one ABC tune.
    suffix
        The file's suffix in lower case, with its dot; decides where the content does not.
    play_repeats
        Of a score: False takes every bar once, as written.

    Raises
    ------
    UnreadableError
        If there is no music in it; the message is the reason.
    """
    if not content:
        raise UnreadableError("unreadable: the file is empty")
    if midi.is_midi(content):
        piece = checked.read_midi(content)
        taken = melody.from_midi(piece.parts)
    else:
        form = scores.form_of(content, suffix)
        if form is None:
            raise UnreadableError(f"unreadable: {_appearance(content)}")
        piece = checked.read_score(content, form, play_repeats)
        taken = melody.from_score(piece.parts, piece.title)
    first = f", first of {piece.n_pieces} pieces" if piece.n_pieces > 1 else ""
    return replace(
        taken,
        reason=f"{taken.reason}{first}",
        damage=piece.damage,
        reader=piece.reader,
        agreement=piece.agreement,
    )


def _appearance(content: bytes) -> str:
    """Say what a file that is no music looks like."""
    start = content[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, not music"
    if start.startswith(b"http/"):
        return "a saved web response, not music"
    return f"not a music file (starts with {content[:4]!r})"
