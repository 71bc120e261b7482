"""Orders of playing that a hand can follow; bars are letters, in the order of the page."""

from __future__ import annotations

import time

import pytest

from musebar_core.corpus.notes import UnreadableError
from musebar_core.corpus.repeats import Goal, Jump, Signs, Until, playing_order


def bar(endings=(), **signs) -> Signs:
    return Signs(endings=frozenset(endings), **signs)


def jump(goal: Goal, until: Until = Until.NOTHING_SAID) -> Jump:
    return Jump(goal, until)


PLAIN = bar()
OPENS, CLOSES = bar(opens=True), bar(closes=2)
DA_CAPO_AL_FINE = bar(jump=jump(Goal.START, Until.FINE))
DAL_SEGNO_AL_CODA = bar(jump=jump(Goal.SEGNO, Until.CODA))
FINE, SEGNO = bar(fine=True), bar(segno=True)
TO_CODA, CODA = bar(to_coda=True), bar(coda=True)
FIRST, SECOND = bar([1], closes=2), bar([2])

ORDERS = {
    "no signs": ([PLAIN, PLAIN], "AB"),
    "a repeat from the start": ([PLAIN, CLOSES, PLAIN], "ABABC"),
    "a repeat that is opened": ([PLAIN, OPENS, CLOSES, PLAIN], "ABCBCD"),
    "a repeat after a repeat": ([CLOSES, CLOSES, PLAIN], "AABBC"),
    "a repeat of three times": ([bar(closes=3), PLAIN], "AAAB"),
    "a bar that opens and closes": ([PLAIN, bar(opens=True, closes=2), PLAIN], "ABBC"),
    "a repeat in a repeat": ([OPENS, bar(opens=True, closes=2), CLOSES], "ABBCABBC"),
    "two endings": ([PLAIN, FIRST, SECOND, PLAIN], "ABACD"),
    "endings of two bars": ([PLAIN, bar([1]), FIRST, bar([2]), bar([2]), PLAIN], "ABCADEF"),
    "a first ending alone": ([PLAIN, FIRST, PLAIN], "ABAC"),
    "a first ending alone, and endings after it": (
        [PLAIN, FIRST, PLAIN, PLAIN, FIRST, SECOND],
        "ABACDECDF",
    ),
    "two passes, then a third": ([PLAIN, bar([1, 2], closes=2), bar([3])], "ABABAC"),
    "three endings": ([PLAIN, FIRST, bar([2], closes=2), bar([3])], "ABACAD"),
    "a last ending that closes": ([PLAIN, FIRST, bar([2], closes=2), PLAIN], "ABACD"),
    "a first ending without a sign": ([PLAIN, bar([1]), SECOND, PLAIN], "ABACD"),
    "a bracket that is too short": ([PLAIN, bar([1]), CLOSES, SECOND, PLAIN], "ABCADE"),
    "an ending that opens a repeat": ([PLAIN, FIRST, bar([2], opens=True), PLAIN], "ABACD"),
    "an ending that opens a repeat which closes": (
        [PLAIN, FIRST, bar([2], opens=True), CLOSES, PLAIN],
        "ABACDCDE",
    ),
    "an ending that is a repeat": (
        [PLAIN, FIRST, bar([2], opens=True, closes=2), PLAIN],
        "ABACCD",
    ),
    "a second ending alone": ([PLAIN, CLOSES, SECOND, PLAIN], "ABABCD"),
    "a third ending for a second": ([PLAIN, FIRST, bar([3]), PLAIN], "ABACD"),
    "a pass without an ending of its own": ([PLAIN, bar([1, 2], closes=2), bar([4])], "ABABAC"),
    "a jump within the last ending": (
        [PLAIN, FIRST, bar([2], jump=jump(Goal.START)), bar([2])],
        "ABACACD",
    ),
    "endings in both halves": (
        [PLAIN, FIRST, SECOND, OPENS, FIRST, SECOND],
        "ABACDEDF",
    ),
    "endings in a repeat in a repeat": (
        [OPENS, OPENS, FIRST, SECOND, CLOSES, PLAIN],
        "ABCBDEABCBDEF",
    ),
    "a repeat after endings": ([PLAIN, FIRST, SECOND, PLAIN, CLOSES], "ABACDEDE"),
    "da capo": ([PLAIN, bar(jump=jump(Goal.START))], "ABAB"),
    "da capo al fine": ([PLAIN, FINE, DA_CAPO_AL_FINE], "ABCAB"),
    "da capo without the fine it names": ([PLAIN, PLAIN, DA_CAPO_AL_FINE], "ABC"),
    "da capo without repeats": ([CLOSES, bar(closes=2, fine=True), DA_CAPO_AL_FINE], "AABBCAB"),
    "da capo in a repeat": (
        [CLOSES, FINE, bar(closes=2, jump=jump(Goal.START, Until.FINE))],
        "AABCBCAB",
    ),
    "da capo takes the last ending": ([PLAIN, FIRST, SECOND, FINE, DA_CAPO_AL_FINE], "ABACDEACD"),
    "a fine in the first ending": (
        [PLAIN, bar([1], closes=2, fine=True), SECOND, DA_CAPO_AL_FINE],
        "ABACDAB",
    ),
    "da capo with the repeats it asks for": (
        [bar(closes=2, after_jump=True), FINE, DA_CAPO_AL_FINE],
        "AABCAAB",
    ),
    "dal segno al fine": (
        [PLAIN, SEGNO, FINE, bar(jump=jump(Goal.SEGNO, Until.FINE))],
        "ABCDBC",
    ),
    "da capo al fine twice, as in a rondo": (
        [FINE, PLAIN, DA_CAPO_AL_FINE, bar(opens=True, closes=2), DA_CAPO_AL_FINE, PLAIN],
        "ABCADDEAF",
    ),
    "music behind the last da capo al fine, as in a file of two movements": (
        [PLAIN, FINE, DA_CAPO_AL_FINE, OPENS, CLOSES, PLAIN],
        "ABCABDEDEF",
    ),
    "a repeat behind a da capo al fine that nothing opens": (
        [PLAIN, FINE, DA_CAPO_AL_FINE, PLAIN, CLOSES, PLAIN],
        "ABCABDEDEF",
    ),
    "dal segno without a segno": ([PLAIN, bar(jump=jump(Goal.SEGNO))], "AB"),
    "dal segno al coda": (
        [PLAIN, SEGNO, TO_CODA, DAL_SEGNO_AL_CODA, CODA, PLAIN],
        "ABCDBCEF",
    ),
    "dal segno al coda without a coda": ([SEGNO, TO_CODA, DAL_SEGNO_AL_CODA, PLAIN], "ABCD"),
    "dal segno to the segno that it names": (
        [
            bar(segno=True, names=frozenset({("segno", "a")})),
            bar(segno=True, names=frozenset({("segno", "b")})),
            bar(jump=Jump(Goal.SEGNO, name="a")),
        ],
        "ABCABC",
    ),
    "dal segno to a segno of another name, for want of one of its own": (
        [PLAIN, bar(segno=True, names=frozenset({("segno", "a")})), bar(jump=Jump(Goal.SEGNO))],
        "ABCBC",
    ),
    "to the coda that is named": (
        [
            bar(to_coda=True, names=frozenset({("tocoda", "b")})),
            bar(jump=jump(Goal.START)),
            bar(coda=True, names=frozenset({("coda", "a")})),
            bar(coda=True, names=frozenset({("coda", "b")})),
        ],
        "ABAD",
    ),
    "a repeat that closes over a segno": ([SEGNO, CLOSES, bar(jump=jump(Goal.SEGNO))], "ABABCABC"),
    "a da capo behind endings, then repeats": (
        [PLAIN, FIRST, SECOND, bar(jump=jump(Goal.START)), CLOSES],
        "ABACDACDEE",
    ),
    "endings that close three times": ([PLAIN, FIRST, bar([2], closes=3), PLAIN], "ABACAD"),
    "a bracket that is too short by seven bars": (
        [bar([1]), *[PLAIN] * 5, CLOSES, SECOND],
        "ABCDEFGH",
    ),
    "a repeat behind endings that nothing opens": (
        [FIRST, SECOND, PLAIN, CLOSES, PLAIN],
        "ABCDCDE",
    ),
    "a fine before the segno": (
        [FINE, SEGNO, bar(jump=jump(Goal.SEGNO, Until.FINE)), PLAIN],
        "ABCBCD",
    ),
    "dal segno to the last segno before": (
        [SEGNO, SEGNO, bar(jump=jump(Goal.SEGNO)), SEGNO],
        "ABCBCD",
    ),
    "dal segno within its bar": ([PLAIN, bar(segno=True, jump=jump(Goal.SEGNO))], "ABB"),
    "to a coda that lies before": ([CODA, TO_CODA, DAL_SEGNO_AL_CODA], "ABC"),
    "two jumps, each once": (
        [PLAIN, bar(jump=jump(Goal.START)), bar(jump=jump(Goal.START)), PLAIN],
        "ABABCABCD",
    ),
    "a coda that leads back to the start of its repeat": (
        [PLAIN, TO_CODA, bar(jump=jump(Goal.START, Until.CODA)), CODA, CLOSES],
        "ABCABDEDE",
    ),
    "to the coda from the first ending": (
        [PLAIN, bar([1], closes=2, to_coda=True), SECOND, bar(jump=jump(Goal.START)), CODA],
        "ABACDABE",
    ),
    "repeats in the coda": (
        [SEGNO, TO_CODA, DAL_SEGNO_AL_CODA, bar(coda=True, closes=2), PLAIN],
        "ABCABDDE",
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_signs_are_followed(name):
    bars, order = ORDERS[name]
    assert "".join("ABCDEFGH"[place] for place in playing_order(bars)) == order


@pytest.mark.parametrize(
    ("between", "order"), [(7, "ABCDEFGHIJAK"), (8, "ABCDEFGHIJKABCDEFGHIJKL")]
)
def test_a_bracket_is_drawn_out_to_a_sign_within_eight_bars(between, order):
    bars = [PLAIN, bar([1]), *[PLAIN] * between, CLOSES, SECOND]
    assert [chr(ord("A") + place) for place in playing_order(bars)] == list(order)


def test_without_repeats_every_bar_is_played_once_as_written():
    assert playing_order([PLAIN, FIRST, SECOND, DA_CAPO_AL_FINE], play_repeats=False) == [
        0,
        1,
        2,
        3,
    ]


def test_as_many_bars_are_played_as_may_be_or_as_are_written():
    assert len(playing_order([CLOSES] * 3, most_bars=6)) == 6
    with pytest.raises(UnreadableError, match="its repeats make over 5 bars"):
        playing_order([CLOSES] * 3, most_bars=5)
    assert playing_order([PLAIN, FINE, PLAIN], most_bars=1) == [0, 1, 2]
    assert len(playing_order([bar(closes=1_000)] * 20)) == 20_000


def test_repeats_without_end_are_refused_at_once():
    began = time.process_time()
    nested = [bar(opens=True)] * 30 + [bar(closes=1000)] * 30
    with pytest.raises(UnreadableError, match="its repeats make over 20000 bars"):
        playing_order(nested)
    assert time.process_time() - began < 5
