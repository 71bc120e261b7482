"""A search drawn, by the traces: its course, its spread, its front."""

import pytest

from reports.answers.search import search
from reports.answers.summaries import summaries
from reports.figures.search import edf, history, pareto
from reports.figures.style import CHOSEN_COLOUR


@pytest.fixture
def course(make_study, make_config):
    """Five by the order of ending: BCE and MI; of the third two of three seeds collapsed."""
    study = make_study()
    tried = [(510, 1.0), (502, 2.0), (506, 9.0), (504, 4.0), (501, 1.5)]
    for at, (bce, mi) in enumerate(tried):
        n = 3 if at == 2 else 2
        bces = [bce] * n
        study.add(
            make_config(4 + at), bces, phase="search", mi=(mi, mi + 1), collapsed=2 * (at == 2)
        )
        for row in study.rows[-n:]:
            row["finished_at"] = f"2026-01-01T00:00:1{at}Z"
    tables = study.tables()
    return search(tables, "jazz", summaries(tables, "jazz"))


def test_the_course_has_a_dot_a_configuration_a_cross_where_it_collapsed_and_the_lowest_so_far(
    course,
):
    drawn = history(course, {"markov": 512.0}, "#123456")
    dots, crosses, lowest = drawn.data
    assert (dots.name, list(dots.x), list(dots.y)) == (
        "configuration",
        [1, 2, 4, 5],
        [510, 502, 504, 501],
    )
    assert (crosses.name, list(crosses.x), list(crosses.y)) == ("collapsed", [3], [506])
    assert (dots.marker.symbol, crosses.marker.symbol) == ("circle", "x-thin")
    assert dots.marker.color == crosses.marker.color == "#123456"
    assert (list(lowest.x), list(lowest.y)) == ([1, 2, 3, 4, 5], [510, 502, 502, 502, 501])
    assert lowest.line.shape == "hv"
    assert list(crosses.customdata) == [course.trials[2].row.config_id]
    assert crosses.text[0].split("<br>") == [
        "3. L 6 · r 1 · constant",
        f"{course.trials[2].row.config_id}, 3 seeds",
        "BCE 506.0 [506.0, 506.0]",
        "MI 3.00 to 3.40 nats",
        "collapsed 2 of 3",
    ]
    low, high = drawn.layout.yaxis.range
    assert low < 501 < 512 < high
    assert len(drawn.layout.shapes) == 1
    assert drawn.layout.yaxis.title.text == "validation BCE (nats per snippet)"


def test_a_share_is_of_those_at_or_under_a_bce():
    drawn = edf({"searched": [3.0, 1.0], "confirmed": [2.0], "tried": [5.0]}, {"markov": 4.0})
    searched, confirmed, tried = drawn.data
    assert (list(searched.x), list(searched.y)) == ([1.0, 3.0], [0.5, 1.0])
    assert [one.name for one in drawn.data] == ["searched (2)", "confirmed (1)", "tried (1)"]
    assert len({one.line.color for one in drawn.data}) == 3
    assert confirmed.line.color == CHOSEN_COLOUR
    assert {one.line.shape for one in drawn.data} == {"hv"}
    assert tried.hovertemplate.startswith("%{y:.0%} at or under %{x:.2f}")
    low, high = drawn.layout.xaxis.range
    assert low < 1 < 5 < high
    (line,) = drawn.layout.shapes
    assert (line.x0, line.x1) == (4.0, 4.0)
    assert drawn.layout.yaxis.tickformat == ".0%"


def test_the_front_is_a_line_of_steps_and_the_recommended_one_a_star(course):
    chosen = course.trials[1].row
    drawn = pareto(course.trials, {}, "#123456", chosen)
    beaten, front, star = drawn.data
    # of 504 and 4 nats, 502 and 2, 501 and 1.5 none beats another
    assert (list(front.x), list(front.y)) == ([501, 502, 504], [1.5, 2.0, 4.0])
    assert (front.mode, front.line.shape) == ("lines+markers", "hv")
    assert sorted(beaten.x) == [506, 510]
    assert (star.name, list(star.x), star.marker.color) == ("recommended", [502], CHOSEN_COLOUR)
    assert (drawn.layout.xaxis.title.text, drawn.layout.yaxis.title.text) == (
        "validation BCE (nats per snippet)",
        "MI, lower bound (nats)",
    )
    assert list(drawn.layout.yaxis.range) == pytest.approx([-0.2, 4.6])
    assert len(pareto(course.trials, {}, "#123456").data) == 2


def test_marks_of_the_front_have_the_intervals_of_both(make_study, make_config):
    study = make_study(confirm=3)
    for latent in range(4, 9):
        bces = [500.0 + latent, 501.0 + latent, 502.0 + latent]
        study.add(make_config(latent), bces, mis=[0.1, 0.2, 0.3])
    tables = study.tables()
    found = search(tables, "jazz", summaries(tables, "jazz"))
    drawn = pareto(found.trials, {}, "#000")
    (_, front) = drawn.data
    trial = min(found.trials, key=lambda one: one.bce)
    figures = trial.figures
    assert list(front.error_x.array) == [pytest.approx(figures.bce.interval[1] - figures.bce.mean)]
    assert list(front.error_y.array) == [
        pytest.approx(figures.mi_lower.interval[1] - figures.mi_lower.mean)
    ]
    # information under half a nat leaves the window at that of an empty code
    assert drawn.layout.yaxis.range[1] == pytest.approx(0.575)
