import json

import pytest
from click.testing import CliRunner

from musebar.commands.recommend import recommend
from musebar.commands.report import report
from musebar_core.errors import UnknownNameError, UsageError
from study.results import tables


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
