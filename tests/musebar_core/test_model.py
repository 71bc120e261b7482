from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from musebar_core.config import Grid
from musebar_core.model import RVAE, initialise, piano_roll, regularizer_steps


@pytest.mark.parametrize(
    ("regularizers", "first", "every"),
    [(5, 47, 48), (10, 23, 24), (15, 15, 16), (30, 7, 8), (60, 3, 4)],
)
def test_posteriors_are_read_after_the_papers_bars(regularizers, first, every):
    steps = regularizer_steps(regularizers, Grid(1, 4, 240))
    assert len(steps) == regularizers
    assert (steps[0], steps[-1]) == (first, 239)
    assert {b - a for a, b in itertools.pairwise(steps)} == {every}


def test_one_regularizer_reads_the_last_step_alone():
    assert regularizer_steps(1, Grid(1, 4, 240)) == [239]


def test_a_rest_is_the_all_zero_vector():
    roll = piano_roll(torch.tensor([[60, 128]], dtype=torch.uint8))
    assert roll.shape == (1, 2, 128)
    assert roll[0, 0].nonzero().tolist() == [[60]]
    assert roll[0, 1].sum() == 0


def test_forward_has_the_shapes_of_the_contract(configuration):
    model = RVAE(configuration(latent=3, regularizers=4))
    logits, mu, logvar = model(torch.randint(0, 129, (5, 16)), torch.Generator().manual_seed(1))
    assert logits.shape == (5, 16, 128)
    assert mu.shape == logvar.shape == (5, 4, 3)


def test_the_last_posterior_sees_the_whole_snippet_and_the_first_only_its_bar(configuration):
    model = RVAE(configuration(regularizers=4))
    initialise(model, 0)
    pitches = torch.full((1, 16), 60)
    changed = pitches.clone()
    changed[0, 15] = 72
    before, after = model.encode(piano_roll(pitches))[0], model.encode(piano_roll(changed))[0]
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.equal(before[:, 3], after[:, 3])


def test_the_decoder_sees_the_step_before_and_never_the_step_itself(configuration):
    model = RVAE(configuration())
    initialise(model, 0)
    z = torch.zeros(1, 4)
    pitches = torch.full((1, 16), 60)
    changed = pitches.clone()
    changed[0, 8] = 72
    before, after = model.decode(piano_roll(pitches), z), model.decode(piano_roll(changed), z)
    assert torch.equal(before[:, :9], after[:, :9])
    assert not torch.equal(before[:, 9], after[:, 9])


def test_step_by_step_generation_agrees_with_teacher_forcing(configuration):
    model = RVAE(configuration())
    initialise(model, 0)
    roll = piano_roll(torch.randint(0, 129, (3, 16)))
    z = torch.randn(3, 4)
    state, previous, steps = model.initial_state(z), torch.zeros(3, 128), []
    for t in range(16):
        logits, state = model.step(previous, z, state)
        steps.append(logits)
        previous = roll[:, t]
    assert torch.allclose(torch.stack(steps, 1), model.decode(roll, z), atol=1e-6)


def test_parameters_of_one_shape_start_alike_whatever_the_latent_length(configuration):
    small, large = RVAE(configuration(latent=2)), RVAE(configuration(latent=8))
    initialise(small, 7)
    initialise(large, 7)
    assert torch.equal(small.encoder.weight_ih_l0, large.encoder.weight_ih_l0)
    assert torch.equal(small.output.weight, large.output.weight)


def test_another_seed_starts_elsewhere(configuration):
    one, other = RVAE(configuration()), RVAE(configuration())
    initialise(one, 0)
    initialise(other, 1)
    assert not torch.equal(one.output.weight, other.output.weight)


def with_options(configuration, **options):
    config = configuration(regularizers=4)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, **options))
    model = RVAE(config)
    initialise(model, 0)
    return model


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_no_posterior_sees_past_its_bar_and_the_last_sees_the_first_step(
    configuration, pooling, bidirectional
):
    model = with_options(configuration, pooling=pooling, bidirectional=bidirectional)
    pitches = torch.full((1, 16), 60)
    late, early = pitches.clone(), pitches.clone()
    late[0, 12] = early[0, 0] = 72
    before, changed_late, changed_early = (
        model.encode(piano_roll(p))[0] for p in (pitches, late, early)
    )
    assert torch.equal(before[:, :3], changed_late[:, :3])
    assert not torch.equal(before[:, 3], changed_late[:, 3])
    assert not torch.equal(before[:, 3], changed_early[:, 3])


