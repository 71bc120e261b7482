from __future__ import annotations

import pytest

from musebar_core.corpus import abc
from musebar_core.corpus.abc import decode, split_tunes
from musebar_core.corpus.abc.interpreter import read_tune
from musebar_core.corpus.checked import read_score
from musebar_core.corpus.counts import count_abc
from musebar_core.corpus.notes import UnreadableError

TUNE = "X:1\nT:Café\nK:G\nGF|\n"


@pytest.mark.parametrize(
    "content",
    [
        TUNE.encode(),
        TUNE.encode("utf-8-sig"),
        TUNE.encode("utf-16"),
        TUNE.encode("latin-1"),
        TUNE.replace("\n", "\r\n").encode(),
        TUNE.replace("\n", "\r").encode("latin-1"),
        TUNE.replace("X:1\n", "X:1\nI:abc-charset iso-8859-15\n").encode("iso-8859-15"),
        TUNE.replace("é", r"\'e").encode(),
        TUNE.replace("é", "&eacute;").encode(),
        TUNE.replace("é", r"\u00e9").encode(),
        b"X:1\nT:Caf=C3=A9=20\nN:=3D\nK:G\nGF|\n",
    ],
)
def test_title_and_notes_are_read_whatever_the_encoding(content):
    read = abc.read_abc(content)
    assert (read.title, read.n_pieces) == ("Café", 1)
    assert read.parts()[0].notes.pitches.tolist() == [67, 66]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_a_line_ends_once_however_it_is_ended(pitches, end):
    text = f"X:1{end}L:1/4{end}K:C{end}CD{end}EF{end}"
    assert pitches(decode(text.encode())) == [60, 62, 64, 65]


def test_a_mark_before_a_book_hides_none_of_its_tunes():
    book = "X:1\nK:C\nC|\n\nX:2\nK:C\nD|\n".encode("utf-8-sig")
    read = abc.read_abc(book)
    (part,) = read.parts()
    assert (part.notes.pitches.tolist(), read.n_pieces) == ([60], 2)


def test_the_first_version_line_of_a_book_is_in_its_tunes():
    assert split_tunes("%abc-2.1\n%abc-2.2\nX:1\nK:C\n") == [("1", "%abc-2.1\nX:1\nK:C\n")]


def test_a_charset_that_nobody_knows_is_western():
    assert decode(b"%%abc-charset iso-8859-99\nT:\xe9") == "%%abc-charset iso-8859-99\nT:é"


@pytest.mark.parametrize(
    ("named", "letter"),
    [
        ("%%abc-charset iso-8859-2", "ł"),
        ("I:abc-charset ISO8859-2", "ł"),
        ("I:abc-charset cp1250", "ł"),
        ("%%abc-charset\twindows-1250", "ł"),
        ("%%abc-charset ebcdic-cp-us", "³"),
        ("no abc-charset iso-8859-2", "³"),
        ("", "³"),
    ],
)
def test_a_charset_of_one_byte_is_read_as_the_file_names_it(named, letter):
    assert decode(f"{named}\nT:".encode() + b"\xb3") == f"{named}\nT:{letter}"


def test_letters_that_western_files_of_windows_have_are_read():
    assert decode(b"T:\x8cuvre \x93x\x94 \x81") == "T:Œuvre “x” \ufffd"


@pytest.mark.parametrize("text", ["N:=3D=20", "N:a=\n", "C=3D"])
def test_text_without_soft_breaks_or_signs_of_equality_is_not_quoted_printable(text):
    assert decode(text.encode()) == text


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"\`a\'a\^a\~n\"a", "àáâñä"),
        (r"\oa\cc\vc\ua", "åçčă"),
        (r"\ss\ae\AE\oe\OE\/o\/O", "ßæÆœŒøØ"),
        (r"\u0160\ud800x", "Šx"),
        ("e\u0301", "é"),
        ("&lt;A &amp; B&gt;", "<A & B>"),
        (r"a\b", r"a\b"),
    ],
)
def test_mnemonics_of_a_title_are_written_out(written, title):
    found = abc.read_abc(f"X:1\nT:{written}\nK:C\nC|\n".encode()).title
    assert found == title


