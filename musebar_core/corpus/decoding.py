"""Bytes -> text: by byte order mark, by the zero bytes of UTF-16 and UTF-32, by declaration."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (re.compile(rb"[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_REFUSED = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Python's own codecs that are no encodings of files."""


def decode(content: bytes) -> str:
    """Decode a text file: UTF-8, UTF-16 or UTF-32, else Latin-1 (which reads anything)."""
    return _decoded(content, None)


def decode_xml(content: bytes) -> str:
    """Decode an XML file: as its first bytes say, else as it declares, else as UTF-8.

    A declared encoding that does not fit the bytes, or that nobody knows, is passed over: then
    UTF-8 is tried, and Latin-1.
    """
    declared = _DECLARED.match(content)
    return _decoded(content, declared.group(1).decode("ascii") if declared else None)


def starts_wide(content: bytes) -> bool:
    """Whether the text begins as UTF-16 or UTF-32 does, with or without a mark."""
    return any(content.startswith(mark) for mark, _ in _MARKS[1:]) or _wide(content) is not None


def _decoded(content: bytes, declared: str | None) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    wide = _wide(content)
    if wide is not None:
        return content.decode(wide, "replace")
    for named in (declared, "utf-8"):
        text = _strictly(content, named)
        if text is not None:
            return text
    return content.decode("latin-1")


def _wide(content: bytes) -> str | None:
    return next((name for pattern, name in _WIDE if pattern.match(content)), None)


def _strictly(content: bytes, name: str | None) -> str | None:
    """Decode, or None if the encoding is unknown or does not fit."""
    try:
        if name is None or codecs.lookup(name).name in _REFUSED:
            return None
        keeps_ascii = b"<?xml".decode(name) == "<?xml"  # as the declaration was found in ASCII
        return content.decode(name) if keeps_ascii else None
    except (LookupError, ValueError):
        return None
