"""How often one configuration beats another on a seed, where a hand can count it."""

import pytest

from reports.stats.improvement import improvement
from study.statistics.intervals import mean_over_seeds


@pytest.mark.parametrize(
    ("costs", "share", "interval", "wins", "ties"),
    [
        ([-1.0, -2.0], 1.0, (0.025**0.5, 1.0), 2, 0),
        ([1.0, 2.0], 0.0, (0.0, 1 - 0.025**0.5), 0, 0),
        ([0.0, 0.0], 0.5, (0.0, 1.0), 0, 2),
        ([-1.0, 0.0], 0.75, (1 - 0.975**0.5, 1.0), 1, 1),
        ([-1.0, 3.0], 0.5, (1 - 0.975**0.5, 0.975**0.5), 1, 0),
        ([-1.0], 1.0, (0.025, 1.0), 1, 0),
    ],
)
def test_a_lower_cost_wins_a_seed_and_ties_are_held_against_either_end(
    costs, share, interval, wins, ties
):
    found = improvement(mean_over_seeds(dict(enumerate(costs))))
    assert (found.share, found.wins, found.ties) == (share, wins, ties)
    assert found.interval == pytest.approx(interval)
    assert found.n_seeds == len(costs)
