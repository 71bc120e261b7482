"""Ray's start on a machine that is busy."""

from __future__ import annotations

import pytest

from musebar_core.errors import StudyError
from study.run.nodes import STARTS, start_patiently

SLOW = "The current node timed out during startup. This could happen because some of the raylet"


def start(*said):
    """What fails so often as it has something to say, and counts."""
    left, tried = list(said), []

    def begin():
        tried.append(1)
        if left:
            raise RuntimeError(left.pop(0))

    return begin, tried


def test_a_start_for_which_ray_did_not_wait_long_enough_is_tried_again_and_told(caplog):
    begin, tried = start(SLOW, SLOW)
    start_patiently(begin)
    assert len(tried) == 3
    assert [r.message for r in caplog.records] == [
        "Ray has not started within 30 s: is this machine busy? Trying again"
    ] * 2


def test_a_start_that_takes_too_long_each_time_fails_in_a_line():
    begin, tried = start(*[SLOW] * STARTS)
    with pytest.raises(StudyError, match="Ray did not start on this machine: The current node"):
        start_patiently(begin)
    assert len(tried) == STARTS


def test_a_start_that_fails_otherwise_is_not_tried_again():
    begin, tried = start("no such file: raylet")
    with pytest.raises(StudyError, match="no such file: raylet"):
        start_patiently(begin)
    assert len(tried) == 1
