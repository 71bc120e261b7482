import dataclasses
from dataclasses import replace

import pandas as pd
import pytest

from reports.answers import search as answers_search
from reports.answers.search import PassedOver, importance, left_behind, pareto_front, search
from reports.answers.summaries import summaries
from reports.figures.search import edf, history, pareto
from reports.figures.settings import contour, parallel, slice_panel
from reports.words.search import left_text
from study.results.columns import DECISIONS


@pytest.fixture
def searched(make_study, make_config):
    """Six searched configurations, BCE 510, 502, 504, 506, 501, 508; two were confirmed."""
    study = make_study(confirm=2)
    places = [(4, 1), (8, 1), (16, 1), (4, 4), (8, 4), (16, 4)]
    bces, mis = [510, 502, 504, 506, 501, 508], [1.0, 2.0, 4.0, 0.5, 1.5, 5.0]
    for at, ((latent, r), bce, mi) in enumerate(zip(places, bces, mis, strict=True)):
        study.add(
            make_config(latent, r),
            [bce, bce],
            phase="search",
            mi=(mi, mi + 0.5),
            collapsed=2 * (at == 3),
        )
        for row in study.rows[-2:]:
            row["finished_at"] = f"2026-01-01T00:00:{10 + at}Z"
    for at in (4, 1):
        study.add(make_config(*places[at]), [505.0, 505.0])
    return study


def found(study):
    tables = study.tables()
    return search(tables, "jazz", summaries(tables, "jazz"))


def test_the_course_is_in_the_order_of_ending_with_the_lowest_so_far(searched):
    course = found(searched)
    assert [trial.bce for trial in course.trials] == [510, 502, 504, 506, 501, 508]
    assert course.best_so_far == (510, 502, 502, 502, 501, 501)
    assert course.names == ("latent_length", "regularizers")
    assert course.is_search


def test_a_few_configurations_are_no_search(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16, 32):
        study.add(make_config(latent), [500.0], phase="search")
    assert found(study) is None
    study.add(make_config(64), [500.0], phase="search")
    assert found(study) is not None


def test_a_grid_is_shown_as_one(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (4, 8, 16, 32, 64):
        study.add(make_config(latent), [500.0 + latent, 501.0])
    assert not found(study).is_search


def test_the_front_keeps_what_none_beats_in_both(searched):
    front = pareto_front(found(searched).trials)
    assert [(trial.bce, trial.information) for trial in front] == [
        (501, 1.5),
        (502, 2.0),
        (504, 4.0),
        (508, 5.0),
    ]


def test_the_front_keeps_all_equal_ones_and_none_that_was_not_measured(searched):
    first, *others = found(searched).trials
    means = {k: v for k, v in first.figures.means.items() if k != "mi_lower"}
    figures = dataclasses.replace(first.figures, means=means)
    unmeasured = dataclasses.replace(
        first, number=99, row=dataclasses.replace(first.row, validation=figures)
    )
    best = pareto_front(others)[0]
    twin = dataclasses.replace(best, number=100)
    front = pareto_front([unmeasured, *others, twin])
    assert [trial.number for trial in front[:2]] == [best.number, 100]
    assert 99 not in {trial.number for trial in front}


def test_whoever_was_left_behind_is_named_with_the_reason(searched):
    tables = searched.tables()
    left = left_behind(tables, "jazz", summaries(tables, "jazz"))
    assert [one.row.validation.bce.mean for one in left] == [504, 506, 508, 510]
    assert [one.reason for one in left[:2]] == [PassedOver.NOT_AMONG_BEST, PassedOver.COLLAPSED]
    assert "2 of 2 seeds collapsed" in left_text(left[1])
    assert "not among the best for the study's purpose" in left_text(left[0])
    assert "(2 went)" in left_text(left[0])


def test_recorded_decisions_name_the_stage_the_reason_and_the_test(searched, make_config):
    tables = searched.tables()
    names = [column.name for column in DECISIONS]
    made = [
        ("jazz", make_config(4, 1), "search", 2, "passed over", "not among the best", None),
        ("jazz", make_config(8, 1), "race", 2, "dropped", "worse on 6 of 6 seeds", 0.031),
        ("jazz", make_config(8, 4), "race", 2, "kept", "the best", None),
    ]
    rows = [
        ("demo", genre, config.config_id, stage, seeds, decision, reason, 1.0, p)
        for genre, config, stage, seeds, decision, reason, p in made
    ]
    tables = replace(tables, decisions=pd.DataFrame(rows, columns=names))
    raced, passed = left_behind(tables, "jazz", summaries(tables, "jazz"))
    assert (raced.stage, raced.reason, raced.p_value) == ("race", "worse on 6 of 6 seeds", 0.031)
    assert (raced.row.phase, raced.row.validation.bce.mean) == ("confirm", 505.0)
    assert (passed.stage, passed.p_value, passed.row.phase) == ("search", None, "search")


def test_nobody_is_left_behind_before_the_confirmation(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], phase="search")
    tables = study.tables()
    assert left_behind(tables, "jazz", summaries(tables, "jazz")) == ()


