"""The table of settings: nothing of a configuration is forgotten in it."""

from collections import Counter
from dataclasses import fields
from enum import StrEnum
from typing import get_type_hints

import pytest

from musebar_core.annealing import Schedule
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.errors import UnknownNameError
from musebar_core.setting import PAPER, Section
from musebar_core.settings import SETTINGS, searchable, setting, values

PARTS = {section: get_type_hints(Configuration)[section] for section in Section}


def test_every_part_of_a_configuration_is_a_section():
    assert [one.name for one in fields(Configuration)] == list(Section)


@pytest.mark.parametrize(
    ("section", "name"),
    [(section, one.name) for section, part in PARTS.items() for one in fields(part)],
)
def test_every_field_of_a_configuration_is_one_setting(section, name):
    assert [(s.section, s.field) for s in SETTINGS].count((section, name)) == 1


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_a_setting_says_what_it_is_and_is_of_the_type_it_says(one):
    assert one.meaning
    kinds = {"int64": int, "float64": float, "boolean": bool, "string": str}
    assert type(one.of(Configuration())) is kinds[one.dtype.lower()]
    assert type(one.default) is kinds[one.dtype.lower()]


@pytest.mark.parametrize("attribute", ["name", "label", "brief"])
def test_no_two_settings_are_called_alike(attribute):
    assert set(Counter(getattr(one, attribute) for one in SETTINGS).values()) == {1}


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_a_choice_of_words_has_all_of_them_in_order(one):
    hints = get_type_hints(PARTS[one.section])
    kind = hints.get(one.field)
    choice = isinstance(kind, type) and issubclass(kind, StrEnum)
    assert one.words == (tuple(kind) if choice else ())
    assert one.ordered is not choice


def test_values_are_those_of_the_configuration_as_words_and_numbers(configuration):
    found = values(configuration(8, 2, Schedule("linear"), output_bias=True))
    assert (found["latent_length"], found["regularizers"], found["bars"]) == (8, 2, 4)
    assert (found["annealing"], found["output_bias"], found["batch"]) == ("linear", True, "4")
    assert list(found) == [one.name for one in SETTINGS]


def test_what_a_space_may_not_vary_is_how_a_run_is_cut_and_looked_at():
    assert {one.name for one in SETTINGS} - set(searchable()) == {
        *("bars", "snippet_steps", "steps_per_bar", "steps_per_quarter"),
        *("epochs", "evaluate_every", "evaluation_snippets", "curve_snippets"),
    }


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'pooling'"):
        setting("poling")


def test_a_setting_is_called_by_its_name_in_words_and_in_a_legend_by_that_or_shorter():
    called = {one.name: (one.label, one.brief) for one in SETTINGS}
    assert called["latent_length"] == ("latent length", "L")
    assert called["learning_rate"] == ("learning rate", "rate")
    assert called["batch_norm"] == ("batch norm", "batch norm")
    assert called["regularizers"] == ("regularizers", "r")


def test_what_a_schedule_of_one_kind_needs_says_nothing_across_kinds():
    assert {one.name for one in SETTINGS if one.kind_only} == {
        f"annealing_{name}" for name in ("start", "length", "cycles", "ratio")
    }


def test_a_number_that_came_after_the_first_tables_may_be_missing_from_one():
    """An option, which changes nothing at its default; and three that tables lacked at first."""
    added = {"gradient_clip", "evaluate_every", "evaluation_snippets"}
    for one in SETTINGS:
        if one.dtype.lower() in {"int64", "float64"}:
            options = {f.name for f in fields(PARTS[one.section]) if "option" in f.metadata}
            nullable = one.field in options or one.name in added
            assert one.dtype[0].isupper() is nullable, one.name


def test_defaults_are_those_of_a_configuration_in_which_nothing_is_said():
    plain = Configuration()
    for one in SETTINGS:
        said = {"cycles": 4, "ratio": 0.5, "length": 0.5} if one.kind_only else {}
        assert one.default == said.get(one.field, one.of(plain)), one.name
    assert setting("bars").default == 60