def test_the_version_line_and_directives_of_a_book_are_in_each_of_its_tunes():
    text = "%abc-2.1\n%%propagate-accidentals not\nL:1/4\n\nX:1\nK:C\nC\n\nX:2\nK:D\nD\n"
    shared = "%%propagate-accidentals not\nL:1/4\n"
    assert split_tunes(text) == [
        ("1", f"%abc-2.1\nX:1\n{shared}K:C\nC\n"),
        ("2", f"%abc-2.1\nX:2\n{shared}K:D\nD\n"),
    ]


def test_a_tune_ends_at_an_empty_line_but_not_at_a_comment(pitches):
    assert pitches("C |\n % no empty line\nD |\n \nfree text: A B C |\n") == [60, 62]


def test_a_comment_ends_at_its_line_and_a_percent_sign_may_be_escaped(pitches):
    assert pitches("C % D\nE|\n") == [60, 64]
    assert pitches("C|\n % a remark\nDAD\n") == [60, 62, 69, 62]
    title = abc.read_abc(b"X:1\nT:100\\% and % no more\nK:C\nC|\n").title
    assert title == r"100\% and"


def test_a_line_that_is_no_comment_but_for_blanks_is_an_empty_one():
    text = b"X:1\nL:1/4\nK:C\nCDEF|\n\nA remark | by a friend\n"
    assert len(abc.read_abc(text).parts()[0].notes) == 4


def test_a_block_of_text_ends_with_the_sign_of_its_own_kind(pitches):
    assert pitches("C\n%%beginps\nDEF|\n%%endtext\nG\n%%endps\nA\n") == [60, 69]


@pytest.mark.parametrize(
    "text", ["T:x\nK:C\nCDE|\n", "K:C\nCDE|\n", "M:4/4\nCDE|\n", "T:x\n\nK:C\nCDE|"]
)
def test_a_tune_may_lack_its_number_or_its_key(text):
    read = abc.read_abc(text.encode())
    assert read.n_pieces == 1
    assert read.parts()[0].notes.pitches.tolist() == [60, 62, 64]


def test_a_remark_among_the_fields_of_a_header_is_no_music(pitches):
    assert pitches("X:1\nN bars 3 and 5 are |f2ed| in the book\nL:1/4\nK:D\nF|\n") == [66]


def test_a_tune_without_a_key_has_music_beneath_its_history(pitches):
    assert pitches("X:1\nL:1/4\nH:of old\nCDE|\n") == [60, 62, 64]


def test_of_a_text_of_two_tunes_the_first_is_read():
    tune = read_tune("X:1\nT:One\nX:2\nT:Two\nK:C\nCDE|\n")
    assert (tune.title, tune.voices[""].is_empty) == ("One", True)


def test_text_that_is_no_tune_has_no_notes():
    parts = abc.read_abc(b"Dear all, a good feed | bagged cabbage\n").parts()
    assert [len(part.notes) for part in parts] == [0]


def test_fields_that_are_no_music_are_passed_over(pitches):
    lines = "w:la-la", "W:words", "s:!f!", "N:a note", "r:remark", "Q:1/4=90", "T:part", "+:more"
    assert pitches("\n".join(["C", *lines, "D[r:abc][I:linebreak $]E"])) == [60, 62, 64]


def test_a_note_before_an_end_repeat_at_the_beginning_of_a_line_is_a_note(pitches):
    assert pitches("C|\nD:|\nE::\n") == [60, 62, 60, 62, 64, 64]


def test_blocks_of_typeset_text_are_passed_over(pitches):
    assert pitches("C\n%%begintext\nDEF|\n%%endtext\nG\n") == [60, 67]


