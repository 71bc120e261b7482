"""Bytes to text: what decides the encoding, and what is passed over."""

from __future__ import annotations

import codecs

import pytest

from musebar_core.corpus.decoding import decode, decode_xml, starts_wide

WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("marked", [True, False])
def test_wide_text_is_known_by_its_mark_and_by_its_zeros(encoding, marked):
    content = MARKS[encoding] * marked + "<x>ä".encode(encoding)
    assert decode(content) == decode_xml(content) == "<x>ä"
    assert starts_wide(content)


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("marked", [True, False])
def test_wide_text_that_breaks_off_keeps_what_is_before(encoding, marked):
    content = MARKS[encoding] * marked + "<xyz".encode(encoding) + b"\xd8"
    assert decode(content).startswith("<xyz")


@pytest.mark.parametrize("content", [b"<x>", b"\xef\xbb\xbf<x>", b"", b"\xe4\0\0", b"a\0b"])
def test_text_of_single_bytes_is_not_wide(content):
    assert not starts_wide(content)


def test_a_mark_of_utf_8_is_taken_off():
    assert decode(b"\xef\xbb\xbf\xc3\xa4") == "ä"
    assert decode(b"\xef\xbb\xbf\xe4") == "\ufffd"


def test_text_that_is_no_utf_8_is_latin_1():
    assert decode("ä".encode()) == decode(b"\xe4") == "ä"


DECLARED = '<?xml version="1.0" encoding="{}"?><x>{}'


@pytest.mark.parametrize(
    ("declaration", "letter"),
    [
        (DECLARED.format("iso-8859-2", ""), "ł"),
        (DECLARED.replace('"{}"', "'{}'").format("iso-8859-2", ""), "ł"),
        (DECLARED.replace("=", " = ").format("ISO-8859-2", ""), "ł"),
        ("\n " + DECLARED.format("iso-8859-2", ""), "ł"),
        (DECLARED.format("no-such", ""), "³"),
        (DECLARED.format("utf-8", ""), "³"),
        (DECLARED.format("rot13", ""), "³"),
        (DECLARED.format("utf-16", ""), "³"),
        (DECLARED.format("utf-16-le", ""), "³"),
        (DECLARED.format("idna", ""), "³"),
        (DECLARED.format("punycode", ""), "³"),
        (DECLARED.format("undefined", ""), "³"),
        (DECLARED.format("ascii", ""), "³"),
        ("<?xml version='1.0'?><x encoding='iso-8859-2'>", "³"),
        ("x" + DECLARED.format("iso-8859-2", ""), "³"),
    ],
)
def test_a_declared_encoding_is_taken_where_it_is_one_and_fits(declaration, letter):
    content = declaration.encode() + b"\xb3"
    assert decode_xml(content) == declaration + letter


@pytest.mark.parametrize("codec", ["unicode_escape", "raw_unicode_escape"])
def test_codecs_that_are_no_encodings_of_files_are_passed_over(codec):
    text = DECLARED.format(codec, r"\u00e4")
    assert decode_xml(text.encode()) == text


def test_a_declaration_comes_before_utf_8_where_both_fit():
    content = DECLARED.format("cp1252", "ä").encode()
    assert decode_xml(content).endswith("Ã¤")
