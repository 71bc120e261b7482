"""The log of a study: a line a run that has ended, in the order in which they did."""

import pytest

from reports.words.log import log_text
from reports.words.slugs import page_name, slug


def test_runs_stand_in_the_order_of_ending_with_what_became_of_them(make_study, make_config):
    study = make_study(state="stopped")
    config_id = study.add(make_config(8), [500.0, 700.0], failed=1, phase="search")
    for row, second in zip(study.rows, (3, 1, 2), strict=True):
        row["finished_at"] = f"2026-01-01T00:00:0{second}Z"
    study.rows[1]["seconds"] = None
    study.rows[2] |= {"failure": "loss\nis  NaN", "seconds": 36.4}
    head, *lines = log_text(study.tables()).splitlines()
    assert head == "study demo: stopped, 3 seed runs have ended"
    run = f"Z  jazz  {config_id}  seed "
    assert [line.removeprefix("2026-01-01T00:00:0") for line in lines] == [
        f"1{run}1  search: undertrained, validation BCE 700.0",
        f"2{run}2  search: failed, 36 s, loss is NaN",
        f"3{run}0  search: informative, validation BCE 500.0, 36 s",
    ]
    assert log_text(study.tables()).endswith("36 s\n")


def test_of_runs_that_ended_at_once_genres_and_seeds_are_in_order(make_study, make_config):
    study = make_study(genres=("rock", "jazz"))
    for genre in ("rock", "jazz"):
        study.add(make_config(8), [500.0, 501.0], genre=genre)
    lines = log_text(study.tables()).splitlines()[1:]
    assert [(line.split()[1], line.split()[4]) for line in lines] == [
        *(("jazz", "1000"), ("jazz", "1001"), ("rock", "1000"), ("rock", "1001")),
    ]


@pytest.mark.parametrize(
    ("genre", "name"),
    [("jazz", "jazz"), ("hip-hop", "hip-hop"), ("a" * 60, "a" * 60)],
)
def test_a_plain_name_is_its_own_slug(genre, name):
    assert slug(genre) == name
    assert page_name(genre) == f"genre-{name}.html"
    assert page_name(genre, "search") == f"search-{name}.html"


@pytest.mark.parametrize(
    ("genre", "begins"), [("Hip Hop!", "hip-hop-"), ("-jazz-", "jazz-"), ("a" * 61, "a" * 60 + "-")]
)
def test_any_other_name_has_a_slug_with_a_hash_of_its_own(genre, begins):
    found = slug(genre)
    assert found.startswith(begins)
    assert len(found) == len(begins) + 6
    assert len(slug("爵士")) == 6
