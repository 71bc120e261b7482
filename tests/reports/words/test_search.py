"""Why a searched configuration was left behind, in a sentence."""

import pytest

from reports.answers.search import LeftBehind, PassedOver
from reports.answers.summaries import summaries
from reports.words.search import left_text
from study.results.columns import DecisionStage


@pytest.fixture
def row(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 4, phase="search", planned=6, collapsed=3)
    return summaries(study.tables(), "jazz")[0]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (PassedOver.UNFINISHED, "only 4 of 6 search seeds done"),
        (PassedOver.COLLAPSED, "3 of 4 seeds collapsed, more than 20%: others went first"),
        (PassedOver.NOT_AMONG_BEST, "not among the best for the study's purpose (5 went)"),
        ("worse in mi_lower on 6 seeds", "worse in MI lower on 6 seeds"),
    ],
)
def test_a_reason_is_said_by_its_numbers_and_a_recorded_one_in_its_own_words(row, reason, said):
    assert left_text(LeftBehind(row, DecisionStage.SEARCH, reason, 5)) == said
