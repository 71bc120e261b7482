from __future__ import annotations

import pytest

from study.statistics.eligibility import mostly_undertrained, too_many_collapsed


@pytest.mark.parametrize("seeds", [5, 10, 15, 20, 35])
def test_one_seed_in_five_may_collapse_and_no_more(seeds):
    assert not too_many_collapsed(seeds // 5, seeds)
    assert too_many_collapsed(seeds // 5 + 1, seeds)


def test_of_fewer_than_five_seeds_none_may_collapse():
    assert not too_many_collapsed(0, 4)
    assert too_many_collapsed(1, 4)


def test_of_no_seeds_none_collapsed_and_none_is_undertrained():
    assert not too_many_collapsed(0, 0)
    assert not mostly_undertrained(0, 0)


@pytest.mark.parametrize(("undertrained", "seeds"), [(1, 2), (1, 3), (5, 10), (5, 11)])
def test_half_of_the_seeds_may_be_undertrained_and_no_more(undertrained, seeds):
    assert not mostly_undertrained(undertrained, seeds)
    assert mostly_undertrained(undertrained + 1, seeds)
