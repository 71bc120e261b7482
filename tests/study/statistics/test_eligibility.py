from __future__ import annotations

from study.statistics.eligibility import most_collapsed, too_many_collapsed


def test_two_of_ten_seeds_may_collapse_and_three_may_not():
    assert most_collapsed(10) == 2
    assert not too_many_collapsed(2, 10)
    assert too_many_collapsed(3, 10)


def test_of_no_seeds_none_collapsed():
    assert not too_many_collapsed(0, 0)
