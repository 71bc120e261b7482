from __future__ import annotations

import numpy as np
import pytest

from study.search.racing import Contender, judge
from study.statistics.purposes import Aim, Purpose
from tests.study.search.measured import measured

DENSITY, REPRESENTATION = Aim(Purpose.DENSITY), Aim()

LEVEL_NLLS = (10.0, 10.2, 9.8, 10.1, 9.9, 10.0)


def contender(config_id, shift, *, mi=0.0, failed=0, kept_as="", seeds=6, **rest):
    nlls = [nll + shift for nll in LEVEL_NLLS[:seeds]]
    wobble = [0.1 * ((i + len(config_id) + ord(config_id)) % 3) for i in range(seeds)]
    mis = [1.0 + mi + w for w in wobble]
    return Contender(measured(config_id, nlls, mis, **rest), failed=failed, kept_as=kept_as)


def verdicts(*contenders, aim=DENSITY):
    return {v.config_id: v for v in judge(contenders, 6, 10, aim)}


def test_what_is_worse_on_every_seed_is_dropped():
    told = verdicts(contender("a", 0), contender("b", 1), contender("c", 0))
    assert [told[i].kept for i in "abc"] == [True, False, True]
    assert told["b"].statistic == pytest.approx(1)
    assert told["b"].p_value == pytest.approx(1 / 64)
    assert "cut at 0.025 or less" in told["b"].reason


def test_five_rivals_leave_six_seeds_too_few_to_drop_anybody():
    told = verdicts(*(contender(i, shift) for i, shift in zip("abcde", range(5), strict=True)))
    assert all(verdict.kept for verdict in told.values())


def test_who_is_kept_as_something_stays_however_worse_it_is():
    told = verdicts(contender("a", 0), contender("b", 9, kept_as="the anchor"))
    assert told["b"].kept
    assert "kept as the anchor" in told["b"].reason


def test_collapse_drops_nobody_and_failure_and_plateaus_do():
    told = verdicts(
        contender("a", 0),
        contender("b", 0, collapsed=6),
        contender("c", 0, seeds=5, failed=1),
        contender("d", 0, undertrained=6),
    )
    assert [told[i].kept for i in "abcd"] == [True, True, False, False]
    assert "1 of 6 seeds failed" in told["c"].reason
    assert "6 of 6 seeds undertrained, more than half of 10" in told["d"].reason


def test_where_no_finalist_can_have_a_full_count_that_counts_the_best_of_them_stays():
    told = verdicts(contender("a", 1, undertrained=6), contender("b", 0, undertrained=6))
    assert [told[i].kept for i in "ab"] == [False, True]


def test_a_representation_drops_who_says_less_at_the_same_nll():
    told = verdicts(contender("a", 0), contender("b", 0, mi=2), aim=REPRESENTATION)
    assert [told[i].kept for i in "ab"] == [False, True]
    assert "worse for representation than b" in told["a"].reason


def test_a_representation_drops_who_says_more_at_an_nll_beyond_the_tolerance():
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 6))

    def noisy(config_id, row, shift, mi):
        nlls = [10 + shift + e for e in noise[row]]
        return Contender(measured(config_id, nlls, [mi + e for e in noise[row][::-1]]))

    told = verdicts(
        noisy("a", 0, 0, 1), noisy("b", 1, 0, 1), noisy("c", 2, 5, 50), aim=REPRESENTATION
    )
    assert not told["c"].kept
    assert "beyond the tolerance" in told["c"].reason


@pytest.mark.parametrize("rung", [6, 8, 10])
@pytest.mark.parametrize("aim", [DENSITY, REPRESENTATION], ids=str)
def test_a_finalist_as_good_as_the_others_is_hardly_ever_cut(rung, aim):
    rng, cut, trials = np.random.default_rng(rung), 0, 400
    for _ in range(trials):
        seeds = rng.normal(0, 1, rung)
        contenders = [
            Contender(
                measured(name, 10 + seeds + rng.normal(0, 1, rung), 2 + rng.normal(0, 1, rung))
            )
            for name in "abcd"
        ]
        cut += any(not v.kept for v in judge(contenders, rung, 20, aim))
    assert cut / trials <= 0.05
