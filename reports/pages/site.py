"""The site's shell: which pages there are, what they are called, how they lead to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.words.slugs import page_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.pages.view import GenreView, StudyView


@dataclass(frozen=True)
class Topic:
    """What a page is about.

    Attributes
    ----------
    label
        Its name in the navigation.
    file
        Name of its file without ``.html``; where each genre has a page, how those names begin.
    """

    label: str
    file: str


@dataclass(frozen=True)
class Place:
    """A page's place in the site: its topic, and its genre where the topic has a page each."""

    topic: Topic
    genre: str | None = None

    @property
    def file(self) -> str:
        """Name of the page's file."""
        if self.genre is None:
            return f"{self.topic.file}.html"
        return page_name(self.genre, self.topic.file)


@dataclass(frozen=True)
class StudyPage:
    """A page of a whole study.

    Attributes
    ----------
    has
        Whether the study has what it shows: where not, there is no page.
    write
        Its HTML.
    """

    topic: Topic
    has: Callable[[StudyView], bool]
    write: Callable[[StudyView, Site], str]


@dataclass(frozen=True)
class GenrePage:
    """A page a genre; attributes as of :class:`StudyPage`."""

    topic: Topic
    has: Callable[[StudyView, GenreView], bool]
    write: Callable[[StudyView, Site, GenreView], str]


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
        return any(place.topic == topic for place in self.places)

    def genres(self, topic: Topic) -> tuple[str, ...]:
        """Genres that have a page of this topic."""
        return tuple(p.genre for p in self.places if p.topic == topic and p.genre is not None)

    def navigation(self, here: Place) -> Navigation:
        """Links of the page ``here``."""
        topics: list[Link] = []
        for topic in dict.fromkeys(place.topic for place in self.places):
            found = [place for place in self.places if place.topic == topic]
            # from one genre's page to the same genre's of another topic
            same = next((p for p in found if p.genre == here.genre), found[0])
            topics.append(Link(topic.label, same.file, topic == here.topic))
        if here.genre is None:
            return Navigation(tuple(topics), ())
        genres = tuple(
            Link(str(place.genre), place.file, place == here)
            for place in self.places
            if place.topic == here.topic
        )
        return Navigation(tuple(topics), genres)