def test_a_bracket_that_nothing_closes_loses_no_note(rows):
    assert rows("[CD | E]F") == [(0, 1, 60), (1, 1, 62), (2, 1, 64), (3, 1, 65)]


@pytest.mark.parametrize(
    ("macro", "music", "expected"),
    [
        ("~G2 = G/A/G", "~G2 ~c2 G", [67, 69, 67, 72, 67]),
        ("~n2 = n/o/m", "~G2 ~c2 ~C,2", [67, 69, 65, 72, 74, 71, 48, 50, 47]),
        ("~n2 = n/o/m", "~G23", [67]),
        ("broken", "G", [67]),
        ("= G", "C", [60]),
        ("~n = n", "~b ~b' ~c, ~B,", [83, 95, 60, 59]),
        ("~n = p", "~b ~a' ~F, ~A,,", [86, 96, 57, 48]),
        ("~n = k", "~C ~c ~d", [55, 67, 69]),
        ("~n = hz", "~c", [62, 93]),
        ("~n = !trill!n", "~c", [72]),
        (".G+ = c", ".G+ AG+ G+", [72, 69, 67, 67]),
        ("n+ = n/n/", "G+", [67, 67]),
        ("G = c", "G2 G/ G", [67, 67, 72]),
        ("(n) = nn", "(G)(A)G", [67, 67, 69, 69, 67]),
    ],
)
def test_macros_are_expanded(pitches, macro, music, expected):
    assert pitches(f"X:1\nm:{macro}\nL:1/4\nK:C\n{music}|\n") == expected


def test_a_macro_that_is_defined_again_means_the_second(pitches):
    assert pitches("X:1\nm:~G = A\nm:~G = B\nL:1/4\nK:C\n~G|\n") == [71]


def test_macros_are_applied_in_the_order_of_their_definitions_each_once(pitches):
    text = "X:1\nm:~ = !\nm:! = G\nm:G = A\nm:H = ~\nL:1/4\nK:C\n~C H|\n"
    assert pitches(text) == [69, 60]


def test_a_tune_has_fifty_macros_and_one_of_them_may_be_redefined(pitches):
    many = "".join(f"m:{a}{b} = G\n" for a in "hijklmopqr" for b in "HIJKL")
    text = f"X:1\n{many}m:rM = c\nm:hH = A\nL:1/4\nK:C\nhH rL rM|\n"
    assert pitches(text) == [69, 67]


def test_a_target_is_cut_to_31_characters_and_what_stands_for_it_to_200(pitches):
    assert len(pitches(f"X:1\nm:~G = {'C' * 300}\nL:1/4\nK:C\n~G|\n")) == 200
    assert pitches(f"X:1\nm:{'h' * 40} = G\nL:1/4\nK:C\n{'h' * 31}|\n") == [67]


@pytest.mark.parametrize(("n", "is_refused"), [(5_000, False), (5_001, True)])
def test_macros_are_replaced_5000_times_at_most(pitches, n, is_refused):
    text = "X:1\nm:~G = A\nL:1/4\nK:C\n" + ("~G" * 1_000 + "|\n") * 5 + "~G" * (n - 5_000)
    if is_refused:
        with pytest.raises(UnreadableError, match="macros unfold without end"):
            pitches(text)
    else:
        assert pitches(text) == [69] * 5_000


@pytest.mark.parametrize(("n", "is_refused"), [(500, False), (501, True)])
def test_a_line_grows_to_100000_characters_by_macros_at_most(pitches, n, is_refused):
    text = f"X:1\nm:~G = {';' * 200}\nL:1/4\nK:C\n" + "~G" * n
    if is_refused:
        with pytest.raises(UnreadableError, match="macros unfold without end"):
            pitches(text)
    else:
        assert pitches(text + "\nC|\n") == [60]


def test_a_long_line_without_macros_is_read(pitches):
    assert pitches("X:1\nm:~G = A\nL:1/4\nK:C\n" + " " * 100_001 + "|C\n") == [60]


