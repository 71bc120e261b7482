from __future__ import annotations

import zipfile

import pytest

from musebar_core.corpus.labels import LabelOptions, Labels, read_genre_map, read_labels
from musebar_core.errors import ConfigurationError, UsageError

TAGTRAUM = """\
# Tagtraum annotations
#
TRAAAAK128F9318786\tRock
TRAAAAV128F421A322\tNew Age\tFolk
"""
MASD = "TRAAAAK128F9318786\tMetal_Alternative\nTRAAABD128F429CF47\tBig_Band\n"
MD5 = "1d9d16a9da90c090809c153754823c2b"


def write(path, text: str):
    path.write_text(text)
    return path


def test_comments_are_passed_over_and_the_first_label_of_a_line_decides(tmp_path):
    assert read_labels(write(tmp_path / "a.cls", TAGTRAUM)) == {
        "TRAAAAK128F9318786": "Rock",
        "TRAAAAV128F421A322": "New Age",
    }


def test_an_archive_is_read_as_it_is_distributed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.cls.zip", "w") as archive:
        archive.writestr("msd_tagtraum_cd2c.cls", TAGTRAUM)
        archive.writestr("__MACOSX/._msd_tagtraum_cd2c.cls", b"\0\5\x16\7")
    assert len(read_labels(tmp_path / "a.cls.zip")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nothing\n", "has no label"),
        ("TRAAAAK128F9318786\n", "line 1: not a track"),
        ("# x\n\nSong\tRock\n", "line 3: not a track"),
        ("TRAAAAK128F9318786\t\n", "line 1"),
    ],
)
def test_a_file_of_another_form_names_the_line(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        read_labels(write(tmp_path / "a.cls", text))


def test_a_label_file_that_is_missing_or_damaged_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the label file .*No such file"):
        read_labels(tmp_path / "none.cls")
    (tmp_path / "a.cls").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="it is not text"):
        read_labels(tmp_path / "a.cls")


def test_the_first_file_that_gives_a_genre_of_the_map_decides(tmp_path):
    files = (
        write(tmp_path / "a.cls", "TRAAAAK128F9318786\tPop_Rock\n" + f"{MD5}\tJazz\n"),
        write(tmp_path / "b.cls", MASD),
    )
    labels = Labels.read(LabelOptions(files))
    assert labels.genre(["TRAAAAK128F9318786"]) == ("rock", "")
    assert labels.genre([MD5, "TRAAAAK128F9318786"]) == ("jazz", "")
    assert labels.genre(["TRAAABD128F429CF47"]) == ("jazz", "")
    assert labels.genre(["TRZZZZZ128F429CF47"]) == ("", "no genre label")


def test_the_order_of_the_files_comes_before_that_of_the_keys(tmp_path):
    files = (write(tmp_path / "a.cls", MASD), write(tmp_path / "b.cls", f"{MD5}\tJazz\n"))
    keys = [MD5, "TRAAAAK128F9318786"]
    assert Labels.read(LabelOptions(files)).genre(keys) == ("rock", "")
    assert Labels.read(LabelOptions(files[::-1])).genre(keys) == ("jazz", "")


def test_a_label_outside_the_map_is_the_reason(tmp_path):
    labels = Labels.read(LabelOptions((write(tmp_path / "a.cls", TAGTRAUM),)))
    found = labels.genre(["TRAAAAV128F421A322"])
    assert found == ("", "label 'New Age' is in no genre of the map")


def test_the_map_that_comes_along_has_the_papers_genres():
    genres = read_genre_map(None)
    assert set(genres.values()) == {"pop", "rock", "classical", "jazz", "electronic"}
    assert "poprock" not in genres
    assert genres["rockneopsychedelia"] == "rock"


def test_a_map_of_ones_own_replaces_it_and_spelling_does_not_matter(tmp_path):
    mine = write(tmp_path / "mine.yaml", "calm: [new_age, Folk]\nloud: []\n")
    files = (write(tmp_path / "a.cls", TAGTRAUM),)
    assert Labels.read(LabelOptions(files, mine)).genre(["TRAAAAV128F421A322"]) == ("calm", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- Jazz", "write a line a genre"),
        ("", "write a line a genre"),
        ("jazz: Jazz", "jazz: write a list"),
        ("jazz: [1]", "jazz: write a list"),
        ("jazz: [Jazz]\nold: [JAZZ]", "label 'jazz' is in several genres: jazz, old"),
        ("jazz: [", "not valid YAML"),
    ],
)
def test_a_map_that_is_none_says_what_to_write(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        read_genre_map(write(tmp_path / "map.yaml", text))


def test_a_map_cannot_give_the_name_of_all_genres(tmp_path):
    with pytest.raises(ConfigurationError, match="overall"):
        read_genre_map(write(tmp_path / "map.yaml", "overall: [Jazz]"))
