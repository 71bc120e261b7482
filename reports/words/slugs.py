"""Names of genres as files and anchors have them."""

from __future__ import annotations

import hashlib
import re


def slug(genre: str) -> str:
    """Return a short name of letters, digits and hyphens, different for any two genres."""
    found = re.sub(r"[^a-z0-9]+", "-", genre.lower()).strip("-")[:60]
    if found == genre:
        return found
    digest = hashlib.sha256(genre.encode()).hexdigest()[:6]
    return f"{found}-{digest}" if found else digest


def page_name(genre: str, prefix: str = "genre") -> str:
    """Return the file name of a genre's page: safe on any disk, different for any two genres."""
    return f"{prefix}-{slug(genre)}.html"
