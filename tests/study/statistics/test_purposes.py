from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musebar_core.errors import UsageError
from study.statistics.noise import pair_noise, within_tolerance
from study.statistics.purposes import FIGURES, GOALS, Aim, Candidate, Purpose, rank
from study.statistics.trainings import collapse_rate, expected_trainings, trainings_price

DENSITY = Aim(Purpose.DENSITY)


def candidate(config_id, nll, mi, *, noise=0, bce=None, kl=1.0, collapsed=0, n_parameters=0):
    """Four seeds, whose noise is one of three orthogonal patterns of 0.1."""
    pattern = 0.1 * np.array([(1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1)][noise])
    figures = (tuple(base + pattern) for base in (nll, mi, nll if bce is None else bce))
    return Candidate(config_id, *figures, (kl,) * 4, collapsed, n_parameters)


def test_the_noise_of_a_pair_is_that_of_differences_without_what_seeds_do_to_all():
    # differences of the two rows: 0.2, 0, 0, -0.2 around 0; and of a third row none
    one = np.array([[0.2, 0.0, 0.0, -0.2], [0.0, 0.0, 0.0, 0.0]])
    assert pair_noise(one) == pytest.approx((0.08 / 3) ** 0.5)
    assert pair_noise(one + np.array([5.0, -3.0, 2.0, 9.0])) == pytest.approx((0.08 / 3) ** 0.5)
    assert np.isnan(pair_noise(one[:1]))
    assert np.isnan(pair_noise(one[:, :1]))


def test_an_unsteady_row_is_not_as_good_for_its_own_noise_alone():
    # around the best: 1, -1, 1, -1 of two rows, 8 squares left, and 3, -3, 3, -3 of the fourth, 36
    rows = np.array([[0, 0, 0, 0], [2, 0, 2, 0], [0, 2, 0, 2], [12, 6, 12, 6]], dtype=float)
    noise = ((2 * 8 + 36) / (3 * 3)) ** 0.5  # 2.4; alone its pair has 3.5
    assert within_tolerance(rows, 9 / noise + 0.01) == [0, 1, 2, 3]
    assert within_tolerance(rows, 9 / noise - 0.01) == [0, 1, 2]


def test_a_representation_is_the_most_informative_within_three_deviations_of_the_lowest_nll():
    # pairs differ by 0.2, 0, 0, -0.2 or so: sd 0.163, tolerance 0.49
    rows = [candidate("a", 10.0, 1.0), candidate("b", 10.4, 2.0, noise=1)]
    found = rank([*rows, candidate("c", 10.6, 9.0, noise=2)], Aim())
    assert found.order == ("b", "a", "c")
    assert found.admitted == ("b", "a")
    assert found.tolerance == pytest.approx(3 * (0.08 / 3) ** 0.5)
    assert rank(rows, DENSITY).order == ("a", "b")


def test_each_purpose_has_its_order():
    rows = [
        candidate("a", 10.0, 1.0, bce=9.0, kl=2.0),
        candidate("b", 10.4, 2.0, bce=8.0, kl=1.0, noise=1),
        candidate("c", 10.6, 9.0, bce=5.0, kl=9.0, noise=2),
    ]
    assert {purpose: "".join(rank(rows, Aim(purpose)).order) for purpose in Purpose} == {
        Purpose.REPRESENTATION: "bac",
        Purpose.DENSITY: "abc",
        Purpose.RECONSTRUCTION: "bac",  # c's KL is above that of a, whose NLL is lowest
    }


def test_more_information_has_to_be_worth_its_nll():
    # of equal noise a nat of NLL weighs as one of mi_lower
    rows = [candidate("a", 10.0, 1.0), candidate("b", 10.4, 1.3, noise=1)]
    assert rank(rows, Aim()).order == ("a", "b")


def test_e_times_the_trainings_cost_two_deviations_of_information():
    # three of four collapsed: 4 / 0.5 = 8 trainings against 4 / 3.5; ln 7 times 2 is 3.9 deviations
    # of 0.163: 0.64 nats
    for more, chosen in ((0.6, "a"), (0.7, "b")):
        rows = [candidate("a", 10.0, 1.0), candidate("b", 10.0, 1 + more, noise=1, collapsed=3)]
        assert rank(rows, Aim()).order[0] == chosen


def test_a_near_tie_goes_to_fewer_collapsed_seeds_the_smaller_model_and_the_first_id():
    def first(**changes):
        rows = [candidate("b", 10.0, 1.0), candidate("a", 10.01, 1.0, noise=1, **changes)]
        return rank(rows, DENSITY).order[0]

    assert first() == "a"
    assert first(collapsed=1) == "b"
    assert first(n_parameters=1) == "b"


def test_one_standard_error_is_the_end_of_a_near_tie():
    # sd 0.163 over four seeds: 0.0816
    def tied(gap):
        rows = [candidate("b", 10.0, 1.0), candidate("a", 10 + gap, 1.0, noise=1)]
        return rank(rows, DENSITY).tied

    assert tied(0.081) == ("a", "b")
    assert tied(0.082) == ("b",)


