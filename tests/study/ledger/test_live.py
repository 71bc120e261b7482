"""The live curve of a run under way, written while others read it."""

from __future__ import annotations

import pytest

from musebar_core.metric_table import EpochMetrics, Metrics
from study.ledger import live


def row(epoch):
    return EpochMetrics(epoch, 0.5, 2.0, 1.0, Metrics.from_dict({"bce": float(epoch)}))


@pytest.fixture
def file(tmp_path):
    return tmp_path / live.LIVE_FILE


def test_evaluations_come_back_in_the_order_in_which_they_were_written(file):
    live.write(file, [row(10), row(20)])
    live.write(file, [row(30)])
    assert live.read(file) == (row(10), row(20), row(30))


def test_a_curve_that_begins_afresh_has_nothing_of_the_one_before(file):
    live.write(file, [row(10), row(20)])
    live.write(file, [row(30)], afresh=True)
    assert live.read(file) == (row(30),)


def test_where_there_is_no_file_there_is_no_evaluation_yet(file):
    assert live.read(file) == ()


@pytest.mark.parametrize(
    "line", ['{"epoch": 20, "wei', "{}", "[1]", "3", '{"epoch": 20}', b"\xff".decode("latin-1")]
)
def test_a_line_that_is_not_whole_ends_what_is_there(file, line):
    live.write(file, [row(10)])
    with file.open("a") as opened:
        opened.write(line + "\n")
    live.write(file, [row(30)])
    assert live.read(file) == (row(10),)
