"""What a finished model's code is worth: likelihood and reconstruction."""

from dataclasses import replace

import pytest
import torch

from musebar_core import precision
from musebar_core.code import code_measures, importance_nll, reconstruct
from musebar_core.config import Grid
from musebar_core.corpus import evaluation_snippets
from musebar_core.model import RVAE, initialise, piano_roll
from musebar_core.randomness import Purpose, latent_noise, stream


@pytest.fixture
def model(configuration):
    model = RVAE(configuration(latent=2))
    initialise(model, 0)
    return model.eval()


@pytest.fixture
def genre(corpus):
    return corpus.genre("low")


def constant(model, pitch):
    """A decoder that says one pitch, whatever it hears."""
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.fill_(-20.0)
        model.output.bias[pitch] = 20.0
    return model


@torch.no_grad()
def test_the_decoder_runs_free_from_the_code(model):
    assert reconstruct(constant(model, 60), torch.zeros(3, 2), 5).tolist() == [[60] * 5] * 3


@torch.no_grad()
def test_each_step_hears_the_one_before(model):
    z, steps = torch.tensor([[0.7, -1.0]]), 6
    melody = reconstruct(model, z, steps)
    heard = piano_roll(melody)  # fed its own melody, the decoder says the same again
    said = model.decode(heard, z)
    sounding = torch.sigmoid(said).clamp(1e-6, 1 - 1e-6)
    odds = (sounding / (1 - sounding)).log()
    likeliest = torch.where(odds.amax(dim=2) > 0, odds.argmax(dim=2), torch.tensor(128))
    assert melody.tolist() == likeliest.tolist()


def test_reconstruction_accuracy_is_the_share_of_steps_right(configuration, genre, model):
    config = configuration(latent=2)
    pitches = evaluation_snippets(genre, "test", config.grid, 64)
    found = code_measures(config, genre, constant(model, 60), "test")
    assert found.reconstruction_accuracy == pytest.approx((pitches == 60).mean())


def test_a_model_is_measured_alike_each_time_whatever_was_drawn_before(configuration, genre, model):
    config = configuration(latent=2)
    first = code_measures(config, genre, model, "validation")
    torch.randn(100)
    assert code_measures(config, genre, model, "validation") == first
    assert code_measures(config, genre, model, "test").nll != first.nll


@torch.no_grad()
def test_draws_decoded_together_give_what_they_give_one_by_one(model, monkeypatch):
    pitches = torch.randint(0, 129, (3, 8), generator=torch.Generator().manual_seed(0))
    roll, noise = piano_roll(pitches), torch.randn(7, 3, 2)
    mu, logvar = torch.zeros(3, 2), torch.zeros(3, 2)
    together = importance_nll(model, roll, mu, logvar, noise)
    monkeypatch.setattr("musebar_core.code._AT_ONCE", 1)
    alone = importance_nll(model, roll, mu, logvar, noise)
    assert torch.allclose(together, alone, atol=1e-4)


@torch.no_grad()
def test_a_code_is_measured_on_64_snippets_by_8_draws_of_the_last_posterior(configuration, genre):
    config = replace(configuration(latent=2), grid=Grid(1, 4, 8))  # of two posteriors
    model = RVAE(config)
    initialise(model, 0)
    found = code_measures(config, genre, model, "train")
    assert not model.training
    pitches, more = (
        torch.from_numpy(evaluation_snippets(genre, "train", config.grid, n)) for n in (64, 128)
    )
    assert len(pitches) < len(more)
    mu, logvar = (each[:, 1] for each in model.encode(piano_roll(pitches)))
    rng = stream(genre.fingerprint, Purpose.EVALUATION, "train", "importance")
    noise = latent_noise(rng, 8 * len(pitches), 2).view(8, len(pitches), 2)
    nll = importance_nll(model, piano_roll(pitches), mu, logvar, noise)
    assert found.nll == pytest.approx(float(nll.mean()))
    right = reconstruct(model, mu, 8) == pitches
    assert found.reconstruction_accuracy == pytest.approx(float(right.double().mean()))


def test_a_model_that_trains_is_measured_as_one_that_is_done(configuration, genre):
    config = configuration(latent=2)
    config = replace(config, model=replace(config.model, batch_norm=0.5))
    model = RVAE(config)
    initialise(model, 0)
    done = code_measures(config, genre, model.eval(), "test")
    assert code_measures(config, genre, model.train(), "test") == done


class Seen(Exception):  # noqa: N818  what was looked for
    """The code was encoded."""


def test_a_code_is_measured_as_exactly_as_it_was_trained(configuration, genre, model, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    seen = []

    def encode(_):
        seen.append(precision.in_bfloat16())
        raise Seen

    monkeypatch.setattr(model, "encode", encode)
    for asked in ("mixed", "fp32"):
        with pytest.raises(Seen):
            code_measures(configuration(latent=2, precision=asked), genre, model, "test")
    assert seen == [True, False]
