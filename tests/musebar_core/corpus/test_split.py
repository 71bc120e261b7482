from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.corpus.split import SPLITS, split_genre
from musebar_core.errors import CorpusError


@pytest.mark.parametrize(
    ("n", "sizes"), [(3, (1, 1, 1)), (10, (8, 1, 1)), (50, (40, 5, 5)), (100, (80, 10, 10))]
)
def test_songs_are_cut_at_80_and_90_percent_with_at_least_one_in_each(n, sizes):
    counts = Counter(split_genre("jazz", {f"song{i}": "" for i in range(n)}).values())
    assert tuple(counts[split] for split in SPLITS) == sizes


@pytest.mark.parametrize(
    ("n", "held_out"),
    [(4, 1), (14, 1), (16, 2), (24, 2), (26, 3), (44, 4), (46, 5), (104, 10), (106, 11)],
)
def test_a_tenth_is_rounded_to_the_nearest_song(n, held_out):
    counts = Counter(split_genre("jazz", {f"song{i}": "" for i in range(n)}).values())
    assert (counts["validation"], counts["test"]) == (held_out, held_out)


def in_hash_order(names, kind):
    return sorted(names, key=lambda name: hashlib.sha256(f"{kind} {name}".encode()).hexdigest())


def test_songs_go_to_test_then_validation_then_train_in_the_order_of_their_hashes():
    songs = [f"song{i}" for i in range(20)]
    sides = split_genre("jazz", dict.fromkeys(songs, ""))
    assert [sides[song] for song in in_hash_order(songs, "song")] == (
        ["test"] * 2 + ["validation"] * 2 + ["train"] * 16
    )


def test_groups_go_whole_in_the_order_of_their_hashes_until_a_tenth_is_reached():
    """Ten groups of 3 of 30 songs: one fills a tenth."""
    groups = {f"song{i}": f"artist{i % 10}" for i in range(30)}
    sides = split_genre("jazz", groups)
    order = in_hash_order([f"artist{i}" for i in range(10)], "group")
    of_group = {group: sides[song] for song, group in groups.items()}
    assert [of_group[group] for group in order] == ["test", "validation"] + ["train"] * 8


def test_a_song_of_no_group_is_a_unit_of_its_own_beside_groups():
    """Each song is a group or a unit: ten units fill test and validation one by one."""
    songs = [f"song{i}" for i in range(10)]
    alone = split_genre("jazz", dict.fromkeys(songs, ""))
    beside = split_genre("jazz", dict.fromkeys(songs, "") | {"in a group": "artist"})
    moved = [song for song in songs if alone[song] != beside[song]]
    assert len(moved) <= 1


@pytest.mark.parametrize(("train", "whole"), [(60, True), (59, False)])
def test_groups_that_leave_training_less_than_six_tenths_are_split_song_by_song(train, whole):
    sizes = zip(in_hash_order("ABC", "group"), (30, 70 - train, train), strict=True)
    songs = {f"{name} {i}": name for name, count in sizes for i in range(count)}
    sides = split_genre("jazz", songs)
    assert (len({(group, sides[song]) for song, group in songs.items()}) == 3) is whole


@pytest.mark.parametrize(("n", "missing"), [(0, "train"), (1, "validation"), (2, "test")])
def test_too_few_songs_say_which_split_is_empty(n, missing):
    with pytest.raises(CorpusError, match=f"genre 'jazz' has no {missing} song: {n} songs"):
        split_genre("jazz", {f"song{i}": "" for i in range(n)})


@given(
    st.dictionaries(st.text("abcdef", min_size=1), st.sampled_from("ABCDE"), min_size=3),
    st.randoms(use_true_random=False),
)
def test_no_group_lies_on_two_sides_and_order_does_not_matter(groups, rng):
    sides = split_genre("jazz", groups)
    whole = len({(group, sides[song]) for song, group in groups.items()}) == len(
        set(groups.values())
    )
    counts = Counter(sides.values())
    by_song = split_genre("jazz", dict.fromkeys(groups, ""))
    assert whole or sides == by_song
    assert counts["train"] >= 0.6 * len(groups) or sides == by_song
    shuffled = list(groups.items())
    rng.shuffle(shuffled)
    assert split_genre("jazz", dict(shuffled)) == sides
    assert set(sides.values()) == set(SPLITS)


def test_groups_stay_whole_where_they_leave_enough_to_train_on():
    groups = {f"song{i}": f"artist{i % 20}" for i in range(100)}
    sides = split_genre("jazz", groups)
    assert len({(groups[song], side) for song, side in sides.items()}) == 20
    assert Counter(sides.values())["train"] == 80


def test_one_artist_of_most_songs_does_not_leave_training_empty():
    groups = {f"song{i}": "big" for i in range(100)} | {"a": "one", "b": "two"}
    assert Counter(split_genre("jazz", groups).values())["train"] >= 80
