from __future__ import annotations

import pytest

from study.ledger.record import Origin, OriginKind, Proposal


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("transfer: among the best of jazz: early", OriginKind.TRANSFER),
        ("startup: chance, before the Gaussian process has results", OriginKind.STARTUP),
        ("chance: the sampler had nothing new to ask for", OriginKind.CHANCE),
        ("the Gaussian process", OriginKind.SAMPLER),
        ("chance", OriginKind.SAMPLER),
        ("transfers: none", OriginKind.SAMPLER),
    ],
)
def test_an_origin_is_read_from_the_text_that_ledgers_have(text, kind):
    assert Origin.parse(text).kind is kind
    assert str(Origin.parse(text)) == text


def test_a_proposal_is_transferred_where_its_origin_is_another_genre():
    assert Proposal("a", {}, Origin(OriginKind.TRANSFER, "among the best of jazz")).transferred
    assert not Proposal("a", {}, Origin(OriginKind.CHANCE, "transfer")).transferred
    assert not Proposal("a", {}).transferred
