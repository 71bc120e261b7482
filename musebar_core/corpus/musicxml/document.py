"""The text of a MusicXML file -> its tree, whatever stands in it.

Expat opens no file and no address that a document names. Entities that a document defines itself
can make gigabytes of a few lines and have no use in a score: such a document is refused.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from musebar_core.corpus.decoding import decode_xml
from musebar_core.corpus.musicxml.archive import LARGEST_XML_BYTES
from musebar_core.corpus.notes import UnreadableError

_DRUMS = "10"
"""The MIDI channel of percussion, counted from 1."""

_DECLARATION = re.compile(r"<\?xml[^<>]*\?>")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")


def parse(content: bytes) -> ET.Element:
    """Parse a document; its tags come without namespaces.

    Raises
    ------
    UnreadableError
        If it is no XML, is larger than 64 MiB, or defines entities.
    """
    if len(content) > LARGEST_XML_BYTES:
        raise UnreadableError("it is larger than 64 MiB")
    text = _DECLARATION.sub("", decode_xml(content), count=1)  # decoded: what it declares is past
    if "<!ENTITY" in text:
        raise UnreadableError("it defines entities of its own")
    try:
        root = ET.fromstring(_BARE_AMPERSAND.sub("&amp;", text))  # noqa: S314 - see the module
    except ET.ParseError as error:
        raise UnreadableError(f"no XML: {error}") from None
    if root.tag.startswith("{"):
        for element in root.iter():
            element.tag = str(element.tag).rpartition("}")[2]
    return root


def parts_of(root: ET.Element) -> list[list[ET.Element]]:
    """Give the measures of each part, top part first, of a score by parts or by measures.

    Raises
    ------
    UnreadableError
        If it is no score.
    """
    if root.tag == "score-partwise":
        return [part.findall("measure") for part in root.findall("part")]
    if root.tag != "score-timewise":
        raise UnreadableError(f"no score, but <{root.tag[:40]}>")
    measures = root.findall("measure")
    names = list(dict.fromkeys(part.get("id") for each in measures for part in each.iter("part")))
    by_name = [{part.get("id"): part for part in each.findall("part")} for each in measures]
    empty = ET.Element("measure")
    return [[parts.get(name, empty) for parts in by_name] for name in names]


def names_of(root: ET.Element) -> list[str]:
    """Give the names of the parts, top part first; empty where one has none."""
    listed = {
        part.get("id"): " ".join((part.findtext("part-name") or "").split())
        for part in root.iter("score-part")
    }
    return [listed.get(name, "") for name in _ids(root)]


def percussion_of(root: ET.Element) -> frozenset[int]:
    """Give the places of the parts of drums: all their instruments on channel 10, or unpitched."""
    drums = {part.get("id") for part in root.iter("score-part") if _is_percussion(part)}
    return frozenset(place for place, name in enumerate(_ids(root)) if name in drums)


def _is_percussion(part: ET.Element) -> bool:
    instruments = part.findall("midi-instrument")
    return bool(instruments) and all(
        (each.findtext("midi-channel") or "").strip() == _DRUMS
        or each.find("midi-unpitched") is not None
        for each in instruments
    )


def _ids(root: ET.Element) -> list[str | None]:
    """Identifiers of the parts, top part first."""
    parts = root.iter("part") if root.tag == "score-timewise" else root.findall("part")
    return list(dict.fromkeys(part.get("id") for part in parts))


def is_of_sibelius(root: ET.Element) -> bool:
    """Whether Sibelius wrote it, which gives an octave clef's octave as a transposition too."""
    return any("Sibelius" in (each.text or "") for each in root.iter("software"))


def title_of(root: ET.Element) -> str:
    """Give the title of the work, else of the movement, else what is printed as the title."""
    titles = [root.findtext("work/work-title"), root.findtext("movement-title")]
    credits_ = root.findall("credit")
    titles += [each.findtext("credit-words") for each in credits_ if _is_title(each)]
    found = (" ".join(title.split()) for title in titles if title)
    return next((title for title in found if title), "")


def _is_title(credit: ET.Element) -> bool:
    return credit.findtext("credit-type") == "title"
