"""What things are called, and how numbers are written."""

import math
from dataclasses import replace

import pytest

from musebar_core.annealing import Schedule, ScheduleKind
from musebar_core.settings import searchable, setting
from reports.answers.summaries import summaries
from reports.figures.style import from_zero, window
from reports.pages.tables import configurations_table
from reports.words.labels import (
    COVERAGE,
    bracket,
    collapsed,
    compared_label,
    count,
    describe,
    differences,
    number,
    p_value,
    percent,
    phase,
    plain,
    schedule,
    seeds_of,
    setting_text,
    settings,
    value_text,
    with_interval,
)
from study.statistics.intervals import CONFIDENCE, NOT_MEASURED, mean_over_seeds


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


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (100.0, "100.0"),
        (-100.0, "-100.0"),
        (99.99, "99.99"),
        (-99.99, "-99.99"),
        (1234.56, "1,234.6"),
        (math.nan, "not measured"),
    ],
)
def test_a_number_has_as_many_decimals_as_its_size_deserves(value, said):
    assert number(value) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "not measured"),
        ({1: 566.0}, "566.0"),
        ({1: 2.0, 2: 2.0}, "2.00 [2.00, 2.00]"),
        ({1: 1.0, 2: 3.0}, "2.00 [-10.71, 14.71]"),  # t of one degree of freedom: 12.706
    ],
)
def test_a_mean_stands_with_its_interval_where_there_is_one(values, said):
    assert with_interval(mean_over_seeds(values) or NOT_MEASURED) == said


def test_of_nothing_there_is_a_dash():
    assert with_interval(None) == "-"


def test_the_bracket_has_both_ends_lower_first_and_needs_one_of_them():
    low, high = mean_over_seeds({1: 2.7}), mean_over_seeds({1: 3.1})
    assert bracket(low, high) == "2.70 to 3.10"
    assert bracket(low, NOT_MEASURED) == "2.70 to not measured"
    assert bracket(NOT_MEASURED, high) == "not measured to 3.10"
    assert bracket(NOT_MEASURED, NOT_MEASURED) == "not measured"


@pytest.mark.parametrize(
    ("done", "planned", "said"),
    [
        (10, 10, "10 seeds"),
        (12, 10, "10 seeds"),
        (9, 10, "9 of 10 seeds"),
        (1, 1, "1 seed"),
        (0, 1, "0 of 1 seed"),
        (0, 0, "0 seeds"),
    ],
)
def test_seeds_are_counted_of_those_planned_where_some_are_missing(done, planned, said):
    assert seeds_of(done, planned) == said


def test_one_is_no_plural():
    assert [count(n, "run") for n in (0, 1, 2, 1000)] == ["0 runs", "1 run", "2 runs", "1,000 runs"]


@pytest.mark.parametrize(
    ("p", "said"), [(0.995, "1"), (0.9949, "0.99"), (0.05, "0.05"), (0.00195, "0.0019")]
)
def test_a_p_value_is_one_only_where_it_rounds_to_it(p, said):
    assert p_value(p) == said


def test_a_share_is_written_in_whole_per_cent():
    assert [percent(share) for share in (0.0, 0.704, 1.0)] == ["0%", "70%", "100%"]


@pytest.mark.parametrize(
    ("method", "chosen", "said"),
    [
        ("musebar", False, "MuseBar"),
        ("musebar", True, "MuseBar (chosen)"),
        (None, True, "chosen"),
        (None, False, ""),
        ("another", False, "another"),
    ],
)
def test_a_compared_configuration_is_named_by_its_method_and_the_choice_marked(
    method, chosen, said
):
    assert compared_label(method, chosen=chosen) == said


