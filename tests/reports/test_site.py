import html
import importlib
import pkgutil
import re

import pytest

import reports.pages
from reports.output.site import Source, build_report, build_site
from reports.pages.charts import chart
from reports.pages.genre import GENRE
from reports.pages.overview import OVERVIEW
from reports.pages.search import SEARCH
from reports.pages.site import Place, Site, Topic
from reports.pages.study import PAGES
from reports.words.slugs import slug

HOSTILE = '<img src=x onerror="alert(1)">&"\' 🎷 ' + "long " * 60


@pytest.fixture(scope="module")
def site(rich_tables, tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "report"
    build_report(rich_tables("demo", ("jazz", HOSTILE)), out)
    return out


def names(folder):
    """Pages of topics; those of single configurations are beside them."""
    found = {path.name for path in folder.glob("*.html")}
    return {name for name in found if not name.startswith("config-")}


def test_every_topic_has_a_page_where_there_is_data(site):
    assert names(site) == {
        "index.html",
        "methods.html",
        "latent-length.html",
        "regularizers.html",
        "heatmaps.html",
        *(
            f"{topic}-{slug(genre)}.html"
            for topic in ("search", "collapse", "genre")
            for genre in ("jazz", HOSTILE)
        ),
    }


def test_what_was_not_measured_has_no_page(make_study, make_config, tmp_path):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0, 501.0])
    index = build_report(study.tables(), tmp_path / "report")
    assert names(index.parent) == {"index.html", "collapse-jazz.html", "genre-jazz.html"}
    assert "Heatmaps" not in index.read_text()


def test_no_topic_of_a_page_module_is_forgotten_in_the_registry():
    modules = [
        importlib.import_module(f"reports.pages.{found.name}")
        for found in pkgutil.iter_modules(reports.pages.__path__)
    ]
    held = [value for module in modules for value in vars(module).values()]
    held += [value for one in held if isinstance(one, dict) for value in one.values()]
    topics = {value for value in held if isinstance(value, Topic)}
    assert topics == {page.topic for page in PAGES}
    assert len({topic.file for topic in topics}) == len(topics) == len(PAGES)


def test_every_page_leads_to_every_topic_and_to_its_own_genres():
    places = (
        Place(OVERVIEW),
        Place(SEARCH, "a"),
        Place(SEARCH, "b"),
        Place(GENRE, "a"),
        Place(GENRE, "b"),
    )
    found = Site(places).navigation(Place(SEARCH, "b"))
    assert [(link.label, link.href, link.current) for link in found.topics] == [
        ("Overview", "index.html", False),
        ("Search", "search-b.html", True),
        ("Genre cards", "genre-b.html", False),
    ]
    assert [(link.label, link.current) for link in found.genres] == [("a", False), ("b", True)]


def test_a_chart_without_its_data_is_refused():
    with pytest.raises(ValueError, match="no table"):
        chart("fig-x", "x", "x", None)


def test_behind_every_chart_stands_a_table_of_its_page(site):
    for page in site.glob("*.html"):
        text = page.read_text()
        ids = set(re.findall(r'id="(table-[^"]+)"', text))
        figures = re.findall(r'<figure class="chart".*?</figure>', text, re.DOTALL)
        for figure in figures:
            (led,) = re.findall(r'href="#(table-[^"]+)"', figure) or ["inside"]
            assert led in ids or '<details class="data">' in figure, page.name
        assert len(figures) == text.count("data-figure=")


def test_names_are_text_on_every_page(site):
    for page in site.glob("*.html"):
        text = page.read_text()
        assert "<img" not in text, page.name
        assert "<best>" not in text, page.name
    assert "&lt;img src=x" in (site / "methods.html").read_text()


def test_partial_pages_say_how_far_the_study_is(rich_tables, tmp_path):
    index = build_report(rich_tables(state="running"), tmp_path / "report")
    for name in ("methods", "latent-length", "search-jazz", "collapse-jazz"):
        assert "Not finished: the study is running" in (index.parent / f"{name}.html").read_text()


