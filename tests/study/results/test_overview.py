from __future__ import annotations

import random

import pytest

from musebar_core.errors import StudyError
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import Proposal, SeedRun, StudyState
from study.results.overview import Overview, overview
from study.search import planner
from study.spec.sections import Phase
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


@pytest.fixture
def searching(tmp_path, tiny_spec):
    """A search of two genres, two seeds and one generation of two configurations in each."""
    spec = tiny_spec(search__methods="false")
    study = Home(tmp_path).create(spec)
    ledger = study.ledger
    ledger.set_corpus("tiny", None, {genre: {} for genre in GENRES})
    cells = list(spec.space.cells())[:2]
    configurations = [spec.configuration(cell) for cell in cells]
    proposed = [Proposal(c.config_id, cell) for c, cell in zip(configurations, cells, strict=True)]
    for genre in GENRES:
        ledger.add_generation("tiny", genre, 0, proposed, configurations)

    def end(genre, *pairs, phase=Phase.SEARCH):
        for index, seed in pairs:
            run = SeedRun(genre, configurations[index].config_id, seed, phase)
            ledger.end("tiny", run, toy(run, failed=seed == 9))

    yield ledger, end
    ledger.close()


WHOLE = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.fixture
def looks(searching, monkeypatch):
    """How the ledger was read, look by look."""
    ledger, found = searching[0], []
    read = ledger.read

    def looked(name, *, runs):
        found.append(runs)
        return read(name, runs=runs)

    monkeypatch.setattr(ledger, "read", looked)
    return found


@pytest.mark.parametrize(
    ("high", "low", "confirmed", "reads"),
    [
        ((), (), (), False),
        (WHOLE[:3], WHOLE[:3], (), False),
        (WHOLE[:3], WHOLE[:3], ((0, 1000), (1, 1000)), False),  # those are of no search
        (WHOLE[:3], WHOLE, (), True),
        (WHOLE, WHOLE[:3], (), True),
        ((*WHOLE[:3], (1, 9)), (), (), True),  # one that failed has ended, too
    ],
)
def test_single_runs_are_read_only_once_a_genres_search_may_be_over(
    searching, looks, high, low, confirmed, reads
):
    ledger, end = searching
    end("high", *high)
    end("low", *low)
    end("low", *confirmed, phase=Phase.CONFIRM)
    overview(ledger, "tiny")
    assert (Runs.FOR_PLANS in looks) is reads


def test_of_a_study_that_is_finished_all_that_ended_was_planned(searching, looks):
    ledger, end = searching
    end("low", *WHOLE[:3], (1, 9))
    ledger.set_state("tiny", StudyState.FINISHED)
    assert overview(ledger, "tiny") == Overview(GENRES, done=3, planned=4)
    assert looks == [Runs.NONE]


def test_what_was_brought_from_elsewhere_counts_beside_what_is_planned(searching):
    ledger, end = searching
    assert overview(ledger, "tiny") == Overview(GENRES, done=0, planned=8)
    end("low", *((0, 2000 + number) for number in range(5)), phase=Phase.CONFIRM)
    assert overview(ledger, "tiny") == Overview(GENRES, done=5, planned=8)
    end("low", *((1, 2000 + number) for number in range(5)), phase=Phase.CONFIRM)
    assert overview(ledger, "tiny") == Overview(GENRES, done=10, planned=10)


def test_a_ledger_that_holds_what_no_musebar_writes_is_not_counted(searching):
    ledger, end = searching
    end("low", *WHOLE)
    with ledger.database.begin() as db:
        db.exec_driver_sql("UPDATE musebar_seed_runs SET attempts = 'many'")
    with pytest.raises(StudyError, match="holds what no musebar writes"):
        overview(ledger, "tiny")
