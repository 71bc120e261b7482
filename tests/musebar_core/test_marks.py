"""What bears the product's mark may be replaced and deleted; everything else is somebody's."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from musebar_core import marks
from musebar_core.errors import UsageError
from musebar_core.marks import MARK, Kind


@pytest.fixture
def folder(tmp_path):
    """An export of two files, one in a folder within."""
    made = tmp_path / "made"
    (made / "tables").mkdir(parents=True)
    (made / "index").write_text("one")
    (made / "tables" / "rows").write_text("two")
    marks.put(made, Kind.EXPORT)
    return made


def scratch(tmp_path, **files):
    folder = tmp_path / "scratch"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_a_mark_names_every_file_in_a_folder_but_itself(folder):
    assert sorted(marks.read(folder, Kind.EXPORT)) == ["index", "tables/rows"]
    assert marks.foreign(folder, Kind.EXPORT) == []


def test_a_mark_of_another_kind_is_none(folder):
    assert marks.read(folder, Kind.REPORT) is None
    assert marks.foreign(folder, Kind.REPORT) == [MARK, "index", "tables/rows"]
    with pytest.raises(UsageError, match="not of this report"):
        marks.check_replaceable(folder, Kind.REPORT)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '"export of a study"',
        '{"musebar": "export of a study"}',
        '{"musebar": "export of a study", "files": ["index"]}',
        '{"musebar": "export of a study", "files": {"index": "hash"}}',
    ],
)
def test_a_mark_that_makes_no_sense_is_none(folder, content):
    (folder / MARK).write_text(content)
    assert marks.read(folder, Kind.EXPORT) is None
    assert "index" in marks.foreign(folder, Kind.EXPORT)


def test_a_mark_that_is_a_link_is_none(folder, tmp_path):
    (folder / MARK).rename(tmp_path / "elsewhere")
    (folder / MARK).symlink_to(tmp_path / "elsewhere")
    assert marks.read(folder, Kind.EXPORT) is None


def test_a_file_that_was_added_or_changed_or_became_a_link_is_the_users(folder, tmp_path):
    (folder / "notes").write_text("mine")
    (folder / "index").write_text("changed")
    (folder / "tables" / "rows").rename(tmp_path / "rows")
    (folder / "tables" / "rows").symlink_to(tmp_path / "rows")
    assert marks.foreign(folder, Kind.EXPORT) == ["index", "notes", "tables/rows"]


def test_a_link_to_a_folder_is_the_users(folder, tmp_path):
    (folder / "linked").symlink_to(tmp_path)
    assert marks.foreign(folder, Kind.EXPORT) == ["linked"]


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini"])
def test_what_a_file_manager_leaves_behind_is_nobodys(folder, name):
    (folder / name).write_text("")
    (folder / "tables" / name).write_text("")
    marks.check_replaceable(folder, Kind.EXPORT)


def test_clearing_deletes_what_is_ours_and_nothing_else(folder):
    (folder / "index").write_text("changed")
    (folder / "tables" / "notes").write_text("mine")
    marks.clear(folder, Kind.EXPORT)
    left = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert left == ["index", "tables/notes"]


def test_clearing_a_folder_that_is_all_ours_deletes_it(folder):
    marks.clear(folder, Kind.EXPORT)
    assert not folder.exists()


def test_clearing_a_folder_without_a_mark_deletes_nothing(folder):
    (folder / MARK).unlink()
    marks.clear(folder, Kind.EXPORT)
    assert (folder / "index").read_text() == "one"


def test_clearing_follows_no_link_to_a_folder(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (folder / "linked").symlink_to(tmp_path / "empty")
    marks.clear(folder, Kind.EXPORT)
    assert (tmp_path / "empty").is_dir()
    assert (folder / "linked").is_symlink()


def test_files_come_into_a_folder_beside_others_and_are_replaced_there(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "notes").write_text("mine")
    marks.install(scratch(tmp_path, a="1", b="1"), place, Kind.REPORT)
    (tmp_path / "scratch").rename(tmp_path / "first")
    marks.install(scratch(tmp_path, a="2", c="2"), place, Kind.REPORT)
    texts = {name: (place / name).read_text() for name in ("a", "b", "c", "notes")}
    assert texts == {"a": "2", "b": "1", "c": "2", "notes": "mine"}
    known = marks.read(place, Kind.REPORT)
    assert {name: len(digests) for name, digests in known.items()} == {"a": 1, "b": 1, "c": 1}
    assert marks.foreign(place, Kind.REPORT) == ["notes"]


@pytest.mark.parametrize("there", ["a", MARK])
def test_a_file_of_the_users_keeps_all_from_coming(tmp_path, there):
    place = tmp_path / "place"
    place.mkdir()
    (place / there).write_text("mine")
    with pytest.raises(UsageError, match="nothing was changed"):
        marks.install(scratch(tmp_path, a="1", b="1"), place, Kind.REPORT)
    assert [path.name for path in place.iterdir()] == [there]
    assert (place / there).read_text() == "mine"


def test_a_file_of_ours_that_the_user_has_changed_is_not_replaced(tmp_path):
    place = tmp_path / "place"
    marks.install(scratch(tmp_path, a="1"), place, Kind.REPORT)
    (place / "a").write_text("changed")
    (tmp_path / "scratch").rename(tmp_path / "first")
    with pytest.raises(UsageError, match="a is there and is not of this report"):
        marks.install(scratch(tmp_path, a="2"), place, Kind.REPORT)
    assert (place / "a").read_text() == "changed"


def test_an_install_that_was_killed_between_two_files_can_be_done_again(tmp_path):
    place = tmp_path / "place"
    marks.install(scratch(tmp_path, a="1", b="1"), place, Kind.REPORT)
    known = marks.read(place, Kind.REPORT)
    (tmp_path / "scratch").rename(tmp_path / "first")
    new = scratch(tmp_path, a="2", b="2")
    both = {name: [*known[name], marks.digest(new / name)] for name in known}
    (place / MARK).write_text(json.dumps({"musebar": Kind.REPORT, "files": both}))
    (place / "a").write_text("2")
    assert marks.foreign(place, Kind.REPORT) == []
    marks.install(new, place, Kind.REPORT)
    assert (place / "b").read_text() == "2"


def test_a_folder_is_made_only_where_no_file_is_in_its_way(tmp_path):
    marks.check_place(tmp_path / "new" / "deeper")
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(UsageError, match=r"^\S+file is a file: name another place"):
        marks.check_place(tmp_path / "file")
    with pytest.raises(UsageError, match=r"^cannot write \S+below: \S+file is a file"):
        marks.check_place(tmp_path / "file" / "below")
    with pytest.raises(UsageError, match="link is a link to nothing"):
        marks.check_place(tmp_path / "link")


def test_an_empty_folder_is_free(tmp_path):
    marks.check_replaceable(tmp_path / "new", Kind.EXPORT)
    (tmp_path / "empty").mkdir()
    marks.check_replaceable(tmp_path / "empty", Kind.EXPORT)


def test_a_file_keeps_the_mode_it_has_and_a_new_one_can_be_read_by_all(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("1")
    old.chmod(0o600)
    for path in (old, new):
        marks.replace_file(path, b"2")
        assert path.read_bytes() == b"2"
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.stat().st_mode) == 0o644
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_link_stays_a_link_when_its_file_is_written(tmp_path):
    (tmp_path / "file").write_text("1")
    (tmp_path / "link").symlink_to("file")
    marks.replace_file(tmp_path / "link", b"2")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "2"


def test_a_folder_is_not_written_over_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="is there and is no file"):
        marks.replace_file(tmp_path / "folder", b"2")
    with pytest.raises(OSError, match="nowhere"):
        marks.replace_file(tmp_path / "nowhere" / "file", b"2")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("report", Kind.REPORT),
        ("description of a corpus", Kind.DESCRIPTION),
        ("export of a study", Kind.EXPORT),
        ("corpus being built", Kind.BUILDING),
    ],
)
def test_a_mark_that_was_written_once_is_read_ever_after(tmp_path, words, kind):
    mark = {"musebar": words, "files": {"index": ["hash"]}}
    (tmp_path / ".musebar.json").write_text(json.dumps(mark))
    assert marks.read(tmp_path, kind) == {"index": ["hash"]}


def test_a_mark_nested_without_end_is_none(folder):
    (folder / MARK).write_text("[" * 100_000)
    assert marks.read(folder, Kind.EXPORT) is None


def test_a_mark_may_have_16_mib_and_no_more(folder):
    content = (folder / MARK).read_text()
    (folder / MARK).write_text(content.ljust(16 * 2**20))
    assert sorted(marks.read(folder, Kind.EXPORT)) == ["index", "tables/rows"]
    (folder / MARK).write_text(content.ljust(16 * 2**20 + 1))
    assert marks.read(folder, Kind.EXPORT) is None


def test_an_install_that_breaks_off_leaves_nothing_that_is_not_marked(tmp_path, monkeypatch):
    place = tmp_path / "place"
    marks.install(scratch(tmp_path, a="1", b="1"), place, Kind.REPORT)
    (tmp_path / "scratch").rename(tmp_path / "first")
    new, replace = scratch(tmp_path, a="2", b="2", c="2"), Path.replace

    def breaks_off(path, target):
        if path.name == "b":
            raise OSError("no room")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", breaks_off)
    with pytest.raises(OSError, match="no room"):
        marks.install(new, place, Kind.REPORT)
    assert [(place / name).read_text() for name in ("a", "b")] == ["2", "1"]
    assert marks.foreign(place, Kind.REPORT) == []


def test_of_the_files_that_are_not_ours_the_first_three_are_named(folder):
    for name in "dcba":
        (folder / name).write_text("mine")
    with pytest.raises(UsageError, match=r"\(a, b, c\): nothing was changed; name an empty folder"):
        marks.check_replaceable(folder, Kind.EXPORT)


def test_folders_within_folders_that_hold_no_file_are_deleted(tmp_path):
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "top" / "c" / "d").mkdir(parents=True)
    (tmp_path / "top" / "c" / "file").write_text("mine")
    marks.prune(tmp_path / "top")
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert sorted(left) == ["top", "top/c", "top/c/file"]


def test_a_link_to_nothing_is_in_the_way_of_a_file(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "a").symlink_to("nothing")
    with pytest.raises(UsageError, match="a is there and is not of this report"):
        marks.install(scratch(tmp_path, a="1"), place, Kind.REPORT)
    assert (place / "a").is_symlink()


def test_a_link_that_goes_round_in_a_circle_is_no_file(tmp_path):
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(UsageError, match="link is there and is no file: nothing was changed"):
        marks.replace_file(tmp_path / "link", b"1")


def test_a_file_that_cannot_be_written_is_named_and_not_what_was_written_beside_it(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        marks.replace_file(tmp_path / "nowhere" / "file", b"1")
    assert caught.value.filename == str(tmp_path / "nowhere" / "file")


def test_a_file_is_in_the_way_of_whatever_would_fill_a_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    for fill in (
        lambda: marks.check_replaceable(tmp_path / "file", Kind.EXPORT),
        lambda: marks.check_free(tmp_path / "file", [], Kind.EXPORT),
        lambda: marks.install(scratch(tmp_path, a="1"), tmp_path / "file", Kind.EXPORT),
    ):
        with pytest.raises(UsageError, match="file is a file: name another place with --out"):
            fill()
    assert (tmp_path / "file").read_text() == "mine"
