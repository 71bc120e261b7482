from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from musebar_core.config import Grid
from musebar_core.corpus import SnippetSampler, TimeGrid, evaluation_snippets, windows
from musebar_core.corpus.snippets import group_of
from musebar_core.corpus.store import GenreCorpus
from musebar_core.errors import ConfigurationError, CorpusError

GRID = Grid(1, 4, 8)


def view(lengths, split="train", name="jazz", genres=None, groups=None) -> GenreCorpus:
    """Songs whose pitches count up from 0: a snippet shows where it was cut."""
    n = len(lengths)
    table = pd.DataFrame(
        {
            "id": [f"id{i}" for i in range(n)],
            "genre": genres or ["jazz"] * n,
            "group": groups or [""] * n,
            "title": "",
            "source": "",
            "split": split,
            "n_steps": lengths,
            "offset": np.cumsum(lengths) - lengths,
        }
    )
    pitches = np.concatenate([np.arange(length) for length in lengths]).astype(np.uint8)
    return GenreCorpus(name, TimeGrid(1, 4), table, pitches)


def test_windows_begin_at_every_bar_from_which_a_snippet_fits():
    listed = windows(view([18]), "train", GRID)
    assert listed.take(np.arange(len(listed)))[:, 0].tolist() == [0, 4, 8]


def test_a_short_song_is_repeated_up_to_the_snippet():
    listed = windows(view([5]), "train", GRID)
    assert len(listed) == 1
    assert listed.take(np.arange(1)).tolist() == [[0, 1, 2, 3, 4, 0, 1, 2]]


def test_windows_lie_in_the_order_of_songs():
    listed = windows(view([12, 5, 16]), "train", GRID)
    assert listed.take(np.arange(len(listed)))[:, 0].tolist() == [0, 4, 0, 0, 4, 8]
    assert listed.counts.tolist() == [2, 1, 3]


def test_evaluation_takes_all_windows_where_there_are_few_and_strides_evenly_over_many():
    few = evaluation_snippets(view([18]), "train", GRID, 10)
    many = evaluation_snippets(view([100]), "train", GRID, 6)
    assert few.shape == (3, 8)
    assert many[:, 0].tolist() == [0, 16, 32, 48, 64, 80]
    assert many.dtype == np.uint8


def test_evaluation_takes_as_many_windows_of_each_song_as_of_any_other():
    songs = view([36, 8, 12])  # 8, 1 and 2 windows
    songs.pitches[36:44], songs.pitches[44:] = 100, np.arange(60, 72)
    taken = evaluation_snippets(songs, "train", GRID, 24)[:, 0].tolist()
    assert taken == [0, 4, 8, 12, 16, 20, 24, 28, *[100] * 8, *[60] * 4, *[64] * 4]


def test_evaluation_takes_no_more_snippets_than_it_is_to():
    taken = evaluation_snippets(view([100, 60, 80]), "train", GRID, 11)
    assert taken[:, 0].tolist() == [0, 32, 64, 0, 16, 36, 0, 24, 48]


def test_of_more_songs_than_snippets_evaluation_takes_a_window_of_every_so_many():
    songs = view([8] * 6)
    songs.pitches[:] = np.repeat(np.arange(6), 8)
    assert evaluation_snippets(songs, "train", GRID, 3)[:, 0].tolist() == [0, 2, 4]


def test_of_one_window_a_song_those_from_anywhere_are_of_all_parts_of_songs():
    songs = view([208] * 10)  # 51 windows each, four steps apart
    firsts = evaluation_snippets(songs, "train", GRID, 10, anywhere=True)[:, 0] // 4
    assert firsts.tolist() == [0, 31, 12, 43, 24, 4, 36, 16, 48, 28]
    assert set(evaluation_snippets(songs, "train", GRID, 10)[:, 0].tolist()) == {0}
    several = (evaluation_snippets(songs, "train", GRID, 25, anywhere=a) for a in (True, False))
    assert np.array_equal(*several)


