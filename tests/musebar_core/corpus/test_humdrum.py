"""Small Humdrum files, one construct each, with notes that a hand can count."""

from __future__ import annotations

import pytest

from musebar_core.corpus.checked import read_score
from musebar_core.corpus.counts import count_humdrum
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.humdrum import read_humdrum, score
from musebar_core.corpus.humdrum.form import Form
from musebar_core.corpus.notes import UnreadableError


def kern(text: str) -> bytes:
    """Cells with blanks between them instead of tabs; ``_`` is a blank within a cell."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join("\t".join(line.split()).replace("~", " ") for line in lines).encode()


def one(text: str) -> bytes:
    """A file of one spine, its cells in a row."""
    return kern("\n".join(["**kern", *text.split(), "*-"]))


def rows(content: bytes, part: int = 0) -> list[tuple[float, float, int]]:
    found = read_humdrum(content).parts()[part].notes
    return list(
        zip(found.onsets.tolist(), found.durations.tolist(), found.pitches.tolist(), strict=True)
    )


def pitches(content: bytes, part: int = 0, play_repeats: bool = True) -> list[int]:
    return read_humdrum(content).parts(play_repeats)[part].notes.pitches.tolist()


def test_letters_and_their_number_are_the_octave():
    assert pitches(one("4CC 4C 4c 4cc 4ccc 4b 4B")) == [36, 48, 60, 72, 84, 71, 59]


def test_sharps_flats_and_naturals_are_read():
    assert pitches(one("4f# 4f## 4b- 4b-- 4fn")) == [66, 67, 70, 69, 65]
    assert pitches(one("4f### 4b--- 4f####")) == [68, 68, 68]


def test_notes_beyond_the_pitches_of_midi_are_none():
    assert rows(one("4CCCCC- 4CCCCC 4gggggg 4aaaaaa 4c")) == [(1, 1, 0), (2, 1, 127), (4, 1, 60)]


def test_durations_are_parts_of_a_whole_note_with_dots_breves_and_ratios():
    found = rows(one("1c 4.c 4..c 0c 00c 6c 3%2c 8c"))
    assert [duration for _, duration, _ in found] == pytest.approx(
        [4, 1.5, 1.75, 8, 16, 4 / 6, 8 / 3, 0.5]
    )
    found = rows(one("000c 4...c 4....c 4.....c 1024c"))
    assert [duration for _, duration, _ in found] == pytest.approx(
        [32, 1.875, 1.9375, 1.9375, 4 / 1024]
    )


def test_a_cell_without_a_duration_takes_no_time():
    assert rows(one("4c d 4e")) == [(0, 1, 60), (1, 1, 64)]


def test_rests_take_time_and_grace_notes_take_none():
    assert rows(one("4c 4r 8qd ddq 8Qd 4e")) == [(0, 1, 60), (2, 1, 64)]


def test_a_grace_note_under_a_held_note_moves_no_time():
    content = kern("**kern **kern\n 2C 4c\n . 8qd\n . 4e\n 2D 2f\n *- *-")
    assert rows(content) == [(0, 1, 60), (1, 1, 64), (2, 2, 65)]


def test_ties_are_one_note_over_barlines():
    assert rows(one("[4c =2 4c_ =3 4c] 4c")) == [(0, 3, 60), (3, 1, 60)]


def test_two_voices_that_hold_one_pitch_have_a_note_each():
    voices = "**kern\n *^\n [2c [2c\n =1 =1\n 2c_ 2c_\n =2 =2\n 2c] 2c]\n *v *v\n 4d\n *-"
    assert rows(kern(voices)) == [(0, 6, 60), (0, 6, 60), (6, 1, 62)]


def test_a_chord_is_its_highest_note():
    assert rows(one("4c~4e~4g 4d")) == [(0, 1, 67), (1, 1, 62)]
    assert rows(one("4g~4c~4e 4d")) == [(0, 1, 67), (1, 1, 62)]


def test_a_chord_lasts_as_long_as_its_longest_note_and_a_rest_in_it_is_silent():
    assert rows(one("2c~4e 4r~4g 4d")) == [(0, 2, 64), (2, 1, 67), (3, 1, 62)]


def test_the_tie_of_a_chord_is_its_highest_notes():
    assert rows(one("[4c~4e 4c]~4e")) == [(0, 1, 64), (1, 1, 64)]
    assert rows(one("4c~[4e 4c~4e_ 4c~4e]")) == [(0, 3, 64)]


def test_the_top_part_is_the_last_spine():
    content = kern('**kern **text **kern\n *I"Bass * *I"Flute\n 4C la 4cc\n 4D . 4dd\n *- *- *-')
    tracks = read_humdrum(content).parts()
    assert [track.name for track in tracks] == ["Flute", "Bass"]
    assert (pitches(content, 0), pitches(content, 1)) == ([72, 74], [48, 50])


def test_a_spine_may_split_twice_and_join_in_two_lines():
    content = kern(
        """**kern **kern
        1C 1c
        *  *^
        *  *  *^
        2D 2d 2f 2a
        2E 2e 2g 2b
        *  *v *v *
        *  *v *v
        1F 1c
        *- *-"""
    )
    assert rows(content)[-1] == (8, 4, 60)
    assert sorted(rows(content)[1:4]) == [(4, 2, 62), (4, 2, 65), (4, 2, 69)]


def test_a_spine_of_which_nothing_more_is_said_holds_the_others_up_no_longer():
    content = kern("**kern **kern\n 4C 4c\n . 4d\n . 4e\n *- *-")
    assert rows(content) == [(0, 1, 60), (1, 1, 62), (2, 1, 64)]
    assert rows(content, 1) == [(0, 1, 48)]


def test_two_spines_may_begin_in_one_line_and_another_later():
    content = kern(
        """**kern
        4C
        *+
        * **kern
        *+ *+
        * **kern * **kern
        4D 4d 4f 4a
        *+ * * *
        * **kern * * *
        4E 4e 4g 4b 4dd
        *- *- *- *- *-"""
    )
    tracks = read_humdrum(content).parts()
    found = sorted(track.notes.pitches.tolist() for track in tracks)
    assert found == [[48, 50, 52], [62, 67], [64], [65, 71], [69, 74]]


def test_spines_may_change_places_begin_and_end():
    content = kern(
        """**kern **kern
        4C 4c
        *x *x
        4d 4D
        *+ *
        * **kern *
        4e 4g 4E
        *  *- *
        4f 4F
        *- *-"""
    )
    tracks = read_humdrum(content).parts()
    assert [track.notes.pitches.tolist() for track in tracks] == [
        [67],
        [60, 62, 64, 65],
        [48, 50, 52, 53],
    ]


def test_neighbours_of_two_spines_join_by_themselves():
    for between in ("", "!!~remark\n", "\n"):
        content = kern(f"**kern **kern\n*^ *^\n2C 2E 2c 2e\n*v *v *v *v\n{between}2D 2d\n*- *-")
        assert rows(content, 0)[-1] == (2, 2, 62)
        assert rows(content, 1)[-1] == (2, 2, 50)


def test_neighbours_that_join_are_one_column_where_the_next_line_has_room_for_no_more():
    content = kern("**kern **kern\n 4C 4c\n *v *v\n 4D\n *-")
    assert (pitches(content, 0), pitches(content, 1)) == ([60], [48, 50])


def test_columns_that_join_go_on_where_the_last_of_them_ends():
    for voices in ("2c 4e", "4c 2e"):
        other = "4e" if voices.startswith("2c") else "4c"
        after = f". {other}" if voices.startswith("2c") else f"{other} ."
        content = kern(f"**kern\n *^\n {voices}\n {after}\n *v *v\n 2d\n *-")
        assert rows(content)[-1] == (2, 2, 62)


def test_neighbours_that_join_stay_two_columns_where_the_next_line_has_room_for_them():
    content = kern("**kern **kern\n 4C 4c\n *v *v\n 4D 4d\n *- *-")
    assert (pitches(content, 0), pitches(content, 1)) == ([60, 62], [48, 50])


def test_a_column_that_begins_within_a_note_of_its_neighbour_waits_for_its_end():
    content = kern("**kern **kern\n 2C 4c\n *+ *\n * **kern *\n . . 4d\n 4D 4g 4e\n *- *- *-")
    assert rows(content, 0) == [(2, 1, 67)]


def test_a_column_that_begins_with_text_is_no_part():
    content = kern("**kern\n *+\n * **text\n 4c la\n *- *-")
    assert len(read_humdrum(content).parts()) == 1


def test_columns_that_begin_in_one_line_are_parts_of_their_own():
    content = kern(
        """**kern **kern
        *+ *+
        * **kern * **kern
        4C 4E 4G 4c
        *- *- *- *-"""
    )
    tracks = read_humdrum(content).parts()
    found = sorted(track.notes.pitches.tolist() for track in tracks)
    assert found == [[48], [52], [55], [60]]


def test_a_transposing_instrument_is_encoded_at_sounding_pitch():
    assert pitches(one("*ITrd1c2 4c 4d")) == [60, 62]


def test_a_transposition_that_was_done_is_taken_back():
    assert pitches(one("*Trd1c2 4d 4e")) == [60, 62]
    assert pitches(one("*Trd-1c-2 4B-")) == [60]
    assert pitches(one("*Trd+1c+2 4d *Trd0c0 4d")) == [60, 62]


def test_cue_notes_do_not_sound():
    assert rows(one("4c *cue 4d *Xcue 4e")) == [(0, 1, 60), (2, 1, 64)]
    content = b"!!!RDF**kern: ! = cue note\n" + one("4c 4d! 4e")
    assert rows(content) == [(0, 1, 60), (2, 1, 64)]


@pytest.mark.parametrize(
    "said", [b"!!!RDF**kern:N=Cue notes", b"!!!rdf**kern: N = CUE\n!!!RDF**kern: M = cue"]
)
def test_a_sign_of_cue_notes_is_read_however_it_is_spelt(said):
    assert rows(said + b"\n!!!RDF**kern: i = editorial\n" + one("4c 4dN 4ei"))[-1] == (2, 1, 64)


def test_a_file_may_have_several_signs_of_cue_notes():
    content = b"!!!RDF**kern: N = cue\n!!!RDF**kern: M = cue\n" + one("4c 4dN 4dM 4e")
    assert rows(content) == [(0, 1, 60), (3, 1, 64)]


def test_the_sign_of_cue_notes_of_a_later_piece_is_that_pieces():
    content = one("4c 4dN 4e") + b"\n" + one("4c") + b"\n!!!RDF**kern: N = cue"
    assert pitches(content) == [60, 62, 64]


def test_the_sign_of_cue_notes_may_be_told_at_the_end():
    assert rows(one("4c 4dN 4e") + b"\n!!!RDF**kern: N = cue size") == [(0, 1, 60), (2, 1, 64)]


def test_a_clef_within_cue_notes_ends_neither_them_nor_percussion():
    assert rows(one("4c *cue *clefF4 4d *Xcue 4e")) == [(0, 1, 60), (2, 1, 64)]
    assert rows(one("*clefX 4c *cue 4d *Xcue 4e *clefG2 4f")) == [(3, 1, 65)]


def test_percussion_without_pitch_is_no_melody():
    assert pitches(one("*clefX 4c *clefG2 4d")) == [62]
    assert pitches(one("*clefX2 4c *clefG2 4d")) == [62]


@pytest.mark.parametrize(
    ("barline", "played"),
    [
        *[("=2:|!", "ABABC"), ("=2:!", "ABABC"), ("=2:|", "ABABC"), ("=2:||:", "ABABC")],
        *[("=2", "ABC"), ("=2||", "ABC"), ("=2:|!|:", "ABABC")],
    ],
)
def test_repeat_signs_of_barlines_are_played(barline, played):
    steps = {"A": 57, "B": 59, "C": 60}
    assert pitches(one(f"=1 1A 1B {barline} 1c ==")) == [steps[name] for name in played]


def test_a_repeat_that_is_opened_goes_back_there():
    for opens in ("=!|:", "=|:", "=!:"):
        assert pitches(one(f"=1 1A {opens} 1B =:|! 1c")) == [57, 59, 59, 60]


def test_a_closing_sign_before_the_first_note_repeats_nothing():
    assert pitches(one("=1:|! 1A =2 1B")) == [57, 59]


def test_a_repeat_sign_may_stand_in_one_column_alone():
    content = kern("**kern **kern\n 1A 1c\n =2 =2:|!\n 1B 1d\n *- *-")
    assert pitches(content, 1) == [57, 57, 59]


def test_a_list_of_sections_is_the_performance():
    content = one("*>[A,A,B] *>norep[A,B] *>A 1A *>B 1B =:|! *>C 1c")
    assert pitches(content) == [57, 57, 59]
    assert pitches(content, play_repeats=False) == [57, 59]


def test_what_precedes_the_first_section_is_played_once_before_it():
    assert pitches(one("*>[A,~A,,B] 1G *>A 1A *>B 1B")) == [55, 57, 57, 59]


def test_the_first_of_two_lists_and_of_two_sections_of_one_name_counts():
    assert pitches(one("*>[B,A] *>[A] *>A 1A *>B 1B *>A 1c")) == [59, 60, 57]


def test_sections_that_are_played_without_end_are_refused():
    section = " =2 ".join(["1c"] * 200)
    for n, is_refused in ((100, False), (101, True)):
        names = ",".join("A" * n)
        content = one(f"*>[{names}] *>A {section}")
        if is_refused:
            with pytest.raises(UnreadableError, match="its sections make over 20000 bars"):
                read_humdrum(content).parts()
        else:
            assert len(pitches(content)) == 20_000


def test_a_list_of_no_sections_leaves_the_repeats_of_the_barlines():
    assert pitches(one("*>[] 1A =2:|! 1B")) == [57, 57, 59]


def test_a_list_with_a_section_that_is_not_there_is_passed_over():
    assert pitches(one("*>[A,A,X] *>A 1A *>B 1B")) == [57, 59]


def test_da_capo_and_fine_are_played():
    assert pitches(one("=1 1A *fine =2 1B *dacapo ==")) == [57, 59, 57]


@pytest.mark.parametrize(
    ("piece", "played"),
    [
        ("2A 2B =1 2c *fine 2d =2 1e *dacapo ==", "ABCDEABC"),
        ("2A 2B =1 2c *segno 2d =2 1e *dalsegno ==", "ABCDEDE"),
        ("2A 2B =1 2c *dacapo 2d =2 1e ==", "ABCABCDE"),
        ("2A 2B =1 2c *tocoda 2d =2 1e *dacapo *coda =3 1f", "ABCDEABCF"),
        ("2A 2B *fine =1 2c 2d =2 1e *dacapo ==", "ABCDEAB"),
        ("2A 2B =!|: 2c *fine 2d =:|! 1e *dacapo ==", "ABCDCDEABC"),
        ("1A =1 1B =2:|! 1c *segno 1d *dalsegno ==", "ABABCDD"),
        ("1A =1 1B =2:|! 1c *fine 1d *dacapo ==", "ABABCDABC"),
        ("1A =1 1B =2:|! 1c *tocoda 1d *dacapo *coda 1e =:|! 1f", "ABABCDABCEEF"),
    ],
)
def test_a_jump_within_a_bar_is_followed_from_there(piece, played):
    steps = {"A": 57, "B": 59, "C": 60, "D": 62, "E": 64, "F": 65}
    assert pitches(one(piece)) == [steps[name] for name in played]


def test_the_title_is_read_in_any_encoding():
    content = "!!!OTL: Für Elise\n".encode("latin-1") + one("1c 1d 1e 1f")
    assert read_melody(content, ".krn").title == "Für Elise"
    wide = ("!!!OTL: Für Elise\n" + one("1c 1d 1e 1f").decode()).encode("utf-16")
    assert read_melody(wide, ".krn").title == "Für Elise"


def test_of_several_pieces_the_first_is_read():
    melody = read_melody(one("4c 4d") + b"\n" + one("4e 4f"), ".krn")
    assert (melody.notes.pitches.tolist(), melody.reason) == (
        [60, 62],
        "only part, first of 2 pieces",
    )


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("!!!OTL@@DE: Die  Nacht", "Die Nacht"),
        ("!!!OTL@EN: The Night", "The Night"),
        ("!!!OTL1-2:Night", "Night"),
        ("!!!OTL: First\n!!!OTL: Second", "First"),
        ("!!!OTP: Popular", ""),
        ("!! OTL: Remark", ""),
    ],
)
def test_a_title_may_name_its_language_and_the_first_counts(head, title):
    assert read_humdrum(f"{head}\n".encode() + one("4c")).title == title


def test_a_title_within_a_later_piece_is_not_the_firsts():
    content = one("4c") + b"\n" + one("4d") + b"\n!!!OTL: Later"
    assert read_humdrum(content).title == ""


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ("*Isoprn", "Soprano"),
        ("*Icant", "Cantus"),
        ("*Ialto", "Alto"),
        ("*Icalto", "Alto"),
        ("*Itenor", "Tenor"),
        ("*Ibarit", "Baritone"),
        ("*Ibass", "Bass"),
        ("*Ipiano", "Piano"),
        ("*Ivioin", "Violin"),
        ("*Iviolin *Iviola", "Viola"),
        ("*Ivioln", "Violin"),
        ("*Icello", "Cello"),
        ("*Iflt", "Flute"),
        ("*Iclars", "Clarinet"),
        ("*Itrmpt", "Trumpet"),
        ('*Ibass *I"Contrabass', "Contrabass"),
        ('*I"Contrabass *Ibass', "Contrabass"),
        ("*I:[viola~d'amore]", "Viola d'amore"),
        ('*I"Voice *I:[x]', "Voice"),
        ("*ICvox *I'S. *IGsolo", ""),
    ],
)
def test_a_part_has_its_instruments_name_else_its_codes(codes, name):
    (track,) = read_humdrum(one(f"{codes} 4c")).parts()
    assert track.name == name


def test_blank_lines_comments_and_a_last_empty_cell_are_no_notes():
    lines = ["**kern\t**kern", "4C\t4c\t", "", "!\t! a remark", "!! of all", "  ", "4D\t4d"]
    content = "\r\n".join([*lines, "*-\t*-", ""]).encode()
    assert (pitches(content, 0), pitches(content, 1)) == ([60, 62], [48, 50])


def test_columns_may_split_above_a_remark_of_all():
    content = kern("**kern\n *^\n !!~one\n 4c 4e\n *v *v\n !!~two\n 4d\n *-")
    assert pitches(content) == [64, 60, 62]


def test_the_last_bar_lasts_as_long_as_its_longest_note():
    content = kern("**kern **kern\n *>[A,A] *\n *>A *\n 1C 4c\n *- *-")
    assert [onset for onset, _, _ in rows(content, 1)] == [0, 4]


def test_a_file_larger_than_64_mebibytes_is_refused():
    with pytest.raises(UnreadableError, match="it is larger than 64 MiB"):
        read_humdrum(bytes(64 * 2**20 + 1))


def test_a_file_of_too_many_bars_and_spines_is_refused(monkeypatch):
    monkeypatch.setattr(score, "MOST_CELLS", 4)
    assert pitches(kern("**kern **kern\n 4C 4c\n =2 =2\n 4D 4d\n *- *-")) == [60, 62]
    with pytest.raises(UnreadableError, match="3 bars of 2 spines"):
        pitches(kern("**kern **kern\n 4C 4c\n =2 =2\n 4D 4d\n =3 =3\n 4E 4e\n *- *-"))


def test_lines_that_do_not_fit_are_told_with_their_number():
    with pytest.raises(UnreadableError, match="line 3 has 3 columns where 2 go on"):
        read_humdrum(kern("**kern **kern\n4C 4c\n4D 4d 4e\n*- *-"))


def test_a_file_without_notes_in_kern_says_so():
    with pytest.raises(UnreadableError, match=r"unreadable score: no \*\*kern spine"):
        read_melody(b"**text\nla\n*-\n", ".krn")


@pytest.mark.parametrize("silent", ["*cue {} *Xcue", "*clefX {} *clefF4"])
def test_a_score_with_many_notes_that_do_not_sound_is_taken(silent):
    content = one(f"4c {silent.format('4d ' * 20)} 4e")
    assert count_humdrum(content).n_notes == 2
    assert read_score(content, "humdrum").agreement == 1


def test_a_score_with_many_notes_of_a_cue_sign_is_taken():
    content = one("4c " + "4dN " * 20 + "4e") + b"\n!!!RDF**kern: N = cue"
    assert count_humdrum(content).n_notes == 2
    assert read_score(content, "humdrum").agreement == 1


def test_the_first_of_two_long_pieces_is_taken():
    content = one("4c 4d " * 10) + b"\n" + one("4e 4f " * 10)
    assert count_humdrum(content).n_notes == 20
    assert read_score(content, "humdrum").agreement == 1


def test_a_bar_without_notes_and_without_length_is_none_wherever_it_stands():
    form = Form()
    form.begin_bar(4.0, is_empty=False)
    form.begin_bar(4.0, is_empty=True)
    assert form.starts == [0.0, 4.0]
    form.begin_bar(8.0, is_empty=True)  # it has a length: a bar that nobody plays in
    assert form.starts == [0.0, 4.0, 8.0]
    form.begin_bar(8.0, is_empty=False)  # it has notes: grace notes take no time
    assert form.starts == [0.0, 4.0, 8.0, 8.0]
    assert len(form.signs) == len(form.starts)
