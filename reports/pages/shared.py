"""What every page of a site is given: its study, its place, the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.words import labels

if TYPE_CHECKING:
    from reports.pages.site import Place, Site
    from reports.pages.view import StudyView


def source(study: StudyView, genre: str | None) -> str:
    """Name whence a figure is: study, music and its fingerprint, versions, date of the data."""
    prints = study.fingerprints
    names = [genre] if genre in prints else sorted(prints)
    music = ", ".join(f"{name} {prints[name][:12]}" for name in names[:4])
    music += f" and {len(names) - 4} more" if len(names) > 4 else ""
    parts = [
        f"study {study.name}",
        f"music {music}" if music else "",
        f"musebar-study {', '.join(study.versions)}" if study.versions else "",
        f"data of {study.date}" if study.date else "",
    ]
    return "; ".join(part for part in parts if part)


def context(study: StudyView, site: Site, here: Place) -> dict[str, Any]:
    """Return what the base template reads."""
    return {
        "study": study.name,
        "state": study.tables.standing,
        "partial": study.partial,
        "navigation": site.navigation(here),
        "root": site.root,
        "up": f"{site.root}index.html" if site.root else "",
        "labels": labels,
        "log": study.log,
        "genre": here.genre,
        "source": source(study, here.genre),
    }
