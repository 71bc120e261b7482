"""The table of settings: nothing of a configuration is forgotten in it."""

from collections import Counter
from dataclasses import fields
from enum import StrEnum
from typing import get_type_hints

import pytest

from musebar_core.annealing import Schedule
from musebar_core.config import Configuration
from musebar_core.errors import UnknownNameError
from musebar_core.setting import Section
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
        *("epochs", "evaluate_every", "evaluation_snippets"),
    }


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'pooling'"):
        setting("poling")