def test_a_pooled_posterior_is_read_from_all_bar_ends_so_far(configuration):
    plain, mean, most = (
        with_options(configuration, pooling=pooling) for pooling in ("last", "mean", "max")
    )
    roll = piano_roll(torch.randint(0, 129, (2, 16)))
    ends = plain.encoder(roll)[0][:, [3, 7, 11, 15]]
    assert torch.allclose(mean.encode(roll)[0][:, 1], mean.mu(ends[:, :2].mean(dim=1)), atol=1e-6)
    assert torch.allclose(most.encode(roll)[0][:, 3], most.mu(ends.amax(dim=1)), atol=1e-6)
    assert torch.allclose(mean.encode(roll)[0][:, 0], plain.encode(roll)[0][:, 0], atol=1e-6)


def test_the_backward_encoder_reads_each_segment_from_its_end_to_its_start(configuration):
    model = with_options(configuration, bidirectional=True)
    roll = piano_roll(torch.randint(0, 129, (2, 16)))
    forward = model.encoder(roll)[0][:, 7]
    backward = model.backward_encoder(roll[:, [7, 6, 5, 4]])[0][:, -1]
    expected = model.mu(torch.cat([forward, backward], dim=-1))
    assert torch.allclose(model.encode(roll)[0][:, 1], expected, atol=1e-6)


def test_options_leave_the_parameters_they_do_not_touch_as_they_start(configuration):
    plain, other = with_options(configuration), with_options(configuration, bidirectional=True)
    assert torch.equal(plain.encoder.weight_hh_l1, other.encoder.weight_hh_l1)
    assert torch.equal(plain.decoder.weight_ih_l0, other.decoder.weight_ih_l0)


def test_the_encoders_parameters_are_those_that_the_decoder_does_not_have(configuration):
    model = with_options(configuration, bidirectional=True)
    names = {id(p): name.split(".")[0] for name, p in model.named_parameters()}
    encoder = {names[id(p)] for p in model.encoder_parameters()}
    assert encoder == {"encoder", "backward_encoder", "mu", "logvar"}
    assert set(names.values()) - encoder == {"state", "decoder", "output"}


def test_parameters_start_uniform_within_one_over_the_root_of_what_a_unit_reads(configuration):
    """PyTorch's own: of an LSTM the hidden size counts, of another layer its inputs."""
    model = RVAE(configuration(latent=25, hidden=16))
    initialise(model, 0)
    bounds = {"encoder": 1 / 4, "decoder": 1 / 4, "mu": 1 / 4, "logvar": 1 / 4, "output": 1 / 4}
    for name, parameter in model.state_dict().items():
        bound = (bounds | {"state": 1 / 5})[name.split(".")[0]]
        assert float(parameter.abs().max()) <= bound, name
        if parameter.numel() > 300:
            assert float(parameter.max()) > 0.9 * bound, name
            assert float(parameter.min()) < -0.9 * bound, name
            assert float(parameter.std()) == pytest.approx(bound / 3**0.5, rel=0.1), name
    assert not torch.equal(model.encoder.weight_hh_l0, model.decoder.weight_hh_l0)
    assert not torch.equal(model.encoder.weight_hh_l0, model.encoder.weight_hh_l1)
    assert not torch.equal(model.mu.weight, model.logvar.weight)


def test_an_output_bias_is_the_log_odds_of_the_frequencies(configuration):
    model = RVAE(configuration())
    initialise(model, 0, np.full(128, 0.25))
    assert model.output.bias.tolist() == pytest.approx([-math.log(3)] * 128)


def test_what_is_dropped_of_the_inputs_is_not_heard(configuration):
    model = RVAE(configuration())
    initialise(model, 0)
    one, other = (piano_roll(torch.full((1, 16), pitch)) for pitch in (60, 72))
    keep = torch.zeros(1, 16, 1)
    z = torch.zeros(1, 4)
    assert torch.equal(model.decode(one, z, keep), model.decode(other, z, keep))
    keep[0, 8] = 1.0
    heard = model.decode(one, z, keep), model.decode(other, z, keep)
    assert torch.equal(heard[0][:, :8], heard[1][:, :8])
    assert not torch.equal(heard[0][:, 8], heard[1][:, 8])
