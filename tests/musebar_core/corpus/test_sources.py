from __future__ import annotations

import hashlib
import importlib.util
import os
import re

import pytest

from musebar_core.corpus import sources
from musebar_core.corpus.sources import Item, by_hash, list_embedded, list_folder, split_tunes
from musebar_core.errors import ConfigurationError, CorpusError, UnknownNameError, UsageError


def touch(folder, *names: str):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_music_is_found_by_suffix_in_genre_folders_and_the_rest_is_counted(tmp_path):
    touch(
        tmp_path,
        "jazz/a.mid",
        "jazz/b.MXL",
        "jazz/deep/er/c.xml",
        "pop/d.MIDI",
        "pop/cover.jpg",
        "index.csv",
        "loose.mid",
        ".git/x.mid",
        "jazz/.hidden.mid",
    )
    listing = list_folder(tmp_path)
    assert [item.source for item in listing.items] == [
        "jazz/a.mid",
        "jazz/b.MXL",
        "jazz/deep/er/c.xml",
        "pop/d.MIDI",
    ]
    assert [file for file, _ in listing.rejected] == ["loose.mid"]
    assert listing.n_ignored == 2
    assert listing.genres == ("jazz", "pop")


@pytest.mark.parametrize("suffix", ["kar", "KAR", "rmi", "abc", "krn", "musicxml"])
def test_karaoke_riff_and_scores_are_music_by_suffix(tmp_path, suffix):
    listing = list_folder(touch(tmp_path, f"jazz/a.{suffix}"))
    assert [item.source for item in listing.items] == [f"jazz/a.{suffix}"]


def test_fields_above_the_first_tune_of_a_book_hold_for_every_tune():
    text = "%abc\nM:3/4\nL:1/8\nfree text\n\nX:1\nK:C\nCDE\n\nX:2\nK:D\nDEF\n"
    assert split_tunes(text) == [
        ("1", "X:1\nM:3/4\nL:1/8\nK:C\nCDE\n"),
        ("2", "X:2\nM:3/4\nL:1/8\nK:D\nDEF\n"),
    ]


def test_the_first_folder_below_a_genre_is_the_group(tmp_path):
    touch(tmp_path, "jazz/a.mid", "jazz/miles/b.mid", "jazz/miles/live/c.mid")
    assert [item.group for item in list_folder(tmp_path).items] == ["", "miles", "miles"]


def test_a_folder_without_folders_of_music_is_one_genre(tmp_path):
    touch(tmp_path / "bossa", "a.mid", "b.kar", "notes.txt", "covers/a.jpg")
    listing = list_folder(tmp_path / "bossa")
    assert [(i.source, i.genre, i.group) for i in listing.items] == [
        ("a.mid", "bossa", ""),
        ("b.kar", "bossa", ""),
    ]
    assert (listing.rejected, listing.n_ignored) == ((), 2)


def test_links_to_folders_are_followed_and_no_folder_is_listed_twice(tmp_path):
    touch(tmp_path / "elsewhere", "b.mid")
    source = touch(tmp_path / "music", "jazz/a.mid", "jazz/live/c.mid")
    (source / "pop").symlink_to(tmp_path / "elsewhere")
    (source / "popular").symlink_to(tmp_path / "elsewhere")
    (source / "all").symlink_to(source / "jazz")
    (source / "jazz" / "loop").symlink_to("..")
    assert [(i.source, i.genre) for i in list_folder(source).items] == [
        ("jazz/a.mid", "jazz"),
        ("jazz/live/c.mid", "jazz"),
        ("pop/b.mid", "pop"),
    ]


def test_links_that_lead_nowhere_are_listed_and_pipes_are_not(tmp_path):
    source = touch(tmp_path, "jazz/a.mid")
    (source / "jazz" / "lost.mid").symlink_to("gone.mid")
    (source / "jazz" / "self.mid").symlink_to("self.mid")
    (source / "jazz" / "self").symlink_to("self")
    os.mkfifo(source / "jazz" / "pipe.mid")
    (source / "jazz" / "to a pipe.mid").symlink_to("pipe.mid")
    listing = list_folder(source)
    assert [item.source for item in listing.items] == [
        "jazz/a.mid",
        "jazz/lost.mid",
        "jazz/self.mid",
    ]
    assert listing.n_ignored == 1


