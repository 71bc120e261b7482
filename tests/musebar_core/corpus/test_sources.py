from __future__ import annotations

import os

import pytest

from musebar_core.corpus.sources import list_embedded, list_folder, split_tunes
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError


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
