from __future__ import annotations

import random

import pytest

from study.home.studies import Home
from study.ledger.record import StudyState
from study.results.overview import Overview, overview
from study.search import planner
from tests.study.search.toystudy import GENRES, drive, toy


@pytest.mark.parametrize("ends", [0, 5, 20, 34, 40, None])
@pytest.mark.parametrize("protocol", ["search", "grid"])
def test_counts_from_the_database_are_those_of_the_plan(tmp_path, tiny_spec, protocol, ends):
    spec = tiny_spec(
        search__protocol=protocol, search__sampler="random", search__configurations="6"
    )
    study = Home(tmp_path).create(spec)
    study.ledger.set_corpus("tiny", None, {genre: {} for genre in GENRES})
    fixed = [*spec.methods.values(), *planner.grid_configurations(spec)]
    study.ledger.add_configurations("tiny", fixed)

    def result(run):
        return toy(run, failed=run.seed == 1)

    drive(study, random.Random(0).randrange, result, slots=4, ends=ends)
    if ends is None:
        study.ledger.set_state("tiny", StudyState.FINISHED)
    record = study.ledger.read("tiny")
    assert overview(study.ledger, "tiny") == Overview(
        genres=GENRES,
        done=sum(one.done for one in record.ended.values()),
        planned=len(planner.plan(record).planned),
    )