def test_training_snippets_scored_by_the_evaluation_equal_the_training_mean():
    songs = view([36, 8, 12])  # 8, 1 and 2 windows: of songs 1/3 each, of windows 8, 1 and 2 of 11
    listed = windows(songs, "train", GRID)
    scores = np.random.default_rng(0).random(128)  # of a snippet, by its first symbol
    firsts = listed.take(np.arange(len(listed)))[:, 0]
    weights = np.repeat(1 / listed.counts, listed.counts) / len(listed.counts)
    drawn = SnippetSampler(songs, GRID).draw(40_000, np.random.default_rng(1))[:, 0]
    evaluated = evaluation_snippets(songs, "train", GRID, 24)[:, 0]
    assert scores[evaluated].mean() == pytest.approx(weights @ scores[firsts], abs=1e-12)
    assert scores[drawn].mean() == pytest.approx(scores[evaluated].mean(), abs=0.01)


def test_an_empty_split_says_so():
    with pytest.raises(CorpusError, match="no validation song"):
        windows(view([18]), "validation", GRID)


def test_a_grid_the_corpus_was_not_built_on_is_refused():
    said = (
        "the corpus has 1 steps a quarter and 4 a bar, the configuration 4 and 16: "
        "build the corpus with the configuration's grid"
    )
    with pytest.raises(ConfigurationError, match=said):
        windows(view([18]), "train", Grid(4, 16, 64))
    with pytest.raises(ConfigurationError, match="the configuration 1 and 3"):
        windows(view([18]), "train", Grid(1, 3, 6))


def test_a_batch_draws_songs_evenly_whatever_their_length():
    songs = view([8, 120])
    songs.pitches[:8] = 127
    drawn = SnippetSampler(songs, GRID).draw(4000, np.random.default_rng(0))
    assert drawn.shape == (4000, 8)
    assert abs((drawn[:, 0] == 127).mean() - 0.5) < 0.05


def test_drawn_snippets_begin_at_bars_and_reach_every_window():
    drawn = SnippetSampler(view([18]), GRID).draw(200, np.random.default_rng(0))
    assert set(drawn[:, 0].tolist()) == {0, 4, 8}


