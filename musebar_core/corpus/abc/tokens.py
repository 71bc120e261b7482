"""A line of music code -> tokens, by one regular expression (ABC 2.1, section 4).

Every alternative is bounded or reads on to its end at once: the time is linear in the line. What
matches nothing (reserved characters, stray brackets) is passed over, as the standard asks.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from musebar_core.corpus.abc.fields import number

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """Kinds of tokens; names of groups in the expression."""

    NOTE = "note"
    REST = "rest"
    BAR_REST = "bar_rest"
    TEXT = "text"
    DECORATION = "decoration"
    PLUS = "plus"
    GRACE = "grace"
    FIELD = "field"
    ENDING = "ending"
    BAR = "bar"
    COLON = "colon"
    TUPLET = "tuplet"
    OVERLAY = "overlay"
    CHORD = "chord"
    CHORD_END = "chord_end"
    TIE = "tie"
    BROKEN = "broken"
    SYMBOL = "symbol"
    SKIP = "skip"


_ACCIDENTAL = r"(?P<acc>(?:\^\^?|__?|=)(?:\d{0,4}/\d{0,4})?)?"
_PITCH = r"(?P<letter>[A-Ga-g])(?P<octave>[,']*)"
_LENGTH = r"(?P<{0}num>\d*)(?P<{0}slash>/*)(?P<{0}den>\d*)"

_WORDS = r"(?:D\.[CS]\.|(?i:to coda|da capo|dal segno|al fine|al coda|fade out))[\w. ]{0,20}"
"""Decorations of several words: what has other blanks is music between marks of line breaks."""

_MUSIC = re.compile(
    "|".join(
        [
            rf"(?P<note>{_ACCIDENTAL}{_PITCH}{_LENGTH.format('')})",
            r"(?P<skip>[ \t`\\$*;?@#]+)",
            r"(?P<bar>:*\.?(?:\[(?=[|\]]))?\|(?:[|:\]]|\[(?=[|\]]))*|::+)",
            r"(?P<colon>:)",
            r"(?P<tie>\.?-)",
            r"(?P<broken>>+|<+)",
            rf"(?P<rest>[zx]{_LENGTH.format('r')})",
            r"(?P<bar_rest>[ZX](?P<count>\d*))",
            r"(?P<text>\"[^\"]*\"?)",
            rf"(?P<decoration>!(?:(?:[^!|\[\]:\s]|(?<=\w):(?=\w)){{1,40}}|{_WORDS})!)",
            r"(?P<plus>\+[^+|\s]{1,40}\+)",
            r"(?P<grace>\{[^}|]{0,400}\})",
            r"(?P<tuplet>\((?P<p>\d+)(?::(?P<q>\d*))?(?::(?P<r>\d*))?)",
            r"(?P<field>\[(?P<name>[A-Za-z]):(?P<value>[^\]]{0,400})\])",
            r"(?P<ending>\[ ?(?P<numbers>\d[\d,.-]*))",
            r"(?P<overlay>\(&|&\)|&+)",
            r"(?P<chord>\[)",
            rf"(?P<chord_end>\]{_LENGTH.format('c')})",
            r"(?P<symbol>y\d*/*\d*|[h-wH-W~.])",
        ]
    )
)
_AFTER_BAR = re.compile(r"\d[\d,-]*")


def tokens(line: str) -> Iterator[tuple[Kind, re.Match[str]]]:
    """Yield what stands in a line; endings written onto a bar line (``|1``) as endings."""
    at, end = 0, len(line)
    while at < end:
        found = _MUSIC.match(line, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        kind = Kind(found.lastgroup or "skip")
        if kind is Kind.SKIP:
            continue
        yield kind, found
        if kind is Kind.BAR and (numbers := _AFTER_BAR.match(line, at)):
            at = numbers.end()
            yield Kind.ENDING, numbers


def length(found: re.Match[str], prefix: str = "") -> tuple[int, int]:
    """Numerator and denominator of a length: ``3/2``, ``/``, ``//``."""
    slashes = len(found[f"{prefix}slash"])
    if not slashes:
        return number(found[f"{prefix}num"]), 1
    digits = found[f"{prefix}den"]
    return number(found[f"{prefix}num"]), number(digits) or 1 if digits else 2 ** min(slashes, 12)
