"""What has to be said of a model before what it plays is listened to."""

import pytest

from musebar_core.states import RunState, Standing
from reports.words.standing import caution


def standing(state, markov=600.0):
    return Standing(state, 650.0, markov, 0.01, 0.25, 1)


def test_of_an_informative_model_nothing_has_to_be_said():
    assert caution(standing(RunState.INFORMATIVE)) == ""


@pytest.mark.parametrize(("markov", "against"), [(600.0, " (600.0)"), (None, "")])
def test_an_undertrained_model_is_warned_of(markov, against):
    assert caution(standing(RunState.UNDERTRAINED, markov)) == (
        "this model is undertrained: its validation BCE of 650.0 nats does not beat the Markov "
        f"chain's{against}, and nothing that it plays or encodes counts"
    )


def test_a_collapsed_model_says_how_little_its_code_holds():
    said = caution(standing(RunState.COLLAPSED))
    assert said.startswith(
        "this model's code is collapsed (at most 0.25 nats of information, 1 active units)"
    )


def test_a_model_of_unknown_worth_says_how_to_measure_it():
    assert "`musebar evaluate` measures it" in caution(None)
