"""Which generation is due, and what its proposals may depend on, worked out by hand."""

from __future__ import annotations

import pytest

from study.search.evidence import Evidence
from study.search.generations import Observation, due_of, generation_size, lead_first
from tests.study.search.book import book, propose, searched


@pytest.fixture
def spec(tiny_spec):
    def make(configurations=16, generation=4, **changes):
        asked = {
            "search__purpose": "density",
            "search__configurations": str(configurations),
            "search__generation": str(generation),
            "search__methods": "false",
            "search__transfer": "false",
        }
        return tiny_spec(**(asked | changes))

    return make


def due(record, genre="low"):
    return due_of(Evidence(record), genre)


def ids(proposals):
    return "".join(p.config_id for p in proposals)


def end(record, names, genre="low", **rest):
    """End the search of configurations, each of which is worse than those of earlier letters."""
    for name in names:
        searched(record, name, ord(name) + 0.0, ord(name) + 0.5, genre=genre, **rest)


@pytest.mark.parametrize(
    ("configurations", "seeds", "slots", "genres", "size"),
    [
        (60, 2, 1, 1, 10),  # a sixth
        (61, 2, 1, 1, 11),
        (6, 2, 1, 1, 2),  # two at least
        (60, 2, 40, 1, 10),  # two generations of ten, two seeds each: 40 runs
        (60, 2, 41, 1, 11),
        (60, 2, 44, 0, 11),
        (60, 2, 88, 2, 11),
        (60, 2, 89, 2, 12),
        (60, 1, 44, 1, 22),
        (60, 2, 240, 1, 60),
        (60, 2, 1000, 1, 60),
    ],
)
def test_a_generation_is_a_sixth_or_as_large_as_fills_the_slots(
    spec, configurations, seeds, slots, genres, size
):
    asked = spec(configurations, seeds=f"{{search: {seeds}, confirm: 3}}")
    assert generation_size(asked, slots, genres) == size


def test_the_joint_corpus_leads_and_the_others_follow_by_name(spec):
    record = book(spec(), genres=("waltz", "overall", "jig"))
    assert lead_first(record) == ["overall", "jig", "waltz"]


def test_the_first_two_generations_know_nothing_and_the_third_knows_the_first(spec):
    record = book(spec())
    first = due(record)
    assert (first.genre, first.generation, first.size) == ("low", 0, 4)
    assert (first.completed, first.running, first.transferred) == ((), (), ())
    propose(record, "low", 0, "abcd")
    second = due(record)
    assert (second.generation, second.completed, ids(second.running)) == (1, (), "abcd")
    propose(record, "low", 1, "efgh")
    end(record, "abc")
    end(record, "efgh")
    assert due(record) is None
    end(record, "d")
    third = due(record)
    assert third.generation == 2
    assert ids(o.proposal for o in third.completed) == "abcd"
    assert ids(third.running) == "efgh"
    propose(record, "low", 2, "ijkl")
    fourth = due(record)
    assert ids(o.proposal for o in fourth.completed) == "abcdefgh"
    assert ids(fourth.running) == "ijkl"


def test_no_generation_is_due_when_all_are_proposed(spec):
    record = book(spec(8), "abcd", "efgh")
    end(record, "abcdefgh")
    assert due(record) is None


def test_of_a_failed_configuration_there_is_no_cost_and_the_share_that_failed(spec):
    record = book(spec(), "abcd", "efgh")
    searched(record, "a", 10.0, 11.0)
    searched(record, "b", 12.0, None)
    searched(record, "c", None, None)
    searched(record, "d", 9.0, 9.5, undertrained=True)
    proposals = record.generations["low", 0]
    told = [((10.5,), 0.0), (None, 0.5), (None, 1.0), ((9.25,), 0.0)]
    assert due(record).completed == tuple(
        Observation(proposal, *what) for proposal, what in zip(proposals, told, strict=True)
    )


def side_by_side(spec, **changes):
    return spec(search__transfer="true", **changes)


