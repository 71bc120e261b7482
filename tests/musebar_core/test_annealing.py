from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.annealing import Schedule, ScheduleKind, weight
from musebar_core.errors import ConfigurationError

fractions = st.floats(0, 1)
schedules = st.builds(
    lambda kind, start, share, cycles, ratio: Schedule(
        kind, start, share * (1 - start), cycles, ratio
    ),
    st.sampled_from(ScheduleKind),
    st.floats(0, 0.9),
    fractions,
    st.integers(1, 9),
    st.floats(0.1, 1),
)


@pytest.mark.parametrize(
    ("schedule", "u", "expected"),
    [
        (Schedule("constant"), 0.0, 1.0),
        (Schedule("linear", 0.0, 0.5), 0.25, 0.5),
        (Schedule("linear", 0.2, 0.4), 0.1, 0.0),
        (Schedule("linear", 0.2, 0.4), 0.3, 0.25),
        (Schedule("linear", 0.2, 0.4), 0.7, 1.0),
        (Schedule("logistic", 0.0, 1.0), 0.5, 0.5),
        (Schedule("logistic", 0.0, 1.0), 0.0, 0.0),
        (Schedule("cosine", 0.0, 1.0), 1 / 3, 0.25),
        (Schedule("cyclical", 0.0, 1.0, cycles=4, ratio=0.5), 0.0625, 0.5),
        (Schedule("cyclical", 0.0, 1.0, cycles=4, ratio=0.5), 0.2, 1.0),
        (Schedule("cyclical", 0.0, 1.0, cycles=4, ratio=0.5), 0.25, 0.0),
    ],
)
def test_a_weight_is_what_a_hand_computes(schedule, u, expected):
    assert weight(schedule, u) == pytest.approx(expected, abs=1e-12)


@given(schedules)
def test_every_schedule_ends_at_one(schedule):
    assert weight(schedule, 1.0) == 1.0


@given(schedules, fractions)
def test_a_weight_is_never_outside_0_and_1(schedule, u):
    assert 0 <= weight(schedule, u) <= 1


@given(schedules, fractions, fractions)
def test_only_the_cyclical_schedule_ever_falls(schedule, u, v):
    if schedule.kind is not ScheduleKind.CYCLICAL:
        assert weight(schedule, min(u, v)) <= weight(schedule, max(u, v)) + 1e-12


def test_settings_that_a_kind_does_not_use_make_no_difference():
    assert Schedule("constant", 0.1, 0.3, 7) == Schedule("constant")
    assert Schedule("linear", 0.1, 0.3, cycles=7) == Schedule("linear", 0.1, 0.3)


def test_a_ramp_that_outlasts_training_is_refused():
    with pytest.raises(ConfigurationError, match="would not have reached 1"):
        Schedule("linear", 0.6, 0.6)


def test_an_unknown_schedule_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="constant, linear, logistic, cosine, cyclical"):
        Schedule("exponential")
