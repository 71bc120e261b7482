"""A study that gets another name, or goes, beside others that stay as they are."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from musebar_core.errors import UsageError
from study.ledger import schema, upkeep
from study.ledger.ledger import Ledger
from study.ledger.record import Proposal, SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, SeedRunResult
from study.spec.sections import Phase

FAILURE = Failure("late", FailureKind.NODE_LOST)


@pytest.fixture
def ledger(tmp_path, tiny_spec):
    """Three studies with something in each of their tables, and a driver each."""
    made = Ledger.in_folder(tmp_path)
    for name in ("a", "m", "z"):
        spec = tiny_spec(name)
        cell = next(iter(spec.space.cells()))
        configuration = spec.configuration(cell)
        run = SeedRun("low", configuration.config_id, 0, Phase.SEARCH)
        made.create(spec)
        made.set_corpus(name, "there", {"low": {"fingerprint": "f"}})
        proposed = [Proposal(configuration.config_id, cell)]
        made.add_generation(name, "low", 0, proposed, [configuration])
        made.add_failed_attempt(name, run, 1, FAILURE)
        made.end_all(name, {run: SeedRunResult(), run._replace(seed=1): SeedRunResult(FAILURE)})
        with made.database.begin() as db:
            values = {"holder": name, "host": "h/1", "pid": 1, "process_start": 0.0, "beat": 0}
            db.execute(schema.leases.insert().values(study=name, **values))
    yield made
    made.close()


def rows(ledger):
    """How many rows of each study there are, by table."""
    with ledger.database.begin() as db:
        return {
            table.name: Counter(db.scalars(sa.select(table.c.study)))
            for table in (*schema.of_studies(), schema.leases)
        }


def test_a_study_that_is_deleted_leaves_nothing_but_its_drivers_lease(ledger):
    before = rows(ledger)
    assert upkeep.delete(ledger, "m") == 2
    after = rows(ledger)
    assert len(after) == 7
    assert after.pop("musebar_leases") == before.pop("musebar_leases")
    for table, counts in before.items():
        assert after[table] == {study: counts[study] for study in ("a", "z")}


def test_deleting_what_is_not_there_deletes_nothing(ledger):
    before = rows(ledger)
    assert upkeep.delete(ledger, "nothing") == 0
    assert rows(ledger) == before


def test_a_study_keeps_all_that_it_has_under_another_name(ledger):
    before, was = rows(ledger), ledger.read("m")
    upkeep.rename(ledger, "m", "new")
    after = rows(ledger)
    assert after.pop("musebar_leases") == before.pop("musebar_leases")
    for table, counts in before.items():
        assert after[table] == {"a": counts["a"], "new": counts["m"], "z": counts["z"]}
    came = ledger.read("new")
    assert came.spec.name == "new"
    assert came.spec.training == was.spec.training
    assert (came.ended, came.generations, came.facts) == (was.ended, was.generations, was.facts)
    assert [ledger.read(name).spec.name for name in ("a", "z")] == ["a", "z"]
    assert ledger.read_state("new") is StudyState.CREATED


def test_no_study_gets_a_name_that_another_has(ledger):
    before = rows(ledger)
    with pytest.raises(UsageError, match="holds a study 'z' already: name another"):
        upkeep.rename(ledger, "a", "z")
    assert rows(ledger) == before


@pytest.mark.parametrize("old", ["gone", "never"])
def test_a_renaming_that_was_interrupted_is_taken_as_done(ledger, old):
    before = rows(ledger)
    upkeep.rename(ledger, old, "z")
    upkeep.rename(ledger, old, "nor this")
    assert rows(ledger) == before
