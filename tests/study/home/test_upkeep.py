"""A study that gets another name, or goes, with all of its files and none of others'."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from musebar_core import marks
from musebar_core.errors import StudyError, UnknownNameError, UsageError
from musebar_core.marks import Kind
from study.home import upkeep
from study.home.files import to_path, write_bytes
from study.home.studies import MEASURES_FILE, SPEC_FILE, Home, recorded
from study.ledger import schema
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from study.ledger.record import SeedRun
from study.ledger.result import SeedRunResult
from study.spec.sections import Phase


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "studies")


@pytest.fixture
def create(home, tiny_spec):
    """Makes a study of so many ended seed runs."""

    def make(name="jazz", runs=0, **changes):
        study = home.create(tiny_spec(name, **changes))
        config = study.ledger.read(name).spec.configuration({})
        study.ledger.add_configurations(name, [config])
        for seed in range(1000, 1000 + runs):
            run = SeedRun("low", config.config_id, seed, Phase.CONFIRM)
            study.ledger.end(name, run, SeedRunResult())
        study.ledger.close()
        return study.folder

    return make


def files(folder):
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


OF_THE_PRODUCT = (
    "runs/low/a/0/model.safetensors",
    "runs/low/a/0/state.safetensors",
    "runs/low/a/0/state.unusable",
    "runs/low/a/0/curve.jsonl",
    "runs/low/a/0/.lock",
    "runs/low/a/0/.state.safetensors.x1y2",
    "runs/low/a/0/.model.safetensors.x1y2",
    "tensorboard/low/a/0/events.out.tfevents.0.musebar",
    MEASURES_FILE,
    "report/index.html",
    "export/results.parquet",
)


@pytest.fixture
def full(create):
    """A study of two ended runs with a file of every kind that the product makes."""
    folder = create(runs=2)
    for name in OF_THE_PRODUCT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("ours")
    marks.put(folder / "report", Kind.REPORT)
    marks.put(folder / "export", Kind.EXPORT)
    return folder


def test_a_deleted_study_takes_all_its_files_along_and_says_what_had_ended(home, full):
    assert upkeep.delete(home, "jazz") == (2, [])
    assert not full.exists()
    assert home.names() == []


def test_a_deleted_study_leaves_nothing_for_somebody_who_looks_at_it(home, full):
    looking = home.open("jazz")
    with looking.ledger.database.begin() as db:
        db.execute(sa.select(schema.studies)).all()
        assert {"ledger.sqlite-wal", "ledger.sqlite-shm"} <= set(files(full))
        upkeep.delete(home, "jazz")
        assert not full.exists()
    looking.ledger.close()


def test_what_is_not_the_studys_stays_and_is_named(home, full):
    others = [
        "notes.txt",
        "runs/low/a/0/model.safetensors.bak",
        "runs/low/a/0/.model.safetensors~",
        "runs/low/thoughts.txt",
        "tensorboard/other.tfevents",
        "report/mine.html",
        "ledger.sqlite.bak",
        "mine/model.safetensors",
        "mine/events.out.tfevents.0.musebar",
        "runs/low/.lock/thoughts.txt",
    ]
    for name in others:
        (full / name).parent.mkdir(exist_ok=True)
        (full / name).write_text("mine")
    ended, left = upkeep.delete(home, "jazz")
    assert ended == 2
    assert left == ["ledger.sqlite.bak", "mine", "notes.txt", "report", "runs", "tensorboard"]
    assert files(full) == sorted(others)


def test_folders_without_a_mark_are_somebodys_own(home, create):
    folder = create()
    for name in ("report", "export"):
        (folder / name).mkdir()
        (folder / name / "mine.txt").write_text("mine")
    marks.put(folder / "report", Kind.EXPORT)  # a mark of another kind
    assert upkeep.delete(home, "jazz") == (0, ["export", "report"])


def test_other_studies_and_corpora_stay(home, create, full):
    other = create("blues", runs=1)
    (home.corpora / "music").mkdir(parents=True)
    (home.corpora / "music" / "fingerprint").write_text("f")
    upkeep.delete(home, "jazz")
    assert home.names() == ["blues"]
    assert SPEC_FILE in files(other)
    assert files(home.corpora) == ["music/fingerprint"]


@pytest.mark.parametrize("what", [upkeep.delete, lambda home, name: upkeep.rename(home, name, "x")])
def test_a_study_that_is_driven_or_is_not_there_is_left_as_it_is(home, full, what):
    before, opened = files(full), home.open("jazz")
    stop = rf"is being driven .*'musebar --home {home.path} study stop jazz'"
    with Lease(opened.ledger, "jazz"), pytest.raises(StudyError, match=stop):
        what(home, "jazz")
    assert opened.ledger.ended_counts("jazz")
    opened.ledger.close()
    assert set(before) <= set(files(full))
    with pytest.raises(UnknownNameError, match="did you mean 'jazz'"):
        what(home, "jaz")


def test_a_renamed_study_is_the_same_under_another_name(home, full):
    before, spec = set(files(full)), recorded(full / SPEC_FILE)
    renamed = upkeep.rename(home, "jazz", "bebop")
    assert renamed == spec.model_copy(update={"name": "bebop"})
    assert home.names() == ["bebop"]
    assert not full.exists()
    folder = home.path / "bebop"
    assert recorded(folder / SPEC_FILE) == renamed
    assert before <= set(files(folder))
    opened = home.open("bebop")
    assert opened.ledger.read("bebop").spec == renamed
    assert len(opened.ledger.read("bebop").ended) == 2
    opened.ledger.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blues", "study 'blues' is there already"),
        ("jazz", "study 'jazz' is there already"),
        ("taken", "is there already: name another"),
        ("foreign", r"is no study \(it holds thesis.tex\)"),
        ("dangling", "is there already: name another"),
        ("corpora", "a home has a folder of that name"),
        ("-jazz", "'-jazz' is no name of a study"),
        ("", "'' is no name of a study"),
        ("x" * 101, "at most 100"),
    ],
)
def test_a_name_that_is_taken_or_is_none_changes_nothing(home, create, full, name, message):
    create("blues")
    (home.path / "taken").mkdir()
    (home.path / "foreign").mkdir()
    (home.path / "foreign" / "thesis.tex").write_text("mine")
    (home.path / "dangling").symlink_to(home.path / "nowhere")
    before = files(home.path)
    with pytest.raises(UsageError, match=message):
        upkeep.rename(home, "jazz", name)
    assert sorted(home.names()) == ["blues", "jazz"]
    assert [f for f in files(home.path) if "sqlite-" not in f] == [
        f for f in before if "sqlite-" not in f
    ]


def test_a_name_of_a_hundred_characters_is_one(home, create):
    create()
    assert upkeep.rename(home, "jazz", "x" * 100).name == "x" * 100


@pytest.fixture
def away(tmp_path, tiny_spec, monkeypatch):
    """A home at a URL with a study of some files, and another beside it."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setattr("study.home.studies._open_ledger", lambda spec, folder: Ledger(url))
    home = Home(to_path(f"memory://{tmp_path.name}"))
    for name in ("jazz", "blues"):
        home.create(tiny_spec(name, storage__ledger="postgresql://me@host/db")).ledger.close()
        ours = ("runs/low/a/0/model", "report/index.html", "export/results", MEASURES_FILE)
        for file in (*ours, "notes.txt"):
            write_bytes(home.path / name / file, b"x")
    return home


def test_at_a_url_a_study_gets_another_name_with_all_that_is_in_it(away):
    upkeep.rename(away, "jazz", "bebop")
    assert sorted(away.names()) == ["bebop", "blues"]
    assert (away.path / "bebop" / "runs" / "low" / "a" / "0" / "model").read_bytes() == b"x"
    assert recorded(away.path / "bebop" / SPEC_FILE).name == "bebop"
    assert not (away.path / "jazz").exists()
    with pytest.raises(UsageError, match="is there already"):
        upkeep.rename(away, "bebop", "blues")


def test_at_a_url_a_study_goes_and_what_is_not_the_products_stays(away):
    assert upkeep.delete(away, "jazz") == (0, ["notes.txt"])
    assert away.names() == ["blues"]
    assert (away.path / "blues" / "report" / "index.html").read_bytes() == b"x"
    assert away.open("blues").ledger.studies() == ["blues"]
