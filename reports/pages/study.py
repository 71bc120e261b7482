"""All pages of one study: each topic says what it has, and what has nothing has no page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.pages.genre import genre_page
from reports.pages.overview import overview_page
from reports.pages.site import Place, Site, Topic
from reports.pages.sweeps import has_heatmap, has_sweep, heatmap_page, sweep_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.pages.view import GenreView, StudyView

    Has = Callable[[StudyView], bool]
    Write = Callable[[StudyView, Site], str]
    GenreHas = Callable[[StudyView, GenreView], bool]
    GenreWrite = Callable[[StudyView, Site, GenreView], str]

STUDY_PAGES: dict[Topic, tuple[Has, Write]] = {
    Topic.OVERVIEW: (lambda _: True, overview_page),
    Topic.LATENT: (partial(has_sweep, topic=Topic.LATENT), partial(sweep_page, topic=Topic.LATENT)),
    Topic.REGULARIZERS: (
        partial(has_sweep, topic=Topic.REGULARIZERS),
        partial(sweep_page, topic=Topic.REGULARIZERS),
    ),
    Topic.HEATMAPS: (has_heatmap, heatmap_page),
}
"""Pages of a whole study: whether there is one, and its HTML."""

GENRE_PAGES: dict[Topic, tuple[GenreHas, GenreWrite]] = {
    Topic.GENRE: (lambda _, __: True, genre_page),
}
"""Pages of one genre."""


def study_pages(study: StudyView, root: str = "") -> dict[str, str]:
    """Write every page of a study's report.

    Parameters
    ----------
    study
        The study.
    root
        How its pages reach the shared files: empty, or ``../`` in a site of several studies.

    Returns
    -------
    dict
        File name to HTML.
    """
    site = Site(_places(study), root)
    genres = {genre.name: genre for genre in study.genres}
    return {
        place.file: STUDY_PAGES[place.topic][1](study, site)
        if place.genre is None
        else GENRE_PAGES[place.topic][1](study, site, genres[place.genre])
        for place in site.places
    }


def _places(study: StudyView) -> tuple[Place, ...]:
    found: list[Place] = []
    for topic in Topic:
        if topic in STUDY_PAGES and STUDY_PAGES[topic][0](study):
            found.append(Place(topic))
        if topic in GENRE_PAGES:
            has = GENRE_PAGES[topic][0]
            found += [Place(topic, one.name) for one in study.genres if has(study, one)]
    return tuple(found)
