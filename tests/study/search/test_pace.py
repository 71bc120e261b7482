"""When a study's runs ran, reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from study.ledger.result import SeedRunResult
from study.search.pace import elapsed, slots_lately, spans_of


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], None),
        ([(5.0, 5.0)], 0.0),
        ([(20.0, 30.0), (10.0, 25.0), (12.0, 50.0)], 40.0),
        ([(0.0, 10.0), (100.0, 110.0)], 110.0),
    ],
)
def test_a_study_took_from_the_first_start_to_the_last_end_pauses_included(spans, seconds):
    assert elapsed(spans) == seconds


@pytest.mark.parametrize(
    ("spans", "slots"),
    [
        ([], None),
        ([(5.0, 5.0)], None),
        ([(0.0, 100.0)], 1.0),
        ([(0.0, 100.0), (0.0, 50.0)], 1.5),
        ([(0.0, 50.0), (75.0, 100.0)], 0.75),
        # the last 600 seconds begin at 400: of the first run none counts, of the second 100
        ([(0.0, 300.0), (300.0, 500.0), (700.0, 1000.0)], 400 / 600),
        # a run that began long ago counts as far as it lasted into them
        ([(0.0, 1000.0), (0.0, 1000.0)], 2.0),
        ([(0.0, 700.0), (650.0, 700.0)], 650 / 600),
    ],
)
def test_slots_in_use_lately_are_time_in_runs_over_the_last_ten_minutes(spans, slots):
    assert slots_lately(spans) == (slots if slots is None else pytest.approx(slots))


def test_a_run_began_its_length_before_it_ended_and_counts_where_both_are_known():
    ended = [
        SeedRunResult(seconds=30.0, finished_at="2026-01-01T00:01:00+00:00"),
        SeedRunResult(seconds=None, finished_at="2026-01-01T00:02:00+00:00"),
        SeedRunResult(seconds=30.0, finished_at=None),
        SeedRunResult(seconds=0.0, finished_at="2026-01-01T02:00:00+02:00"),
    ]
    midnight = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert list(spans_of(ended)) == [(midnight + 30, midnight + 60), (midnight, midnight)]
