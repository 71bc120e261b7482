from __future__ import annotations

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
