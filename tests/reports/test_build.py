import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from musebar_core.errors import UsageError
from reports.output import site as building
from reports.output.site import build_report
from reports.pages.overview import asked_line
from reports.pages.render import without_secrets
from reports.pages.strip import strip
from reports.pages.view import view
from reports.words.slugs import page_name
from study.spec import specfile


def asking(tables, **changes):
    """The same study with another search."""
    search = tables.spec.search.model_copy(update=changes)
    return replace(tables, spec=tables.spec.model_copy(update={"search": search}))


class Links(HTMLParser):
    """Everything a page would load or lead to, and the ids it gives out."""

    def __init__(self):
        super().__init__()
        self.found, self.ids, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "href", "action", "srcset", "data"}:
                self.found.append(value)
            if name == "id":
                self.ids.append(value)


def links(path):
    parser = Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def report(four_methods, tmp_path):
    return build_report(four_methods.tables(), tmp_path / "report")


def test_the_first_page_is_named_and_leads_to_every_genre(report):
    assert report.name == "index.html"
    assert page_name("jazz") in links(report).found


def test_two_builds_are_byte_identical(report, four_methods, tmp_path):
    again = build_report(four_methods.tables(), tmp_path / "again")
    assert contents(report.parent) == contents(again.parent)


def test_no_page_asks_another_host_for_anything(report):
    for page in report.parent.glob("*.html"):
        parser = links(page)
        assert all(re.fullmatch(r"[\w.-]+|data:,|#.*", link) for link in parser.found)
        assert len(parser.ids) == len(set(parser.ids))
        for link in parser.found:
            assert link.startswith(("data:", "#")) or (page.parent / link).is_file()
    assert "http" not in (report.parent / "musebar.css").read_text()
    assert "http" not in (report.parent / "musebar.js").read_text()


def test_plotly_is_shipped_once(report):
    assert [path.name for path in report.parent.glob("*plotly*")] == ["plotly.min.js"]
    assert all(path.stat().st_size < 1_000_000 for path in report.parent.glob("*.html"))


def test_names_are_text_never_markup(make_study, make_config, tmp_path):
    name = "<script>alert(1)</script>&\"'"
    study = make_study(genres=(name,))
    study.about = "<b>bold</b>"
    study.add(make_config(8), [560.0] * 10, genre=name, failed=1)
    index = build_report(study.tables(), tmp_path / "report")
    for page in index.parent.glob("*.html"):
        assert "<script>alert" not in page.read_text()
        assert "<b>bold" not in page.read_text()
    assert "&lt;b&gt;bold" in index.read_text()
    assert re.fullmatch(r"genre-[a-z0-9-]+\.html", page_name(name))


def test_two_genres_never_share_a_page():
    names = ["Hip Hop", "hip-hop", "hip hop", "嘻哈", "爵士"]
    assert len({page_name(name) for name in names}) == len(names)


def test_a_password_in_the_spec_is_not_shown(report):
    assert "secret" not in report.read_text()
    assert "db/ledger" not in report.read_text()


def test_curves_of_fewer_snippets_say_so_and_stand_beside_baselines_of_the_same(
    four_methods, tmp_path
):
    whole = four_methods.tables()
    content = whole.spec.model_dump(mode="json")
    content["training"]["curve_snippets"] = 128
    own = whole.baselines[whole.baselines.split == "validation"].assign(split="curve")
    own = own.assign(bce=own.bce + 7.25)
    fewer = replace(
        whole, spec=specfile.resolve(content), baselines=pd.concat([whole.baselines, own])
    )
    (genre,), (plain,) = view(fewer).genres, view(whole).genres
    assert genre.baselines["curve"] == {k: v + 7.25 for k, v in plain.baselines["curve"].items()}
    assert genre.baselines["validation"] == plain.baselines["validation"]
    said = "of at most 128 validation snippets"
    shown = build_report(fewer, tmp_path / "fewer").parent
    for page in (page_name("jazz"), "collapse-jazz.html"):
        assert said in (shown / page).read_text(), page
    assert (
        said
        not in (build_report(whole, tmp_path / "whole").parent / "collapse-jazz.html").read_text()
    )


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("postgresql://ann:s/ecret@db/x", "postgresql://***@db/x"),
        ("lost postgresql://ann:p@ss@db/x: gone", "lost postgresql://***@db/x: gone"),
        ("postgresql://db/x?user=ann&password=secret", "postgresql://db/x?user=ann&password=***"),
        ("https://example.org/a", "https://example.org/a"),
    ],
)
def test_credentials_are_masked_wherever_a_url_stands(shown, masked):
    assert without_secrets({"a": [shown, 1]}) == {"a": [masked, 1]}


def test_credentials_in_a_failures_reason_are_not_shown(make_study, make_config, tmp_path):
    study = make_study()
    study.add(make_config(8), [], failed=1)
    study.rows[0]["failure"] = "lost postgresql://ann:s/ec@ret@db/x"
    index = build_report(study.tables(), tmp_path / "report")
    text = (index.parent / page_name("jazz")).read_text()
    assert "lost postgresql://***@db/x" in text
    assert "ret@" not in text


@pytest.mark.parametrize(
    ("finalists", "said"),
    [
        (1, "the best one and the paper's"),
        (2, "the best 2, the one of lowest NLL among them, and the paper's"),
        (4, "the best 4, the one of lowest NLL among them, and the paper's"),
    ],
)
def test_what_was_asked_names_the_finalists(make_study, finalists, said):
    tables = make_study(purpose="representation").tables()
    assert said in asked_line(asking(tables, finalists=finalists))


def test_what_was_asked_names_the_purpose(make_study):
    said = asked_line(make_study(purpose="density").tables())
    assert said.endswith("Asked for density: the lowest NLL.")