@pytest.mark.parametrize(
    ("name", "value", "said", "few"),
    [
        ("learning_rate", 0.01, "learning rate 0.01", "rate 0.01"),
        ("latent_length", 16, "latent length 16", "L 16"),
        ("annealing", "cosine", "cosine", "cosine"),
        ("output_bias", True, "output bias", "output bias"),
        ("output_bias", False, "no output bias", "no output bias"),
        ("batch", "per_group", "batch per_group", "batch per_group"),
        ("learning_rate", 0.0010000001, "learning rate 0.0010000001", "rate 0.0010000001"),
    ],
)
def test_a_setting_is_said_with_its_value(name, value, said, few):
    assert setting_text(name, value) == said
    assert setting_text(name, value, few=True) == few


def test_a_value_beside_its_name_is_written_alone():
    said = [value_text(value) for value in (True, False, 16, 0.25, "cosine")]
    assert said == ["on", "off", "16", "0.25", "cosine"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "constant KL weight 1"),
        ({"end": 0.5}, "constant KL weight 0.5"),
        ({"kind": "linear", "length": 0.4}, "linear annealing over 40% of training"),
        (
            {"kind": "cosine", "length": 0.4, "start": 0.1, "end": 0.5},
            "cosine annealing over 40% of training from 10%, to a KL weight of 0.5",
        ),
        (
            {"kind": "cyclical", "length": 1.0, "cycles": 4},
            "cyclical annealing over 100% of training in 4 cycles",
        ),
    ],
)
def test_a_schedule_is_said_in_words(make_config, settings, said):
    kind = ScheduleKind(settings.pop("kind", "constant"))
    config = replace(make_config(), annealing=Schedule(kind=kind, **settings))
    assert schedule(config) == said


def test_free_bits_and_dropout_are_said_where_they_are_on_or_tell(make_config):
    said = "latent length 16, 1 of 16 bars regularized, constant KL weight 1"
    config = make_config(free_bits=0.0)
    assert describe(config) == said
    assert describe(config, ("latent_length", "free_bits")) == f"{said}, free bits 0"
    assert describe(make_config(input_dropout=0.3, free_bits=0.5)) == (
        f"{said}, input dropout 0.3, free bits 0.5"
    )
    told = describe(config, ("latent_length", "annealing", "hidden"))
    assert told == f"{said}, hidden 48"


@pytest.mark.parametrize(
    ("n", "collapsed_seeds", "undertrained", "said"),
    [
        (10, 2, 0, "2 of 10"),
        (10, 1, 3, "1 of 7 trained"),
        (3, 0, 3, "undertrained"),
        (0, 0, 0, "0 of 0"),
    ],
)
def test_collapsed_seeds_are_counted_among_the_trained_ones(
    make_study, make_config, n, collapsed_seeds, undertrained, said
):
    study = make_study()
    working = n - undertrained
    bces = [500.0] * working + [700.0] * undertrained  # the Markov chain is at 627
    study.add(make_config(), bces, collapsed=collapsed_seeds, failed=0 if n else 1)
    (row,) = summaries(study.tables(), "jazz")
    assert collapsed(row) == said


def test_collapsed_seeds_of_a_split_are_that_splits(make_study, make_config):
    study = make_study()
    study.add(make_config(), [500.0] * 4, collapsed=1)
    study.rows[3]["test_collapsed"] = True
    (row,) = summaries(study.tables(), "jazz")
    assert (collapsed(row), collapsed(row, row.test)) == ("1 of 4", "2 of 4")


def test_a_recorded_reason_is_said_by_label_and_not_by_name():
    assert plain("validation_bce above; mi_lower under 0.5, learning_rate_x") == (
        "validation_bce above; MI lower under 0.5, learning_rate_x"
    )
    assert plain("learning_rate 0.01 and latent_length 4") == (
        "learning rate 0.01 and latent length 4"
    )


def test_stages_are_called_by_their_words_and_intervals_by_their_level():
    assert [phase(name) for name in ("search", "confirm", "methods", "another")] == [
        *("search", "confirmation", "method comparison", "another"),
    ]
    assert COVERAGE.startswith(f"Intervals are {CONFIDENCE:.0%} t intervals")
