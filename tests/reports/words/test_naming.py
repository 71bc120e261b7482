"""A configuration is named by whatever differs within its study."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.answers.naming import telling
from reports.answers.summaries import summaries
from reports.words.labels import brief, describe, name_of
from study.home.studies import Home
from study.results import exchange
from study.results.tables import load_tables

RESULTS = Path(__file__).parents[3] / "docs" / "results"


@pytest.mark.parametrize("name", ["ablation", "claims", "claims-gpu"])
def test_no_two_configurations_of_a_committed_export_have_one_name(tmp_path, name):
    study, _ = exchange.bring(Home(tmp_path), RESULTS / name)
    tables = load_tables(Home(tmp_path).path, study.name)
    genre = str(tables.genres["genre"][0])
    rows = {row.config_id: row for row in summaries(tables, genre)}
    for said in (brief, name_of, lambda row: describe(row.config, row.told_by)):
        assert len({said(row) for row in rows.values()}) == len(rows)


@pytest.mark.parametrize("searched", [True, False])
def test_a_grid_is_told_by_what_was_changed_and_a_search_by_what_is_on(make_config, searched):
    strong = make_config(8, 1, "linear", free_bits=0.5)
    others = [make_config(8, 1, "linear", free_bits=0.5, batch=n) for n in (2, 4)]
    off = make_config(8, 1, "linear", free_bits=0.0)
    told = telling([strong, *others, off], searched=searched)
    extra = {
        one.config_id: set(told[one.config_id]) - {"latent_length", "regularizers", "annealing"}
        for one in (strong, off)
    }
    assert extra[strong.config_id] == ({"free_bits"} if searched else set())
    assert extra[off.config_id] == (set() if searched else {"free_bits"})
