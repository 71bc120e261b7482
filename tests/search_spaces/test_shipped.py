"""The spaces that come with the product: the paper's, the full one, and what is told apart."""

from __future__ import annotations

import pytest

import search_spaces
from musebar_core.annealing import Schedule, ScheduleKind
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from search_spaces import PARAMETERS

PAPER = Grid(1, 4, 240)
LENGTHS = (8, 16, 32, 64, 128)
REGULARIZERS = (5, 10, 15, 30, 60)
METHODS = {
    "lstm_vae": (1, "constant"),
    "vae_bow": (1, "logistic"),
    "musebar": (30, "constant"),
    "musebar_bow": (30, "logistic"),
}
"""Number of regularizers, of 30, and schedule of the KL weight."""


def load(name):
    return search_spaces.load_space(name, PAPER)


def named(name):
    return {key: dict(values) for key, values in load(name).named}


@pytest.mark.parametrize("name", search_spaces.space_names())
def test_a_space_says_in_a_sentence_what_it_is_about(name):
    about = load(name).about
    assert about.endswith(".")
    assert len(about.split()) > 5


@pytest.mark.parametrize("name", search_spaces.space_names())
def test_a_space_is_called_as_its_file_and_holds_either_kind(name):
    space = load(name)
    assert space.name == name
    assert bool(space.parameters) != bool(space.named)


@pytest.mark.parametrize("name", ["full", "heatmap", "latent_length", "regularizers"])
def test_what_has_an_order_rises_and_is_ordered(name):
    for parameter in load(name).parameters:
        assert parameter.ordered == PARAMETERS[parameter.name].ordered
        assert not parameter.ordered or list(parameter.values) == sorted(parameter.values)


@pytest.mark.parametrize(
    ("name", "varied"),
    [
        ("latent_length", {"latent_length": LENGTHS}),
        ("regularizers", {"regularizers": REGULARIZERS}),
        ("heatmap", {"latent_length": LENGTHS, "regularizers": REGULARIZERS}),
    ],
)
def test_the_papers_figures_vary_latent_length_and_regularizers(name, varied):
    space = load(name)
    assert {p.name: p.values for p in space.parameters} == varied
    assert not space.conditional


def test_the_full_space_varies_all_that_a_genre_may_need_of_its_own():
    space = load("full")
    assert {p.name: p.values for p in space.parameters} == {
        "latent_length": LENGTHS,
        "regularizers": (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60),
        "annealing": tuple(ScheduleKind),
        "annealing_length": (0.25, 0.5, 0.75),
        "annealing_cycles": (2, 4, 8),
        "input_dropout": (0.0, 0.2, 0.4, 0.6),
        "free_bits": (0.0, 0.05, 0.1),
    }
    # 3 lengths of 3 schedules, 3 by 3 of the cyclical one, and the constant one
    assert sum(1 for _ in space.cells()) == 5 * 12 * (3 * 3 + 3 * 3 + 1) * 4 * 3
    assert space.conditional


@pytest.mark.parametrize("space", ["methods", "claims"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_its_regularizers_and_its_schedule_whatever_else_a_study_asks_for(
    space, method
):
    options = Configuration(
        PAPER,
        ModelConfig(regularizers=30, pooling="max", bidirectional=True),
        Schedule("cyclical", length=0.25, cycles=8),
        TrainingConfig(free_bits=0.1, input_dropout=0.5, encoder_steps=2),
    )
    regularizers, schedule = METHODS[method]
    assert search_spaces.apply(options, named(space)[method]) == Configuration(
        PAPER, ModelConfig(regularizers=regularizers), Schedule(schedule), TrainingConfig()
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_the_paper_has_none_of_the_options_that_came_after_it(method):
    options = Configuration(
        PAPER,
        ModelConfig(regularizers=30, batch_norm=0.5),
        Schedule("cosine", end=0.5),
        TrainingConfig(free_nats=4.0, scheduled_sampling=0.5),
    )
    found = search_spaces.apply(options, named("methods")[method])
    assert found.model.batch_norm == 0
    assert found.annealing.end == 1
    assert (found.training.free_nats, found.training.scheduled_sampling) == (0, 0)


def test_the_control_of_bar_wise_is_the_plain_vae_under_a_weight_below_one():
    claims = named("claims")
    assert [name for name in claims if name not in METHODS] == [
        "kl_weight_0.9",
        "kl_weight_0.75",
        "kl_weight_0.5",
        "kl_weight_0.25",
    ]
    for name in claims.keys() - METHODS:
        weight = float(name.removeprefix("kl_weight_"))
        assert claims[name] == claims["lstm_vae"] | {"annealing_end": weight}


def test_strong_is_what_the_profile_of_that_name_is_made_of():
    base = Configuration(PAPER, ModelConfig(regularizers=30))
    found = search_spaces.apply(base, named("ablation")["strong"])
    assert found == Configuration(
        PAPER,
        ModelConfig(regularizers=30, pooling="max"),
        Schedule("logistic"),
        TrainingConfig(batch=16, learning_rate=0.01, output_bias=True, gradient_clip=100.0),
    )


def test_an_ablation_switches_one_option_of_strong():
    ablation = named("ablation")
    strong = ablation.pop("strong")
    assert {name: dict(values.items() - strong.items()) for name, values in ablation.items()} == {
        "no_output_bias": {"output_bias": False},
        "paper_learning_rate": {"learning_rate": TrainingConfig().learning_rate},
        "one_a_group": {"batch": "per_group"},
        "last_state": {"pooling": "last"},
        "bidirectional": {"bidirectional": True},
        "constant_weight": {"annealing": "constant"},
        "cyclical_annealing": {"annealing": "cyclical"},
        "one_regularizer": {"regularizers": 1},
        "cosine_decay": {"decay": "cosine", "warm_up": 0.05},
        "aggressive_encoder": {"encoder_steps": 2},
        "input_dropout": {"input_dropout": 0.5},
        "few_free_bits": {"free_bits": 0.1},
        "many_free_bits": {"free_bits": 1.0},
        "free_nats": {"free_nats": 4.0},
        "kl_weight_0.5": {"annealing_end": 0.5},
        "kl_weight_0.2": {"annealing_end": 0.2},
        "scheduled_sampling": {"scheduled_sampling": 0.5},
        "transposition": {"transposition": 5},
        "batch_norm": {"batch_norm": 0.5},
    }
    assert all(values.keys() >= strong.keys() for values in ablation.values())
