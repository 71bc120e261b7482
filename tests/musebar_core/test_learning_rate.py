from __future__ import annotations

import pytest

from musebar_core.config import TrainingConfig
from musebar_core.learning_rate import learning_rate


def rates(**settings):
    training = TrainingConfig(epochs=10, learning_rate=0.01, **settings)
    return [learning_rate(training, epoch) for epoch in range(1, 11)]


def test_without_warm_up_and_decay_the_rate_is_the_peak_throughout():
    assert rates() == [0.01] * 10


def test_the_warm_up_is_a_straight_line_to_the_peak():
    assert rates(warm_up=0.4) == pytest.approx([0.0025, 0.005, 0.0075, *[0.01] * 7])


def test_the_cosine_falls_from_the_peak_and_is_half_way_down_in_the_middle():
    falling = rates(decay="cosine")
    assert falling[0] == 0.01
    assert falling[5] == pytest.approx(0.005)
    assert falling == sorted(falling, reverse=True)
    assert 0 < falling[-1] < 0.0003


def test_the_cosine_begins_where_the_warm_up_ends():
    both = rates(decay="cosine", warm_up=0.5)
    assert both[4] == both[5] == 0.01
    assert both[7] == pytest.approx(0.01 * (1 + 0.309017) / 2)


def test_a_warm_up_of_all_of_training_never_divides_by_nothing():
    assert rates(decay="cosine", warm_up=1.0)[-1] == 0.01


def test_a_warm_up_takes_the_whole_number_of_steps_that_is_nearest():
    assert rates(warm_up=0.26)[:4] == pytest.approx([0.01 / 3, 0.02 / 3, 0.01, 0.01])
    assert rates(warm_up=0.24)[:3] == pytest.approx([0.005, 0.01, 0.01])
