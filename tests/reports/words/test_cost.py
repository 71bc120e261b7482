"""What runs cost, in words: no cost is written as nothing, none in a unit that hides it."""

import pytest

from reports.answers.cost import Training
from reports.words.cost import hours_text, runs_text, training_text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0.4 GPU-seconds a training"),
        (89.0, "89 GPU-seconds a training"),
        (90.0, "2 GPU-minutes a training"),
        (3540.0, "59 GPU-minutes a training"),
        (3600.0, "1.00 GPU-hours a training"),
        (9000.0, "2.50 GPU-hours a training"),
    ],
)
def test_a_training_costs_seconds_then_minutes_then_hours(seconds, said):
    assert training_text(Training("GPU", seconds, 10)) == said


def test_a_training_without_a_time_says_so():
    assert training_text(None) == "the time of a training was not recorded"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({}, "no time recorded"),
        ({"CPU": 0.01}, "0.01 CPU-hours"),
        ({"CPU": 0.0099}, "36 CPU-seconds"),
        ({"CPU": 2.31, "GPU": 0.001}, "2.31 CPU-hours and 3.6 GPU-seconds"),
    ],
)
def test_hours_are_summed_by_kind_of_device(hours, said):
    assert hours_text(hours) == said
    assert runs_text(1, hours) == f"1 seed run, {said}"
