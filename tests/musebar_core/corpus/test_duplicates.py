from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musebar_core.corpus.duplicates import Duplicates
from musebar_core.corpus.grid import to_grid
from musebar_core.corpus.notes import Notes
from musebar_core.corpus.phrases import are_versions, phrases
from musebar_core.corpus.reading import Reading
from musebar_core.corpus.sources import Item
from musebar_core.corpus.split import split_genre

Row = tuple[float, float, int]
SEEDS = st.integers(0, 10**9)


def tune(seed: int, n: int = 96) -> list[Row]:
    """Steps of a scale and leaps of thirds and fourths, quarters and eighths."""
    rng = random.Random(seed)
    scale = [12 * octave + degree for octave in (4, 5, 6) for degree in (0, 2, 4, 5, 7, 9, 11)]
    place, at, rows = 10, 0.0, []
    for _ in range(n):
        place = min(max(place + rng.choice([-4, -3, -2, -1, -1, 1, 1, 2, 3, 4]), 0), 20)
        length = rng.choice([0.5, 0.5, 1.0])
        rows.append((at, length, scale[place]))
        at += length
    return rows


def transposed(rows: list[Row], rng: random.Random) -> list[Row]:
    by = rng.choice([-7, -5, -2, 1, 3, 5, 12])
    return [(at, length, pitch + by) for at, length, pitch in rows]


def slower(rows: list[Row], rng: random.Random) -> list[Row]:
    return [(2 * at + 8, 1.5 * length, pitch) for at, length, pitch in rows]


def edited(rows: list[Row], rng: random.Random) -> list[Row]:
    """One note of each 24 is another."""
    changed = {24 * k + rng.randrange(24) for k in range(len(rows) // 24)}
    return [
        (at, length, pitch + (rng.choice([-2, 2]) if i in changed else 0))
        for i, (at, length, pitch) in enumerate(rows)
    ]


def halved(rows: list[Row], rng: random.Random) -> list[Row]:
    return rows[: len(rows) // 2]


def sung(rows: list[Row], rng: random.Random) -> list[Row]:
    """Every note is struck twice, as syllables would have it; some an octave up."""
    split = [(at + k * length / 2, length / 2, p) for at, length, p in rows for k in (0, 1)]
    return [(at, length, p + 12 * (32 <= at < 48)) for at, length, p in split]


ARRANGEMENTS = [transposed, slower, edited, halved, sung]


def reading(name: str, rows: list[Row]) -> Reading:
    notes = Notes.of(rows)
    pitches = to_grid(notes, 1)
    sha256 = hashlib.sha256(repr(rows).encode()).hexdigest()
    return Reading(Item(name, "jazz", "", name), sha256, pitches, phrases=phrases(notes))


def of(rows):
    return phrases(Notes.of(rows))


def test_phrases_are_five_intervals_whatever_the_key_octave_rhythm_and_repeats():
    rows = [(float(i), 1.0, pitch) for i, pitch in enumerate([60, 62, 64, 60, 67, 65])]
    (phrase,) = of(rows).tolist()
    assert phrase == 2 + 2 * 12 + 8 * 12**2 + 7 * 12**3 + 10 * 12**4
    other = [(3.0 * i, 0.5, pitch) for i, pitch in enumerate([49, 49, 51, 65, 49, 56, 54])]
    assert of(other).tolist() == [phrase]


@pytest.mark.parametrize(
    "pitches", [[60, 62, 64, 65, 67, 69], [72, 69, 66, 63, 60, 57], [60, 62, 60, 62, 60, 62]]
)
def test_scales_chords_and_trills_are_no_phrases(pitches):
    assert len(of([(float(i), 1.0, pitch) for i, pitch in enumerate(pitches)])) == 0


@pytest.mark.parametrize("arrange", ARRANGEMENTS)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_planted_version_is_found(arrange, seed):
    rows = tune(seed)
    assert are_versions(of(rows), of(arrange(rows, random.Random(seed))))


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=100, deadline=None)
def test_two_tunes_of_one_style_are_no_versions(seed, other):
    if seed != other:
        assert not are_versions(of(tune(seed)), of(tune(other)))


@given(seed=SEEDS, n=st.integers(4, 12), rng=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_no_version_of_a_song_is_on_another_side_of_the_split(seed, n, rng):
    """The music of each family is taken once, whatever order its members come in."""
    members = [
        (family, arrange(tune(seed + family), rng))
        for family in range(n)
        for arrange in [lambda rows, _: rows, *rng.sample(ARRANGEMENTS, 2)]
    ]
    rng.shuffle(members)
    duplicates = Duplicates()
    taken: dict[str, int] = {}
    for i, (family, rows) in enumerate(members):
        found = reading(f"{i}.mid", rows)
        first = duplicates.find(found)
        if first is None:
            taken[found.sha256[:16]] = family
        else:
            assert members[int(first.removesuffix(".mid"))][0] == family
    sides = split_genre("jazz", dict.fromkeys(taken, ""))
    by_family = {(taken[song], side) for song, side in sides.items()}
    assert len(by_family) == n


def test_of_a_chain_of_versions_each_duplicate_resembles_the_song_it_is_said_to_repeat():
    a, b = tune(1, 120), tune(2, 120)
    both = [*a[:60], *[(at + 200, length, pitch) for at, length, pitch in b[:60]]]
    duplicates = Duplicates()
    first = [
        duplicates.find(reading(name, rows)) for name, rows in (("a", a), ("both", both), ("b", b))
    ]
    assert first == [None, "a", None]


def test_a_song_is_compared_with_many_kept_songs_at_little_cost():
    duplicates = Duplicates()
    for i in range(300):
        assert duplicates.find(reading(f"{i}", tune(i))) is None
    assert duplicates.find(reading("again", edited(tune(123), random.Random(0)))) == "123"
