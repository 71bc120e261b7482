from __future__ import annotations

import numpy as np
import pretty_midi
import pytest
import torch

from musebar_core.generation import (
    REST,
    generate,
    interpolation,
    symbol_distribution,
    write_midi,
)
from musebar_core.model import RVAE, initialise
from musebar_core.randomness import Purpose, stream


@pytest.fixture
def model(configuration):
    made = RVAE(configuration())
    initialise(made, 0)
    return made


def rng():
    return stream(0, Purpose.GENERATION)


def test_generation_gives_one_symbol_a_step(model):
    melodies = generate(model, torch.zeros(3, 4), 10, rng())
    assert melodies.shape == (3, 10)
    assert melodies.dtype == np.uint8
    assert melodies.max() <= REST


def test_generation_repeats_itself_for_one_seed(model):
    one, other = (generate(model, torch.zeros(2, 4), 12, rng()) for _ in range(2))
    assert np.array_equal(one, other)


def test_a_pitch_that_the_decoder_is_sure_of_is_played(model):
    with torch.no_grad():
        model.output.bias.fill_(-50.0)
        model.output.bias[67] = 50.0
    assert (generate(model, torch.zeros(2, 4), 5, rng()) == 67).all()


def test_a_decoder_sure_of_silence_rests(model):
    with torch.no_grad():
        model.output.bias.fill_(-50.0)
    assert (generate(model, torch.zeros(2, 4), 5, rng()) == REST).all()


def logits_of(*probabilities):
    return torch.tensor([[*probabilities, *[1e-9] * (128 - len(probabilities))]]).double().logit()


def test_pitches_are_drawn_as_probable_as_the_decoder_says_and_the_rest_is_what_they_leave():
    drawn = symbol_distribution(logits_of(0.5, 0.2), 1.0)[0]
    assert drawn[[0, 1, 128]].tolist() == pytest.approx([0.5, 0.2, 0.3], abs=1e-6)
    assert float(drawn.sum()) == pytest.approx(1)


def test_many_unlikely_pitches_that_leave_nothing_leave_no_rest():
    assert float(symbol_distribution(logits_of(*[0.1] * 10), 1.0)[0, 128]) < 1e-6


def test_pitches_that_sum_to_more_than_one_share_it():
    drawn = symbol_distribution(logits_of(0.9, 0.6), 1.0)[0]
    assert drawn[[0, 1, 128]].tolist() == pytest.approx([0.6, 0.4, 0.0], abs=1e-6)


def test_a_low_temperature_favours_the_favourite():
    drawn = symbol_distribution(logits_of(0.4, 0.2), 0.5)[0]
    assert drawn[[0, 1, 128]].tolist() == pytest.approx([4 / 9, 1 / 9, 4 / 9], abs=1e-6)


def test_an_interpolation_keeps_its_ends_and_its_distance_from_the_origin():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    codes = interpolation(a, b, 5)
    assert torch.allclose(codes[0], a)
    assert torch.allclose(codes[-1], b, atol=1e-6)
    assert torch.allclose(codes.norm(dim=1), torch.ones(5))


def test_a_melody_becomes_notes_with_held_steps_joined(tmp_path):
    melody = np.array([[60, 60, REST, 62]], dtype=np.uint8)
    write_midi(melody, tmp_path / "out.mid", steps_per_quarter=2, tempo=120)
    notes = pretty_midi.PrettyMIDI(str(tmp_path / "out.mid")).instruments[0].notes
    assert [(n.pitch, round(n.start, 3), round(n.end, 3)) for n in notes] == [
        (60, 0.0, 0.5),
        (62, 0.75, 1.0),
    ]
