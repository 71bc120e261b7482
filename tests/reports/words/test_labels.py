"""What things are called, and how numbers are written."""

from dataclasses import replace

import pytest

from musebar_core.settings import searchable, setting
from reports.answers.summaries import summaries
from reports.figures.style import from_zero, window
from reports.pages.tables import configurations_table
from reports.words.labels import describe, differences, number, settings


@pytest.mark.parametrize(
    "entry", [*searchable().values(), setting("epochs")], ids=lambda entry: entry.name
)
def test_whatever_configurations_differ_in_is_shown(make_config, changed, entry):
    one = make_config(8, 2, "cyclical")
    other = changed(one, entry)
    assert settings(one)[entry.name] != settings(other)[entry.name]
    assert differences(one, other) == entry.name.replace("_", " ")


def test_differences_are_one_sentence_and_a_schedule_is_one_of_them(make_config):
    one, other = make_config(8, 1, "constant"), make_config(16, 1, "linear", output_bias=True)
    assert differences(one, other) == "latent length, annealing and output bias"
    assert differences(one, one) == ""


def test_a_schedule_says_its_last_weight_once(make_config):
    told = ("latent_length", "annealing", "annealing_end")
    one = make_config(8, 1, "linear")
    half = replace(one, annealing=replace(one.annealing, end=0.5))
    assert describe(half, told).count("0.5") == 1
    assert describe(half, told).endswith("of training, to a KL weight of 0.5")
    assert describe(one, told).endswith("of training, to a KL weight of 1")
    assert "KL weight" not in describe(one)


def test_no_number_is_minus_nothing():
    assert [number(v) for v in (-0.001, 0.001, -0.006, 0.0)] == ["0.00", "0.00", "-0.01", "0.00"]


def test_a_bound_above_the_other_is_explained_and_methods_are_named(make_study, make_config):
    study = make_study()
    study.add(make_config(), [500.0, 501.0], phase="methods", method="lstm_vae", mi=(0.02, 0.01))
    table = configurations_table(summaries(study.tables(), "jazz"), {}, None)
    assert "they may cross" in table.caption
    assert table.rows[0][0].text.endswith("(LSTM-VAE)")


def test_marks_on_zero_and_the_label_of_a_lowest_baseline_have_room():
    assert from_zero([0.0, 10.0]) == [-0.5, 10.5]
    assert from_zero([]) == [-0.05, 1.05]
    low, high = window([110.0, 120.0], {"markov": 100.0})
    assert (100.0 - low) / (high - low) > 0.12
