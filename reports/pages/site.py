"""The site's shell: which pages there are, what they are called, how they lead to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reports.words.slugs import page_name

INDEX = "index.html"


class Topic(StrEnum):
    """What a page is about, in the order of the navigation."""

    OVERVIEW = "Overview"
    METHODS = "Methods"
    LATENT = "Latent length"
    REGULARIZERS = "Regularizers"
    HEATMAPS = "Heatmaps"
    SEARCH = "Search"
    COLLAPSE = "Collapse"
    GENRE = "Genre cards"
    LISTEN = "Listen"


PER_GENRE = {Topic.SEARCH: "search", Topic.COLLAPSE: "collapse", Topic.GENRE: "genre"}
"""Topics with a page a genre, and how those files' names begin."""

_FILES = {
    Topic.OVERVIEW: INDEX,
    Topic.METHODS: "methods.html",
    Topic.LATENT: "latent-length.html",
    Topic.REGULARIZERS: "regularizers.html",
    Topic.HEATMAPS: "heatmaps.html",
    Topic.LISTEN: "listen.html",
}


@dataclass(frozen=True, order=True)
class Place:
    """A page's place in the site: its topic, and its genre where the topic has a page each."""

    topic: Topic
    genre: str | None = None

    @property
    def file(self) -> str:
        """Name of the page's file."""
        if self.genre is None:
            return _FILES[self.topic]
        return page_name(self.genre, PER_GENRE[self.topic])


@dataclass(frozen=True)
class Link:
    """A link of the navigation; ``current`` where it leads to the page it stands on."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True)
class Navigation:
    """Links of one page: to every topic, and to the other genres of its own topic."""

    topics: tuple[Link, ...]
    genres: tuple[Link, ...]


@dataclass(frozen=True)
class Site:
    """The pages of one study.

    Attributes
    ----------
    places
        Pages that there are, in the navigation's order: what has no data has no page.
    root
        How a page reaches the shared files: empty, or ``../`` in a site of several studies.
    """

    places: tuple[Place, ...]
    root: str = ""

    def has(self, topic: Topic) -> bool:
        """Whether there is a page of this topic."""
        return any(place.topic is topic for place in self.places)

    def genres(self, topic: Topic) -> tuple[str, ...]:
        """Genres that have a page of this topic."""
        return tuple(p.genre for p in self.places if p.topic is topic and p.genre is not None)

    def navigation(self, here: Place) -> Navigation:
        """Links of the page ``here``."""
        topics: list[Link] = []
        for topic in Topic:
            found = [place for place in self.places if place.topic is topic]
            if found:
                # from one genre's page to the same genre's of another topic
                same = next((p for p in found if p.genre == here.genre), found[0])
                topics.append(Link(str(topic), same.file, topic is here.topic))
        if here.genre is None:
            return Navigation(tuple(topics), ())
        genres = tuple(
            Link(str(place.genre), place.file, place == here)
            for place in self.places
            if place.topic is here.topic
        )
        return Navigation(tuple(topics), genres)
