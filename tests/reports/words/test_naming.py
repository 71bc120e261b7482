"""A configuration is named by whatever differs within its study."""

from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.settings import searchable
from reports.answers.summaries import summaries
from reports.words.labels import brief, describe, name_of
from study.home.studies import Home
from study.results import exchange
from study.results.tables import load_tables

RESULTS = Path(__file__).parents[3] / "docs" / "results"


@pytest.mark.parametrize("name", ["ablation", "claims", "claims-gpu"])
def test_no_two_configurations_of_a_committed_export_have_one_name(tmp_path, name):
    study, _ = exchange.import_study(Home(tmp_path), RESULTS / name)
    tables = load_tables(Home(tmp_path).path, study.name)
    genre = str(tables.genres["genre"][0])
    rows = {row.config_id: row for row in summaries(tables, genre)}
    for said in (brief, name_of, lambda row: describe(row.config, row.told_by)):
        assert len({said(row) for row in rows.values()}) == len(rows)


@pytest.mark.parametrize(
    ("searched", "strong", "off"),
    [
        (False, "L 8 · r 1 · linear", "L 8 · r 1 · linear · free bits 0"),
        (True, "L 8 · r 1 · linear · free bits 0.5", "L 8 · r 1 · linear"),
    ],
)
def test_a_grid_is_told_by_what_was_changed_and_a_search_by_what_is_on(
    make_study, make_config, searched, strong, off
):
    study, phase = make_study(), "search" if searched else "confirm"
    for changed in ({}, {"input_dropout": 0.2}, {"input_dropout": 0.5}, {"free_bits": 0.0}):
        study.add(
            make_config(8, 1, "linear", **({"free_bits": 0.5} | changed)), [500.0], phase=phase
        )
    said = {brief(row) for row in summaries(study.tables(), "jazz")}
    assert {strong, off} <= said
    assert len(said) == 4


@pytest.mark.parametrize("entry", searchable().values(), ids=lambda entry: entry.name)
def test_configurations_that_differ_in_any_setting_have_two_names(
    make_study, make_config, changed, entry
):
    study, one = make_study(), make_config(8, 2, "cyclical")
    for config in (one, changed(one, entry)):
        study.add(config, [500.0])
    rows = summaries(study.tables(), "jazz")
    assert len({brief(row) for row in rows}) == 2
    assert len({describe(row.config, row.told_by) for row in rows}) == 2


def test_numbers_that_look_alike_are_told_apart(make_study, make_config):
    study = make_study()
    for rate in (0.001, 0.0010000001):
        study.add(make_config(8, learning_rate=rate), [500.0])
    assert len({brief(row) for row in summaries(study.tables(), "jazz")}) == 2