def test_only_the_genres_asked_for_are_part_of_the_source(tmp_path):
    touch(tmp_path, "jazz/a.mid", "pop/b.mid")
    assert list_folder(tmp_path, ["pop"]).genres == ("pop",)
    with pytest.raises(UnknownNameError, match="did you mean 'jazz'"):
        list_folder(tmp_path, ["jaz"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no music file"),
        (("notes.txt",), "no music file"),
        (("fingerprint",), "a built corpus already"),
        (("overall/a.mid",), "'overall'"),
    ],
)
def test_a_folder_that_cannot_be_a_source_says_why(tmp_path, names, message):
    with pytest.raises(UsageError, match=message):
        list_folder(touch(tmp_path, *names))


def test_a_source_that_is_missing_or_a_file_says_so(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        list_folder(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is not a folder"):
        list_folder(touch(tmp_path, "a.mid") / "a.mid")


def test_a_genre_named_overall_is_refused_before_work_starts(tmp_path):
    with pytest.raises(ConfigurationError, match="rename"):
        list_folder(touch(tmp_path, "overall/a.mid"))


def test_a_file_name_that_is_no_utf8_is_written_with_escapes(tmp_path):
    (tmp_path / "jazz").mkdir()
    with open(os.fsencode(tmp_path / "jazz") + b"/caf\xe9.mid", "wb"):  # noqa: PTH123
        pass
    assert list_folder(tmp_path).items[0].source == "jazz/caf\\xe9.mid"


def test_a_tune_book_is_split_at_its_reference_numbers():
    text = "% a book\n\nX: 7\nT: One\nK: C\nCDE\n\nX:8\nK: D\nDEF\nX: 7\nK: E\nEFG\n"
    assert split_tunes(text) == [
        ("7", "X: 7\nT: One\nK: C\nCDE\n"),
        ("8", "X:8\nK: D\nDEF\n"),
        ("7.2", "X: 7\nK: E\nEFG\n"),
    ]


def test_embedded_collections_are_genres_with_unique_sources():
    listing = list_embedded(["fiddle", "chorale", "irish"])
    sources = [item.source for item in listing.items]
    assert len(sources) == len(set(sources)) > 2000
    assert "ryansMammoth/7thRegimentReel.abc" in sources
    assert "oneills1850/0001-0050.abc#1" in sources


def test_an_unknown_embedded_genre_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="chorale, fiddle, folk, irish, renaissance"):
        list_embedded(["polka"])


def test_a_folder_of_loose_files_is_named_by_what_its_link_points_at(tmp_path):
    touch(tmp_path / "bossa", "a.mid")
    (tmp_path / "link").symlink_to("bossa")
    assert list_folder(tmp_path / "link").genres == ("bossa",)


def test_loose_files_beside_genres_say_where_to_put_them(tmp_path):
    listing = list_folder(touch(tmp_path, "a.mid", "jazz/b.mid"))
    assert listing.rejected == (("a.mid", "not in a genre folder: put it in SOURCE/GENRE/"),)


@pytest.mark.parametrize("suffix", ["txt", "wav", "mp3", "mscz", ""])
def test_other_files_are_no_music(tmp_path, suffix):
    assert list_folder(touch(tmp_path, "jazz/a.mid", f"jazz/b.{suffix}")).n_ignored == 1


def test_a_file_that_cannot_be_read_is_no_music_but_by_its_suffix(tmp_path):
    source = touch(tmp_path, "jazz/a.mid")
    (source / "jazz" / "lost").symlink_to("gone")
    (source / "jazz" / "lost.abc").symlink_to("gone")
    listing = list_folder(source)
    assert [item.source for item in listing.items] == ["jazz/a.mid", "jazz/lost.abc"]
    assert listing.n_ignored == 1


def test_files_come_folder_by_folder_in_the_order_of_names(tmp_path):
    names = ["jazz/a b/x.mid", "jazz/a/z.mid", "jazz/a.mid", "jazz/b.mid"]
    listing = list_folder(touch(tmp_path, *names))
    assert [item.source for item in listing.items] == [
        *["jazz/a/z.mid", "jazz/a b/x.mid", "jazz/a.mid", "jazz/b.mid"],
    ]


def test_of_two_links_to_a_folder_the_first_by_name_counts(tmp_path):
    touch(tmp_path / "elsewhere", "b.mid")
    source = touch(tmp_path / "music", "jazz/a.mid")
    for name in ("z", "c", "x"):
        (source / name).symlink_to(tmp_path / "elsewhere")
    assert list_folder(source).genres == ("c", "jazz")


def test_a_folder_that_is_there_counts_before_a_link_to_it(tmp_path):
    source = touch(tmp_path, "jazz/a.mid")
    (source / "all").symlink_to("jazz")
    assert list_folder(source).genres == ("jazz",)


def test_a_link_to_a_file_is_listed_under_its_own_name(tmp_path):
    source = touch(tmp_path, "jazz/a.mid")
    (source / "jazz" / "b.mid").symlink_to("a.mid")
    assert [item.source for item in list_folder(source).items] == ["jazz/a.mid", "jazz/b.mid"]


def test_files_of_another_size_or_time_are_another_source(tmp_path):
    source = touch(tmp_path, "jazz/a.mid")
    path = source / "jazz" / "a.mid"
    found = [list_folder(source).signature]
    path.write_bytes(b"xy")
    os.utime(path, ns=(0, 10**9))
    found.append(list_folder(source).signature)
    os.utime(path, ns=(0, 10**9 + 1))
    found.append(list_folder(source).signature)
    path.write_bytes(b"xyz")
    os.utime(path, ns=(0, 10**9 + 1))
    found.append(list_folder(source).signature)
    path.unlink()
    path.symlink_to("gone")
    found.append(list_folder(source).signature)
    assert len(set(found)) == 5


def test_a_tune_book_of_one_tune_is_a_file_and_one_of_two_is_two_songs(tmp_path):
    for n, names in ((1, ["jazz/a.ABC"]), (2, ["jazz/a.ABC#1", "jazz/a.ABC#2"])):
        (tmp_path / "jazz" / "miles").mkdir(parents=True, exist_ok=True)
        text = "".join(f"X:{k}\nK:C\nC|\n\n" for k in range(1, n + 1))
        (tmp_path / "jazz" / "a.ABC").write_text(text)
        assert [item.source for item in list_folder(tmp_path).items] == names


def test_the_tunes_of_a_groups_book_are_the_groups(tmp_path):
    (tmp_path / "jazz" / "miles").mkdir(parents=True)
    (tmp_path / "jazz" / "miles" / "a.abc").write_text("X:1\nK:C\nC|\n\nX:2\nK:C\nD|\n")
    assert [item.group for item in list_folder(tmp_path).items] == ["miles", "miles"]


def test_the_order_by_hash_is_that_of_the_names_alone():
    items = [Item(name, "jazz", "", "") for name in ("a", "b", "c", "d")]
    expected = sorted("abcd", key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    assert [item.source for item in by_hash(items)] == [
        item.source for item in by_hash(items[::-1])
    ]
    assert [item.source for item in by_hash(items)] == expected


def test_a_folder_without_music_lists_what_music_is(tmp_path):
    suffixes = ".abc, .kar, .krn, .mid, .midi, .musicxml, .mxl, .rmi, .xml"
    with pytest.raises(UsageError, match=re.escape(f"holds no music file ({suffixes})")):
        list_folder(tmp_path)


def test_embedded_collections_come_by_name_each_once():
    listing = list_embedded(["renaissance", "chorale", "renaissance"])
    assert (listing.genres, listing.signature) == (
        *[("chorale", "renaissance"), ("chorale", "renaissance")],
    )
    assert {item.source.partition("/")[0] for item in listing.items} == {"bach", "palestrina"}
    kinds = {item.source.rpartition(".")[2] for item in listing.items if item.genre == "chorale"}
    assert kinds == {"mxl", "krn", "xml"}
    single = list_embedded(["chorale"]).n_ignored + list_embedded(["renaissance"]).n_ignored
    assert listing.n_ignored == single > 0


def test_a_collection_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "_embedded_root", lambda: tmp_path)
    with pytest.raises(CorpusError, match="this music21 has no collection bach"):
        list_embedded(["chorale"])


def test_without_music21_there_is_no_embedded_collection(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CorpusError, match="music21 is not installed: pip install music21"):
        list_embedded(["chorale"])