def test_a_reconstruction_keeps_to_its_rate_and_to_the_lowest_nlls_without_one():
    rows = [
        candidate("a", 10.0, 1.0, bce=9.0, kl=2.0),
        candidate("b", 11.0, 1.0, bce=7.0, kl=4.0, noise=1),
        candidate("c", 12.0, 1.0, bce=5.0, kl=9.0, noise=2),
    ]
    best = {rate: rank(rows, Aim(Purpose.RECONSTRUCTION, rate)).order[0] for rate in (None, 4, 9)}
    assert best == {None: "a", 4: "b", 9: "c"}
    assert rank(rows, Aim(Purpose.RECONSTRUCTION)).rate == 2.0
    assert rank(rows, Aim(Purpose.RECONSTRUCTION, 1.0)).admitted == ()


def test_one_seed_tells_of_no_noise_and_the_lowest_nll_is_taken():
    rows = [Candidate(i, (n,), (m,), (n,), (1.0,)) for i, n, m in (("a", 10, 0), ("b", 10.1, 9))]
    found = rank(rows, Aim())
    assert (found.order[0], found.tolerance) == ("a", None)


DRAWN = st.lists(
    st.tuples(
        st.lists(st.integers(0, 40), min_size=4, max_size=4),
        st.lists(st.integers(0, 40), min_size=4, max_size=4),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=6,
)
AIMS = st.sampled_from([*map(Aim, Purpose), Aim.parse("reconstruction@2")])


def drawn(figures):
    """Candidates whose NLL and BCE are the first list, every other metric the second."""
    return [
        Candidate(
            config_id=chr(97 + i),
            collapsed=collapsed,
            n_parameters=i % 3,
            **{name: tuple(cost if name in {"nll", "bce"} else code) for name in FIGURES},
        )
        for i, (cost, code, collapsed) in enumerate(figures)
    ]


@settings(deadline=None)
@given(DRAWN, AIMS, st.randoms())
def test_a_ranking_depends_on_no_order_and_its_ties_and_pool_hold_the_choice(figures, aim, rng):
    rows = drawn(figures)
    found = rank(rows, aim)
    rng.shuffle(rows)
    assert rank(rows, aim) == found
    assert found.tied[0] == found.order[0]
    assert set(found.order) == {row.config_id for row in rows}
    assert not found.admitted or found.admitted[0] == found.order[0]


@settings(deadline=None)
@given(DRAWN, AIMS)
def test_a_ranking_goes_by_nll_and_the_metrics_of_its_purpose_alone(figures, aim):
    rows = drawn(figures)
    goal = GOALS[aim.purpose]
    others = set(FIGURES) - {"nll", *goal.improved, *goal.bounded}
    changed = [
        replace(row, **{name: (float(i),) * 4 for name in others}) for i, row in enumerate(rows)
    ]
    assert rank(changed, aim) == rank(rows, aim)


@settings(deadline=None)
@given(DRAWN, AIMS)
def test_a_clearly_worse_candidate_changes_nothing(figures, aim):
    rows = drawn(figures)
    found = rank(rows, aim)
    much = {"nll": (9000.0, 9100, 9050, 9000), "bce": (9000.0,) * 4, "kl": (99.0,) * 4}
    worse = replace(drawn([((0,) * 4, (0,) * 4, 4)])[0], config_id="z", **much)
    more = rank([*rows, worse], aim)
    assert (more.order[0], more.order[-1]) == (found.order[0], "z")
    assert more.tied == found.tied
    assert more.rate == found.rate
    assert [one for one in more.admitted if one != "z"] == [*found.admitted]
    if aim.purpose in {Purpose.REPRESENTATION, Purpose.RECONSTRUCTION}:
        assert "z" not in more.admitted


def test_expected_trainings_are_the_posterior_mean_of_one_over_the_share_that_works():
    assert expected_trainings(0, 10) == pytest.approx(10 / 9.5)
    assert expected_trainings(9, 10) == 20.0
    assert expected_trainings(10, 10) is None
    assert expected_trainings(0, 0) is None
    q = np.random.default_rng(0).beta(2.5, 8.5, 400_000)  # two of ten
    assert expected_trainings(2, 10) == pytest.approx(np.mean(1 / (1 - q)), abs=0.005)


def test_the_price_of_trainings_rises_with_every_collapse():
    prices = [trainings_price(c, 3) for c in range(4)]
    assert prices == pytest.approx(np.log([1.2, 2.0, 6.0, 8.0]))


def test_the_collapse_rate_has_jeffreys_interval():
    assert collapse_rate(0, 10) == pytest.approx((0.0, 0.217), abs=1e-3)
    assert collapse_rate(5, 10) == pytest.approx((0.224, 0.776), abs=1e-3)


@pytest.mark.parametrize("text", ["best", "", "density@5", "reconstruction@", "reconstruction@-1"])
def test_what_is_no_purpose_is_refused(text):
    with pytest.raises(UsageError, match="'"):
        Aim.parse(text)


def test_a_purpose_reads_as_it_is_written():
    for text in (*Purpose, "reconstruction@5"):
        assert str(Aim.parse(text)) == text


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_is_told_of_in_the_documentation(purpose):
    docs = Path(__file__).parents[3] / "docs"
    told = (docs / "studies.md").read_text()
    assert f"- `{purpose}`: " in told.split("## What a study is for")[1].split("\n## ")[0]
    for page in ("how-to", "explanation"):
        assert f"`{purpose}`" in (docs / page / "purpose.md").read_text()
