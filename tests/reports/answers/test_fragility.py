"""One more collapse: which run of which arm, and by how much."""

import pytest

from reports.answers.arms import ArmRuns
from reports.answers.claims import Measure
from reports.answers.fragility import figures_of_collapsed, one_more_collapse

EMPTY = 0.1


def arm(values, collapsed=(), measure=Measure.MI):
    runs = {
        seed: {measure: value, Measure.COLLAPSED: float(seed in collapsed)}
        for seed, value in enumerate(values)
    }
    return {"jazz": ArmRuns(len(values), runs)}


def stressed(better, rival, measure=Measure.MI, figures=None, n_genres=1):
    pairs = zip(better["jazz"].trained.items(), rival["jazz"].trained.values(), strict=True)
    differences = {seed: (ours[measure] - its[measure]) / n_genres for (seed, ours), its in pairs}
    figures = {"jazz": EMPTY} if figures is None else figures
    return one_more_collapse(differences, (better, rival), measure, figures, n_genres)


def test_the_favoured_arm_loses_the_run_that_it_can_least_spare():
    # the run of 5 nats would lose 4.9 of them
    found = stressed(arm([3.0, 5.0, 4.0]), arm([1.0, 1.0, 1.0]))
    assert found == {0: 2.0, 1: pytest.approx(-0.9), 2: 3.0}


def test_where_the_rival_is_favoured_its_own_run_collapses():
    found = stressed(arm([1.0, 1.0, 1.0]), arm([3.0, 5.0, 4.0]))
    assert found == {0: -2.0, 1: pytest.approx(0.9), 2: -3.0}


def test_of_a_measure_of_which_less_is_better_the_lower_arm_is_favoured():
    better, rival = (arm(v, measure=Measure.BCE) for v in ([90.0, 80.0], [100.0, 100.0]))
    found = stressed(better, rival, Measure.BCE, {"jazz": 110.0})
    assert found == {0: -10.0, 1: pytest.approx(10.0)}


def test_of_several_genres_one_run_counts_for_its_share():
    found = stressed(arm([3.0, 5.0]), arm([1.0, 1.0]), n_genres=2)
    assert found == {0: 1.0, 1: pytest.approx(2.0 - 4.9 / 2)}


def test_a_run_that_has_collapsed_cannot_collapse_again():
    better = arm([3.0, 5.0], collapsed={1})
    assert stressed(better, arm([1.0, 1.0])) == {0: pytest.approx(2.0 - 2.9), 1: 4.0}


def test_a_collapse_that_does_no_harm_or_of_which_nothing_is_known_changes_nothing():
    better, rival = arm([3.0, 5.0]), arm([1.0, 1.0])
    assert stressed(better, rival, figures={"jazz": 9.0}) == {0: 2.0, 1: 4.0}
    assert stressed(better, rival, figures={}) == {0: 2.0, 1: 4.0}


def test_the_figure_of_a_collapsed_run_is_the_mean_over_all_arms_of_its_genre():
    first, second = arm([0.2, 5.0, 9.0], collapsed={0}), arm([0.4, 0.6], collapsed={0, 1})
    assert figures_of_collapsed([first, second], ["jazz", "rock"], Measure.MI) == {
        "jazz": pytest.approx(0.4)
    }
    assert figures_of_collapsed([first, second], ["jazz"], Measure.NLL) == {}


@pytest.mark.parametrize("less", [0.2, -0.2])
def test_a_small_difference_favours_an_arm_as_a_large_one_does(less):
    found = stressed(arm([1.0 + less, 1.0 + less]), arm([1.0, 1.0]))
    # the favoured arm's run of 1.2 (or 1.0) nats falls to 0.1
    lost = (1.0 + max(less, 0.0) - EMPTY) * (-1 if less > 0 else 1)
    assert sorted(found.values()) == pytest.approx(sorted([less, less + lost]))