def test_files_that_file_managers_leave_do_not_hinder_a_rebuild(report, four_methods):
    (report.parent / ".DS_Store").write_bytes(b"")
    build_report(four_methods.tables(), report.parent)
    assert not (report.parent / ".DS_Store").exists()


def test_a_partial_study_has_an_honest_page(make_study, make_config, tmp_path):
    study = make_study(state="running", genres=("jazz", "rock"))
    study.add(make_config(8), [560.0] * 3, planned=10, phase="methods", method="lstm_vae", failed=1)
    index = build_report(study.tables(), tmp_path / "report")
    jazz = (index.parent / page_name("jazz")).read_text()
    assert "No recommendation yet for" in jazz
    assert "No configuration has all 10 seeds yet" in jazz
    assert "LSTM-VAE: 3 of 10 seeds" in jazz
    assert "No run has ended yet of: VAE-BOW, MuseBar, MuseBar-BOW." in jazz
    assert "loss is NaN" in jazz
    rock = (index.parent / page_name("rock")).read_text()
    assert "No run has ended yet" in rock
    assert "The study is running" in index.read_text()


def test_a_study_before_its_corpus_has_a_page(make_study, tmp_path):
    index = build_report(make_study(genres=(), state="running").tables(), tmp_path / "report")
    assert "the corpus has not been built" in index.read_text()


def test_the_genre_page_has_figures_tables_and_words(report):
    parser = links(report.parent / page_name("jazz"))
    assert {"fig-bce-mi", "fig-kl-mi", "fig-methods", "fig-curves"} <= set(parser.ids)
    assert {
        "table-methods-test",
        "table-methods-validation",
        "table-configurations",
        "table-failures",
        "table-alternatives",
    } <= set(parser.ids)
    text = (report.parent / page_name("jazz")).read_text()
    assert "10 of 10, collapsed" in text
    assert "cover seeds, not the choice of songs" in text
    assert "For reconstruction" in text


def test_a_scale_below_the_papers_stands_on_the_first_page(report):
    text = report.read_text()
    assert "T = 64 steps a snippet · H = 48 units · 100 epochs" in text
    assert "Small scale: the paper used 240 steps" in text


def test_a_rebuild_replaces_the_report(report, four_methods, make_study):
    fresh = build_report(make_study(name="other").tables(), report.parent)
    assert "other" in fresh.read_text()
    assert [path.name for path in report.parent.parent.iterdir()] == ["report"]


def test_an_interrupted_build_leaves_the_old_report(report, four_methods, monkeypatch):
    before = contents(report.parent)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "study_pages", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_report(four_methods.tables(), report.parent)
    assert contents(report.parent) == before
    assert [path.name for path in report.parent.parent.iterdir()] == ["report"]


def test_a_folder_of_other_files_is_never_replaced(four_methods, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        build_report(four_methods.tables(), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_the_strip_marks_the_regularized_bars(make_config):
    found = strip(make_config(8, 4, "linear"))
    assert [k for k, bar in enumerate(found.bars) if bar.regularized] == [3, 7, 11, 15]
    assert found.ramp.startswith("0.0,42.0 ")
    assert found.ramp.endswith("600.0,2.0")


def test_too_few_snippets_for_the_longest_code_are_said_on_both_pages(
    make_study, make_config, tmp_path
):
    study = make_study()
    study.snippets = 200
    study.add(make_config(8), [560.0] * 10)
    study.add(make_config(32), [580.0] * 10)
    index = build_report(study.tables(), tmp_path / "report")
    for page in (index, index.parent / page_name("jazz")):
        assert "L = 32: N = 200 snippets on validation and N" in page.read_text()


def test_too_few_snippets_are_said_once_where_the_longest_code_is_chosen(
    make_study, make_config, tmp_path
):
    study = make_study()
    study.snippets = 200
    study.add(make_config(32), [560.0] * 10)
    index = build_report(study.tables(), tmp_path / "report")
    for page in (index, index.parent / page_name("jazz")):
        assert page.read_text().count("under 10 L") == 1


def test_the_methods_section_is_named_after_what_is_in_it(make_study, make_config, tmp_path):
    study = make_study(confirm=2, state="running")
    study.add(make_config(8), [560.0, 561.0])
    text = (build_report(study.tables(), tmp_path / "a").parent / page_name("jazz")).read_text()
    assert "<h2>The choice</h2>" in text
    assert "Search figures" not in text
    study.add(make_config(16), [570.0, 571.0], phase="methods", method="lstm_vae")
    text = (build_report(study.tables(), tmp_path / "b").parent / page_name("jazz")).read_text()
    assert "<h2>Methods and the choice</h2>" in text
    assert "No run has ended yet of: VAE-BOW, MuseBar, MuseBar-BOW." in text


def test_every_table_with_a_bce_holds_the_baselines_and_shows_measures_first(report):
    text = (report.parent / page_name("jazz")).read_text()
    for name in ("alternatives", "configurations", "methods-test", "seeds", "curves"):
        (table,) = re.findall(rf'id="table-{name}".*?</table>', text, re.DOTALL)
        assert "<td>Markov chain (baseline)" in table
    (header,) = re.findall(r'data-name="configurations".*?</thead>', text, re.DOTALL)
    assert re.findall(r"<th [^>]*>([^<]*)<", header)[:5] == [
        "configuration",
        "stage",
        "BCE",
        "KL",
        "MI lower",
    ]
    assert "at most log N = 6.93 (N = 1,024)" in text


def test_hours_are_said_for_what_they_are(report):
    text = report.read_text()
    assert "CPU-hours</b> of seed runs" in text
    assert "Attempts that failed and were retried are not counted" in text
