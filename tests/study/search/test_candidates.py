"""What a purpose ranks of metrics that were measured."""

from __future__ import annotations

import math

from musebar_core.metric_table import Metrics
from study.search.candidates import Measured, candidates
from study.statistics.purposes import Candidate


def row(**values):
    return Metrics.from_dict(values)


FIRST = row(nll=9.0, mi_lower=1.0, bce=8.0, kl=2.0, elbo=-10.0, collapsed=True)
SECOND = row(nll=9.5, mi_lower=1.5, bce=8.5, kl=2.5, elbo=-11.0, collapsed=False)
UNTRAINED = row(nll=7.0, mi_lower=0.5, bce=6.0, kl=1.5, elbo=-7.5, collapsed=None)


def test_a_candidate_has_each_figure_in_order_of_seed_its_collapses_and_its_weights():
    one = Measured("a", (FIRST, SECOND, UNTRAINED), n_parameters=70)
    assert candidates([one]) == [
        Candidate(
            "a",
            nll=(9.0, 9.5, 7.0),
            mi_lower=(1.0, 1.5, 0.5),
            bce=(8.0, 8.5, 6.0),
            kl=(2.0, 2.5, 1.5),
            collapsed=1,
            n_parameters=70,
        )
    ]


def test_collapsed_and_undertrained_seeds_are_counted_apart():
    one = Measured("a", (FIRST, SECOND, UNTRAINED, UNTRAINED))
    assert (one.collapsed, one.undertrained) == (1, 2)
    assert (Measured("a", ()).collapsed, Measured("a", ()).undertrained) == (0, 0)


def test_where_one_run_alone_lacks_an_nll_all_go_by_its_bound_and_nothing_else_changes():
    lacking = SECOND._replace(nll=None)
    a, b = candidates([Measured("a", (FIRST, FIRST)), Measured("b", (lacking, SECOND))])
    assert (a.nll, b.nll) == ((10.0, 10.0), (11.0, 11.0))
    assert (a.mi_lower, a.bce, a.kl) == ((1.0, 1.0), (8.0, 8.0), (2.0, 2.0))
    assert (b.mi_lower, b.bce, b.kl) == ((1.5, 1.5), (8.5, 8.5), (2.5, 2.5))


def test_a_figure_that_was_not_measured_is_no_number():
    (found,) = candidates([Measured("a", (FIRST._replace(kl=None),))])
    assert math.isnan(found.kl[0])
    assert found.bce == (8.0,)