@pytest.mark.parametrize(
    ("unit", "names"),
    [
        ("nats a dimension", {"free_bits"}),
        ("nats a snippet", {"free_nats"}),
        ("semitones", {"transposition"}),
        ("share", {"input_dropout", "scheduled_sampling"}),
        ("fraction of training", {"annealing_start", "annealing_length", "warm_up"}),
        ("fraction of a cycle", {"annealing_ratio"}),
        ("optimiser steps", {"epochs", "evaluate_every"}),
        ("snippets", {"batch", "evaluation_snippets", "curve_snippets"}),
        ("steps", {"snippet_steps", "steps_per_bar", "steps_per_quarter"}),
        ("dimensions", {"latent_length"}),
        ("units", {"hidden"}),
        ("bars", {"bars"}),
        ("count", {"regularizers", "annealing_cycles", "layers", "encoder_steps"}),
    ],
)
def test_a_setting_is_told_in_its_unit(unit, names):
    assert {one.name for one in SETTINGS if one.unit == unit} == names


def test_what_is_the_papers_is_told_from_what_others_brought():
    assert {one.name for one in SETTINGS if one.source == PAPER} == {
        *("latent_length", "regularizers", "bars", "hidden", "layers", "snippet_steps"),
        *("steps_per_bar", "steps_per_quarter", "epochs", "batch", "learning_rate"),
    }
    assert setting("input_dropout").source == "Bowman et al. 2016"
    assert setting("free_bits").source == "Kingma et al. 2016"
    assert setting("free_nats").source == "Roberts et al. 2018"
    assert setting("batch_norm").source == "Zhu et al. 2020"
    assert setting("scheduled_sampling").source == "Bengio et al. 2015"
    assert setting("encoder_steps").source == "He et al. 2019"
    assert setting("annealing_cycles").source == "Fu et al. 2019"


def test_each_setting_has_the_value_of_its_own_field():
    found = values(
        Configuration(
            Grid(2, 8, 64),
            ModelConfig(31, 3, 17, 4, bidirectional=True, pooling="max", batch_norm=0.5),
            Schedule("cyclical", 0.1, 0.7, 3, 0.4, 0.9),
            TrainingConfig(
                epochs=70,
                batch=6,
                learning_rate=0.02,
                evaluate_every=7,
                evaluation_snippets=90,
                free_nats=1.5,
                input_dropout=0.3,
                output_bias=True,
                gradient_clip=5.0,
                decay="cosine",
                warm_up=0.2,
                encoder_steps=2,
                precision="tf32",
                scheduled_sampling=0.6,
                transposition=1,
                curve_snippets=50,
            ),
        )
    )
    assert found == {
        "latent_length": 17,
        "regularizers": 4,
        "bars": 8,
        "annealing": "cyclical",
        "annealing_start": 0.1,
        "annealing_length": 0.7,
        "annealing_cycles": 3,
        "annealing_ratio": 0.4,
        "annealing_end": 0.9,
        "free_bits": 0.0,
        "free_nats": 1.5,
        "batch_norm": 0.5,
        "input_dropout": 0.3,
        "scheduled_sampling": 0.6,
        "transposition": 1,
        "hidden": 31,
        "layers": 3,
        "snippet_steps": 64,
        "steps_per_bar": 8,
        "steps_per_quarter": 2,
        "epochs": 70,
        "batch": "6",
        "learning_rate": 0.02,
        "warm_up": 0.2,
        "decay": "cosine",
        "gradient_clip": 5.0,
        "output_bias": True,
        "encoder_steps": 2,
        "pooling": "max",
        "bidirectional": True,
        "precision": "tf32",
        "evaluate_every": 7,
        "evaluation_snippets": 90,
        "curve_snippets": 50,
    }
