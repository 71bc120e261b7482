from __future__ import annotations

import os
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
        ("\tRock\n", "line 1"),
        ("TRAAAAK128F931878\tRock\n", "line 1"),
        ("TRAAAAK128F93187861\tRock\n", "line 1"),
        ("1d9d16a9da90c090809c153754823c2\tRock\n", "line 1"),
        ("1d9d16a9da90c090809c153754823c2b0\tRock\n", "line 1"),
        (f"{'x' * 99}\tRock\n", f"a genre: '{'x' * 60}'$"),
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


def test_a_mark_blanks_and_letters_of_an_md5_do_not_matter_and_the_first_line_of_a_key_counts(
    tmp_path,
):
    text = f"\ufeff{MD5.upper()} \t Jazz \n\n  \n{MD5}\tRock\n"
    assert read_labels(write(tmp_path / "a.cls", text)) == {MD5: "Jazz"}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (["a.txt"], "an archive of 0 .cls files, not 1"),
        (["a.cls", "b.cls"], "an archive of 2 .cls files, not 1"),
    ],
)
def test_an_archive_of_none_or_several_label_files_is_refused(tmp_path, members, said):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in members:
            archive.writestr(name, TAGTRAUM)
    with pytest.raises(UsageError, match=said):
        read_labels(tmp_path / "a.zip")


def test_a_marked_label_file_of_any_case_is_found_in_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("deep/A.CLS", "\ufeff" + MASD)
        archive.writestr("deep/._A.CLS", b"\0")
    assert len(read_labels(tmp_path / "a.zip")) == 2


@pytest.mark.parametrize("spoil", ["encrypted", "damaged"])
def test_an_archive_that_cannot_be_read_says_so(tmp_path, spoil):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.cls", TAGTRAUM)
    content = bytearray(path.read_bytes())
    if spoil == "encrypted":
        content[6] |= 1
        content[content.rindex(b"PK\x01\x02") + 8] |= 1
    else:
        content[40] ^= 255
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read the label file .*a\.zip: .*(CRC|password)"):
        read_labels(path)


def test_a_pipe_is_no_label_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"label file .*pipe"):
        read_labels(tmp_path / "pipe")


@pytest.mark.parametrize("spelling", ["new age", "New-Age", "NEW_AGE", "newage", "New\u00a0Age"])
def test_blanks_lines_and_case_of_a_label_do_not_matter(tmp_path, spelling):
    mine = write(tmp_path / "mine.yaml", f"calm: ['{spelling}', New Age]\n")
    assert read_genre_map(mine) == {"newage": "calm"}
    assert read_genre_map(write(tmp_path / "s.yaml", "a: [STRASSE, Straße]\n")) == {"strasse": "a"}


def test_the_label_outside_the_map_is_the_one_of_the_first_file_and_key(tmp_path):
    files = (
        write(tmp_path / "a.cls", f"{MD5}\tPolka\nTRAAAAK128F9318786\tSka\n"),
        write(tmp_path / "b.cls", f"{MD5}\tSchlager\n"),
    )
    labels = Labels.read(LabelOptions(files))
    assert labels.genre([MD5, "TRAAAAK128F9318786"])[1] == "label 'Polka' is in no genre of the map"
    assert labels.genre(["TRAAAAK128F9318786", MD5])[1] == "label 'Ska' is in no genre of the map"


def test_the_first_of_a_songs_keys_decides(tmp_path):
    file = write(tmp_path / "a.cls", f"{MD5}\tJazz\nTRAAAAK128F9318786\tRock\n")
    labels = Labels.read(LabelOptions((file,)))
    assert labels.genre([MD5, "TRAAAAK128F9318786"]) == ("jazz", "")
    assert labels.genre(["TRAAAAK128F9318786", MD5]) == ("rock", "")


def test_labels_know_files_if_any_label_file_names_one(tmp_path):
    tracks, md5s = write(tmp_path / "a.cls", MASD), write(tmp_path / "b.cls", f"{MD5}\tJazz\n")
    assert [
        Labels.read(LabelOptions(files)).knows_files
        for files in ((tracks,), (md5s,), (tracks, md5s), (md5s, tracks))
    ] == [False, True, True, True]
