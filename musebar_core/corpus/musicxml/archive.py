"""A zipped score (.mxl) -> the MusicXML in it."""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree import ElementTree as ET

from musebar_core.corpus.notes import UnreadableError

LARGEST_XML_BYTES = 64 * 2**20
"""A score of more bytes, unpacked, is refused."""

LARGEST_CONTAINER_BYTES = 2**20
"""A container file of more bytes is passed over."""

_CONTAINER = "META-INF/container.xml"


def unzip(content: bytes) -> bytes:
    """Return the MusicXML inside a .mxl archive.

    Raises
    ------
    UnreadableError
        If the archive is damaged, holds no score, or one of over 64 MiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = _root_file(archive)
            if archive.getinfo(name).file_size > LARGEST_XML_BYTES:
                raise UnreadableError("it unpacks to more than 64 MiB")
            return archive.read(name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        RuntimeError,
    ) as error:
        raise UnreadableError(f"damaged archive ({error})") from None


def _root_file(archive: zipfile.ZipFile) -> str:
    """Name of the archive's score: as its container says, else its first XML file."""
    named = _named_root(archive)
    if named in archive.namelist():
        return str(named)
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF/"):
            return name
    raise UnreadableError("an archive without a score")


def _named_root(archive: zipfile.ZipFile) -> str | None:
    """Name that the container gives, if it is readable: many hold a bare ampersand."""
    if _CONTAINER not in archive.namelist():
        return None
    if archive.getinfo(_CONTAINER).file_size > LARGEST_CONTAINER_BYTES:
        return None
    container = archive.read(_CONTAINER)
    if b"<!DOCTYPE" in container:
        return None
    try:
        root = ET.fromstring(container)  # noqa: S314 - small, and without entities
    except (ET.ParseError, ValueError):
        return None
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            return element.get("full-path")
    return None
