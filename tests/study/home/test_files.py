from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pyarrow.fs
import pytest

from musebar_core.errors import UsageError
from study.home import corpora, files
from study.home.studies import Home
from study.ledger.ledger import Ledger
from study.ledger.record import MODEL_FILE
from tests.study.run.oneseed import assignment_of, run_seed


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


def test_what_breaks_off_while_it_is_written_is_not_sent_to_a_url(tmp_path):
    place = files.to_path(f"memory://{tmp_path.name}/export")

    def broken():
        with files.written(place) as folder:
            files.write_bytes(folder / "results", b"half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        broken()
    assert not place.exists()


def test_a_corpus_is_shared_once_and_loaded_from_its_copy(home, corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEBAR_CACHE", str(tmp_path / "cache"))
    location = corpora.share(corpus, home)
    assert corpora.share(corpus, home) == location
    assert corpora.load(location).fingerprint == corpus.fingerprint


def test_a_protocol_nobody_serves_is_a_usage_error():
    with pytest.raises(UsageError, match="nosuch"):
        files.to_path("nosuch://bucket/home")


def test_a_protocol_whose_library_is_missing_is_a_usage_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(UsageError, match=r"home 'abfs://bucket/home': .*adlfs"):
        files.to_path("abfs://bucket/home")


def test_a_password_in_a_homes_url_is_refused_and_not_repeated():
    with pytest.raises(UsageError, match="FSSPEC_FTP_PASSWORD") as caught:
        files.to_path("ftp://lab:s3cret@nas.lab/studies")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(UsageError, match="FSSPEC_FTP_PASSWORD"):
        files.to_path("ftp://lab:@nas.lab/studies")  # an empty one


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
        return assignment_of(corpus, configuration(), home / folder, checkpoint_seconds=0.0)

    whole = run_seed(assignment("whole"), 0)
    publish, published = files.publish, []

    def broken(source, target, last=None):
        publish(source, target, last)
        published.append(target)
        if len(published) == 2:
            raise RuntimeError("the node is taken away")

    with monkeypatch.context() as patch:
        patch.setattr(files, "publish", broken)
        assert "taken away" in run_seed(assignment("broken"), 0).failure.message
    monkeypatch.setenv("MUSEBAR_CACHE", str(corpus.path.parent / "another-machine"))
    resumed = run_seed(assignment("broken"), 0)
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


@pytest.mark.parametrize(
    ("location", "url"),
    [("s3://b/x", True), ("file:///x", True), ("/x", False), ("x:/y", False), (Path("x"), False)],
)
def test_a_url_has_a_protocol(location, url):
    assert files.is_url(location) is url


@pytest.mark.parametrize("location", ["studies", Path("studies")])
def test_what_is_no_url_is_a_path_of_this_machine(location):
    assert files.to_path(location) == Path("studies")


def test_a_url_that_is_none_is_a_usage_error_and_a_slash_at_its_end_means_nothing():
    with pytest.raises(UsageError, match="is no URL"):
        files.to_path("s3://[bucket/home")
    assert str(files.to_path("memory://home/studies/")) == "memory://home/studies"


def test_the_folder_that_stands_for_a_url_is_its_own_on_this_machine(tmp_path, monkeypatch):
    assert files.workspace(tmp_path, "a", "b") == tmp_path / "a" / "b"
    monkeypatch.setenv("MUSEBAR_CACHE", str(tmp_path / "cache"))
    one, other = (files.workspace(files.to_path(f"memory://{n}"), "a", "b") for n in ("x", "y"))
    assert one != other
    for found in (one, other):
        assert found.relative_to(tmp_path / "cache").parts[1:] == ("a", "b")
        assert len(found.relative_to(tmp_path / "cache").parts[0]) == 16
    monkeypatch.delenv("MUSEBAR_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.workspace(files.to_path("memory://x")).is_relative_to(
        tmp_path / ".cache" / "musebar"
    )


def test_the_file_that_says_that_a_folder_is_whole_comes_last(home, tmp_path, monkeypatch):
    source, order = tmp_path / "source", []
    for name in ("z", "a", "deep/b", "mark"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    monkeypatch.setattr(files, "write_bytes", lambda path, content: order.append(content))
    files.publish(source, home / "there", last="mark")
    assert order == [b"a", b"deep/b", b"z", b"mark"]


def test_one_file_is_copied_as_itself_there_and_back(home, tmp_path):
    (tmp_path / "one").write_bytes(b"content")
    files.publish(tmp_path / "one", home / "runs" / "one")
    assert (home / "runs" / "one").read_bytes() == b"content"
    assert files.fetch(home / "runs" / "one", tmp_path / "deep" / "back").read_bytes() == b"content"


def test_the_copy_of_another_process_that_was_faster_stays(tmp_path):
    for folder, text in (("source", "new"), ("target", "there")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text(text)
    assert files.fetch(tmp_path / "source", tmp_path / "target") == tmp_path / "target"
    assert (tmp_path / "target" / "file").read_text() == "there"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source", "target"]


@pytest.mark.parametrize("number", [errno.ENOTEMPTY, errno.EEXIST])
def test_systems_tell_in_either_way_that_another_was_faster(tmp_path, monkeypatch, number):
    def taken(*_):
        raise OSError(number, os.strerror(number))

    (tmp_path / "source").mkdir()
    monkeypatch.setattr(Path, "replace", taken)
    assert files.fetch(tmp_path / "source", tmp_path / "target") == tmp_path / "target"


def test_another_error_of_a_copy_is_told(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "target").write_text("a file in the place of the folder")
    with pytest.raises(NotADirectoryError):
        files.fetch(tmp_path / "source", tmp_path / "target")


def test_what_is_on_this_machine_is_used_where_it_is(tmp_path):
    assert files.copied(tmp_path) is tmp_path
    with files.written(tmp_path / "export") as folder:
        assert folder == tmp_path / "export"


def test_the_folders_around_a_removed_file_go_where_nothing_is_left_in_them(tmp_path):
    file = tmp_path / "keep" / "a" / "b" / "c"
    for each in (file, tmp_path / "keep" / "a" / "beside"):
        files.write_bytes(each, b"x")
    files.remove(file)
    assert not file.parent.exists()
    assert (tmp_path / "keep" / "a" / "beside").is_file()
    files.remove(tmp_path / "keep" / "a" / "beside")
    assert list(tmp_path.iterdir()) == []  # two folders around it, and no more
    files.write_bytes(tmp_path / "far" / "up" / "a" / "b", b"x")
    files.remove(tmp_path / "far" / "up" / "a" / "b")
    assert [p.name for p in tmp_path.iterdir()] == ["far"]


def test_a_file_is_read_by_its_owner_alone_and_half_of_it_never_seen(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    files.write_bytes(file, b"old")
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        files.write_bytes(file, b"new")
    assert file.read_bytes() == b"old"


def test_the_kind_of_a_file_system_is_that_of_the_deepest_mount(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to("/data")
    mounts = "/dev/a / ext4 rw 0 0\nserver:/x /data nfs4 rw 0 0\n/dev/b /data/fast xfs rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda self: mounts)
    for folder, kind in (
        ("/home", "ext4"),
        ("/data", "nfs4"),
        ("/data/slow/one", "nfs4"),
        ("/data/fast/one", "xfs"),
        ("/database", "ext4"),
        (tmp_path / "link", "nfs4"),
    ):
        assert files.filesystem(Path(folder)) == kind


@pytest.mark.parametrize("mounts", ["", None])
def test_where_mounts_are_not_known_the_kind_of_a_file_system_is_not(monkeypatch, mounts):
    def read(self):
        if mounts is None:
            raise FileNotFoundError
        return mounts

    monkeypatch.setattr(Path, "read_text", read)
    assert files.filesystem(Path("/data")) == ""


@pytest.mark.parametrize(("protocol", "at_once"), [("memory", True), ("file", False)])
def test_where_a_file_appears_bit_by_bit_it_is_written_beside_its_place_first(
    tmp_path, monkeypatch, protocol, at_once
):
    file = files.to_path(f"{protocol}://{tmp_path}/deep/file")
    files.write_bytes(file, b"old")

    def broken(*_):
        raise OSError("the connection is lost")

    monkeypatch.setattr(file.fs, "mv", broken)
    if at_once:
        files.write_bytes(file, b"new")
        assert file.read_bytes() == b"new"
        return
    with pytest.raises(OSError, match="the connection is lost"):
        files.write_bytes(file, b"new")
    assert file.read_bytes() == b"old"


def test_a_copy_of_what_is_at_a_url_goes_when_the_process_ends(tmp_path, monkeypatch):
    at_exit = []
    monkeypatch.setattr(files.atexit, "register", lambda *what, **how: at_exit.append((what, how)))
    place = files.to_path(f"memory://{tmp_path.name}/export")
    files.write_bytes(place / "results", b"rows")
    copy = files.copied(place)
    ((remove, *what), how) = at_exit[0]
    remove(*what, **how)
    assert not copy.parent.exists()


@pytest.mark.parametrize("protocol", ["s3", "gs"])
def test_object_storage_is_read_by_pyarrows_client_with_paths_of_bucket_and_key(
    protocol, monkeypatch
):
    monkeypatch.setattr(pyarrow.fs, "S3FileSystem", lambda **_: SimpleNamespace(type_name="s3"))
    monkeypatch.setattr(pyarrow.fs, "GcsFileSystem", lambda: SimpleNamespace(type_name="gs"))
    files.to_path("memory://x")
    found = fsspec.get_filesystem_class(protocol)
    assert found(skip_instance_cache=True).fs.type_name == protocol
    assert found._strip_protocol(f"{protocol}://bucket/a/b/") == "bucket/a/b"
    assert found._parent(f"{protocol}://bucket/a/b") == "bucket/a"


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        ({"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3"}, "http://s3"),
    ],
)
def test_object_storage_of_ones_own_is_where_the_environment_says(
    environment, endpoint, monkeypatch
):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pyarrow.fs, "S3FileSystem", lambda **asked: asked)
    assert files._s3()["endpoint_override"] == endpoint