def test_macros_that_unfold_without_end_are_refused(pitches):
    doubling = "".join(f"m:{sign}n=nn\n" for sign in "HIJKLMNOPQRSTUVW")
    with pytest.raises(UnreadableError, match="macros unfold without end"):
        pitches(f"X:1\nm:n=nn\n{doubling}K:C\n" + "HIJKLMNOPQRSTUVWC" * 6_000 + "|\n")


def test_the_first_title_counts():
    assert read_tune("X:1\nT:  One   two \nT:Other\nK:C\nT:Inside\nC\n").title == "One two"


BLANK = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n\n"


@pytest.mark.parametrize(
    ("after", "n_notes"),
    [
        ("cBAG|FEDC|\n", 16),
        ("w:la la\ncBAG|FEDC|\n\nCCCC|\n", 20),
        ("A dance, added by a friend | see page 9.\n", 8),
        ("T:Another\nK:G\nFFFF|\n", 8),
        ("DAD\n", 8),
    ],
)
def test_a_blank_line_ends_a_tune_unless_music_follows(after, n_notes):
    text = (BLANK + after).encode()
    parts = abc.read_abc(text).parts()
    assert len(parts[0].notes) == n_notes
    assert count_abc(text).n_notes == n_notes


HISTORY = "H:A fiddler had it from a friend,\nbecause a good deal of people danced to it.\n"


@pytest.mark.parametrize(
    "prose",
    [
        HISTORY,
        HISTORY + "ABC | def\n",
        HISTORY + "+:and so on\nABC | def\nW:words\n",
        "N:a note\nthat goes on, as a bad cabbage does\n",
        "%%begintext\nA bag | a cab\n%%endtext\n",
        "A remark by a friend, made long ago at the end of a feast\n",
    ],
)
def test_text_in_a_header_is_no_music_and_is_not_counted(prose):
    text = f"X:1\nT:t\n{prose}L:1/4\nK:C\nCDEF|\n".encode()
    piece = read_score(text, "abc")
    assert piece.parts[0].notes.pitches.tolist() == [60, 62, 64, 65]
    assert (count_abc(text).n_notes, piece.agreement) == (4, 1)


def test_music_before_the_key_is_counted_as_it_is_read():
    text = b"X:1\nT:t\nH:a bad cabbage\nL:1/4\nCDEF|\nK:D\nCDEF|\n"
    piece = read_score(text, "abc")
    assert piece.parts[0].notes.pitches.tolist() == [60, 62, 64, 65, 61, 62, 64, 66]
    assert (count_abc(text).n_notes, piece.agreement) == (8, 1)


@pytest.mark.parametrize("between", ["A cabbage | added by a friend\n", "", "%%text a bag\n"])
def test_text_between_tunes_is_counted_with_none(between):
    text = f"X:1\nT:t\nL:1/4\nK:C\nCDEF|\n\n{between}\nX:2\nT:u\nK:C\nGABc|\n".encode()
    assert count_abc(text).n_notes == 4
    assert read_score(text, "abc").parts[0].notes.pitches.tolist() == [60, 62, 64, 65]


@pytest.mark.parametrize("said", ["I:linebreak !", "%%linebreak !", "I:linebreak <EOL> !"])
def test_a_mark_that_breaks_lines_begins_no_decoration(said):
    text = f"X:1\n{said}\nI:decoration +\nL:1/4\nK:C\nCD!EF!GA!|+trill+B4|\n".encode()
    piece = read_score(text, "abc")
    assert piece.parts[0].notes.pitches.tolist() == [60, 62, 64, 65, 67, 69, 71]
    assert (count_abc(text).n_notes, piece.agreement) == (7, 1)


def test_where_nothing_says_that_marks_break_lines_they_are_a_decorations(pitches):
    assert pitches("X:1\nI:linebreak $\nL:1/4\nK:C\nCD!trill!E$F|\n") == [60, 62, 64, 65]
