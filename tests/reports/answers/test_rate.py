import pytest

from reports.answers.rate import Trade, rate_distortion
from reports.answers.summaries import summaries
from reports.figures.rate import rate_figure


@pytest.fixture
def rows(make_study, make_config):
    """Four configurations: KL, BCE and MI by hand; the last is beaten in all, and undertrained."""
    study = make_study(confirm=2)
    for latent, kl, bce, mi in ((4, 2, 560, 1), (8, 4, 550, 2), (16, 8, 548, 5), (32, 9, 700, 0.9)):
        study.add(make_config(latent), [bce, bce], kl=kl, mi=(mi, mi + 0.5), nlls=[bce + kl] * 2)
    return summaries(study.tables(), "jazz")


def test_the_frontier_holds_what_none_beats_in_rate_and_distortion(rows):
    found = rate_distortion(rows, None, 2, Trade.KL_BCE)
    assert [(p.rate, p.distortion) for p in found.frontier] == [(2, 560), (4, 550), (8, 548)]
    found = rate_distortion(rows, None, 2, Trade.MI_NLL)
    assert found.distortion == "nll"
    assert [(p.rate, p.distortion) for p in found.frontier] == [(2, 554), (5, 556)]


def test_one_configuration_has_nothing_to_trade(rows):
    assert rate_distortion(rows[:1], None, 2, Trade.KL_BCE) is None


def test_the_figure_names_what_is_undertrained_and_the_line_of_equal_elbo(rows):
    found = rate_distortion(rows, None, 2, Trade.KL_BCE)
    drawn = {trace.name: trace for trace in rate_figure(found).data}
    assert list(drawn["undertrained"].y) == [700.0]
    line = drawn["equal ELBO, the best here"]
    assert [x + y for x, y in zip(line.x, line.y, strict=True)] == [554.0, 554.0]


def test_where_nll_was_not_measured_minus_elbo_stands_for_it(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0] * 2, kl=2.0, mi=(1.0, 1.5))
    study.add(make_config(16), [550.0] * 2, kl=4.0, mi=(2.0, 2.5))
    study.rows[0]["validation_nll"] = study.rows[1]["validation_nll"] = None
    rows = summaries(study.tables(), "jazz")
    found = rate_distortion(rows, rows[0], 2, Trade.MI_NLL)
    assert found.distortion == "elbo"
    assert sorted((p.rate, p.distortion, p.front) for p in found.points) == [
        (1.0, 562.0, False),
        (2.0, 554.0, True),
    ]
    assert [p.rate for p in found.points] == [1.0, 2.0]
    assert [p.row for p in found.points if p.chosen] == [rows[0]]


def test_of_equal_points_both_are_on_the_front(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16):
        study.add(make_config(latent), [560.0] * 2, kl=2.0)
    found = rate_distortion(summaries(study.tables(), "jazz"), None, 2, Trade.KL_BCE)
    assert len(found.frontier) == 2
    ids = [point.row.config_id for point in found.points]
    assert ids == sorted(ids)
