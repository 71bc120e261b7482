"""The site's shell: places, links, what a page is steered by, where its figures are from."""

import json

import pytest

from reports.answers.summaries import summaries
from reports.pages.shared import context, source
from reports.pages.site import Place, Site, Topic
from reports.pages.steering import steering
from reports.pages.view import StudyView, view

STUDY, EACH, OTHER = Topic("Study", "index"), Topic("Each", "each"), Topic("Other", "other")
SITE = Site((Place(STUDY), Place(EACH, "a"), Place(EACH, "b"), Place(OTHER, "b")))


def test_a_place_is_a_file_of_its_topic_and_its_genre():
    assert [place.file for place in SITE.places] == [
        *("index.html", "each-a.html", "each-b.html", "other-b.html"),
    ]


def test_a_site_knows_its_topics_and_their_genres():
    assert [SITE.has(topic) for topic in (STUDY, EACH, Topic("No", "no"))] == [True, True, False]
    assert [SITE.genres(topic) for topic in (STUDY, EACH, OTHER)] == [(), ("a", "b"), ("b",)]


def links(here):
    found = SITE.navigation(here)
    return (
        [(one.label, one.href, one.current) for one in found.topics],
        [(one.label, one.href, one.current) for one in found.genres],
    )


def test_links_lead_to_the_same_genre_or_else_to_the_first():
    assert links(Place(STUDY)) == (
        [
            ("Study", "index.html", True),
            ("Each", "each-a.html", False),
            ("Other", "other-b.html", False),
        ],
        [],
    )
    assert links(Place(EACH, "b")) == (
        [
            ("Study", "index.html", False),
            ("Each", "each-b.html", True),
            ("Other", "other-b.html", False),
        ],
        [("a", "each-a.html", False), ("b", "each-b.html", True)],
    )


@pytest.fixture
def rows(make_study, make_config):
    """Informative, undertrained, collapsed and failed; half undertrained is not undertrained."""
    study = make_study(confirm=2)
    study.add(make_config(4), [500.0, 700.0])
    study.add(make_config(8), [700.0, 700.0])
    study.add(make_config(16), [500.0, 500.0], collapsed=1)
    study.add(make_config(32, 4, "linear"), [], failed=1, method="<b>", phase="methods")
    return summaries(study.tables(), "jazz")


def test_a_page_is_steered_by_state_and_by_settings_in_their_order(rows):
    text = str(steering(rows))
    assert not {"<", ">", "&"} & set(text)
    found = json.loads(text)
    assert found["settings"] == [
        ["latent_length", "latent length", ["4", "8", "16", "32"]],
        ["regularizers", "regularizers", ["1", "4"]],
        ["annealing", "annealing", ["constant", "linear"]],
    ]
    of = {row.config.model.latent_length: row.config_id for row in rows}
    assert found["rows"] == {
        of[4]: ["L 4 · r 1 · constant", "informative", "4", "1", "constant"],
        of[8]: ["L 8 · r 1 · constant", "undertrained", "8", "1", "constant"],
        of[16]: ["L 16 · r 1 · constant", "collapsed", "16", "1", "constant"],
        of[32]: ["<b>", "failed", "32", "4", "linear"],
    }
    assert list(found["rows"]) == sorted(found["rows"])


def test_of_very_few_there_is_nothing_to_filter(rows):
    assert steering(rows[:2]) is None
    assert steering(rows[:1] * 3) is None
    assert steering(rows[:3]) is not None


def test_a_figure_names_its_study_its_music_its_versions_and_its_date(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    assert source(view(study.tables()), "jazz") == f"study demo; music jazz {'f' * 12}"
    study.add(make_config(8), [500.0])
    study.rows[0]["versions"] = '{"musebar-study":"1.2"}'
    seen = view(study.tables())
    both = f"jazz {'f' * 12}, rock {'f' * 12}"
    rest = "musebar-study 1.2; data of 2026-01-01"
    assert source(seen, None) == f"study demo; music {both}; {rest}"
    assert source(seen, "rock") == f"study demo; music rock {'f' * 12}; {rest}"
    assert source(view(make_study(genres=()).tables()), None) == "study demo"


@pytest.mark.parametrize(("n", "more"), [(4, ""), (6, " and 2 more")])
def test_of_many_genres_four_are_named(make_study, n, more):
    seen = view(make_study(genres=[f"g{at}" for at in range(n)]).tables())
    named = ", ".join(f"g{at} {'f' * 12}" for at in range(4))
    assert source(seen, None) == f"study demo; music {named}{more}"


def test_every_page_is_told_its_place(make_study, make_config):
    study = make_study(state="running")
    study.add(make_config(8), [500.0])
    tables = study.tables()
    seen = view(tables)
    given = context(StudyView(tables, seen.genres, 10, log="log.txt"), SITE, Place(EACH, "b"))
    assert (given["study"], given["state"], given["genre"], given["log"]) == (
        *("demo", "running", "b", "log.txt"),
    )
    assert given["partial"].startswith("Not finished: the study is running")
    assert (given["root"], given["up"]) == ("", "")
    inside = context(seen, Site(SITE.places, "../"), Place(STUDY))
    assert (inside["root"], inside["up"], inside["genre"]) == ("../", "../index.html", None)
