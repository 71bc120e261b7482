import json

import pytest
from click.testing import CliRunner

from musebar.commands.recommend import recommend
from musebar.commands.report import report
from musebar_core.errors import UnknownNameError, UsageError
from reports.output.recommendation import NoFullCountError
from study.results import tables
from study.statistics.purposes import Purpose


@pytest.fixture
def home(four_methods, tmp_path, monkeypatch):
    """A home with one study, its tables handed out without a ledger."""

    def load_tables(home, name):
        if name != "demo":
            raise UnknownNameError("study", name, ["demo"])
        return four_methods.tables()

    monkeypatch.setattr(tables, "load_tables", load_tables, raising=False)
    monkeypatch.setattr(tables, "study_names", lambda home: ["demo"], raising=False)
    return tmp_path


def run(command, home, *arguments):
    return CliRunner().invoke(command, list(arguments), obj=home)


def test_recommend_asks_the_newest_study(home):
    found = run(recommend, home, "jazz", "--format", "json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["study"] == "demo"


def test_recommend_asks_the_newest_study_that_has_results_for_the_genre(
    home, four_methods, make_study, monkeypatch
):
    fiddles = make_study(confirm=2).tables()
    by_name = {"fiddles": fiddles, "demo": four_methods.tables()}
    monkeypatch.setattr(tables, "study_names", lambda home: list(by_name))
    monkeypatch.setattr(tables, "load_tables", lambda home, name: by_name[name])
    found = run(recommend, home, "jazz")
    assert "study demo" in found.stdout.splitlines()[0]


@pytest.fixture
def two_studies(home, four_methods, make_study, make_config, monkeypatch):
    """A home whose newest study has fiddle, and polka to come; an older one has jazz."""
    fiddles = make_study(confirm=2, genres=("fiddle", "polka"))
    fiddles.add(make_config(8), [500.0] * 2, genre="fiddle")
    by_name = {"fiddles": fiddles.tables(), "demo": four_methods.tables()}
    monkeypatch.setattr(tables, "study_names", lambda home: list(by_name))
    monkeypatch.setattr(tables, "load_tables", lambda home, name: by_name[name])
    return home


@pytest.mark.parametrize(
    ("genre", "said"),
    [
        ("fiddel", ": did you mean 'fiddle', of study 'fiddles'? (known: fiddle, jazz)"),
        ("jaz", ": did you mean 'jazz', of study 'demo'? (known: fiddle, jazz)"),
        ("xyz", " (known: fiddle, jazz)"),
    ],
)
def test_the_nearest_genre_of_all_studies_is_named_with_its_study(two_studies, genre, said):
    found = run(recommend, two_studies, genre).exception
    assert isinstance(found, UnknownNameError)
    assert str(found) == f"unknown genre '{genre}'{said}"


def test_a_genre_without_results_is_not_called_unknown(two_studies):
    found = run(recommend, two_studies, "polka").exception
    assert isinstance(found, NoFullCountError)


def test_a_study_that_cannot_be_read_is_passed_over_and_named(home, four_methods, monkeypatch):
    def load_tables(home, name):
        if name == "torn":
            raise UsageError("its study.yaml holds no spec")
        return four_methods.tables()

    monkeypatch.setattr(tables, "study_names", lambda home: ["torn", "demo"])
    monkeypatch.setattr(tables, "load_tables", load_tables)
    found = run(recommend, home, "jazz")
    assert found.exit_code == 0
    assert "study 'torn' is passed over: its study.yaml holds no spec" in found.stderr


def test_recommend_answers_in_a_few_lines_and_in_full_where_asked(home):
    few = run(recommend, home, "jazz").stdout.splitlines()
    assert few[0].startswith(("use this for jazz", "any of"))
    assert len(few) <= 6
    assert few[-1].startswith("Train it: musebar")
    full = run(recommend, home, "jazz", "--full").stdout
    assert "How it was chosen" in full
    assert "How it was chosen" not in "\n".join(few)


def test_what_is_surely_better_stands_in_the_first_line(home, make_study, make_config, monkeypatch):
    study = make_study(confirm=6, purpose="representation")
    default = make_config(16, 8, "linear")
    nlls = [560.0] * 6
    study.add(default, nlls, phase="methods", method="musebar_bow", mi=(1.0, 1.5), nlls=nlls)
    # half a nat of NLL above it, with an sd of 0.3: within the tolerance, and four standard errors
    nlls = [560.5 + 0.3 * sign for sign in (1, -1) * 3]
    study.add(make_config(8), nlls, mis=[9.0, 9.1] * 3, nlls=nlls)
    monkeypatch.setattr(tables, "load_tables", lambda home, name: study.tables())
    first, *_ = run(recommend, home, "jazz").stdout.splitlines()
    assert ". But: the paper's default is better" in first
    assert run(recommend, home, "jazz", "--full").stdout.splitlines()[0].count("But: ") == 1


def test_where_nothing_works_yet_strict_exits_with_1(home, make_study, make_config, monkeypatch):
    study = make_study(confirm=2)
    study.add(make_config(8), [9000.0, 9000.0])
    monkeypatch.setattr(tables, "load_tables", lambda home, name: study.tables())
    assert run(recommend, home, "jazz").exit_code == 0
    found = run(recommend, home, "jazz", "--strict")
    assert found.exit_code == 1
    assert "nothing works yet" in found.stdout


def test_a_home_without_studies_says_how_to_launch_one(home, monkeypatch):
    monkeypatch.setattr(tables, "study_names", lambda home: [])
    found = run(recommend, home, "jazz")
    assert isinstance(found.exception, UsageError)
    assert f"`musebar --home {home} study launch quickstart`" in str(found.exception)


def test_what_is_printed_to_go_on_with_works_outside_the_default_home(home, four_methods):
    found = run(recommend, home, "jazz")
    assert f"musebar --home {home} recommend jazz --study demo" in found.stdout
    four_methods.state, four_methods.confirm = "stopped", 99
    found = run(recommend, home, "jazz")
    assert f"`musebar --home {home} study resume demo`" in str(found.exception)


def test_the_help_names_every_purpose(home):
    said = run(recommend, home, "--help").stdout
    assert all(f"{purpose}" in said for purpose in Purpose)


def test_an_unknown_study_is_a_usage_error(home):
    assert isinstance(run(recommend, home, "jazz", "--study", "x").exception, UnknownNameError)


def test_build_prints_the_first_pages_path_last(home):
    found = run(report, home, "build", "demo")
    assert found.stdout.splitlines()[-1] == str(home / "demo" / "report" / "index.html")
    assert (home / "demo" / "report" / "index.html").is_file()


def test_build_goes_where_it_is_told(home, tmp_path):
    found = run(report, home, "build", "demo", "--out", str(tmp_path / "pages"))
    assert found.stdout.splitlines()[-1] == str(tmp_path / "pages" / "index.html")


def test_open_without_a_report_says_to_build_it(home):
    found = run(report, home, "open", "demo")
    assert f"`musebar --home {home} report build demo`" in str(found.exception)
    assert isinstance(run(report, home, "open", "x").exception, UnknownNameError)


def test_one_file_holds_every_page_and_is_the_same_each_time(home):
    found = run(report, home, "build", "demo", "--single-file")
    assert found.exit_code == 0
    file = home / "demo" / "demo.html"
    assert found.stdout.splitlines()[-1] == str(file)
    first = file.read_bytes()
    for page in (b'data-page="index.html"', b'data-page="genre-jazz.html"', b'data-page="config-'):
        assert page in first
    assert b"http-equiv" not in first
    run(report, home, "build", "demo", "--single-file")
    assert file.read_bytes() == first


def test_one_file_never_replaces_another_and_holds_one_study(home):
    mine = home / "thesis.html"
    mine.write_text("years of work")
    found = run(report, home, "build", "demo", "--single-file", "--out", str(mine))
    assert isinstance(found.exception, UsageError)
    assert mine.read_text() == "years of work"
    both = run(report, home, "build", "demo", "other", "--single-file")
    assert "one file holds one study" in str(both.exception)