def test_a_genre_may_take_half_of_its_first_generation_from_the_leading_one(spec):
    record = book(side_by_side(spec), genre="high", genres=("high", "low"))
    assert due(record, "high").transferred == ()
    assert due(record) is None  # the leading genre has proposed nothing yet
    propose(record, "high", 0, "dcba")
    end(record, "abc", "high")
    assert due(record) is None  # one of its runs has not ended
    searched(record, "d", 1.0, None, genre="high")  # the best, were it whole
    found = due(record)
    assert [(p.config_id, genre) for p, genre in found.transferred] == [
        ("a", "high"),
        ("b", "high"),
    ]
    assert found.size == 4


def test_half_of_an_odd_generation_is_rounded_down(spec):
    record = book(side_by_side(spec, generation=5), "abcde", genre="high", genres=("high", "low"))
    end(record, "abcde", "high")
    assert ids(p for p, _ in due(record).transferred) == "ab"


def test_the_undertrained_and_the_failed_are_not_taken_over_where_there_is_room(spec):
    record = book(
        side_by_side(spec, generation=8), "abcdefgh", genre="high", genres=("high", "low")
    )
    record.facts["high"] = {"baselines": {"validation": {"markov": 800.0}}}
    end(record, "acefgh", "high", undertrained=True)
    searched(record, "c", 1.0, None, genre="high")
    end(record, "bd", "high")
    assert ids(p for p, _ in due(record).transferred) == "bd"


def test_what_the_leading_genre_found_since_is_for_later_generations(spec):
    record = book(side_by_side(spec), "bcde", "afgh", genre="high", genres=("high", "low"))
    end(record, "abcdefgh", "high")
    assert ids(p for p, _ in due(record).transferred) == "bc"


def test_without_transfer_a_genre_waits_for_nobody_and_takes_nothing(spec):
    record = book(spec(), genre="high", genres=("high", "low"))
    assert due(record).transferred == ()
    propose(record, "high", 0, "abcd")
    end(record, "abcd", "high")
    assert due(record).transferred == ()


@pytest.mark.parametrize(("generation", "taken"), [(7, ""), (8, "a"), (15, "a"), (16, "ab")])
def test_one_in_eight_of_a_later_generation_may_come_from_the_leading_genre(
    spec, generation, taken
):
    asked = side_by_side(spec, configurations=64, generation=generation)
    record = book(asked, "abcd", "efgh", genre="high", genres=("high", "low"))
    names = "zyxwvutsrqponmlk"[:generation]
    propose(record, "low", 0, names)
    end(record, "abcdefgh", "high")
    found = due(record)
    assert found.generation == 1
    assert ids(p for p, _ in found.transferred) == taken


def test_the_second_generation_knows_the_leading_genres_second_which_must_have_ended(spec):
    asked = side_by_side(spec, configurations=32, generation=8)
    record = book(asked, "bcdefghi", genre="high", genres=("high", "low"))
    end(record, "bcdefghi", "high")
    propose(record, "low", 0, "bstuvwxy")
    assert due(record) is None  # the leading genre is to propose its second
    propose(record, "high", 1, "ajklmnop")
    assert due(record) is None
    end(record, "ajklmnop", "high")
    assert ids(p for p, _ in due(record).transferred) == "a"
    propose(record, "low", 0, "abstuvwx")
    assert ids(p for p, _ in due(record).transferred) == "c"  # a and b were tried here


def test_a_leading_genre_that_has_no_more_to_propose_holds_nobody_up(spec):
    asked = side_by_side(spec, configurations=16, generation=8)
    record = book(asked, "abcdefgh", "i", genre="high", genres=("high", "low"))
    end(record, "abcdefgh", "high")
    propose(record, "low", 0, "qrstuvwx")
    assert due(record) is None  # its second generation of one has not ended
    end(record, "i", "high")
    assert ids(p for p, _ in due(record).transferred) == "a"
    record = book(asked, "abcdefg", genre="high", genres=("high", "low"))
    end(record, "abcdefg", "high")
    propose(record, "low", 0, "qrstuvwx")
    assert due(record).generation == 1  # the leading genre's one generation is all it has


