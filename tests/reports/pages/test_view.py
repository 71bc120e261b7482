"""What a study's pages share: how far it is, when it ended, what it answers."""

import pytest

from reports.answers.unchosen import NothingWorks, Shortfall
from reports.pages.study import _planned, study_pages
from reports.pages.view import view
from study.statistics.purposes import Purpose

GENRES = ("jazz", "rock")


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_study_that_goes_on_says_how_many_runs_are_done_of_those_planned(
    make_study, make_config, state
):
    study = make_study(state=state)
    study.add(make_config(8), [500.0] * 3, failed=1, planned=1500)
    assert view(study.tables()).partial == (
        f"Not finished: the study is {state}, 3 of 1,500 seed runs planned so far are done."
    )
    study.state = "finished"
    assert view(study.tables()).partial is None


def test_its_date_is_that_of_the_last_run(make_study, make_config):
    study = make_study()
    assert view(study.tables()).date == ""
    study.add(make_config(8), [500.0] * 3)
    for row, day in zip(study.rows, ("02", "09", "03"), strict=True):
        row["finished_at"] = f"2026-01-{day}T10:00:00Z"
    assert view(study.tables()).date == "2026-01-09"


def test_it_knows_its_music_its_versions_and_its_seeds(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    study.add(make_config(8), [500.0])
    found = view(study.tables())
    assert found.versions == ()
    study.rows[0]["versions"] = '{"musebar-study":"1.2","torch":"2.9.0"}'
    found = view(study.tables())
    assert (found.name, found.wanted, found.versions) == ("demo", 10, ("1.2",))
    assert found.fingerprints == {"jazz": "f" * 64, "rock": "f" * 64}
    assert [genre.name for genre in found.genres] == ["jazz", "rock"]
    assert found.colours["jazz"] != found.colours["rock"]
    assert (found.running, found.log, found.music, found.silent) == ((), "", {}, {})


def test_a_genre_is_answered_for_the_studys_purpose_and_then_for_the_others(
    make_study, make_config
):
    study = make_study(purpose="reconstruction")
    study.add(make_config(8), [500.0] * 10)
    (genre,) = view(study.tables()).genres
    found = genre.found
    assert found.answer.aim.purpose is Purpose.RECONSTRUCTION
    assert [one.aim.purpose for one in found.others] == [Purpose.REPRESENTATION, Purpose.DENSITY]
    assert (found.missing, genre.closest) == (None, None)
    assert genre.chosen is found.answer.chosen
    assert genre.baselines["test"]["markov"] == 627.0
    assert genre.compared == (genre.chosen,)


def test_a_genre_without_an_answer_says_why_and_what_comes_closest(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    study.add(make_config(8), [700.0] * 10)
    study.add(make_config(16), [690.0] * 10)
    study.add(make_config(8), [500.0] * 2, genre="rock", planned=10)
    jazz, rock = view(study.tables()).genres
    assert isinstance(jazz.found.missing, NothingWorks)
    assert jazz.closest.config.model.latent_length == 16
    assert isinstance(rock.found.missing, Shortfall)
    assert (rock.closest, rock.chosen, rock.found.others) == (None, None, ())


def test_a_purpose_that_cannot_be_served_is_left_out(make_study, make_config):
    study = make_study(purpose="density")
    study.add(make_config(8), [500.0] * 10)
    for row in study.rows:
        row["validation_mi_lower"] = None
    (genre,) = view(study.tables()).genres
    assert [one.aim.purpose for one in genre.found.others] == [Purpose.RECONSTRUCTION]


def test_pages_stand_in_the_order_of_the_navigation_and_one_can_be_asked_for(rich_tables):
    seen = view(rich_tables("demo", ("jazz", "rock")))
    topics = [f"{one}-{genre}.html" for one in ("search", "collapse", "genre") for genre in GENRES]
    order = ["index.html", "methods.html", "latent-length.html", "regularizers.html"]
    files = [place.file for place, _ in _planned(seen)]
    assert files == [*order, "heatmaps.html", *topics]
    assert [file for file, _ in study_pages(seen, only="genre-rock.html")] == ["genre-rock.html"]