def test_the_same_generator_draws_the_same_snippets():
    sampler = SnippetSampler(view([60, 70]), GRID)
    draws = [sampler.draw(16, np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_per_group_draws_one_snippet_of_each_genre_in_the_overall_corpus():
    songs = view([8, 8, 8], name="overall", genres=["pop", "jazz", "pop"], groups=["x", "y", "z"])
    songs.pitches[:] = np.repeat([1, 2, 3], 8)
    sampler = SnippetSampler(songs, GRID)
    drawn = sampler.draw("per_group", np.random.default_rng(0))
    assert sampler.groups == ("jazz", "pop")
    assert drawn[0, 0] == 2
    assert drawn[1, 0] in {1, 3}


def test_per_group_draws_one_snippet_of_each_artist_within_a_genre():
    sampler = SnippetSampler(view([8, 8, 8], groups=["b", "a", "b"]), GRID)
    assert sampler.groups == ("a", "b")
    assert sampler.draw("per_group", np.random.default_rng(0)).shape == (2, 8)


def test_songs_of_unknown_group_are_dealt_into_five_fixed_groups():
    songs = view([8] * 60)
    names = {group_of(song, "jazz") for song in songs.songs("train")}
    assert names == {f"unknown {i}" for i in range(5)}
    assert SnippetSampler(songs, GRID).draw("per_group", np.random.default_rng(0)).shape == (5, 8)


def transposed(songs, most, seed=0, batch=400):
    """The same batch as it is, and transposed."""
    sampler = SnippetSampler(songs, GRID)
    plain = sampler.draw(batch, np.random.default_rng(seed))
    moved = sampler.draw_transposed(
        batch, np.random.default_rng(seed), most, np.random.default_rng(seed + 1)
    )
    return plain.astype(int), moved.astype(int)


def test_each_snippet_is_moved_by_one_interval_and_each_interval_is_as_likely():
    songs = view([60, 60])
    songs.pitches[:] += 40
    plain, moved = transposed(songs, 3, batch=7000)
    intervals = moved - plain
    assert (intervals == intervals[:, :1]).all()
    found, counts = np.unique(intervals[:, 0], return_counts=True)
    assert found.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert np.abs(counts / 7000 - 1 / 7).max() < 0.02


def test_a_rest_stays_a_rest_and_sets_no_bound():
    songs = view([8])
    songs.pitches[:] = [60, 128, 61, 128, 62, 63, 64, 65]
    plain, moved = transposed(songs, 6)
    assert (moved[:, [1, 3]] == 128).all()
    assert set((moved - plain)[:, 0].tolist()) == set(range(-6, 7))


def test_a_song_goes_no_further_than_its_own_range_allows():
    songs = view([16, 16])
    songs.pitches[:] = 60
    songs.pitches[15] = 126  # in the second half of the first song: all of it is held back
    songs.pitches[16] = 2
    songs.pitches[17:] = 61
    plain, moved = transposed(songs, 5)
    intervals = (moved - plain)[:, 1]
    high = plain[:, 1] == 60
    assert set(intervals[high].tolist()) == {-5, -4, -3, -2, -1, 0, 1}
    assert set(intervals[~high].tolist()) == {-2, -1, 0, 1, 2, 3, 4, 5}
    assert (moved.min(), moved.max()) == (0, 127)


def test_a_song_of_rests_alone_can_be_drawn_transposed():
    songs = view([8])
    songs.pitches[:] = 128
    assert (transposed(songs, 6)[1] == 128).all()


def test_a_windows_start_may_be_the_last_from_which_a_snippet_fits():
    for length, starts in ((8, [0]), (11, [0]), (12, [0, 4]), (15, [0, 4]), (16, [0, 4, 8])):
        listed = windows(view([length]), "train", GRID)
        assert listed.take(np.arange(len(listed)))[:, 0].tolist() == starts


def test_of_songs_that_snippets_do_not_divide_evaluation_takes_evenly():
    songs = view([8] * 5)
    songs.pitches[:] = np.repeat(np.arange(5), 8)
    assert evaluation_snippets(songs, "train", GRID, 3)[:, 0].tolist() == [0, 1, 3]
    assert evaluation_snippets(songs, "train", GRID, 7)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_evaluation_takes_no_window_of_the_longest_song_twice():
    assert evaluation_snippets(view([16, 12]), "train", GRID, 100).shape == (6, 8)


def test_intervals_are_drawn_apart_from_songs_and_bars():
    sampler = SnippetSampler(view([60, 70]), GRID)
    drawn = [
        sampler.draw_transposed(16, np.random.default_rng(3), 5, np.random.default_rng(seed))
        for seed in (0, 0, 1)
    ]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    plain = sampler.draw(16, np.random.default_rng(3)).astype(int)
    offsets = drawn[2].astype(int) - plain
    assert (offsets == offsets[:, :1]).all()


def test_a_song_is_held_back_by_a_pitch_that_no_drawn_snippet_has():
    songs = view([20])
    songs.pitches[:] = 60
    songs.pitches[19] = 127  # no window reaches it: the last begins at 8 or 12
    _, moved = transposed(songs, 5)
    assert moved[:, 0].max() == 60
    assert moved[:, 0].min() == 55


def test_songs_are_grouped_by_genre_then_by_artist_then_by_their_id():
    (song,) = view([8], groups=["x"]).songs("train")
    assert (group_of(song, "overall"), group_of(song, "jazz")) == ("jazz", "x")
    (unknown,) = view([8]).songs("train")
    dealt = int(hashlib.sha256(b"id0").hexdigest(), 16) % 5
    assert group_of(unknown, "jazz") == f"unknown {dealt}"


def test_training_draws_songs_of_the_train_split_alone():
    songs = view([8, 8, 8], groups=["a", "b", "c"])
    songs.table["split"] = ["test", "train", "validation"]
    songs.pitches[:] = np.repeat([1, 2, 3], 8)
    sampler = SnippetSampler(songs, GRID)
    assert sampler.groups == ("b",)
    assert set(sampler.draw(50, np.random.default_rng(0)).ravel().tolist()) == {2}
