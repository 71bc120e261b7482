from __future__ import annotations

import numpy as np
import pytest

from study.search.racing import Contender, RungVerdict, judge
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


def unsteady(config_id, *apart, **rest):
    """A contender whose NLLs are so far above ten on six seeds, in turn."""
    return Contender(measured(config_id, [10.0 + gap for gap in apart]), **rest)


def test_what_each_is_told_says_what_it_was_held_against_and_by_how_much():
    told = verdicts(contender("a", 0), contender("b", 1), contender("c", 3, kept_as="the anchor"))
    assert told["a"] == RungVerdict("a", 6, True, "the best so far")
    assert told["b"].reason == (
        "worse for density than a over 6 paired seeds, beyond a near tie with p = 0.016 "
        "(cut at 0.025 or less)"
    )
    assert told["c"].reason == (
        "worse for density than a over 6 paired seeds, beyond a near tie with p = 0.016 "
        "(cut at 0.025 or less); kept as the anchor"
    )
    assert (told["c"].seeds, told["c"].statistic) == (6, pytest.approx(3))


def test_who_would_be_kept_anyway_is_not_told_to_be_kept_as_something():
    told = verdicts(contender("a", 0), unsteady("b", 1, -1, 1, -1, 1, -1, kept_as="the anchor"))
    assert told["b"].kept
    assert "kept as" not in told["b"].reason


@pytest.mark.parametrize(
    ("others", "level", "kept"),
    [(1, 0.05, False), (2, 0.025, False), (3, 0.0167, False), (4, 0.0125, True)],
)
def test_a_rungs_errors_are_shared_among_its_comparisons(others, level, kept):
    """Six seeds that are all worse have a p of 1 in 64: 0.0156."""
    told = verdicts(contender("a", 0), *(contender(i, 1) for i in "bcde"[:others]))
    assert told["b"].kept is kept
    assert f"(cut at {level:.2g} or less)" in told["b"].reason


def test_those_who_can_have_no_full_count_are_no_comparisons():
    told = verdicts(
        contender("a", 0),
        contender("b", 1),
        *(contender(i, 0, seeds=5, failed=1) for i in "cdef"),
    )
    assert "(cut at 0.05 or less)" in told["b"].reason
    assert not told["b"].kept


@pytest.mark.parametrize(
    ("apart", "p"),
    [
        # mean 1, sd 0, so that nothing is forgiven
        ((1, 1, 1, 1, 1, 1), 1 / 64),
        # mean 2.5 and sd 0.837: a standard error of 0.3416, and 1.5 of them below every one
        ((2, 2, 2, 3, 3, 3), 1 / 64),
        # mean 0.833 and sd 0.931: 0.570 is forgiven, which four are below; no less are the signs
        # that leave both large ones as they are
        ((0, 0, 0.5, 2, 2, 0.5), 16 / 64),
    ],
)
def test_a_difference_has_to_exceed_one_and_a_half_standard_errors(apart, p):
    told = verdicts(unsteady("a", *[0] * 6), unsteady("b", *apart))
    assert told["b"].statistic == pytest.approx(sum(apart) / 6)
    assert told["b"].p_value == pytest.approx(p)


@pytest.mark.parametrize(("undertrained", "kept"), [(5, True), (6, False)])
def test_more_than_half_of_the_full_count_undertrained_is_too_many(undertrained, kept):
    told = verdicts(contender("a", 0), contender("b", 0, undertrained=undertrained))
    assert told["b"].kept is kept


def test_who_failed_is_told_so_before_anything_else_and_has_no_statistic():
    told = verdicts(contender("a", 0), contender("b", 0, seeds=5, failed=1, undertrained=5))
    assert told["b"] == RungVerdict("b", 6, False, "1 of 6 seeds failed: it can have no full count")


def test_verdicts_come_in_the_order_of_the_contenders():
    field = [contender("c", 1), contender("b", 0, seeds=5, failed=1), contender("a", 0)]
    assert [v.config_id for v in judge(field, 6, 10, DENSITY)] == ["c", "b", "a"]


def test_of_those_who_can_have_no_full_count_the_best_whole_one_stays_and_says_why():
    told = verdicts(
        contender("a", -5, seeds=5, failed=1),
        contender("b", 0, undertrained=6),
        contender("c", 1, undertrained=6),
    )
    assert [told[i].kept for i in "abc"] == [False, True, False]
    assert told["b"] == RungVerdict(
        "b",
        6,
        True,
        "6 of 6 seeds undertrained, more than half of 10; but no finalist can, and it is the best "
        "of them",
    )


def test_where_all_have_failed_nobody_stays():
    told = verdicts(*(contender(i, 0, seeds=5, failed=1) for i in "ab"))
    assert [told[i].kept for i in "ab"] == [False, False]


def test_beyond_the_tolerance_the_gap_to_the_lowest_nll_decides():
    # noise of the pair a, b: differences 0.2, 0, 0, -0.2, 0.2, -0.2, so sd 0.1789, times 3
    a = [10.1, 9.9, 10.1, 9.9, 10.1, 9.9]
    b = [9.9, 9.9, 10.1, 10.1, 9.9, 10.1]
    c = [15.0] * 6
    told = verdicts(
        Contender(measured("a", a, [2.0, 2.1, 2.0, 2.1, 2.0, 2.1])),
        Contender(measured("b", b, [2.1, 2.0, 2.0, 2.1, 2.1, 2.0])),
        Contender(measured("c", c, [50.0] * 6)),
        aim=REPRESENTATION,
    )
    assert [told[i].kept for i in "abc"] == [True, True, False]
    assert told["c"].reason == (
        "NLL 5 nats above that of a over 6 paired seeds, beyond the tolerance of 0.537 "
        "with p = 0.016 (cut at 0.025 or less)"
    )
