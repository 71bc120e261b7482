from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from musebar_core import training
from musebar_core.code import importance_nll
from musebar_core.corpus import evaluation_snippets
from musebar_core.generation import generate
from musebar_core.measures import (
    _pairs,
    beside_songs,
    code_worth,
    compared_steps,
    measures,
    rate_distortion,
    walk,
)
from musebar_core.melodies import character, compare
from musebar_core.model import RVAE, initialise, piano_roll
from musebar_core.objective import bce, kl
from musebar_core.randomness import Purpose, latent_noise, stream
from musebar_core.state import start


@pytest.fixture
def model(configuration):
    made = RVAE(configuration(latent=2))
    initialise(made, 0)
    return made.eval()


@pytest.fixture
def roll():
    return piano_roll(torch.tensor([[60, 62] * 8, [64, 128] * 8, [67] * 16]))


def posterior(n=3):
    rng = torch.Generator().manual_seed(0)
    return torch.randn(n, 2, generator=rng), torch.randn(n, 2, generator=rng) - 1


def deaf(model):
    """A decoder that does not hear the code."""
    with torch.no_grad():
        model.state.weight.zero_()
        model.decoder.weight_ih_l0[:, 128:] = 0
    return model


@torch.no_grad()
def test_one_draw_is_the_elbo_of_that_draw(model, roll):
    mu, logvar = posterior()
    noise = torch.randn(1, 3, 2)
    z = mu + (0.5 * logvar).exp() * noise[0]
    log_q = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(1)
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    expected = bce(model.decode(roll, z), roll) + log_q - log_p
    assert torch.allclose(importance_nll(model, roll, mu, logvar, noise).float(), expected)


@torch.no_grad()
def test_the_bound_of_a_decoder_that_hears_no_code_is_its_bce(model, roll):
    mu, logvar = posterior()
    flat = bce(deaf(model).decode(roll, mu), roll)
    nll = importance_nll(model, roll, torch.zeros(3, 2), torch.zeros(3, 2), torch.randn(5, 3, 2))
    assert torch.allclose(nll.float(), flat, rtol=1e-6)
    mu, logvar = 0.5 * mu, torch.full((3, 2), -0.2)
    noise = torch.randn(300, 3, 2, generator=torch.Generator().manual_seed(1))
    many = importance_nll(model, roll, mu, logvar, noise)
    assert torch.allclose(many.float(), flat, atol=0.1)
    assert (flat + kl(mu, logvar) > many).all()


@torch.no_grad()
def test_the_rate_runs_from_nought_to_the_kl_and_a_deaf_decoders_distortion_stands(model, roll):
    mu, logvar = posterior()
    curve = rate_distortion(deaf(model), roll, mu, logvar, torch.randn(3, 2))
    rates = [point.rate for point in curve]
    assert rates[0] == pytest.approx(0, abs=1e-6)
    assert rates[-1] == pytest.approx(float(kl(mu, logvar).mean()), rel=1e-5)
    assert rates == sorted(rates)
    assert np.ptp([point.distortion for point in curve]) == pytest.approx(0, abs=1e-3)


@torch.no_grad()
def test_a_code_is_worth_what_another_snippets_code_costs(model, roll):
    z = torch.tensor([[3.0, 0.0], [0.0, 3.0], [-3.0, 0.0]])
    own, swapped = bce(model.decode(roll, z), roll), bce(model.decode(roll, z[[2, 0, 1]]), roll)
    assert code_worth(model, roll, z) == pytest.approx(float((swapped - own).mean()), abs=1e-4)
    assert code_worth(deaf(model), roll, z) == 0


@torch.no_grad()
def test_a_way_between_two_codes_of_a_deaf_decoder_goes_nowhere(model):
    ends = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert walk(deaf(model), *ends, 16, np.random.default_rng(0)) == (None, 0.0)


@torch.no_grad()
def test_the_way_is_never_shorter_than_the_distance_of_its_ends(model):
    with torch.no_grad():
        model.output.weight.mul_(30)
        model.state.weight.mul_(10)
    ratio, jump = walk(
        model, torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0]), 16, np.random.default_rng(0)
    )
    assert ratio >= 1
    assert 0 < jump <= 1


