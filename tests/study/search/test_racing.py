from __future__ import annotations

import numpy as np
import pytest

from study.search.racing import Contender, judge
from study.spec.model import Objective

BCE = (Objective.BCE,)
BOTH = (Objective.BCE, Objective.MI_LOWER)


LEVEL_BCES = (10.0, 10.2, 9.8, 10.1, 9.9, 10.0)
"""Their standard error is 0.058."""


def contender(config_id, shift, **changes):
    return Contender(config_id, (tuple(b + shift for b in LEVEL_BCES),), **changes)


def verdicts(*contenders, objectives=BCE):
    return {v.config_id: v for v in judge(contenders, 6, 10, objectives)}


def test_what_is_worse_on_every_seed_beyond_the_bests_error_is_dropped():
    told = verdicts(contender("a", 0), contender("b", 1), contender("c", 0.05))
    assert [told[i].kept for i in "abc"] == [True, False, True]
    assert told["b"].statistic == pytest.approx(1)
    assert told["b"].p_value == pytest.approx(1 / 64)
    assert "cut at 0.025 or less" in told["b"].reason


def test_five_rivals_leave_six_seeds_too_few_to_drop_anybody():
    told = verdicts(*(contender(i, shift) for i, shift in zip("abcde", range(5), strict=True)))
    assert all(verdict.kept for verdict in told.values())


def test_the_informative_finalist_stays_however_worse_it_is():
    told = verdicts(contender("a", 0), contender("b", 9, kept_as="the candidate for the curious"))
    assert told["b"].kept
    assert "kept as the candidate for the curious" in told["b"].reason


def test_who_can_no_longer_be_eligible_is_dropped_with_that_reason():
    told = verdicts(
        contender("a", 5),
        contender("b", 0, collapsed=3),
        Contender("c", (LEVEL_BCES[:5],), failed=1),
        contender("d", 5, collapsed=2),
    )
    assert [told[i].kept for i in "abcd"] == [True, False, False, True]
    assert "3 of 6 seeds collapsed, and at most 2 of 10 may" in told["b"].reason
    assert "1 of 6 seeds failed" in told["c"].reason


def test_where_no_finalist_can_be_eligible_the_best_of_them_stays():
    told = verdicts(contender("a", 1, collapsed=6), contender("b", 0, collapsed=6))
    assert [told[i].kept for i in "ab"] == [False, True]


def test_with_two_objectives_only_what_is_worse_in_both_is_dropped():
    def both(config_id, bce, mi):
        costs = tuple(tuple(b + shift for b in LEVEL_BCES) for shift in (bce, -mi))
        return Contender(config_id, costs)

    told = verdicts(both("a", 0, 5), both("b", 5, 1), objectives=BOTH)
    assert [told[i].kept for i in "ab"] == [True, False]
    told = verdicts(both("a", 0, 5), both("b", 5, 6), objectives=BOTH)
    assert [told[i].kept for i in "ab"] == [True, True]


def wrong_cuts(offset_in_errors, studies, rung, rivals=2, spread=1.0, between=1.0, full=10):
    """Share of simulated rungs that cut the finalist ``offset`` standard errors off the best.

    Values are a seed's effect, common to all, plus noise of each configuration's own.
    """
    rng = np.random.default_rng(rung * 1000 + rivals)
    offset = offset_in_errors * np.hypot(spread, between) / np.sqrt(full)
    means = np.array([0.0, offset] + [offset] * (rivals - 1))
    cut = 0
    for _ in range(studies):
        seeds = between * rng.standard_normal(rung)
        values = means[:, None] + seeds + spread * rng.standard_normal((rivals + 1, rung))
        contenders = [Contender(str(i), (tuple(row),)) for i, row in enumerate(values)]
        told = {v.config_id: v for v in judge(contenders, rung, full, BCE)}
        cut += not told["1"].kept
    return cut / studies


@pytest.mark.parametrize("rung", [6, 8])
def test_a_finalist_within_a_standard_error_of_the_best_is_hardly_ever_cut(rung):
    assert wrong_cuts(1.0, 800, rung) <= 0.05