def test_a_method_of_few_seeds_says_so_on_the_methods_page(make_study, make_config, tmp_path):
    study = make_study(state="running")
    study.add(make_config(8), [560.0] * 3, planned=10, phase="methods", method="lstm_vae")
    index = build_report(study.tables(), tmp_path / "report")
    text = (index.parent / "methods.html").read_text()
    assert "Partial: LSTM-VAE: 3 of 10 seeds." in text
    assert "No run has ended yet of: VAE-BOW, MuseBar, MuseBar-BOW." in text


def test_the_papers_figures_stand_beside_ours_with_their_own_scale(site):
    text = (site / "methods.html").read_text()
    assert "BCE in the paper" in text
    assert "compare the order of the methods and the shape, never the figures" in text


def test_several_studies_share_one_plotly_and_are_compared(rich_tables, tmp_path):
    sources = [Source(rich_tables("first")), Source(rich_tables("second", state="running"))]
    index = build_site(sources, tmp_path / "out")
    assert [path.parent.name for path in index.parent.rglob("plotly*")] == ["out"]
    text = index.read_text()
    assert 'href="first/index.html"' in text
    assert "second: Not finished" in text
    assert "fig-genre-jazz" in text
    assert 'src="../musebar.js"' in (index.parent / "first" / "index.html").read_text()
    assert 'href="../index.html"' in (index.parent / "first" / "index.html").read_text()
    again = build_site(sources, tmp_path / "out")
    assert again == index


def test_a_file_beside_a_study_of_several_is_never_replaced(rich_tables, tmp_path):
    from musebar_core.errors import UsageError

    sources = [Source(rich_tables("first")), Source(rich_tables("second"))]
    index = build_site(sources, tmp_path / "out")
    (index.parent / "first" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        build_site(sources, tmp_path / "out")


def test_studies_of_different_music_or_snippets_never_share_an_axis(rich_tables, tmp_path):
    first, second = rich_tables("first"), rich_tables("second")
    second.genres["fingerprint"] = "e" * 64
    index = build_site([Source(first), Source(second)], tmp_path / "out")
    assert "fig-genre-jazz" not in index.read_text()
    assert "compare what they choose, not their figures" in index.read_text()


def test_a_site_of_several_studies_says_where_something_is_better_than_the_choice(
    default_better, tmp_path
):
    study = default_better()
    index = build_site([Source(study.tables()), Source(study.tables())], tmp_path / "out")
    assert "but the default is better" in index.read_text()


def test_every_confirmed_configuration_has_a_page_that_each_mention_leads_to(site):
    text = (site / "genre-jazz.html").read_text()
    pages = {path.stem.removeprefix("config-") for path in site.glob("config-*.html")}
    assert pages
    named = set(re.findall(r"(?<![0-9a-f-])[0-9a-f]{12}(?![0-9a-f])", re.sub("<[^>]*>", " ", text)))
    for config_id in pages & named:
        assert f'<a href="config-{config_id}.html">{config_id}</a>' in text
    own = (site / f"config-{min(pages)}.html").read_text()
    assert re.search(f"config_id: '?{min(pages)}'?\n", html.unescape(own))
    assert "a training" in own


def test_the_first_page_answers_in_a_sentence_with_verdict_cost_and_next_command(
    four_methods, tmp_path
):
    index = build_site([Source(four_methods.tables())], tmp_path / "report")
    (article,) = re.findall(r"<article.*?</article>", index.read_text(), re.DOTALL)
    words = " ".join(re.sub("<[^>]*>", " ", article).split())
    assert "jazz use this" in words
    assert "predicts unseen songs" in words
    assert "than a Markov chain" in words
    assert "36 CPU-seconds a training" in words
    assert "musebar recommend jazz --study demo" in words
    assert "config-" in article
