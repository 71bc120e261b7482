"""Which settings a label has to say."""

from dataclasses import replace

import pytest

from musebar_core.settings import values
from reports.answers.naming import in_order, own_settings, telling, varied

ALWAYS = ("latent_length", "regularizers", "annealing")


def told(configs, *, searched=False):
    found = telling(configs, searched=searched)
    return [found[config.config_id] for config in configs]


def test_in_a_grid_what_more_than_half_have_is_left_unsaid(make_config):
    strong = [make_config(8 + at, input_dropout=0.5) for at in range(2)]
    off = [make_config(16 + at, input_dropout=0.0) for at in range(2)]
    weak = make_config(32, input_dropout=0.2)
    with_dropout = ("latent_length", "regularizers", "annealing", "input_dropout")
    # two against two: the default, no dropout, is the unsaid one
    assert told([*strong, *off]) == [with_dropout] * 2 + [ALWAYS] * 2
    assert told([*strong, off[0]]) == [ALWAYS, ALWAYS, with_dropout]
    assert told([*strong, off[0], weak]) == [with_dropout, with_dropout, ALWAYS, with_dropout]


def test_in_a_search_the_default_is_left_unsaid(make_config):
    strong = [make_config(8 + at, input_dropout=0.5) for at in range(3)]
    off = make_config(16, input_dropout=0.0)
    said = told([*strong, off], searched=True)
    assert said == [(*ALWAYS, "input_dropout")] * 3 + [ALWAYS]


def test_a_schedules_own_settings_are_said_where_they_vary_within_its_kind(make_config):
    linear = make_config(8, 1, "linear")
    longer = replace(linear, annealing=replace(linear.annealing, length=0.25))
    cosine = make_config(8, 1, "cosine")
    names = told([linear, longer, cosine])
    assert [("annealing_length" in one) for one in names] == [True, True, False]


def test_values_stand_in_order_numbers_before_words():
    assert in_order([16, 4, 8, 4]) == [4, 8, 16]
    assert in_order(["linear", "cosine"]) == ["cosine", "linear"]
    assert in_order(["per_group", 8, 64]) == [8, 64, "per_group"]


def test_what_varied_is_named_beside_what_is_always_said(make_config):
    configs = [make_config(8), make_config(8, input_dropout=0.5)]
    assert varied(configs) == (*ALWAYS, "input_dropout")
    assert varied(configs[:1]) == ALWAYS
    assert varied([]) == ()


@pytest.mark.parametrize(
    ("kinds", "lengths", "names"),
    [
        (("constant", "linear"), (None, None), ("annealing",)),
        (("linear", "linear"), (0.25, 0.75), ("annealing_length",)),
        (("constant", "linear", "linear"), (None, 0.25, 0.75), ("annealing", "annealing_length")),
    ],
)
def test_what_a_kind_alone_decides_is_no_own_setting(make_config, kinds, lengths, names):
    rows = []
    for kind, length in zip(kinds, lengths, strict=True):
        config = make_config(8, 1, kind)
        if length is not None:
            config = replace(config, annealing=replace(config.annealing, length=length))
        rows.append(values(config))
    assert own_settings(rows) == names
    assert own_settings([]) == ()
