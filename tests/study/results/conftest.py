"""A small study of a home, and its export."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.results import exchange
from study.results.columns import BASELINES
from study.results.tables import tables, write_table
from study.spec import specfile
from study.spec.sections import Phase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A grid study of four configurations with one run done and one failed, and its export."""
    root = tmp_path_factory.mktemp("made")
    spec = specfile.load("paper-methods", ["corpus.genres=[fiddle]", "seeds.confirm=2"])
    study = Home(root / "first").create(spec)
    configurations = list(spec.methods.values())
    study.ledger.add_configurations(spec.name, configurations)
    baselines = dict.fromkeys(BASELINES, 9.0)
    fact = {"fingerprint": "abc", "baselines": {"validation": baselines, "test": baselines}}
    study.ledger.set_corpus(spec.name, "somewhere", {"fiddle": fact})
    first, second = (
        SeedRun("fiddle", c.config_id, 1000, Phase.CONFIRM) for c in configurations[:2]
    )
    known = {
        "bce": 1.5,
        "kl": 0.0,
        "kl_bars": 0.25,
        "elbo": -1.5,
        "mi_lower": 0.0,
        "mi_upper": 0.0,
        "mi_cap": 2.0,
        "active_units": 0,
        "informative_share": None,
        "collapsed": True,
        "n_snippets": 7,
    }
    metrics = Metrics.from_dict(known)
    places = [metrics._replace(bce=bce) for bce in (1.5, 2.5, 3.5, 4.5)]
    done = SeedRunResult(
        attempts=2,
        metrics=RunMetrics(*places),
        curve=(EpochMetrics(60, 0.5, 2.0, 1.0, metrics),),
        best_epoch=60,
        seconds=1.25,
        node="a",
        device="cpu",
        versions={"torch": "2"},
        checkpoint="runs/x",
        finished_at="2026-01-01",
    )
    study.ledger.end(spec.name, first, done)
    failed = SeedRunResult(failure=Failure("NaN", FailureKind.DIVERGED))
    study.ledger.end(spec.name, second, failed)
    folder = root / "export"
    folder.mkdir()
    record = study.ledger.read(spec.name, runs=Runs.WITH_CURVES)
    flat = tables(spec.name, record, StudyState.STOPPED)
    write_table(flat.results, folder / "results.parquet")
    write_table(flat.curves, folder / "curves.parquet")
    exchange.write(record, folder)
    study.ledger.close()
    return root


@pytest.fixture
def exported(made, tmp_path) -> Path:
    """The export; the home that it is of is ``first`` beside it."""
    for name in ("first", "export"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path / "export"