def test_the_setting_that_decides_is_the_most_important(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16, 32):
        for r in (1, 4, 16):
            bce = 500.0 + latent + 0.1 * ((latent * 7 + r * 3) % 5)
            study.add(make_config(latent, r), [bce, bce + 0.2], phase="search")
    course = found(study)
    weighed = importance(course)
    assert [one.name for one in weighed.settings] == ["latent_length", "regularizers"]
    first, second = weighed.settings
    assert first.share + second.share == pytest.approx(1.0)
    assert first.interval[0] > second.interval[1]
    assert importance(course) == weighed


def test_which_settings_can_be_weighed_is_asked_once_and_not_for_each_trial(
    make_study, make_config, monkeypatch
):
    study = make_study()
    for latent in (4, 8, 16, 32):
        for r in (1, 4, 16):
            study.add(make_config(latent, r), [500.0 + latent + r], phase="search")
    course, asked = found(study), []

    def count(cells):
        asked.append(cells)
        return True

    monkeypatch.setattr(answers_search, "weighable", count)
    assert importance(course) is not None
    assert len(asked) == len(course.names) == 2


def test_too_few_configurations_say_nothing_of_importance(searched):
    course = found(searched)
    assert importance(course) is None


def test_what_a_schedules_kind_decides_is_no_setting_of_its_own(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16):
        for kind in ("constant", "cyclical"):
            study.add(make_config(latent, 1, kind), [500.0 + latent], phase="search")
    for row in study.rows:
        row["annealing_cycles"] = 4 if row["annealing"] == "cyclical" else 1
    assert found(study).names == ("latent_length", "annealing")


def test_every_figure_of_the_search_shows_every_configuration(searched):
    course, baselines = found(searched), {"markov": 520.0}
    drawn, collapsed, lowest = history(course, baselines, "#000").data
    assert list(drawn.y) + list(collapsed.y) == [510, 502, 504, 501, 508, 506]
    assert collapsed.name == "collapsed"
    assert list(lowest.y) == [510, 502, 502, 502, 501, 501]
    lines = parallel(course)
    assert sum(x == 0 for line in lines.data for x in line.x) == 6
    assert len(slice_panel(course, "regularizers", baselines, "#000").data[0].y) == 6
    shaded, tried = contour(course, "latent_length", "regularizers").data
    assert [list(row) for row in shaded.z] == [[510, 502, 504], [506, 501, 508]]
    assert len(tried.x) == 6
    (steps,) = edf({"searched": [3.0, 1.0, 2.0, 2.0]}, {}).data
    assert (list(steps.x), list(steps.y)) == ([1.0, 2.0, 2.0, 3.0], [0.25, 0.5, 0.75, 1.0])
    rest, front = pareto(course.trials, baselines, "#000").data
    assert (len(rest.x), len(front.x)) == (2, 4)


def test_a_setting_changed_once_is_not_weighed_and_is_named(make_study, make_config):
    study = make_study()
    for at in range(11):
        study.add(make_config(8 + at, 1 + 3 * (at % 2)), [500.0 + at])
    study.add(make_config(30, 1, input_dropout=0.6), [900.0])
    course = found(study)
    assert "regularizers" in course.weighed
    assert "input_dropout" in course.rare


def test_only_numbers_are_shaded_between(make_study, make_config):
    from reports.pages.search import _pair

    study = make_study()
    for at in range(12):
        kind = ("constant", "linear", "cosine")[at % 3]
        study.add(make_config(8, 1 + 3 * (at % 2), kind, free_bits=at % 4), [500.0 + at])
    assert _pair(found(study)) == ("regularizers", "free_bits")


def test_decisions_of_other_genres_leave_nobody_behind_here(searched, make_config):
    tables = searched.tables()
    names = [column.name for column in DECISIONS]
    rows = [
        ("demo", genre, make_config(*place).config_id, stage, 2, decision, "why", 1.0, None)
        for genre, place, stage, decision in (
            ("rock", (4, 1), "search", "passed over"),
            ("jazz", (16, 4), "search", "passed over"),
            ("jazz", (16, 1), "search", "passed over"),
            ("jazz", (99, 1), "search", "passed over"),
            ("jazz", (8, 1), "race", "dropped"),
        )
    ]
    tables = replace(tables, decisions=pd.DataFrame(rows, columns=names))
    left = left_behind(tables, "jazz", summaries(tables, "jazz"))
    # the race first, and then by BCE
    assert [(one.stage, one.row.validation.bce.mean) for one in left] == [
        ("race", 505.0),
        ("search", 504.0),
        ("search", 508.0),
    ]
    assert [one.n_confirmed for one in left] == [None] * 3


def test_a_search_is_that_of_its_genre_and_stands_in_the_order_of_ids_without_times(
    make_study, make_config
):
    study = make_study(genres=("jazz", "rock"))
    for latent in (4, 8, 16, 32, 64):
        study.add(make_config(latent), [500.0], phase="search")
        study.add(make_config(latent), [400.0], phase="search", genre="rock")
    for row in study.rows:
        row["finished_at"] = None if row["genre"] == "jazz" else f"2026-{row['latent_length']}"
    ids = [trial.row.config_id for trial in found(study).trials]
    assert ids == sorted(ids)
    assert [trial.number for trial in found(study).trials] == [1, 2, 3, 4, 5]
    assert {trial.bce for trial in found(study).trials} == {500.0}
