"""The place of a corpus: what may be replaced, and what is there after a build that fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from musebar_core import marks
from musebar_core.corpus.place import _is_at, holds_corpus, new_folder
from musebar_core.errors import UsageError
from musebar_core.marks import Kind


@pytest.fixture
def out(tmp_path):
    """A folder that is a corpus by its names and its description."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "corpus.json").write_text('{"format_version": 2, "signature": "x"}')
    return folder


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_folder_of_nothing_or_none_is_no_corpus(tmp_path, out):
    (tmp_path / "empty").mkdir()
    assert not holds_corpus(tmp_path / "empty")
    assert not holds_corpus(tmp_path / "gone")
    assert holds_corpus(out)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["songs.parquet", "pitches.npy"], r"holds more than a corpus \(pitches\.npy\)"),
        (["corpus.json", "a.txt", "b.txt"], r"holds more than a corpus \(a\.txt\)"),
        (["corpus.json"], "holds a corpus.json that no build wrote: nothing was changed"),
    ],
)
def test_a_folder_that_holds_something_else_names_it(tmp_path, names, said):
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match=said):
        holds_corpus(tmp_path)


def test_a_file_is_no_place_for_a_corpus(out):
    with pytest.raises(UsageError, match=r"corpus\.json is a file: name a folder"):
        holds_corpus(out / "corpus.json")
    said = r"cannot write .*x: .*corpus\.json is a file"
    with pytest.raises(UsageError, match=said), new_folder(out / "corpus.json" / "x"):
        raise AssertionError("not reached")


def test_a_folder_takes_its_place_with_all_that_was_put_into_it(out):
    before = open_files()
    with new_folder(out) as folder:
        assert list(folder.iterdir()) == []
        assert folder.parent.parent == out.parent
        assert marks.read(folder.parent, Kind.BUILDING) is not None
        (folder / "new.txt").write_text("new")
    assert [path.name for path in out.iterdir()] == ["new.txt"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert open_files() == before


def test_a_place_where_nothing_can_be_made_is_named():
    out = Path("/proc/musebar/out")
    said = r"^cannot write /proc/musebar/out: No such file or directory$"
    with pytest.raises(UsageError, match=said), new_folder(out):
        raise AssertionError("not reached")


def test_a_place_in_folders_that_are_not_there_is_made(tmp_path):
    with new_folder(tmp_path / "a" / "b" / "out"):
        pass
    assert (tmp_path / "a" / "b" / "out").is_dir()


def test_a_corpus_stays_where_what_would_replace_it_cannot_take_its_place(out):
    with pytest.raises(FileNotFoundError), new_folder(out) as folder:
        folder.rmdir()
    assert holds_corpus(out)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_corpus_stays_where_the_last_check_refuses(out):
    before = open_files()

    def refuse() -> None:
        raise UsageError("not this one")

    with pytest.raises(UsageError, match="not this one"), new_folder(out, refuse):
        pass
    assert holds_corpus(out)
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert open_files() == before


def test_what_was_put_into_the_place_meanwhile_stays(tmp_path):
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "thesis.tex").write_text("years of work")
    said = r"holds more than a corpus \(thesis\.tex\)"
    with pytest.raises(UsageError, match=said), new_folder(tmp_path / "out"):
        shutil.copytree(tmp_path / "users", tmp_path / "out")
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


def left_behind(out, name: str = "out"):
    """What a killed build leaves: a marked folder with the corpus that it had set aside."""
    folder = out.parent / f".{name}.building-dead"
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "corpus.json").write_text("{}")
    marks.put(folder, Kind.BUILDING)
    return folder


def test_a_corpus_that_was_set_aside_is_removed_where_another_has_taken_its_place(out):
    left_behind(out)
    before = open_files()
    with pytest.raises(RuntimeError), new_folder(out):
        raise RuntimeError("fails")
    assert holds_corpus(out)
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert open_files() == before


def test_what_was_left_of_another_corpus_or_by_others_stays(out):
    other = left_behind(out, "other")
    unmarked = left_behind(out)
    (unmarked / marks.MARK).unlink()
    (out.parent / ".out.building-file").write_text("mine")
    with new_folder(out):
        pass
    names = {".other.building-dead", ".out.building-dead", ".out.building-file", "out"}
    assert {path.name for path in out.parent.iterdir()} == names
    assert (other / "old").is_dir()
    assert (unmarked / "old").is_dir()


def test_a_file_of_others_in_a_folder_that_was_left_stays(out):
    dead = left_behind(out)
    (dead / "thesis.tex").write_text("years of work")
    with new_folder(out):
        pass
    assert [path.name for path in dead.iterdir()] == ["thesis.tex"]


def test_a_folder_that_was_taken_away_or_replaced_is_no_more_the_one_that_is_locked(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    assert _is_at(lock, folder)
    folder.rename(tmp_path / "b")
    assert not _is_at(lock, folder)
    folder.mkdir()
    assert not _is_at(lock, folder)
    os.close(lock)
