"""Every member that an answer may hold has its words; a new one without them fails here."""

import pytest

from reports.answers.choice import Caution, Tiebreak
from reports.answers.claims import Answer, Claim, ClaimVerdict, Measure, Open
from reports.answers.cost import PHASES
from reports.answers.methods import Method
from reports.answers.transfer import TransferStatus
from reports.answers.unchosen import Remedy
from reports.words import cards, choice, labels, purposes, recommendation, verdicts
from search_spaces import read_space
from study.results.columns import BASELINES
from study.statistics.purposes import GOALS, Purpose

OF_THE_CHOICE = {
    Caution.DEFAULT_BETTER,
    Caution.OTHER_BETTER,
    Caution.RATE_UNMET,
    Caution.NLL_UNMEASURED,
}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (Method, labels.METHODS),
        (BASELINES, labels.BASELINES),
        (Tiebreak, choice.RULES),
        (Remedy, choice.REMEDIES),
        (Purpose, purposes.PURPOSES),
        (Purpose, GOALS),
        (Claim, verdicts.CLAIMS),
        (Answer, verdicts.ANSWERS),
        (Measure, verdicts.MEASURES),
        (Measure, verdicts.FIGURES),
        (TransferStatus, cards.TRANSFERS),
        (PHASES, cards.PHASE_NAMES),
        (set(Caution) - OF_THE_CHOICE, recommendation._WARNINGS),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_every_member_has_its_words_and_no_other_has(members, words):
    assert set(words) == set(members)
    assert len(set(map(str, words.values()))) == len(words)


@pytest.mark.parametrize("reason", Open)
def test_every_reason_why_a_claim_is_open_is_said(reason):
    verdict = ClaimVerdict(Claim.BOTH, Measure.MI, Answer.UNDECIDED, reason, None, {}, 3, 10)
    assert verdicts.reason_text(verdict)


def test_the_papers_methods_are_those_of_their_search_space_in_its_order():
    assert list(read_space("methods")["configurations"]) == list(Method)
