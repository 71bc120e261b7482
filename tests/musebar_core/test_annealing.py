from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.annealing import Schedule, ScheduleKind, weight
from musebar_core.config import Configuration
from musebar_core.errors import ConfigurationError

fractions = st.floats(0, 1)
schedules = st.builds(
    lambda kind, start, share, cycles, ratio, end: Schedule(
        kind, start, share * (1 - start), cycles, ratio, end
    ),
    st.sampled_from(ScheduleKind),
    st.floats(0, 0.9),
    fractions,
    st.integers(1, 9),
    st.floats(0.1, 1),
    st.floats(0.01, 1),
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
        (Schedule("constant", end=0.25), 0.0, 0.25),
        (Schedule("linear", 0.2, 0.4, end=0.5), 0.3, 0.125),
        (Schedule("linear", 0.2, 0.4, end=0.5), 0.6, 0.5),
        (Schedule("cyclical", 0.0, 1.0, cycles=4, ratio=0.5, end=0.2), 0.2, 0.2),
    ],
)
def test_a_weight_is_what_a_hand_computes(schedule, u, expected):
    assert weight(schedule, u) == pytest.approx(expected, abs=1e-12)


@given(schedules)
def test_every_schedule_ends_at_its_end(schedule):
    assert weight(schedule, 1.0) == schedule.end


@given(schedules, fractions)
def test_a_weight_is_never_outside_0_and_the_end(schedule, u):
    assert 0 <= weight(schedule, u) <= schedule.end


@pytest.mark.parametrize("kind", ScheduleKind)
def test_each_kind_of_schedule_has_a_shape_of_its_own(kind):
    """A kind without a shape would fail; one that took another's would be equal to it."""
    points = [0.05 * k for k in range(20)]
    shapes = {other: Schedule(other, 0.0, 1.0) for other in ScheduleKind}
    curves = {other: [weight(each, u) for u in points] for other, each in shapes.items()}
    assert [other for other, curve in curves.items() if curve == curves[kind]] == [kind]


@pytest.mark.parametrize("end", [0.0, -0.5, 1.5, float("nan"), "half"])
def test_an_end_that_is_no_weight_is_refused(end):
    with pytest.raises(ConfigurationError, match="annealing end"):
        Schedule("linear", end=end)


def test_a_schedule_that_ends_at_1_is_written_as_it_always_was():
    assert "end" not in Configuration(annealing=Schedule("linear", end=1.0)).to_dict()["annealing"]
    assert Configuration(annealing=Schedule("linear", end=0.5)).to_dict()["annealing"]["end"] == 0.5


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


@pytest.mark.parametrize("kind", ScheduleKind)
def test_every_schedule_is_told_of_in_the_documentation(kind):
    told = (Path(__file__).parents[2] / "docs" / "how-to" / "schedule.md").read_text()
    assert f"`{kind}`" in told.split("| `annealing` |")[1].split("\n")[0]


def test_an_unknown_schedule_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=", ".join(ScheduleKind)):
        Schedule("exponential")


@pytest.mark.parametrize(
    "settings",
    [
        {"start": -0.1},
        {"start": 1.1},
        {"length": -0.1},
        {"length": 1.1},
        {"start": 0.5, "length": 0.5 + 2e-9},
        {"kind": "cyclical", "cycles": 0},
        {"kind": "cyclical", "cycles": 2.0},
        {"kind": "cyclical", "cycles": True},
        {"kind": "cyclical", "ratio": 0.0},
        {"kind": "cyclical", "ratio": 1.1},
        {"start": True},
        {"length": "half"},
        {"length": float("inf")},
        {"length": 10**400},
        {"end": 1.0 + 1e-9},
    ],
    ids=lambda settings: str(settings)[:40],
)
def test_a_schedule_beyond_its_bounds_is_refused(settings):
    with pytest.raises(ConfigurationError):
        Schedule(**{"kind": "linear"} | settings)


@pytest.mark.parametrize(
    ("settings", "ended"),
    [
        ({"start": 0.0, "length": 1.0}, 1.0),
        ({"start": 1.0, "length": 0.0}, 1.0),
        ({"start": 0.2, "length": 0.3}, 0.5),
        ({"start": 0.5, "length": 0.5 + 1e-10}, 1.0),
        ({"kind": "cyclical", "cycles": 1, "ratio": 1.0, "length": 0.25}, 0.25),
        ({"kind": "constant", "start": 0.3, "length": 0.3}, 0.0),
        ({"end": 1.0, "length": 0.0}, 0.0),
    ],
    ids=str,
)
def test_a_schedule_at_its_bounds_is_taken_and_knows_when_it_ends(settings, ended):
    assert Schedule(**{"kind": "linear"} | settings).ended == ended


def test_a_ramp_without_length_is_a_step():
    schedule = Schedule("linear", 0.5, 0.0)
    assert [weight(schedule, u) for u in (0.0, 0.4999, 0.5, 1.0)] == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(("u", "height"), [(0.25, 0.0701), (0.75, 0.9299)])
def test_the_logistic_ramp_is_a_sigmoid_stretched_to_its_ends(u, height):
    # 1 / (1 + exp(2.5)) = 0.0759, of 0.0067 to 0.9933
    assert weight(Schedule("logistic", 0.0, 1.0), u) == pytest.approx(height, abs=1e-4)


def test_the_name_of_a_kind_becomes_the_kind():
    assert Schedule("linear").kind is ScheduleKind.LINEAR
    assert type(Schedule("linear", 0, 1).length) is float


def test_a_schedule_of_which_only_the_kind_is_said_is_the_first_half_of_training():
    assert Schedule("linear") == Schedule("linear", 0.0, 0.5, end=1.0)
    assert Schedule("cyclical") == Schedule("cyclical", 0.0, 0.5, cycles=4, ratio=0.5, end=1.0)
    assert Schedule() == Schedule("constant")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"start": -0.25, "length": 0.5}, "annealing start -0.25 and length 0.5 are fractions"),
        (
            {"start": 0.75, "length": 0.5, "end": 0.2},
            "annealing start 0.75 + length 0.5 is over 1: the weight would not have reached 0.2",
        ),
        (
            {"kind": "cyclical", "cycles": 0, "ratio": 0.25},
            "a whole number of cycles >= 1 and 0 < ratio <= 1, not 0 and 0.25",
        ),
        ({"end": 1.5}, "annealing end 1.5: the final KL weight, above 0 and at most 1"),
        ({"length": "half"}, "annealing length 'half': a finite number"),
        ({"start": None}, "annealing start None: a finite number"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_schedule_is_said_with_its_values(settings, said):
    with pytest.raises(ConfigurationError) as caught:
        Schedule(**{"kind": "linear"} | settings)
    assert said in str(caught.value)
