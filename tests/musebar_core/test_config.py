from __future__ import annotations

import hashlib
import json

import pytest

from musebar_core.annealing import Schedule
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig, divisors
from musebar_core.errors import ConfigurationError, UnknownNameError


def test_the_config_id_is_the_hash_of_the_canonical_json():
    configuration = Configuration()
    text = json.dumps(configuration.to_dict(), sort_keys=True, separators=(",", ":"))
    assert configuration.config_id == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_a_configuration_survives_its_own_plain_form():
    configuration = Configuration(annealing=Schedule("cyclical", 0.1, 0.8, 3, 0.4))
    again = Configuration.from_dict(json.loads(configuration.canonical_json()))
    assert again == configuration
    assert again.config_id == configuration.config_id


def test_configurations_that_do_the_same_share_an_id():
    one = Configuration(annealing=Schedule("constant", length=0.3))
    other = Configuration(training=TrainingConfig(input_dropout=0))
    assert one.config_id == other.config_id == Configuration().config_id


def test_regularizers_that_do_not_divide_the_bars_are_refused_with_those_that_do():
    with pytest.raises(
        ConfigurationError, match="allowed: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60"
    ):
        Configuration(model=ModelConfig(regularizers=7))


def test_divisors_are_what_divides():
    assert divisors(16) == (1, 2, 4, 8, 16)


def test_a_snippet_of_part_of_a_bar_is_refused_with_the_nearest_lengths():
    with pytest.raises(ConfigurationError, match="nearest allowed: 60, 64"):
        Grid(1, 4, 63)


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'hidden'"):
        Configuration.from_dict({"model": {"hiden": 3}})


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"batch": "all"},
        {"learning_rate": 0},
        {"input_dropout": 1.0},
        {"free_bits": -1},
        {"evaluation_snippets": 1},
    ],
)
def test_settings_no_run_could_use_are_refused(settings):
    with pytest.raises(ConfigurationError):
        TrainingConfig(**settings)


GOLDEN = {
    "b0d8a8221f50": {},
    "b7fde9e5da7c": {
        "grid": {"steps_per_quarter": 2, "steps_per_bar": 8, "snippet_steps": 64},
        "model": {"hidden": 64, "layers": 1, "latent_length": 16, "regularizers": 4},
        "annealing": {"kind": "cyclical", "start": 0.1, "length": 0.8, "cycles": 3, "ratio": 0.4},
        "training": {
            "epochs": 400,
            "batch": 8,
            "learning_rate": 0.01,
            "evaluate_every": 50,
            "evaluation_snippets": 256,
            "free_bits": 0.05,
            "input_dropout": 0.4,
            "output_bias": True,
            "gradient_clip": 100.0,
        },
    },
}
"""Ids of the first version that was recorded; no later option may change one."""


@pytest.mark.parametrize("config_id", GOLDEN)
def test_an_id_once_recorded_stays(config_id):
    assert Configuration.from_dict(GOLDEN[config_id]).config_id == config_id


OPTIONS = {
    ("model", "bidirectional"): (False, True),
    ("model", "pooling"): ("last", "mean"),
    ("training", "decay"): ("constant", "cosine"),
    ("training", "warm_up"): (0, 0.1),
    ("training", "encoder_steps"): (0, 2),
    ("model", "batch_norm"): (0, 0.5),
    ("training", "free_nats"): (0.0, 4.0),
    ("training", "scheduled_sampling"): (0, 0.5),
    ("training", "transposition"): (0, 6),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_in_the_plain_form_only_where_it_does_something(option):
    section, name = option
    neutral, other = OPTIONS[option]
    silent = Configuration.from_dict({section: {name: neutral}})
    assert name not in silent.to_dict()[section]
    assert silent.config_id == Configuration().config_id
    said = Configuration.from_dict({section: {name: other}})
    assert said.to_dict()[section][name] == other
    assert Configuration.from_dict(json.loads(said.canonical_json())) == said
    assert said.config_id != silent.config_id


@pytest.mark.parametrize(
    ("section", "settings", "message"),
    [
        ("model", {"bidirectional": 1}, "true or false"),
        ("model", {"pooling": "sum"}, "one of last, mean, max"),
        ("training", {"decay": "step"}, "one of constant, cosine"),
        ("training", {"warm_up": 1.5}, "0 to 1"),
        ("training", {"encoder_steps": -1}, "0 or more"),
        ("training", {"output_bias": "yes"}, "true or false"),
        ("model", {"batch_norm": -0.1}, "0 .off. to 100"),
        ("model", {"batch_norm": True}, "a finite number"),
        ("training", {"free_nats": -1}, "free_nats -1.0: 0 .off. or more"),
        ("training", {"free_nats": 4, "free_bits": 0.1}, "one of the two must be 0"),
        ("training", {"scheduled_sampling": 1.5}, "a share from 0 .off. to 1"),
        ("training", {"transposition": -1}, "0 or more"),
        ("training", {"transposition": 7}, "6 at most"),
        ("training", {"transposition": 2.5}, "a whole number"),
    ],
)
def test_an_option_out_of_range_says_what_it_may_be(section, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Configuration.from_dict({section: settings})


@pytest.mark.parametrize(
    ("section", "settings", "message"),
    [
        ("model", {"layers": 101}, "model.layers 101: 100 at most"),
        ("model", {"hidden": 20_001}, "model.hidden 20001: 20000 at most"),
        ("model", {"latent_length": 20_001}, "model.latent_length 20001: 20000 at most"),
        ("model", {"layers": True}, "model.layers True: a whole number"),
        ("training", {"epochs": 100_000_001}, "training.epochs 100000001: 100000000 at most"),
        ("training", {"batch": 100_001}, "training.batch 100001: 100000 at most"),
        ("grid", {"snippet_steps": 20_004}, "grid.snippet_steps 20004: 20000 at most"),
    ],
)
def test_a_number_that_no_machine_could_do_is_refused(section, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Configuration.from_dict({section: settings})
