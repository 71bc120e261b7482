from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musebar_core.errors import UsageError
from study.statistics.purposes import FIGURES, GOALS, Aim, Candidate, Purpose, rank

DENSITY = Aim(Purpose.DENSITY)
RECONSTRUCTION = Aim(Purpose.RECONSTRUCTION)

NOISE = (0.08 / 3) ** 0.5
"""Standard deviation of the paired difference of two of :func:`candidate`'s patterns, 0.163."""


def candidate(config_id, nll, mi, *, noise=0, bce=None, kl=1.0, collapsed=0, n_parameters=0):
    """Four seeds, whose noise is one of three orthogonal patterns of 0.1."""
    pattern = 0.1 * np.array([(1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1)][noise])
    figures = (tuple(base + pattern) for base in (nll, mi, nll if bce is None else bce))
    return Candidate(config_id, *figures, (kl,) * 4, collapsed, n_parameters)


def test_a_representation_is_the_most_informative_within_three_deviations_of_the_lowest_nll():
    # pairs differ by 0.2, 0, 0, -0.2 or so: sd 0.163, tolerance 0.49
    rows = [candidate("a", 10.0, 1.0), candidate("b", 10.4, 2.0, noise=1)]
    found = rank([*rows, candidate("c", 10.6, 9.0, noise=2)], Aim())
    assert found.order == ("b", "a", "c")
    assert found.admitted == ("b", "a")
    assert found.tolerance == pytest.approx(3 * NOISE)
    assert rank(rows, DENSITY).order == ("a", "b")


def costing():
    return [
        candidate("a", 10.0, 1.0),
        candidate("b", 10.4, 2.0, noise=1),
        candidate("c", 10.6, 9.0, noise=2, collapsed=3),
    ]


def test_the_costs_of_a_representation_are_deviations_of_paired_differences():
    # c lies 0.6 / 0.163 = 3.7 deviations above a: what is beyond 3 costs three times more, on top
    one, eight = 2 * math.log(4 / 3.5), 2 * math.log(8)
    found = rank(costing(), Aim())
    assert found.costs == pytest.approx(
        {
            "a": one - 1 / NOISE,
            "b": (0.4 - 2.0) / NOISE + one,
            "c": (0.6 - 9.0) / NOISE + 3 * (0.6 / NOISE - 3) + eight,
        }
    )
    for config_id, apart in (("a", 9.0), ("b", 8.4), ("c", 1.6)):  # NLL less information
        assert found.seed_costs[config_id] == pytest.approx([apart / NOISE] * 4)


@pytest.mark.parametrize(("name", "unit"), [("nll", 5.0), ("mi_lower", 0.1)])
def test_the_unit_of_a_metric_changes_no_cost_of_a_representation(name, unit):
    rows = costing()
    scaled = [replace(r, **{name: tuple(unit * x for x in getattr(r, name))}) for r in rows]
    assert rank(scaled, Aim()).costs == pytest.approx(rank(rows, Aim()).costs)
    assert rank(scaled, Aim()).order == rank(rows, Aim()).order


def test_what_is_clearly_worse_adds_no_noise_to_the_tolerance():
    rows = costing()[:2]
    unsteady = replace(rows[0], config_id="z", nll=(90.0, 91.0, 95.0, 80.0))
    assert rank([*rows, unsteady], Aim()).tolerance == rank(rows, Aim()).tolerance


def test_the_noise_is_that_of_all_where_the_best_stands_alone():
    rows = [candidate("a", 10.0, 1.0), candidate("b", 20.0, 9.0, noise=1)]
    found = rank(rows, Aim())
    assert (found.order, found.admitted) == (("a", "b"), ("a",))
    assert found.tolerance == pytest.approx(3 * NOISE)


def test_a_density_costs_its_nll_and_a_reconstruction_its_bce_and_twice_the_kl_beyond_its_rate():
    rows = [
        candidate("a", 10.0, 1.0, bce=9.0, kl=2.0),
        candidate("b", 11.0, 1.0, bce=7.0, kl=4.5, noise=1),
    ]
    density, found = rank(rows, DENSITY), rank(rows, Aim(Purpose.RECONSTRUCTION, 1.5))
    assert density.costs == pytest.approx({"a": 10.0, "b": 11.0})
    assert density.seed_costs == {row.config_id: row.nll for row in rows}
    assert found.costs == pytest.approx({"a": 9 + 2 * 0.5, "b": 7 + 2 * 3.0})
    assert found.seed_costs == {row.config_id: row.bce for row in rows}
    assert (density.tolerance, density.rate) == (None, None)
    assert (found.tolerance, found.rate) == (None, 1.5)
    assert rank(rows, Aim()).rate is None