def test_all_measures_of_a_trained_model_are_finite_and_the_same_each_time(configuration, corpus):
    genre, config = corpus.genre("low"), configuration(output_bias=True)
    state = start(config, genre, 0)
    list(training.fit(config, genre, 0, state))
    first, again = (
        measures(config, genre, state.model, "validation", snippets=8, draws=3) for _ in range(2)
    )
    assert first == again
    assert first.n_snippets == 8
    assert math.isfinite(first.importance_nll)
    assert 0 <= first.likeness_of_songs.pitch_classes <= 1
    assert dataclasses.asdict(first)["held_out"]["out_of_key"] < 0.2


@pytest.mark.parametrize(
    ("steps", "compared"), [(3, 0), (4, 4), (7, 4), (8, 8), (16, 16), (17, 16), (400, 16)]
)
def test_melodies_are_judged_by_whole_bars_and_a_snippet_at_most(configuration, steps, compared):
    # bars of four steps, snippets of sixteen
    assert compared_steps(steps, configuration().grid) == compared


def test_melodies_stand_beside_as_long_songs_that_their_model_has_not_seen(configuration, corpus):
    genre, grid = corpus.genre("low"), configuration().grid
    cut = dataclasses.replace(grid, snippet_steps=8)
    songs = evaluation_snippets(genre, "test", cut, 128)
    found = beside_songs(grid, genre, np.full((5, 10), 60, np.uint8), "test")
    assert (found.steps, found.n_melodies, found.n_songs) == (8, 5, len(songs))
    assert found.songs == character(songs, 4)
    assert found.melodies == character(np.full((5, 8), 60, np.uint8), 4)
    assert (found.melodies.pitch_range, found.melodies.repetition) == (0.0, 1.0)
    trained = evaluation_snippets(genre, "train", cut, 5)
    assert found.likeness_of_songs == compare(trained, songs, 4)
    assert found.likeness == compare(np.full((5, 8), 60, np.uint8), songs, 4)
    own = beside_songs(grid, genre, evaluation_snippets(genre, "validation", grid, 128))
    assert own.likeness == compare(
        evaluation_snippets(genre, "validation", grid, 128),
        evaluation_snippets(genre, "validation", grid, 128),
        4,
    )


def test_pairs_of_a_way_lie_half_the_split_apart():
    mu = torch.arange(10.0)[:, None]
    assert [(int(a), int(b)) for a, b in _pairs(mu)] == [(k, k + 5) for k in range(5)]
    many = _pairs(torch.arange(100.0)[:, None])
    assert len(many) == 16
    assert {float(b - a) for a, b in many} == {50.0}
    assert (float(many[0][0]), float(many[-1][0])) == (0.0, 49.0)


@torch.no_grad()
def test_half_way_to_the_posterior_is_the_gaussian_of_both_precisions(model, roll):
    """Posterior N(2, 1/4) and prior N(0, 1) at share 1/2: precision 5/2 and mean 8/5."""
    mu, logvar = torch.full((3, 2), 2.0), torch.full((3, 2), math.log(0.25))
    (point,) = rate_distortion(model, roll, mu, logvar, torch.zeros(3, 2), (0.5,))
    mean, variance = torch.full((3, 2), 1.6), torch.full((3, 2), 0.4)
    assert point.rate == pytest.approx(float(kl(mean, variance.log()).mean()), rel=1e-5)
    distortion = bce(model.decode(roll, mean), roll).double().mean()
    assert point.distortion == pytest.approx(float(distortion), rel=1e-6)
    assert point.share == 0.5


@pytest.fixture(scope="module")
def taken(configuration, corpus):
    """An untrained model of four posteriors, and all measures of it on the test split."""
    genre, config = corpus.genre("low"), configuration(latent=2, regularizers=4)
    model = start(config, genre, 0).model.train()
    found = measures(config, genre, model, "test", snippets=6, draws=3)
    return genre, config.grid, model, found


def snippets(genre, grid, split):
    return evaluation_snippets(genre, split, grid, 6)


