from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from musebar_core.annealing import Schedule
from musebar_core.config import (
    Configuration,
    Grid,
    ModelConfig,
    TrainingConfig,
    defaults_of,
    divisors,
)
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError


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
    assert divisors(15) == (1, 3, 5, 15)


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
        ("grid", {"steps_per_quarter": 1001}, "grid.steps_per_quarter 1001: 1000 at most"),
        ("grid", {"steps_per_bar": 10_001}, "grid.steps_per_bar 10001: 10000 at most"),
        ("grid", {"steps_per_bar": 0}, "grid.steps_per_bar 0: a whole number, 1 or more"),
        ("model", {"regularizers": 20_001}, "model.regularizers 20001: 20000 at most"),
        ("model", {"batch_norm": 100.1}, "model.batch_norm 100.1: .* 0 .off. to 100"),
        ("training", {"evaluate_every": 10**8 + 1}, "evaluate_every 100000001: 100000000 at most"),
        ("training", {"evaluation_snippets": 10**6 + 1}, "1000001: 1000000 at most"),
        ("training", {"encoder_steps": 1001}, "training.encoder_steps 1001: 1000 at most"),
    ],
)
def test_a_number_that_no_machine_could_do_is_refused(section, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Configuration.from_dict({section: settings})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "a configuration is a mapping of sections"),
        (None, "a configuration is a mapping of sections"),
        ({"model": 3}, "configuration section 'model' must be a mapping of settings"),
        ({"training": None}, "configuration section 'training' must be a mapping"),
        ({"grid": []}, "configuration section 'grid' must be a mapping"),
        ({"modle": {}}, "unknown section of a configuration 'modle': did you mean 'model'"),
        ({"model": {3: 3}}, "unknown setting in 'model' '3'"),
        ({"model": {"regularizers": 7}}, "regularizers 7 does not divide the 60 bars"),
        ({"grid": {"snippet_steps": 3}}, "no multiple of steps_per_bar 4: nearest allowed: 4"),
        ({"grid": {"snippet_steps": 6}}, "snippet_steps 6 is no multiple of steps_per_bar 4"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate 0.0: must be over 0"),
        ({"training": {"learning_rate": -(10**400)}}, "a finite number"),
        ({"training": {"epochs": 10**400}}, "100000000 at most"),
        ({"training": {"gradient_clip": -1}}, "gradient_clip -1.0: 0 (off) or more"),
        ({"training": {"free_bits": -1}}, "free_bits -1.0: 0 (off) or more"),
        ({"training": {"input_dropout": 1}}, "input_dropout 1.0: a share from 0 to below 1"),
        ({"training": {"batch": "all"}}, "training.batch 'all': a whole number, 1 or more"),
        ({"training": {"decay": 3}}, "training.decay 3: one of constant, cosine"),
        ({"model": {"batch_norm": 0.5}, "training": {"batch": 1}}, "use a training.batch of 2 or"),
        (
            {"training": {"precision": "mixed", "encoder_steps": 1}},
            "training.precision mixed: not with training.encoder_steps",
        ),
    ],
    ids=lambda each: str(each)[:60],
)  # fmt: skip
def test_what_is_no_configuration_says_what_is_wrong(content, message):
    with pytest.raises(UsageError) as caught:
        Configuration.from_dict(content)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("section", "settings"),
    [
        ("grid", {"steps_per_quarter": 1000, "steps_per_bar": 10_000, "snippet_steps": 20_000}),
        ("model", {"hidden": 20_000, "layers": 100, "latent_length": 20_000, "batch_norm": 100}),
        ("model", {"hidden": 1, "layers": 1, "latent_length": 1, "regularizers": 60}),
        ("training", {"epochs": 100_000_000, "batch": 100_000, "evaluate_every": 100_000_000}),
        ("training", {"epochs": 1, "batch": 1, "evaluate_every": 1, "evaluation_snippets": 2}),
        ("training", {"evaluation_snippets": 1_000_000, "encoder_steps": 1000}),
        ("training", {"warm_up": 1, "scheduled_sampling": 1, "transposition": 6}),
        ("training", {"input_dropout": 0.999, "learning_rate": 1e-12, "gradient_clip": 1e9}),
    ],
    ids=str,
)
def test_a_number_at_its_bounds_is_taken(section, settings):
    found = Configuration.from_dict({section: settings}).to_dict()[section]
    assert found.items() >= settings.items()


def test_a_normalised_batch_may_be_of_two():
    Configuration.from_dict({"model": {"batch_norm": 0.5}, "training": {"batch": 2}})


@pytest.mark.parametrize("section", [ModelConfig, TrainingConfig])
def test_the_defaults_of_a_section_are_what_it_is_where_nothing_is_said(section):
    assert defaults_of(section) == dataclasses.asdict(section())