def test_side_by_side_only_the_leading_genre_gives(spec):
    record = book(side_by_side(spec), "abcd", genre="jig", genres=("jig", "polka", "waltz"))
    end(record, "abcd", "jig")
    assert {genre for _, genre in due(record, "waltz").transferred} == {"jig"}
    assert due(record, "polka") is not None


def in_turn(spec, **changes):
    return spec(
        search__transfer="true",
        search__order="in_turn",
        **({"configurations": 8, "generation": 4} | changes),
    )


def test_in_turn_a_genre_takes_from_all_before_in_turn_first_places_first(spec):
    asked = in_turn(spec, configurations=16, generation=8)
    record = book(asked, genres=("jig", "polka", "waltz"))
    for genre, names in (
        ("jig", ("abcdefgh", "ijklmnop")),
        ("polka", ("ahqrstuv", "wxyzABCD")),
    ):
        for number, each in enumerate(names):
            propose(record, genre, number, each)
    end(record, "abcdefghijklmnop", "jig")
    assert due(record, "waltz") is None
    end(record, "ahqrstuv", "polka")  # of the last generation before nothing need be known
    assert [(p.config_id, genre) for p, genre in due(record, "waltz").transferred] == [
        ("a", "jig"),  # first in both
        ("b", "jig"),
        ("h", "polka"),
        ("c", "jig"),
    ]


def test_in_turn_a_genre_waits_until_those_before_have_proposed_all(spec):
    record = book(in_turn(spec), genres=("jig", "waltz"))
    propose(record, "jig", 0, "abcd")
    end(record, "abcd", "jig")
    assert due(record, "waltz") is None
    propose(record, "jig", 1, "efgh")
    found = due(record, "waltz")
    assert ids(p for p, _ in found.transferred) == "ab"
    end(record, "efgh", "jig")
    assert due(record, "waltz") == found


def test_in_turn_a_later_generation_takes_nothing_over(spec):
    record = book(in_turn(spec, generation=8, configurations=16), genres=("jig", "waltz"))
    for number, names in enumerate(("abcdefgh", "ijklmnop")):
        propose(record, "jig", number, names)
    end(record, "abcdefgh", "jig")
    propose(record, "waltz", 0, "qrstuvwx")
    assert due(record, "waltz").transferred == ()


def test_in_turn_a_single_generation_before_is_not_known_and_the_one_before_that_is(spec):
    record = book(in_turn(spec, configurations=4), genres=("jig", "polka", "waltz"))
    propose(record, "jig", 0, "abcd")
    assert due(record, "polka").transferred == ()  # it need not have ended
    propose(record, "polka", 0, "efgh")
    assert due(record, "waltz") is None
    end(record, "abcd", "jig")
    assert {genre for _, genre in due(record, "waltz").transferred} == {"jig"}


def test_in_turn_a_genre_waits_for_each_of_those_before(spec):
    record = book(in_turn(spec, configurations=4), genres=("jig", "polka", "waltz"))
    propose(record, "jig", 0, "abcd")
    end(record, "abcd", "jig")
    assert due(record, "waltz") is None  # polka has proposed nothing
    record = book(in_turn(spec, configurations=4), genres=("jig", "polka", "waltz"))
    propose(record, "polka", 0, "abcd")
    end(record, "abcd", "polka")
    assert due(record, "waltz") is None


def test_in_turn_a_genre_with_more_to_give_gives_more(spec):
    asked = in_turn(spec, configurations=16, generation=8)
    record = book(asked, genres=("jig", "polka", "waltz"))
    for genre, names in (("jig", ("abcdefgh", "ijklmnop")), ("polka", ("qrstuvwx", "yzABCDEF"))):
        for number, each in enumerate(names):
            propose(record, genre, number, each)
    end(record, "a", "jig")
    for name in "bcdefghijklmnop":
        searched(record, name, None, None, genre="jig")
    end(record, "qrstuvwx", "polka")
    assert [(p.config_id, genre) for p, genre in due(record, "waltz").transferred] == [
        ("a", "jig"),
        ("q", "polka"),
        ("r", "polka"),
        ("s", "polka"),
    ]