def test_melodies_and_songs_are_each_what_they_are_called(taken):
    genre, grid, model, found = taken
    held_out, songs = snippets(genre, grid, "test"), snippets(genre, grid, "train")
    assert not model.training
    assert (found.n_snippets, found.draws) == (len(held_out), 3)
    assert found.held_out == character(held_out, 4)
    assert found.likeness_of_songs == compare(songs, held_out, 4)
    rng = stream(genre.fingerprint, Purpose.EVALUATION, "test", "prior")
    prior = latent_noise(rng, len(held_out), 2)
    melodies = generate(model, prior, 16, rng)
    assert found.generated == character(melodies, 4)
    assert found.likeness == compare(melodies, held_out, 4)


@torch.no_grad()
def test_codes_are_measured_at_the_last_posterior_with_noise_of_their_own(taken):
    genre, grid, model, found = taken
    roll = piano_roll(torch.from_numpy(snippets(genre, grid, "test")))
    mu, logvar = (each[:, 3] for each in model.encode(roll))
    rng = stream(genre.fingerprint, Purpose.EVALUATION, "test", "importance")
    noise = latent_noise(rng, 3 * len(roll), 2)
    nll = importance_nll(model, roll, mu, logvar, noise.view(3, len(roll), 2))
    assert found.importance_nll == pytest.approx(float(nll.mean()))
    assert [point.share for point in found.rate_distortion] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found.rate_distortion == rate_distortion(model, roll, mu, logvar, noise[: len(roll)])
    z = mu + (0.5 * logvar).exp() * noise[: len(roll)]
    assert found.code_worth == pytest.approx(code_worth(model, roll, z), abs=1e-6)
    ways = [
        walk(model, *pair, 16, stream(genre.fingerprint, Purpose.EVALUATION, "test", f"way {k}"))
        for k, pair in enumerate(_pairs(mu))
    ]
    ratios = [ratio for ratio, _ in ways if ratio is not None]
    assert found.largest_jump == pytest.approx(np.mean([jump for _, jump in ways]))
    assert found.path_ratio == (pytest.approx(np.mean(ratios)) if ratios else None)


def test_as_many_snippets_and_draws_are_taken_as_the_documentation_says(
    configuration, corpus, monkeypatch
):
    monkeypatch.setattr("musebar_core.measures.walk", lambda *_: (None, 0.0))  # the most of it
    genre, config = corpus.genre("low"), configuration(latent=2)
    found = measures(config, genre, start(config, genre, 0).model, "validation")
    assert (found.draws, found.path_ratio, found.largest_jump) == (16, None, 0.0)
    assert found.n_snippets == len(evaluation_snippets(genre, "validation", config.grid, 128))


@torch.no_grad()
def test_a_way_is_walked_in_eight_moves_whose_sum_and_largest_are_told(monkeypatch, model):
    """Melodies of the nine points: a step more changes at each of the first four, then back."""
    points = iter([0, 1, 2, 3, 4, 4, 3, 3, 2])
    codes = []

    def melody(_, code, steps, rng):
        codes.append((code.tolist(), rng.random()))
        line = np.full((1, steps), 60, np.uint8)
        line[0, : 2 * next(points)] = 72
        return line

    monkeypatch.setattr("musebar_core.measures.generate", melody)
    start_of, end = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    ratio, jump = walk(model, start_of, end, 16, np.random.default_rng(0))
    assert (ratio, jump) == (6 * 2 / (2 * 2), 2 / 16)
    assert codes[0][0] == [[1.0, 0.0]]
    assert codes[-1][0] == [pytest.approx([0.0, 1.0], abs=1e-6)]
    assert len({number for _, number in codes}) == 1


def test_a_code_is_worth_something_where_a_strangers_makes_it_worse(monkeypatch, model):
    """Of four snippets the other one's is that of two on."""
    roll, z = torch.zeros(4, 1, 128), torch.tensor([[0.0], [1.0], [2.0], [4.0]])
    monkeypatch.setattr(model, "decode", lambda roll, code: code)
    losses = {(0.0, 1.0, 2.0, 4.0): 1.0, (2.0, 4.0, 0.0, 1.0): 3.5}
    monkeypatch.setattr(
        "musebar_core.measures.bce",
        lambda code, _: torch.tensor([losses[tuple(code.flatten().tolist())]]),
    )
    assert code_worth(model, roll, z) == 2.5
