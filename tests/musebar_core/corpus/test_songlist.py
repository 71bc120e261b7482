from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.corpus.sources import list_source
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError


@pytest.fixture
def table(tmp_path):
    """Writes a table of songs beside three files."""
    for name in ("a.mid", "b.mid", "deep/c.mid"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    def write(text: str, name: str = "songs.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_table_gives_file_genre_group_and_title(table):
    listing = list_source(
        table("file,genre,group,title\ndeep/c.mid,jazz,Miles,So What\na.mid,pop,,\n")
    )
    assert listing.kind == "list"
    assert [(i.source, i.genre, i.group, i.title) for i in listing.items] == [
        ("a.mid", "pop", "", ""),
        ("deep/c.mid", "jazz", "Miles", "So What"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("title;Genre;FILE\nOne;jazz;a.mid\n", "songs.csv"),
        ("file\tgenre\ttitle\na.mid\tjazz\tOne\n", "songs.tsv"),
        ('\ufefffile,genre,title\r\n"a.mid","jazz","One"\r\n\r\n', "songs.CSV"),
    ],
)
def test_columns_stand_in_any_order_and_separator(table, text, name):
    (item,) = list_source(table(text, name)).items
    assert (item.source, item.genre, item.title) == ("a.mid", "jazz", "One")


def test_a_cell_may_hold_a_comma_a_quote_and_a_line_break(table):
    (item,) = list_source(table('file,genre,title\na.mid,"R&B, ""Soul""","two\nlines"\n')).items
    assert (item.genre, item.title) == ('R&B, "Soul"', "two lines")


def test_rows_that_name_no_song_are_rejected_with_the_reason(table):
    text = "file,genre\na.mid,jazz\nnone.mid,jazz\nb.mid,\n,jazz\ndeep,jazz\n"
    assert dict(list_source(table(text)).rejected) == {
        "none.mid": "no such file",
        "b.mid": "the list gives it no genre",
        "songs.csv, line 5": "the list names no file here",
        "deep": "not a file",
    }


def test_a_file_named_twice_counts_once_or_not_at_all_where_its_genres_differ(table):
    listing = list_source(table("file,genre\na.mid,jazz\n./a.mid,jazz\nb.mid,jazz\nb.mid,pop\n"))
    assert [item.source for item in listing.items] == ["a.mid"]
    assert dict(listing.rejected) == {
        "b.mid": "the list gives it several genres: 'jazz' (line 4) and 'pop' (line 5)"
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("file,genre\n", "names no song"),
        ("path,genre\na.mid,jazz\n", r"no column 'file' \(it has: path, genre\)"),
        ("file,genre,genre\na.mid,jazz,pop\n", "the column 'genre' twice"),
        ("file,genre\nnone.mid,jazz\n", r"none of its 1 rows .*none\.mid: no such file"),
        ('file,genre\n"a.mid"x,jazz\n', "line 2: not valid CSV"),
        (" \n\n", "is empty: its first line names the columns file, genre, group, title"),
        ("name,style\n", r"no column 'file' \(it has: name, style\)"),
        ("file,style\n", r"no column 'genre' \(it has: file, style\)"),
        ("file,genre,title,Title\n", "the column 'title' twice: keep one"),
        ("file,genre,group, GROUP \n", "the column 'group' twice: keep one"),
        (
            "file,genre\nz.mid,a\nb.mid,\n",
            r"none of its 2 rows .*\(b\.mid: the list gives it no genre\)",
        ),
    ],
)
def test_a_table_that_cannot_be_a_source_says_why(table, text, message):
    with pytest.raises(UsageError, match=message):
        list_source(table(text))


def test_a_table_that_is_no_utf8_says_so(table):
    path = table("")
    path.write_bytes(b"file,genre\ncaf\xe9.mid,jazz\n")
    with pytest.raises(UsageError, match="save the list as UTF-8"):
        list_source(path)


def test_only_the_genres_asked_for_are_taken_from_a_table(table):
    path = table("file,genre\na.mid,jazz\nb.mid,pop\n")
    assert list_source(path, ["pop"]).genres == ("pop",)
    with pytest.raises(UnknownNameError, match="did you mean 'jazz'"):
        list_source(path, ["jaz"])


def test_a_genre_named_overall_is_refused_with_its_line(table):
    with pytest.raises(ConfigurationError, match=r"line 2: genre 'overall'"):
        list_source(table("file,genre\na.mid,overall\n"))


def test_another_genre_or_group_is_another_source(table):
    texts = ["a.mid,jazz,x", "a.mid,pop,x", "a.mid,jazz,y"]
    signatures = {list_source(table(f"file,genre,group\n{row}\n")).signature for row in texts}
    assert len(signatures) == 3


def test_a_file_counts_once_however_its_path_is_written(table, tmp_path):
    paths = ["a.mid", "./a.mid", str(tmp_path / "a.mid"), "deep/../a.mid"]
    path = table("file,genre\n" + "".join(f"{each},jazz\n" for each in paths))
    assert [item.source for item in list_source(path).items] == ["a.mid"]
    path = table(f"file,genre\na.mid,jazz\n{tmp_path / 'a.mid'},pop\nb.mid,pop\n")
    assert dict(list_source(path).rejected) == {
        "a.mid": "the list gives it several genres: 'jazz' (line 2) and 'pop' (line 3)"
    }


def test_blanks_around_names_and_cells_do_not_matter(table):
    text = " File ,GENRE,  group\t,title\n a.mid , R&B   Soul , The   Band ,  A  Tune \n , ,,\n"
    listing = list_source(table(text))
    (item,) = listing.items
    assert listing.rejected == ()
    assert (item.source, item.genre, item.group, item.title) == (
        *["a.mid", "R&B Soul", "The Band", "A Tune"],
    )


def test_a_row_may_lack_its_last_cells_and_columns_of_other_names_are_passed_over(table):
    (item,) = list_source(table("file,year,genre,title\na.mid,1959,jazz\n")).items
    assert (item.genre, item.title) == ("jazz", "")


def test_the_most_frequent_separator_of_the_first_line_counts(table):
    (item,) = list_source(table("file;genre;title, if known\na.mid;jazz, cool;x\n")).items
    assert item.genre == "jazz, cool"


def test_a_list_that_is_no_file_is_a_source_of_another_kind(tmp_path):
    (tmp_path / "songs.csv").mkdir()
    with pytest.raises(UsageError, match="holds no music file"):
        list_source(tmp_path / "songs.csv")
    with pytest.raises(UsageError, match="does not exist"):
        list_source(tmp_path / "gone.csv")


def test_songs_come_by_name_and_those_of_a_book_have_their_group(table, tmp_path):
    (tmp_path / "book.abc").write_text("X:1\nK:C\nC|\n\nX:2\nK:C\nD|\n")
    text = "file,genre,group,title\nbook.abc,folk,Joe,All\nb.mid,jazz,,\na.mid,jazz,,\n"
    listing = list_source(table(text))
    assert [(item.source, item.group) for item in listing.items] == [
        *[("a.mid", ""), ("b.mid", ""), ("book.abc#1", "Joe"), ("book.abc#2", "Joe")],
    ]


def test_a_list_is_found_by_a_relative_path_too(table, monkeypatch):
    path = table("file,genre\n../" + "{}/a.mid,jazz\n")
    path.write_text(f"file,genre\n../{path.parent.name}/a.mid,jazz\na.mid,jazz\n")
    monkeypatch.chdir(path.parent)
    (item,) = list_source(Path("songs.csv")).items
    assert Path(item.path).samefile(path.parent / "a.mid")
