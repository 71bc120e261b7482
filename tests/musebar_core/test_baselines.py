from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from musebar_core.baselines import fit_baselines, pitch_frequencies
from musebar_core.corpus import GenreCorpus, TimeGrid
from musebar_core.errors import CorpusError

REST = 128


def view(*songs: list[int], split: str = "train") -> GenreCorpus:
    lengths = np.array([len(song) for song in songs])
    table = pd.DataFrame(
        {
            "id": [f"id{i}" for i in range(len(songs))],
            "genre": "jazz",
            "group": "",
            "title": "",
            "source": "",
            "split": split,
            "n_steps": lengths,
            "offset": np.cumsum(lengths) - lengths,
        }
    )
    return GenreCorpus("jazz", TimeGrid(1, 4), table, np.concatenate(songs).astype(np.uint8))


def bce(*probabilities: float, silent: list[float]) -> float:
    """Nats of one step: of the pitches that sound, and of those that do not."""
    return -sum(np.log(probabilities)) - sum(np.log1p(-np.array(silent)))


def test_pitch_frequencies_are_smoothed_shares_of_training_steps():
    shares = pitch_frequencies(view([60, 60, 62, REST]))
    assert shares[60] == 3 / 6
    assert shares[62] == 2 / 6
    assert shares[0] == 1 / 6
    assert shares.shape == (128,)


def test_every_baseline_gives_the_first_step_its_pitch_frequency():
    scores = fit_baselines(view([60, 60, 62, REST])).score(np.array([[60]], np.uint8))
    expected = bce(3 / 6, silent=[2 / 6, *[1 / 6] * 126])
    assert scores == pytest.approx(
        {"pitch_frequencies": expected, "markov": expected, "repeat_last": expected}
    )


def test_pitch_frequencies_score_each_step_alone_and_average_over_snippets():
    fitted = fit_baselines(view([60, 60, 62, REST]))
    others = [1 / 6] * 126
    sounding_60 = bce(3 / 6, silent=[2 / 6, *others])
    silent = bce(silent=[3 / 6, 2 / 6, *others])
    scores = fitted.score(np.array([[60, REST], [60, 60]], np.uint8))
    assert scores["pitch_frequencies"] == pytest.approx(sounding_60 + (silent + sounding_60) / 2)


def test_markov_knows_what_follows_each_symbol():
    # after 60 come 60, 62 and 62, and one step of frequencies 4/7, 3/7 and 1/7 for any other pitch
    fitted = fit_baselines(view([60, 60, 62, 60, 62]))
    first = bce(4 / 7, silent=[3 / 7, *[1 / 7] * 126])
    step = bce((2 + 3 / 7) / 4, silent=[(1 + 4 / 7) / 4, *[1 / 28] * 126])
    assert fitted.score(np.array([[60, 62]], np.uint8))["markov"] == pytest.approx(first + step)


def test_markov_counts_rests_as_a_symbol():
    # after a rest comes 60, and one step of frequencies 2/5 and 1/5 for any other pitch
    fitted = fit_baselines(view([REST, 60, REST]))
    first = bce(silent=[2 / 5, *[1 / 5] * 127])
    step = bce((1 + 2 / 5) / 2, silent=[1 / 10] * 127)
    assert fitted.score(np.array([[REST, 60]], np.uint8))["markov"] == pytest.approx(first + step)


def test_markov_falls_back_on_the_pitch_frequencies_after_a_symbol_it_has_never_met():
    fitted = fit_baselines(view([60, 60, 62, 60, 62]))
    scores = fitted.score(np.array([[99, 60], [99, REST]], np.uint8))
    assert scores["markov"] == pytest.approx(scores["pitch_frequencies"])
    assert fitted.step_nats["markov"][99].max() < 128 * np.log(2)


def test_markov_forgets_the_pitch_frequencies_as_it_sees_more():
    often = fit_baselines(view([60, 62] * 10_000))
    assert often.step_nats["markov"][60, 62] == pytest.approx(0, abs=2e-4)


def test_repeat_last_counts_over_all_pitches_together():
    # 60 60 62 rest: three steps after a sounding pitch, one repeats it, one enters anew;
    # of 3 * 128 (step, pitch) three follow a sounding pitch
    a, b = (1 + 1) / (3 + 2), (1 + 1) / (3 * 127 + 2)
    fitted = fit_baselines(view([60, 60, 62, REST]))
    first = bce(3 / 6, silent=[2 / 6, *[1 / 6] * 126])
    repeated = bce(a, silent=[b] * 127)
    moved = bce(b, silent=[a, *[b] * 126])
    scores = fitted.score(np.array([[60, 60, 5]], np.uint8))
    assert scores["repeat_last"] == pytest.approx(first + repeated + moved)


def test_nothing_is_counted_from_one_song_to_the_next():
    together = fit_baselines(view([60, 62], [64, 65])).step_nats["markov"]
    turned = fit_baselines(view([64, 65], [60, 62])).step_nats["markov"]
    np.testing.assert_array_equal(together, turned)


def test_baselines_need_a_training_song():
    with pytest.raises(CorpusError, match="no training song"):
        fit_baselines(view([60, 62], split="test"))
