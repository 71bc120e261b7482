"""ABC as text: bytes to characters, and a tune book to its tunes."""

from __future__ import annotations

import codecs
import html
import quopri
import re
import unicodedata
from typing import TYPE_CHECKING

from musebar_core.corpus import decoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHARSET = re.compile(rb"^(?:%%|I:)abc-charset[ \t]+([\w-]{1,20})", re.MULTILINE)
_SOFT_BREAK = re.compile(r"=(?:20)?\n")
_VERSION = re.compile(r"^%abc-\d.*\n", re.MULTILINE)
_SHARED = re.compile(r"^(?:[A-WY-Za-z]:|%%).*\n", re.MULTILINE)
_TUNE = re.compile(r"^(?=X:)", re.MULTILINE)

_NO_NOTES = re.compile(r"[A-SU-WYZa-z+]:(?![|:])|%")
_NOTES_ALONE = re.compile(
    r"(?:\[[A-Za-z]:[^\]]{0,80}\]|\"[^\"]{0,200}\"|![^!|]{0,40}!"
    r"|[A-Ga-gxyzXZ\d\s|:()<>{}\[\]/,'^_=&~.`\\-])++"
)

_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308"}
_ACCENTS |= {"o": "\u030a", "c": "\u0327", "v": "\u030c", "u": "\u0306"}
_LIGATURES = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "/o": "ø", "/O": "Ø"}
_MNEMONIC = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(ss|ae|AE|oe|OE|/o|/O)|([`'^~\"ocvu])([A-Za-z]))")


def decode(content: bytes) -> str:
    """Decode an ABC file, with line feeds at line ends.

    UTF-16 and UTF-32 show in its first bytes; else UTF-8 if it is valid, else the charset that the
    file names, else Windows-1252 (which has the letters of Latin-1). What a mail program wrote as
    quoted-printable text (``=3D`` for ``=``) is taken back.
    """
    text = _decode(content).replace("\r\n", "\n").replace("\r", "\n")
    if "=3D" in text and _SOFT_BREAK.search(text):
        return quopri.decodestring(text.encode()).decode("utf-8", "replace")
    return text


def _decode(content: bytes) -> str:
    if decoding.starts_wide(content):
        return decoding.decode(content)
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(_charset(content), "replace")


def _charset(content: bytes) -> str:
    """Name of the single-byte charset that a file names, else that of most old files."""
    named = _CHARSET.search(content)
    name = named.group(1).decode() if named else ""
    return (
        name
        if re.fullmatch(r"(?i)(iso-?8859-?|cp|windows-)\d{1,4}", name) and _known(name)
        else "cp1252"
    )


def _known(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def split_tunes(text: str) -> list[tuple[str, str]]:
    """Split an ABC file at its ``X:`` fields into (reference number, text of the tune).

    A number that comes again gets ``.2``, ``.3``. The version line, and fields and directives
    above the first tune, hold for all of them (ABC 2.1, 2.1 and 2.2.2), and are put into each.
    """
    tunes: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    head, *pieces = _TUNE.split(text)
    version = "".join(_VERSION.findall(head)[:1])
    shared = "".join(_SHARED.findall(head))
    for piece in pieces:
        number = (re.match(r"X:\s*(\S*)", piece) or [""])[1]
        seen[number] = seen.get(number, 0) + 1
        name = number if seen[number] == 1 else f"{number}.{seen[number]}"
        first, _, rest = (piece.rstrip() + "\n").partition("\n")
        tunes.append((name, f"{version}{first}\n{shared}{rest}"))
    return tunes


def lines_of(text: str) -> Iterator[str]:
    """Yield lines without comments and typeset text blocks; directives stay."""
    block = ""
    for line in text.split("\n"):
        if block:
            block = "" if line.startswith(f"%%end{block}") else block
        elif begins := re.match(r"%%begin(\w+)", line):
            block = begins.group(1)
        elif line.startswith("%%"):
            yield line
        elif "%" in line:
            bare = re.sub(r"(?<!\\)%.*", "", line)
            if bare.strip():
                yield bare
        else:
            yield line


def is_music(lines: Sequence[str]) -> bool:
    """Whether lines that follow a blank one are music, and so of the tune before it.

    A blank line ends a tune (ABC 2.1, 2.2.1), and text may follow; but old books have them within
    tunes. Music has a bar line, and no letters but those of notes and rests.
    """
    music = [line for line in lines if not _NO_NOTES.match(line)]
    return any("|" in line for line in music) and all(map(_NOTES_ALONE.fullmatch, music))


def plain(text: str) -> str:
    """Write a text string of ABC (a title) without its mnemonics (ABC 2.1, 8.2)."""
    return unicodedata.normalize("NFC", html.unescape(_MNEMONIC.sub(_character, text)))


def _character(found: re.Match[str]) -> str:
    code, ligature, accent, letter = found.groups()
    if code:
        return chr(int(code, 16)).encode("utf-8", "ignore").decode()
    return _LIGATURES[ligature] if ligature else letter + _ACCENTS[accent]
