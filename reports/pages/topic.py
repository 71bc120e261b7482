"""A page about one topic: a lead, then sections of charts, tables and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.pages.render import render
from reports.pages.shared import context
from reports.pages.steering import steering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.answers.summaries import ConfigurationSummary
    from reports.pages.cells import Table
    from reports.pages.charts import Chart
    from reports.pages.site import Place, Site
    from reports.pages.view import StudyView


@dataclass(frozen=True)
class Slice:
    """One of several views of the same thing, of which a page shows one at a time.

    Attributes
    ----------
    label
        What it is called in the list that the reader chooses from.
    """

    label: str
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class PageSection:
    """A section of a page; its parts stand in the order of the attributes.

    Attributes
    ----------
    id
        Its anchor.
    text, notes
        Paragraphs; paragraphs that warn.
    fragment
        Ready HTML, of a part that has a template of its own.
    slices
        Views to choose from, the first of them shown; empty, or two at least.
    charts
        Side by side where there is room, or one below the other.
    """

    id: str
    heading: str
    text: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fragment: Markup | None = None
    slices: tuple[Slice, ...] = ()
    charts: tuple[Chart, ...] = ()
    side_by_side: bool = True
    tables: tuple[Table, ...] = ()


def topic_page(
    study: StudyView,
    site: Site,
    here: Place,
    heading: str,
    lead: Sequence[str],
    sections: Sequence[PageSection],
    steered: Sequence[ConfigurationSummary] = (),
) -> str:
    """Write a page of sections; ``steered`` are the configurations that it can be filtered by."""
    return render(
        "topic.html.j2",
        **context(study, site, here),
        topic=here.topic.label,
        eyebrow=here.topic.label if here.genre else study.name,
        heading=heading,
        lead=lead,
        sections=sections,
        steering=steering(steered),
    )
