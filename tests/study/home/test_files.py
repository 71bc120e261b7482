from __future__ import annotations

import pytest

from musebar_core.errors import UsageError
from study.home import corpora, files
from study.home.studies import Home
from study.ledger.ledger import Ledger
from study.ledger.record import MODEL_FILE
from study.run import worker
from study.run.attempt import Assignment


@pytest.fixture(
    params=["local", "memory", "file", pytest.param("s3", marks=pytest.mark.services)],
)
def home(request, tmp_path):
    """The root of a home: the tests below hold for each kind of it."""
    if request.param == "local":
        return tmp_path / "home"
    if request.param == "memory":
        return files.to_path(f"memory://{tmp_path.name}")
    if request.param == "file":
        return files.to_path(f"file://{tmp_path}/home")
    return files.to_path(request.getfixturevalue("s3"))


def test_a_file_is_written_read_and_removed(home):
    file = home / "study" / "runs" / "state"
    files.write_bytes(file, b"one")
    files.write_bytes(file, b"two")
    assert file.read_bytes() == b"two"
    assert [found.name for found in file.parent.iterdir()] == ["state"]
    files.remove(file)
    files.remove(file)
    assert not file.is_file()


def test_removing_a_checkpoint_leaves_what_lies_beside_it(home):
    for name in ("state", "model"):
        files.write_bytes(home / "runs" / "5" / name, b"x")
    files.remove(home / "runs" / "5" / "state")
    assert (home / "runs" / "5" / "model").read_bytes() == b"x"


def test_a_folder_travels_there_and_back(home, tmp_path):
    source = tmp_path / "source"
    for name in ("a", "deep/b", "fingerprint"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    files.publish(source, home / "corpus", last="fingerprint")
    back = files.fetch(home / "corpus", tmp_path / "back")
    files.fetch(home / "corpus", tmp_path / "back")  # it is there already
    assert sorted(p.relative_to(back).as_posix() for p in back.rglob("*") if p.is_file()) == [
        "a",
        "deep/b",
        "fingerprint",
    ]
    assert [p.name for p in tmp_path.glob(".back*")] == []


def test_a_copy_that_breaks_off_leaves_nothing(home, tmp_path):
    with pytest.raises(FileNotFoundError):
        files.fetch(home / "nothing", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_what_is_written_for_a_url_arrives_there(home):
    with files.written(home / "export") as folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results").write_text("rows")
    assert (home / "export" / "results").read_text() == "rows"
    assert (files.copied(home / "export") / "results").read_text() == "rows"


def test_a_corpus_is_shared_once_and_loaded_from_its_copy(home, corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEBAR_CACHE", str(tmp_path / "cache"))
    location = corpora.share(corpus, home)
    assert corpora.share(corpus, home) == location
    assert corpora.load(location).fingerprint == corpus.fingerprint


def test_a_protocol_nobody_serves_is_a_usage_error():
    with pytest.raises(UsageError, match="nosuch"):
        files.to_path("nosuch://bucket/home")


def test_a_password_in_a_homes_url_is_refused_and_not_repeated():
    with pytest.raises(UsageError, match="FSSPEC_FTP_PASSWORD") as caught:
        files.to_path("ftp://lab:s3cret@nas.lab/studies")
    assert "s3cret" not in str(caught.value)


def test_a_home_by_url_needs_a_ledger_by_url(tiny_spec):
    home = Home(files.to_path("memory://needs-a-ledger"))
    with pytest.raises(UsageError, match=r"storage\.ledger=postgresql"):
        home.create(tiny_spec())
    assert home.names() == []


def test_a_home_by_url_holds_studies_and_no_password(home, tmp_path, tiny_spec, monkeypatch):
    if not files.is_url(home):
        pytest.skip("a local home keeps the whole URL, for its owner alone")
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setattr("study.home.studies._open_ledger", lambda spec, folder: Ledger(url))
    place = Home(home)
    for name in ("one", "two"):
        place.create(tiny_spec(name, storage__ledger="postgresql://me:se-cret@host/db"))
    assert sorted(place.names()) == ["one", "two"]
    assert place.open("one").ledger.read("one").spec.name == "one"
    assert "cret" not in (home / "one" / "study.yaml").read_text()
    assert f"--home {home}" in place.musebar


def test_a_run_goes_on_from_a_checkpoint_at_a_url(home, corpus, configuration, monkeypatch):
    """Taken up on a machine that has nothing of it, it equals an unbroken run bit for bit."""
    if not files.is_url(home) or "memory" in str(home):
        pytest.skip("the engine's own tests do this, or there is nothing to share")

    def assignment(folder):
        return Assignment(
            genre="low",
            config=configuration(),
            seeds=(0,),
            corpus=str(corpus.path),
            fingerprint=corpus.genre("low").fingerprint,
            folder=str(home / folder),
            keep_model=True,
            threads=1,
            device="cpu",
            checkpoint_seconds=0.0,
        )

    whole = worker.run_seed(assignment("whole"), 0)
    publish, published = files.publish, []

    def broken(source, target, last=None):
        publish(source, target, last)
        published.append(target)
        if len(published) == 2:
            raise RuntimeError("the node is taken away")

    with monkeypatch.context() as patch:
        patch.setattr(files, "publish", broken)
        assert "taken away" in worker.run_seed(assignment("broken"), 0).failure.message
    monkeypatch.setenv("MUSEBAR_CACHE", str(corpus.path.parent / "another-machine"))
    resumed = worker.run_seed(assignment("broken"), 0)
    assert resumed.failure is None
    assert resumed.resumed_at == 8
    assert resumed.metrics == whole.metrics
    assert (home / "broken" / "0" / MODEL_FILE).is_file()


def test_sqlite_is_refused_on_a_network_file_system(tmp_path):
    from study.home.studies import _check_sqlite

    assert files.filesystem(files.to_path("/proc/self")) == "proc"
    _check_sqlite(files.filesystem(tmp_path), tmp_path)
    with pytest.raises(UsageError, match=r"network file system \(nfs4\)"):
        _check_sqlite("nfs4", tmp_path)
