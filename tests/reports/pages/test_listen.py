"""Piano rolls of the listen page, and what is said of a model that does not work."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from musebar_core.generation import Note
from reports.answers.summaries import summaries
from reports.music.listen import Piece
from reports.pages.listen import HEIGHT, WIDTH, _collapsed, _genre, has_listen, roll
from reports.pages.view import view


def piece(*notes, steps=4):
    return Piece("a", "A", "", tuple(Note(*note) for note in notes), steps)


def test_a_note_is_a_box_from_its_first_step_to_its_end():
    drawn = roll(piece((60, 0, 2), (64, 3, 4)), 2)
    # five pitches, and three more on either side: eleven rows of ten
    first, second = drawn.notes
    assert (drawn.width, drawn.height) == (WIDTH, HEIGHT) == (600.0, 110.0)
    assert (first.x, first.width, second.x, second.width) == (0.0, 299.0, 450.0, 149.0)
    assert (first.height, second.height) == (10.0, 10.0)
    assert (first.y, second.y) == (70.0, 30.0)
    assert drawn.bars == (300.0,)
    assert drawn.said == "2 notes from pitch 60 to 64, 4 steps"


def test_a_note_of_many_is_no_narrower_than_one():
    assert roll(piece((60, 0, 1), steps=600), 4).notes[0].width == 1
    assert roll(piece((60, 0, 3), steps=600), 4).notes[0].width == 2


def test_silence_has_room_and_says_so():
    drawn = roll(piece(steps=8), 2)
    assert (drawn.notes, drawn.said, drawn.bars) == ((), "silence, 8 steps", (150.0, 300.0, 450.0))
    heard = roll(piece(steps=4), 4, piece((60, 0, 4)))
    assert heard.said == "silence, 4 steps"


@pytest.mark.parametrize(
    ("bces", "collapsed", "said"),
    [
        ([500.0] * 3, 0, ""),
        ([500.0] * 3, 2, "2 of 3 seeds of this configuration collapsed on validation: where"),
        ([700.0] * 3, 0, "Nothing works yet: no seed of this configuration"),
        ([500.0, 700.0, 700.0], 0, ""),
    ],
)
def test_what_a_model_is_worth_is_said_before_it_is_heard(
    make_study, make_config, bces, collapsed, said
):
    study = make_study()
    study.add(make_config(8), bces, collapsed=collapsed)
    (row,) = summaries(study.tables(), "jazz")
    found = _collapsed(SimpleNamespace(row=row))
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_there_is_a_page_where_something_plays():
    assert has_listen(SimpleNamespace(music={"jazz": None}))
    assert not has_listen(SimpleNamespace(music={}))


def music(row, pairs=(), samples=(), other=None):
    walk = piece((60, 0, 4))
    return SimpleNamespace(row=row, pairs=pairs, samples=samples, other=other, walk=walk)


@pytest.fixture
def seen(make_study, make_config):
    study = make_study(genres=("jazz", "rock"), confirm=2)
    for genre in study.genres:
        study.add(make_config(8), [500.0] * 2, genre=genre)
    return view(study.tables())


def test_an_original_stands_before_its_reconstruction_and_samples_share_a_scale(seen):
    genre = seen.genres[0]
    low, high = piece((60, 0, 4)), piece((80, 0, 4))
    found = _genre(
        replace(seen, music={"jazz": music(genre.chosen, ((low, high),), (low, high))}), genre
    )
    ((original, reconstruction),) = found["pairs"]
    assert (original["piece"], reconstruction["piece"]) == (low, high)
    first, second = found["samples"]
    for one, other in ((original, reconstruction), (first, second)):
        assert one["roll"].notes[0].height == other["roll"].notes[0].height
        assert one["roll"].notes[0].y > other["roll"].notes[0].y
    assert (found["other"], found["beside"], found["silent"], found["collapsed"]) == (
        *(None, [], "", ""),
    )
    assert {one["colour"] for one in (original, first, found["walk"])} == {seen.colours["jazz"]}
    assert (found["name"], found["slug"], original["genre"]) == ("jazz", "jazz", "jazz")


def test_what_two_configurations_make_of_one_code_stands_in_pairs(seen):
    genre = seen.genres[0]
    mine, its = (piece((60, 0, 4)), piece((62, 0, 4))), (piece((70, 0, 4)), piece((72, 0, 4)))
    other = SimpleNamespace(samples=its)
    found = _genre(
        replace(seen, music={"jazz": music(genre.chosen, samples=mine, other=other)}), genre
    )
    assert [(a["piece"], b["piece"]) for a, b in found["beside"]] == list(
        zip(mine, its, strict=True)
    )


def test_a_genre_that_plays_nothing_says_why(seen):
    silent = replace(seen, silent={"jazz": "no checkpoint of it"})
    jazz, rock = (_genre(silent, genre)["silent"] for genre in seen.genres)
    assert (jazz, rock) == ("no checkpoint of it", "no configuration is recommended")
