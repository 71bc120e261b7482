from __future__ import annotations

import hashlib
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musebar_core.corpus import duplicates as module
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


def numbers(*ranges: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.arange(*each) for each in ranges])


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        (numbers((0, 59)), numbers((41, 100)), True),  # 18 of 100 are shared
        (numbers((0, 59)), numbers((42, 101)), False),  # 17 of 101
        (numbers((0, 20)), numbers((5, 100)), True),  # 15 of the 20 of the shorter
        (numbers((0, 20)), numbers((6, 100)), False),  # 14 of 20
        (numbers((5, 100)), numbers((0, 20)), True),
        (numbers((0, 10)), numbers((0, 10)), True),
        (numbers((0, 9)), numbers((0, 9)), False),  # fewer than ten are chance
        (numbers((0, 0)), numbers((0, 9)), False),
    ],
)
def test_versions_share_phrases_of_all_or_of_the_shorter_and_ten_at_least(one, other, are):
    assert are_versions(one, other) is are


def test_a_phrase_turns_and_has_two_sizes_of_interval_within_it():
    line = [60, 62, 64, 66, 68, 70, 67]
    assert len(of([(float(i), 1.0, pitch) for i, pitch in enumerate(line)])) == 1
    assert len(of([(float(i), 1.0, pitch) for i, pitch in enumerate(line[:5])])) == 0
    thrice = of([(float(i), 1.0, p) for i, p in enumerate([60, 62, 64, 60, 67, 65] * 3)]).tolist()
    assert thrice == sorted(set(thrice))


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


def kept(name: str, found: np.ndarray) -> Reading:
    """A song of these phrases, of a melody and bytes of its own."""
    pitches = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.uint8) % 128
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return Reading(Item(name, "jazz", "", name), sha256, pitches, phrases=found)


def test_songs_of_the_same_bytes_or_the_same_melody_repeat_the_first():
    duplicates = Duplicates()
    first, second = kept("first", numbers((0, 0))), kept("second", numbers((0, 0)))
    assert duplicates.find(first) is None
    assert duplicates.find(replace(second, sha256=first.sha256)) == "first"
    assert duplicates.find(replace(second, pitches=first.pitches)) == "first"
    assert duplicates.find(second) is None
    assert duplicates.find(replace(second, item=first.item)) == "second"


@pytest.mark.parametrize(("n", "first"), [(1, "version"), (2, None)])
def test_a_phrase_that_so_many_kept_songs_have_finds_no_further_song(monkeypatch, n, first):
    monkeypatch.setattr(module, "MOST_SONGS_OF_A_PHRASE", 2)
    duplicates = Duplicates()
    for i in range(10 * n):  # each phrase from 0 to 9 is in n songs
        own = numbers((i % 10, i % 10 + 1), (100 + 20 * i, 120 + 20 * i))
        assert duplicates.find(kept(f"{i}", own)) is None
    assert duplicates.find(kept("version", numbers((0, 10), (5_000, 5_040)))) is None
    assert duplicates.find(kept("asked", numbers((0, 10)))) == first


def test_a_song_is_compared_with_the_16_songs_that_share_most_phrases_with_it():
    """Of a version, twelve phrases are shared of fifteen; of the others thirteen of a hundred."""
    for n, first in ((15, "version"), (16, None)):
        duplicates = Duplicates()
        for i in range(n):
            own = numbers((100 * i, 100 * i + 100))
            assert duplicates.find(kept(f"{i}", own)) is None
        assert duplicates.find(kept("version", numbers((5_000, 5_012), (6_000, 6_003)))) is None
        asked = numbers(*[(100 * i, 100 * i + 13) for i in range(n)], (5_000, 5_012))
        assert duplicates.find(kept("asked", asked)) == first
