"""Counts and curves of a ledger, and what it holds that no musebar writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from musebar_core.errors import StudyError
from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger import reading
from study.ledger.reading import Runs
from study.ledger.record import SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult, SeedRunState
from study.spec.sections import Phase

ONE, OTHER = "0123456789ab", "ba9876543210"


def run(genre="low", config_id=ONE, seed=0, phase=Phase.SEARCH):
    return SeedRun(genre, config_id, seed, phase)


def result(bce=1.5, epochs=2):
    measured = Metrics.from_dict({"bce": bce, "kl": 2.0, "collapsed": False})
    curve = tuple(EpochMetrics(i + 1, 1.0, 2.0, 1.0, measured) for i in range(epochs))
    return SeedRunResult(metrics=RunMetrics(*[measured] * 4), curve=curve, best_epoch=1)


def failed(message="diverged", at="2026-01-01"):
    return SeedRunResult(failure=Failure(message, FailureKind.ERROR), finished_at=at)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def ledger(request, tmp_path, tiny_spec):
    """A ledger with an empty study; every test of this file is of both databases."""
    url = request.param
    if url != "sqlite":
        url = request.getfixturevalue("postgres_url")
    made = Home(tmp_path / "studies").create(tiny_spec(storage__ledger=url)).ledger
    yield made
    made.close()


def test_ended_runs_are_counted_by_genre_phase_and_state(ledger):
    assert ledger.ended_counts("tiny") == {}
    for one in (run(seed=0), run(seed=1), run("high"), run(phase=Phase.CONFIRM, seed=1000)):
        ledger.end("tiny", one, result())
    ledger.end("tiny", run(seed=2), failed())
    assert ledger.ended_counts("tiny") == {
        ("low", Phase.SEARCH, SeedRunState.DONE): 2,
        ("low", Phase.SEARCH, SeedRunState.FAILED): 1,
        ("low", Phase.CONFIRM, SeedRunState.DONE): 1,
        ("high", Phase.SEARCH, SeedRunState.DONE): 1,
    }
    assert ledger.ended_counts("another") == {}


def test_the_commonest_failure_is_named_and_of_equally_common_ones_the_first(ledger):
    assert ledger.commonest_failure("tiny") == ""
    ledger.end("tiny", run(seed=0), failed("b", "2026-01-02"))
    ledger.end("tiny", run(seed=1), failed("a", "2026-01-03"))
    assert ledger.commonest_failure("tiny") == "b"
    ledger.end("tiny", run(seed=2), failed("a", "2026-01-04"))
    assert ledger.commonest_failure("tiny") == "a"
    ledger.end("tiny", run(seed=3), result())
    assert ledger.commonest_failure("another") == ""


def test_curves_come_by_key_and_narrowed_down(ledger):
    for genre, config_id, seed in (("low", OTHER, 1), ("low", ONE, 0), ("high", ONE, 0)):
        ledger.end("tiny", run(genre, config_id, seed), result(epochs=seed + 1))
    whole = [(one.genre, one.config_id, len(curve)) for one, curve in ledger.curves("tiny")]
    assert whole == [("high", ONE, 1), ("low", ONE, 1), ("low", OTHER, 2)]
    assert [one.genre for one, _ in ledger.curves("tiny", config_id=ONE)] == ["high", "low"]
    assert [one.seed for one, _ in ledger.curves("tiny", genre="low", config_id=OTHER)] == [1]
    assert list(ledger.curves("tiny", phase="confirm")) == []
    assert list(ledger.curves("another")) == []


@pytest.mark.parametrize(
    ("runs", "curve", "test"),
    [
        (Runs.FOR_PLANS, None, False),
        (Runs.WITHOUT_CURVES, None, True),
        (Runs.WITH_CURVES, 2, True),
    ],
)
def test_as_much_is_read_of_a_run_as_is_asked_for(ledger, runs, curve, test):
    ledger.end("tiny", run(), result())
    (read,) = ledger.read("tiny", runs=runs).ended.values()
    assert read.metrics.validation.bce == 1.5
    assert (read.metrics.test is not None) is test
    assert (read.curve if curve is None else len(read.curve)) == curve
    assert ledger.read("tiny", runs=Runs.NONE).ended == {}


def test_more_runs_than_are_fetched_at_a_time_are_all_read(ledger, monkeypatch):
    monkeypatch.setattr(reading, "_AT_A_TIME", 3)
    ledger.end_all("tiny", {run(seed=seed): result() for seed in range(7)})
    assert [one.seed for one in ledger.read("tiny").ended] == list(range(7))
    assert len(list(ledger.curves("tiny"))) == 7
    ledger.check_runs("tiny")


def test_studies_are_named_newest_first(ledger, tiny_spec):
    other = tiny_spec("another", storage__ledger=ledger.database.url)
    assert ledger.create(other)
    assert not ledger.create(other)
    assert ledger.studies() == ["another", "tiny"]


def test_a_study_that_is_not_there_has_no_state(ledger):
    assert ledger.read_state("tiny") is StudyState.CREATED
    for read in (ledger.read_state, ledger.read):
        with pytest.raises(StudyError, match="the ledger holds no study 'nothing'"):
            read("nothing")


@pytest.fixture
def spoil(tmp_path, tiny_spec):
    """Puts a value into a cell of a run that is done, as no musebar would; SQLite takes it."""
    made = Home(tmp_path / "studies").create(tiny_spec()).ledger
    made.end("tiny", run(), result())
    made.end("tiny", run(seed=1), failed())
    made.check_runs("tiny")

    def put(column, value):
        with made.database.begin() as db:
            db.execute(
                sa.text(f"UPDATE musebar_seed_runs SET {column} = :v WHERE seed = 0"), {"v": value}
            )
        return made

    yield put
    made.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("attempts", "many"),
        ("attempts", 1.5),
        ("best_epoch", "late"),
        ("seconds", "long"),
        ("node", b"blob"),
        ("finished_at", b"blob"),
        ("state", b"done"),
        ("metrics", b"{}"),
        ("metrics", "{"),
        ("metrics", "[1]"),
        ("metrics", '{"validation": 3}'),
        ("metrics", '{"validation": {"bce": "low"}}'),
        ("metrics", '{"test": {"kl": [1]}}'),
        ("versions", 12),
    ],
)
def test_a_cell_that_no_musebar_writes_is_seen_without_reading_the_runs(spoil, column, value):
    ledger = spoil(column, value)
    with pytest.raises(StudyError, match=r"'tiny' holds what no musebar writes .*from a copy"):
        ledger.check_runs("tiny")
    ledger.check_runs("another")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("best_epoch", None),
        ("seconds", 3),
        ("versions", None),
        ("metrics", json.dumps({"validation": {"bce": 12.5, "mood": "blue", "kl": None}})),
    ],
)
def test_what_an_older_or_newer_musebar_writes_is_taken(spoil, column, value):
    spoil(column, value).check_runs("tiny")


@pytest.mark.parametrize(
    ("column", "value"),
    [("phase", "holiday"), ("state", "splendid")],
)
def test_words_that_are_no_phase_or_state_are_seen_where_runs_are_counted(spoil, column, value):
    with pytest.raises(StudyError, match="holds what no musebar writes"):
        spoil(column, value).ended_counts("tiny")


@pytest.mark.parametrize("runs", [Runs.FOR_PLANS, Runs.WITHOUT_CURVES, Runs.WITH_CURVES])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("failure_kind", "bad luck"),
        ("attempts", "many"),
        ("attempts", 1.5),
        ("best_epoch", "late"),
        ("best_epoch", 2.5),
        ("seconds", "long"),
        ("node", b"blob"),
        ("device", b"blob"),
        ("checkpoint", b"blob"),
        ("finished_at", b"blob"),
        ("failure", b"blob"),
        ("metrics", '{"validation": {"bce": "low"}}'),
        ("metrics", '{"validation": {"bce": true, "kl": [1]}}'),
        ("phase", "holiday"),
    ],
)
def test_a_cell_that_no_musebar_writes_is_refused_where_runs_are_read(spoil, runs, column, value):
    ledger = spoil(column, value)
    if column == "failure_kind":  # it tells of a failure alone
        spoil("failure", "x")
    with pytest.raises(StudyError, match="'tiny' holds what no musebar writes"):
        ledger.read("tiny", runs=runs)
    assert ledger.read("tiny", runs=Runs.NONE).ended == {}


@pytest.mark.parametrize(
    ("runs", "column", "value"),
    [
        (Runs.WITHOUT_CURVES, "versions", "12"),
        (Runs.WITHOUT_CURVES, "metrics", "[1]"),
        (Runs.WITHOUT_CURVES, "metrics", '{"test": {"kl": "low"}}'),
        (Runs.FOR_PLANS, "metrics", None),
        (Runs.FOR_PLANS, "metrics", "{}"),
        (Runs.WITH_CURVES, "curve", '[{"epoch": 3}]'),
        (Runs.WITH_CURVES, "curve", "3"),
    ],
)
def test_what_is_read_alone_is_checked_where_it_is_read(spoil, runs, column, value):
    with pytest.raises(StudyError, match="'tiny' holds what no musebar writes"):
        spoil(column, value).read("tiny", runs=runs)


def test_a_curve_that_no_musebar_writes_is_refused_where_it_is_taken(spoil):
    ledger = spoil("curve", '[{"epoch": 3}]')
    with pytest.raises(StudyError, match="'tiny' holds what no musebar writes"):
        list(ledger.curves("tiny"))


@pytest.mark.parametrize("facts", ["[1]", '"x"', '{"fingerprint": 3}', "null"])
def test_facts_that_no_musebar_writes_are_refused(ledger, facts):
    ledger.set_corpus("tiny", "there", {"low": {"fingerprint": "f", "train_songs": 3}})
    assert ledger.read("tiny").facts == {"low": {"fingerprint": "f", "train_songs": 3}}
    with ledger.database.begin() as db:
        db.execute(sa.text("UPDATE musebar_genres SET facts = :facts"), {"facts": facts})
    with pytest.raises(StudyError, match=r"holds what no musebar writes .*facts of genre 'low'"):
        ledger.read("tiny")


def test_facts_are_those_that_were_recorded_last(ledger):
    ledger.set_corpus("tiny", "there", {"low": {"fingerprint": "f"}, "high": {}})
    ledger.set_corpus("tiny", None, {"low": {"fingerprint": "g"}})
    record = ledger.read("tiny")
    assert (record.corpus_path, record.facts) == (None, {"low": {"fingerprint": "g"}})


def test_attempts_are_counted_run_by_run(ledger):
    for one, count in ((run(), 2), (run(seed=1), 1)):
        for attempt in range(count):
            ledger.add_failed_attempt("tiny", one, attempt, failed().failure)
    assert ledger.read("tiny").failed_attempts == {run(): 2, run(seed=1): 1}


def test_of_a_failure_no_character_is_written_that_a_database_refuses(ledger):
    ledger.end("tiny", run(), failed("nul\0l"))
    ledger.add_failed_attempt("tiny", run(), 1, failed("nul\0l").failure)
    assert ledger.read("tiny").ended[run()].failure.message == "null"
    with ledger.database.begin() as db:
        columns = "reason, kind, failed_at, attempt"
        (row,) = db.execute(sa.text(f"SELECT {columns} FROM musebar_failed_attempts")).all()
    assert (row.reason, row.kind, row.attempt) == ("null", "error", 1)
    assert datetime.fromisoformat(row.failed_at).tzinfo == UTC


def test_a_run_that_ends_is_recorded_with_the_time(ledger):
    ledger.end("tiny", run(), failed(at=""))
    ledger.end("tiny", run(seed=1), failed(at="2026-01-01"))
    first, second = ledger.read("tiny").ended.values()
    told = datetime.fromisoformat(first.finished_at)
    assert abs(datetime.now(UTC) - told).total_seconds() < 60
    assert second.finished_at == "2026-01-01"


@pytest.mark.parametrize(
    "error", [ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError]
)
def test_however_a_row_fails_to_be_read_it_is_said_whose_it_is(error):
    with pytest.raises(StudyError) as caught, reading.readable("tiny"):
        raise error("why")
    said = "'why'" if error is KeyError else "why"
    assert str(caught.value) == (
        "the ledger of study 'tiny' holds what no musebar writes "
        f"({error.__name__}: {said}): bring it back from a copy"
    )


def test_what_is_no_fault_of_a_row_is_told_as_it_is():
    with pytest.raises(ZeroDivisionError), reading.readable("tiny"):
        raise ZeroDivisionError


def test_a_cell_that_is_nested_without_end_is_told_of_its_study(spoil):
    ledger = spoil("metrics", "[" * 100_000)
    with pytest.raises(StudyError, match=r"'tiny' holds what no musebar writes \(RecursionError"):
        ledger.check_runs("tiny")


def test_runs_and_curves_come_by_configuration_seed_and_phase(ledger):
    keys = [
        run(config_id=config_id, seed=seed, phase=phase)
        for config_id in (ONE, OTHER)
        for seed in (0, 1)
        for phase in (Phase.CONFIRM, Phase.METHODS, Phase.SEARCH)
    ]
    ledger.end_all("tiny", {one: result() for one in reversed(keys)})
    for runs in (Runs.FOR_PLANS, Runs.WITH_CURVES):
        assert list(ledger.read("tiny", runs=runs).ended) == keys
    assert [one for one, _ in ledger.curves("tiny")] == keys


def test_studies_of_one_moment_are_named_by_the_alphabet(ledger, tiny_spec):
    for name in ("b", "a", "c"):
        ledger.create(tiny_spec(name, storage__ledger=ledger.database.url))
    with ledger.database.begin() as db:
        db.execute(sa.text("UPDATE musebar_studies SET created_at = '2026'"))
    assert ledger.studies() == ["a", "b", "c", "tiny"]


def test_a_state_that_no_musebar_writes_is_none(ledger):
    with ledger.database.begin() as db:
        db.execute(sa.text("UPDATE musebar_studies SET state = 'asleep'"))
    with pytest.raises(StudyError, match="holds no study 'tiny' whose state it could tell"):
        ledger.read_state("tiny")
    with pytest.raises(StudyError, match="holds what no musebar writes"):
        ledger.read("tiny")
