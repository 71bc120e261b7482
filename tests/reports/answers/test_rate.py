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
