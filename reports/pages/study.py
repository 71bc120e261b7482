"""All pages of one study: each topic says what it has, and what has nothing has no page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.pages import (
    collapse,
    configuration,
    genre,
    listen,
    methods,
    overview,
    running,
    search,
    sweeps,
)
from reports.pages.linking import linked
from reports.pages.site import GenrePage, Place, Site, StudyPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.pages.view import GenreView, StudyView

PAGES: tuple[StudyPage | GenrePage, ...] = (
    overview.PAGE,
    running.PAGE,
    methods.PAGE,
    *sweeps.PAGES,
    search.PAGE,
    collapse.PAGE,
    genre.PAGE,
    listen.PAGE,
)
"""Every page of a report, in the order of the navigation."""


def study_pages(
    study: StudyView, root: str = "", only: str | None = None
) -> Iterator[tuple[str, str]]:
    """Write every page of a study's report, one after another: of a large study each is large.

    Parameters
    ----------
    study
        The study.
    root
        How its pages reach the shared files: empty, or ``../`` in a site of several studies.
    only
        The one file that is wanted; None: all.

    Yields
    ------
    tuple
        File name and HTML.
    """
    site = Site(tuple(place for place, _ in _planned(study)), root)
    own = configuration.configurations(study)
    hrefs = {config_id: configuration.configuration_file(config_id) for config_id in own}
    for place, write in _planned(study):
        if only in {None, place.file}:
            yield place.file, linked(write(site), hrefs, place.file)
    if only is None:
        for file, html in configuration.configuration_pages(study, site, own):
            yield file, linked(html, hrefs, file)


def _planned(study: StudyView) -> Iterator[tuple[Place, Callable[[Site], str]]]:
    """Each page that there is data for, and what writes it."""
    for page in PAGES:
        if isinstance(page, StudyPage):
            if page.has(study):
                yield Place(page.topic), partial(page.write, study)
            continue
        for one in study.genres:
            if page.has(study, one):
                yield Place(page.topic, one.name), _of_genre(page, study, one)


def _of_genre(page: GenrePage, study: StudyView, genre: GenreView) -> Callable[[Site], str]:
    return lambda site: page.write(study, site, genre)
