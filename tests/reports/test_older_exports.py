"""Tables grow: what an export of another day lacks, or has more, breaks no page and no choice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from musebar_core.metric_table import averaged
from reports.output.recommendation import NoFullCountError, as_json, recommend
from reports.output.site import build_report
from reports.words.recommendation import as_text

RESULTS = Path(__file__).parents[2] / "docs" / "results"

ADDED = """
import sys
from musebar_core import metric_table as table

more = table.Metric("sparkle", "float64", "nats", "sparkle", "not there", averaged=True)
table.METRICS += (more,)
from pathlib import Path

from reports.answers.summaries import summaries
from reports.output.site import build_report
from reports.output.recommendation import as_json, recommend
from reports.words.recommendation import as_text
from study.home.studies import Home
from study.results import exchange
from study.results.tables import load_tables

home = Home(Path(sys.argv[2]))
study, count = exchange.import_study(home, Path(sys.argv[1]))
tables = load_tables(home.path, study.name)
assert tables.results.validation_sparkle.isna().all()
genre = str(tables.genres.genre[0])
assert '"verdict": "nothing works yet"' in as_json(recommend(tables, genre))  # a plateau
assert summaries(tables, genre)[0].validation.bce.n_seeds
assert build_report(tables, Path(sys.argv[3])).is_file()
"""


def test_a_committed_export_is_read_and_reported_after_a_metric_was_added(tmp_path):
    command = [sys.executable, "-c", ADDED, str(RESULTS / "claims-gpu")]
    command += [str(tmp_path / "home"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("metric", [name for name in averaged() if name != "bce"])
def test_pages_and_choice_go_on_without_a_metric(make_study, make_config, tmp_path, metric):
    study = make_study(confirm=2)
    for latent in (8, 16, 32, 64, 128):
        study.add(make_config(latent), [500.0 + latent, 501.0 + latent])
    study.add(make_config(8, 2), [520.0, 521.0], phase="methods", method="musebar_bow")
    tables = study.tables()
    for table in (tables.results, tables.curves):
        for column in [name for name in table if name.endswith(f"_{metric}")]:
            table[column] = pd.array([None] * len(table), dtype=table[column].dtype)
    found = recommend(tables, "jazz")
    assert found.chosen.config.model.latent_length == 8
    assert f'"{metric}": null' in as_json(found)
    assert as_text(found)
    assert build_report(tables, tmp_path).is_file()
    assert "nan" not in as_text(found)


def test_a_study_without_the_metric_that_a_choice_needs_says_so(make_study, make_config, tmp_path):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0])
    for row in study.rows:
        row |= {"validation_bce": None, "test_bce": None}
    with pytest.raises(NoFullCountError, match="has BCE measured on all seeds"):
        recommend(study.tables(), "jazz")
    assert build_report(study.tables(), tmp_path).is_file()