def test_where_none_keeps_to_the_rate_the_cheapest_comes_first_and_no_tie_is_broken():
    rows = [
        candidate("c", 10.0, 1.0, kl=2.0),
        candidate("a", 10.0, 1.0, kl=3.0, noise=1),
        candidate("b", 10.0, 1.0, kl=2.0, n_parameters=1),
    ]
    found = rank(rows, Aim(Purpose.RECONSTRUCTION, 1.0))
    assert (found.order, found.admitted, found.tied) == (("b", "c", "a"), (), ("b",))


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
    assert first(collapsed=1, n_parameters=-1) == "b"


def test_what_wins_a_tie_goes_before_the_others_which_stay_in_their_order():
    rows = [
        candidate("a", 10.0, 1.0, n_parameters=2),
        candidate("b", 10.01, 1.0, noise=1, n_parameters=3),
        candidate("c", 10.02, 1.0, noise=2, n_parameters=1),
        candidate("d", 10.3, 1.0, noise=1),
    ]
    found = rank(rows, DENSITY)
    assert found.order == found.admitted == ("c", "a", "b", "d")
    assert found.tied == ("c", "a", "b")


@pytest.mark.parametrize(
    ("nll", "mi", "tied"),
    [
        (0.08, 0.0, True),
        (0.0, -0.08, True),
        (0.08, -0.08, True),
        (0.09, 0.08, False),
        (0.0, -0.09, False),
        (0.08, -0.09, False),
    ],
)
def test_a_near_tie_of_representations_is_near_in_nll_and_in_information(nll, mi, tied):
    rows = [
        candidate("a", 10.0, 1.0, n_parameters=1),
        candidate("b", 10 + nll, 1 + mi, noise=1),
    ]
    assert rank(rows, Aim()).tied == (("b", "a") if tied else ("a",))


def test_a_near_tie_of_reconstructions_is_near_in_bce_among_those_that_keep_to_the_rate():
    rows = [
        candidate("a", 10.0, 1.0, bce=9.0, n_parameters=1),
        candidate("b", 20.0, 1.0, bce=9.08, noise=1),
        candidate("c", 10.0, 1.0, bce=9.0, noise=2, kl=1.5),
    ]
    assert rank(rows, RECONSTRUCTION).tied == ("b", "a")  # c has more KL than a


def test_one_standard_error_is_the_end_of_a_near_tie():
    # sd 0.163 over four seeds: 0.0816
    def tied(gap):
        rows = [candidate("b", 10.0, 1.0), candidate("a", 10 + gap, 1.0, noise=1)]
        return rank(rows, DENSITY).tied

    assert tied(0.081) == ("a", "b")
    assert tied(0.082) == ("b",)


def test_what_is_always_worse_by_the_same_is_no_near_tie():
    rows = [candidate("b", 10.0, 1.0), candidate("a", 10.01, 1.0), candidate("c", 10.3, 1, noise=1)]
    assert rank(rows, DENSITY).tied == ("b",)


def test_the_error_of_an_unsteady_pair_is_the_one_pooled_over_all():
    # 3 rows of one pattern, 1 of another: 0.12 + 0.04 - (9 + 1) * 0.04 / 4 = 0.06 squares left,
    # sd (2 * 0.06 / 9) ** 0.5 = 0.115 over four seeds: 0.0577
    def tied(gap):
        steady = [candidate(i, n, 1.0) for i, n in (("b", 10.0), ("c", 10.3), ("d", 10.3))]
        return rank([*steady, candidate("a", 10 + gap, 1.0, noise=1)], DENSITY).tied

    assert tied(0.057) == ("a", "b")
    assert tied(0.058) == ("b",)


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


def test_of_equal_nlls_the_first_id_has_the_rate_that_the_music_pays_for():
    rows = [candidate("b", 10.0, 1.0, kl=5.0), candidate("a", 10.0, 1.0, kl=2.0)]
    for ordered in (rows, rows[::-1]):
        assert rank(ordered, RECONSTRUCTION).rate == 2.0


