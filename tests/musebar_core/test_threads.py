from __future__ import annotations

import os

import pytest
import torch

from musebar import models
from musebar_core.threads import computing_with, wait_quietly


def test_threads_are_as_asked_within_and_as_before_after():
    before = torch.get_num_threads()
    with computing_with(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_model_trains_on_one_thread_where_nobody_says_otherwise(configuration, corpus, tmp_path):
    seen = []
    with computing_with(3):
        out = tmp_path / "model.safetensors"
        note = lambda _: seen.append(torch.get_num_threads())  # noqa: E731
        models.train(configuration(), corpus.genre("low"), out, on_epoch=note)
    assert set(seen) == {1}


@pytest.mark.parametrize(("before", "after"), [(None, "passive"), ("active", "active")])
def test_threads_give_up_their_core_unless_the_user_says_otherwise(monkeypatch, before, after):
    monkeypatch.setenv("OMP_WAIT_POLICY", before or "")
    if before is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    wait_quietly()
    assert os.environ["OMP_WAIT_POLICY"] == after
