"""What every page of a site is given: its study, its place, the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.words import labels

if TYPE_CHECKING:
    from reports.pages.site import Place, Site
    from reports.pages.view import StudyView


def context(study: StudyView, site: Site, here: Place) -> dict[str, Any]:
    """Return what the base template reads."""
    return {
        "study": study.name,
        "state": study.tables.state,
        "partial": study.partial,
        "navigation": site.navigation(here),
        "root": site.root,
        "up": f"{site.root}index.html" if site.root else "",
        "labels": labels,
        "genre": here.genre,
    }
