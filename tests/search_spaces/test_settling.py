"""What single values come to: regularizers their number, all else what it is."""

from __future__ import annotations

import pytest

import search_spaces
from musebar_core.config import Grid
from musebar_core.errors import ConfigurationError

PAPER = Grid(1, 4, 240)


def test_every_so_many_bars_is_a_number_of_regularizers():
    assert search_spaces.regularizer_count({"every": 2}, PAPER) == 30
    assert search_spaces.regularizer_count({"every": 60}, PAPER) == 1
    assert search_spaces.regularizer_count(12, PAPER) == 12


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"every": 3},
            (
                "regularizers every 3 bars does not divide the 4 bars of a snippet "
                "(allowed: every 1, 2, 4)"
            ),
        ),
        ({"every": 0}, "regularizers every 0 bars does not divide the 4 bars"),
        ({"every": 2.0}, "regularizers every 2.0 bars does not divide the 4 bars"),
        (3, "regularizers 3 does not divide the 4 bars of a snippet (allowed: 1, 2, 4)"),
        (True, "regularizers True: a number, or 'every: K' bars"),
        ("2", "regularizers '2': a number, or 'every: K' bars"),
        (2.0, "regularizers 2.0: a number, or 'every: K' bars"),
        ({"each": 2}, "regularizers {'each': 2}: a number, or 'every: K' bars"),
        ({"every": 2, "of": 4}, "regularizers {'every': 2, 'of': 4}: a number, or 'every: K' bars"),
    ],
)
def test_regularizers_that_do_not_divide_the_bars_are_refused(value, said):
    with pytest.raises(ConfigurationError) as raised:
        search_spaces.settle_value("regularizers", value, Grid(1, 4, 16))
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden", 64), ("free_bits", 0.1), ("annealing", "linear"), ("output_bias", False)],
)
def test_a_number_a_word_and_a_switch_are_values_as_they_are(name, value):
    assert search_spaces.settle_value(name, value, PAPER) is value


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hidden", True, "hidden True: a number or a word"),
        ("annealing", False, "annealing False: a number or a word"),
        ("hidden", [64], "hidden [64]: a number, a word, or true or false"),
        ("output_bias", None, "output_bias None: a number, a word, or true or false"),
        ("latent_length", {"every": 2}, "latent_length {'every': 2}: a number, a word, or true"),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused(name, value, said):
    with pytest.raises(ConfigurationError) as raised:
        search_spaces.settle_value(name, value, PAPER)
    assert str(raised.value).startswith(said)
