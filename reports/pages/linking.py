"""Links to configurations: wherever a page names one, by its config_id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SKIPPED = r"<(?P<tag>script|a|pre|title|option|button|h1|template)\b.*?</(?P=tag)\s*>"
"""Elements whose text is no place for a link."""

_TOKENS = re.compile(rf"(?P<markup>{_SKIPPED}|<[^>]*>)|(?P<text>[^<]+)", re.DOTALL)
_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{12}(?![0-9a-f])")


def linked(html: str, hrefs: Mapping[str, str], file: str) -> str:
    """Make a link of every config_id in the text of a page that has a page of its own.

    Parameters
    ----------
    html
        The page.
    hrefs
        Config_id to the file of its page.
    file
        The page's own file, which is not linked to.
    """

    def link(found: re.Match[str]) -> str:
        href = hrefs.get(found[0])
        return found[0] if href is None or href == file else f'<a href="{href}">{found[0]}</a>'

    def token(found: re.Match[str]) -> str:
        return found[0] if found["text"] is None else _ID.sub(link, found["text"])

    return _TOKENS.sub(token, html)