def test_two_seeds_are_the_fewest_that_tell_of_noise():
    rows = [
        Candidate(i, (10 + e, 10 - e), (1.0, 1.0), (9.0, 9.0), (1.0, 1.0))
        for i, e in (("a", 0.1), ("b", -0.1))
    ]
    # differences of 0.2 and -0.2
    assert rank(rows, Aim()).tolerance == pytest.approx(3 * 0.08**0.5)


def test_one_seed_tells_of_no_noise_and_the_lowest_nll_is_taken():
    rows = [Candidate(i, (n,), (m,), (n,), (1.0,)) for i, n, m in (("a", 10, 0), ("b", 10.1, 9))]
    found = rank(rows, Aim())
    assert (found.order[0], found.tolerance) == ("a", None)
    assert rank(rows, DENSITY).tied == ("a",)
    # nats count as they are; the one training that worked stands for 1 / 0.5
    assert found.costs == pytest.approx({"a": 2 * math.log(2), "b": 0.1 + 2 * math.log(2) - 9})


def test_on_one_seed_only_equal_figures_are_a_tie():
    rows = [Candidate(i, (10.0,), (1.0,), (9.0,), (1.0,), n_parameters=1) for i in "ab"]
    rows += [Candidate("c", (10.0,), (1.0,), (9.0,), (1.0,)), replace(rows[0], config_id="d")]
    rows[1] = replace(rows[1], nll=(10.001,))
    assert rank(rows, DENSITY).tied == ("c", "a", "d")


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


NO_PURPOSE = (
    " is no purpose: representation, density, reconstruction, or reconstruction@5 for at most "
    "5 nats of KL"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("best", NO_PURPOSE),
        ("", NO_PURPOSE),
        ("density@5", ": only reconstruction has a rate, as in reconstruction@5"),
        ("representation@", ": only reconstruction has a rate, as in reconstruction@5"),
        ("reconstruction@", ": '' is no number of nats above 0"),
        ("reconstruction@few", ": 'few' is no number of nats above 0"),
        ("reconstruction@-1", ": '-1' is no number of nats above 0"),
        ("reconstruction@0", ": '0' is no number of nats above 0"),
        ("reconstruction@nan", ": 'nan' is no number of nats above 0"),
        ("reconstruction@inf", ": 'inf' is no number of nats above 0"),
    ],
)
def test_what_is_no_purpose_is_refused(text, said):
    with pytest.raises(UsageError) as raised:
        Aim.parse(text)
    assert str(raised.value) == f"'{text}'{said}"


@pytest.mark.parametrize("text", [*Purpose, "reconstruction@5", "reconstruction@0.25"])
def test_a_purpose_reads_as_it_is_written(text):
    assert str(Aim.parse(text)) == text


def test_a_purpose_has_a_rate_only_where_one_is_given():
    assert Aim.parse("reconstruction@2.5") == Aim(Purpose.RECONSTRUCTION, 2.5)
    assert Aim.parse("reconstruction") == Aim(Purpose.RECONSTRUCTION, None)
    assert Aim() == Aim.parse("representation")


def test_a_purpose_is_told_by_what_is_to_get_better_first():
    assert {purpose: goal.improved[0] for purpose, goal in GOALS.items()} == {
        Purpose.REPRESENTATION: "mi_lower",
        Purpose.DENSITY: "nll",
        Purpose.RECONSTRUCTION: "bce",
    }
    assert {purpose for purpose, goal in GOALS.items() if goal.bounded} == {Purpose.RECONSTRUCTION}


def test_a_candidate_has_the_metrics_that_purposes_go_by_and_no_others():
    others = {"config_id", "collapsed", "n_parameters"}
    assert {field.name for field in fields(Candidate)} - others == set(FIGURES)
    assert len(FIGURES) == len(set(FIGURES))


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_is_told_of_in_the_documentation(purpose):
    docs = Path(__file__).parents[3] / "docs"
    told = (docs / "studies.md").read_text()
    assert f"- `{purpose}`: " in told.split("## What a study is for")[1].split("\n## ")[0]
    for page in ("how-to", "explanation"):
        assert f"`{purpose}`" in (docs / page / "purpose.md").read_text()
