from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pretty_midi
import pytest
import torch

from musebar_core.code import reconstruct
from musebar_core.generation import (
    MIDI_MARK,
    REST,
    generate,
    interpolation,
    notes,
    nucleus,
    one_line,
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
    written = pretty_midi.PrettyMIDI(str(tmp_path / "out.mid")).instruments[0].notes
    assert [(n.pitch, round(n.start, 3), round(n.end, 3)) for n in written] == [
        (60, 0.0, 0.5),
        (62, 0.75, 1.0),
    ]


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [
        (1.0, [0.2, 0.5, 0.3]),
        (0.81, [0.2, 0.5, 0.3]),
        (0.8, [0.0, 5 / 8, 3 / 8]),  # the first two reach it
        (0.51, [0.0, 5 / 8, 3 / 8]),
        (0.5, [0.0, 1.0, 0.0]),
        (0.0, [0.0, 1.0, 0.0]),  # the likeliest stays
    ],
)
def test_a_nucleus_holds_the_likeliest_that_together_reach_it(top_p, kept):
    row = torch.tensor([[0.25, 0.5, 0.25], [0.2, 0.5, 0.3]], dtype=torch.float64)
    found = nucleus(row, top_p)
    assert found[1].tolist() == pytest.approx(kept)
    assert found.sum(dim=1).tolist() == pytest.approx([1.0, 1.0])


def test_melodies_drawn_alike_differ_by_their_codes_alone(model):
    with torch.no_grad():
        model.output.bias.fill_(-3.5)
    same = torch.zeros(4, 4)
    alike = generate(model, same, 40, rng(), alike=True)
    assert (alike == alike[0]).all()
    apart = generate(model, same, 40, rng())
    assert (apart != apart[0]).any(axis=1).tolist() == [False, True, True, True]


def test_an_interpolation_goes_at_even_angles_whatever_the_lengths():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    third = interpolation(a, b, 4)[1]
    assert third.tolist() == pytest.approx([2 * np.sin(np.pi / 3), 4 * np.sin(np.pi / 6)])
    halfway = interpolation(a, a + 1e-6, 3)[1]
    assert halfway.tolist() == pytest.approx([2.0, 0.0], abs=1e-5)
    assert interpolation(a, 2 * a, 3)[:, 0].tolist() == pytest.approx([2.0, 3.0, 4.0])


def test_a_bar_of_rest_follows_each_melody():
    line = one_line(np.array([[60, 61], [62, 63]], np.uint8), steps_per_quarter=1)
    assert line.tolist() == [60, 61, *[REST] * 4, 62, 63, *[REST] * 4]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ([60, 60, 62], [(60, 0, 2), (62, 2, 3)]),
        ([REST, 60, REST, 60], [(60, 1, 2), (60, 3, 4)]),
        ([REST, REST], []),
        ([60], [(60, 0, 1)]),
        ([], []),
        ([0, 127], [(0, 0, 1), (127, 1, 2)]),
    ],
)
def test_notes_of_a_line_end_where_another_symbol_begins(line, found):
    assert notes(np.array(line, np.uint8)) == found


def test_a_file_has_its_tempo_its_instrument_and_its_mark(tmp_path):
    path = tmp_path / "deep" / "out.mid"
    write_midi(np.array([[60]], np.uint8), path, 1, tempo=90, program=40)
    midi = pretty_midi.PrettyMIDI(str(path))
    (instrument,) = midi.instruments
    assert (instrument.program, instrument.name.startswith(MIDI_MARK)) == (40, True)
    assert midi.get_tempo_changes()[1] == pytest.approx([90.0], abs=1e-2)
    assert instrument.notes[0].end == pytest.approx(60 / 90, abs=1e-2)


def test_what_is_not_said_is_as_the_documentation_has_it(model, tmp_path):
    """0.9 of docs/decisions/0015, 120 quarter notes a minute, the first program: a piano."""
    with torch.no_grad():
        model.output.bias.fill_(-3.5)
    model.train()
    z = torch.zeros(2, 4)
    plain = generate(model, z, 40, rng())
    assert not model.training
    assert np.array_equal(plain, generate(model, z, 40, rng(), 0.9, top_p=1.0, alike=False))
    assert not np.array_equal(plain, generate(model, z, 40, rng(), 1.0))
    write_midi(np.array([[60]], np.uint8), tmp_path / "out.mid", 1)
    midi = pretty_midi.PrettyMIDI(str(tmp_path / "out.mid"))
    (instrument,) = midi.instruments
    assert (instrument.program, instrument.name) == (0, "MuseBar melody")
    assert midi.get_tempo_changes()[1] == pytest.approx([120.0])
    assert instrument.notes[0].velocity == 90


def test_of_the_smallest_nucleus_the_likeliest_symbol_is_drawn_at_each_step(model):
    z = torch.tensor([[0.7, -1.0, 0.5, 0.0]])
    likeliest = reconstruct(model.eval(), z, 12).tolist()
    assert generate(model, z, 12, rng(), top_p=0.0).tolist() == likeliest
    assert generate(model, z, 12, rng(), top_p=0.9).tolist() != likeliest


def test_a_number_beyond_what_the_probabilities_sum_to_by_rounding_is_a_rest(model):
    beyond = SimpleNamespace(random=lambda shape: np.full(shape, 1.0 + 1e-6))
    assert generate(model, torch.zeros(2, 4), 3, beyond).tolist() == [[REST] * 3] * 2


def test_codes_a_twentieth_of_a_radian_apart_are_walked_between_on_the_sphere():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([np.cos(0.05), np.sin(0.05)]).float()
    assert torch.allclose(interpolation(a, b, 3).norm(dim=1), torch.ones(3), atol=1e-6)
