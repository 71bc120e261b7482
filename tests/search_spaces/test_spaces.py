from __future__ import annotations

import pytest

import search_spaces
from musebar_core.annealing import Schedule, ScheduleKind
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.errors import ConfigurationError, UnknownNameError
from musebar_core.yamlfile import parse_mapping
from search_spaces import Parameter

PAPER = Grid(1, 4, 240)


def own(text, grid=PAPER):
    """A space of the user's, as YAML."""
    return search_spaces.make_space("own", parse_mapping(text, "space"), grid)


def values(space):
    return {p.name: p.values for p in space.parameters}


@pytest.mark.parametrize("name", search_spaces.space_names())
def test_every_space_that_ships_makes_configurations_at_the_papers_size(name):
    cells = list(search_spaces.load_space(name, PAPER).cells())
    base = Configuration(PAPER, ModelConfig(regularizers=30))
    assert len({search_spaces.apply(base, cell).config_id for cell in cells}) == len(cells)


def test_the_methods_are_the_papers_four():
    space = search_spaces.load_space("methods", PAPER)
    assert [name for name, _ in space.named] == ["lstm_vae", "vae_bow", "musebar", "musebar_bow"]


def test_the_heatmap_is_every_pair_of_the_papers_figure_7():
    assert len(list(search_spaces.load_space("heatmap", PAPER).cells())) == 25


def test_the_papers_regularizers_can_be_replaced_where_they_do_not_divide_the_bars():
    space = search_spaces.load_space("regularizers", Grid(1, 4, 64))
    space = space.restrict({}, {"regularizers": (1, 16)})
    assert list(space.cells()) == [{"regularizers": 1}, {"regularizers": 16}]


def test_choices_have_nothing_to_vary_in_a_space_of_whole_configurations():
    space = search_spaces.load_space("methods", PAPER)
    with pytest.raises(ConfigurationError) as raised:
        space.restrict({}, {"latent_length": (8,)})
    assert str(raised.value) == (
        "the space 'methods' lists whole configurations, so search.choices has nothing to vary "
        "there: use search.fixed, or another space"
    )
    assert space.restrict({"latent_length": 8}, {}) == space


def test_cells_of_whole_configurations_stand_as_they_are_listed():
    space = own("configurations: {b: {hidden: 4}, a: {regularizers: {every: 2}, hidden: 8}}")
    assert list(space.cells()) == [{"hidden": 4}, {"regularizers": 30, "hidden": 8}]
    assert [name for name, _ in space.named] == ["b", "a"]


def test_cells_are_every_combination_the_last_parameter_the_quickest():
    space = own("parameters: {hidden: {values: [1, 2]}, layers: {values: [3, 4]}}")
    assert list(space.cells()) == [
        {"hidden": hidden, "layers": layers} for hidden in (1, 2) for layers in (3, 4)
    ]


def test_a_parameter_exists_beside_all_of_its_conditions():
    parameter = Parameter("hidden", (1, 2), when=(("layers", (1, 2)), ("decay", ("cosine",))))
    assert parameter.applies({"layers": 2, "decay": "cosine"})
    assert not parameter.applies({"layers": 2, "decay": "constant"})
    assert not parameter.applies({"layers": 3, "decay": "cosine"})
    assert not parameter.applies({"layers": 2})


CHAIN = """
parameters:
  decay: {values: [constant, cosine]}
  warm_up: {values: [0.0, 0.1], when: {decay: [cosine]}}
  encoder_steps: {values: [1, 2], when: {warm_up: [0.1]}}
"""


def test_a_condition_may_refer_to_a_parameter_that_has_one_itself():
    assert list(own(CHAIN).cells()) == [
        {"decay": "constant"},
        {"decay": "cosine", "warm_up": 0.0},
        {"decay": "cosine", "warm_up": 0.1, "encoder_steps": 1},
        {"decay": "cosine", "warm_up": 0.1, "encoder_steps": 2},
    ]


def test_what_depends_on_what_has_left_the_space_leaves_it_too():
    assert own(CHAIN).restrict({"decay": "constant"}, {}).parameters == ()
    assert values(own(CHAIN).restrict({"warm_up": 0.0}, {})) == {"decay": ("constant", "cosine")}


def test_parameters_that_wait_for_each_other_exist_in_no_cell():
    space = own(
        "parameters:\n"
        "  hidden: {values: [1, 2], when: {layers: [1]}}\n"
        "  layers: {values: [1, 2], when: {hidden: [1]}}\n"
    )
    assert list(space.cells()) == [{}]
    assert space.restrict({}, {}).parameters == ()


def test_a_condition_on_what_does_not_always_exist_stays():
    space = own(CHAIN).restrict({}, {"warm_up": (0.1,)})
    assert list(space.cells()) == [
        {"decay": "constant"},
        {"decay": "cosine", "warm_up": 0.1, "encoder_steps": 1},
        {"decay": "cosine", "warm_up": 0.1, "encoder_steps": 2},
    ]
    assert not own(CHAIN).restrict({"decay": "cosine", "warm_up": 0.1}, {}).conditional


def test_a_condition_that_some_values_meet_stays_and_one_that_all_meet_goes():
    space = search_spaces.load_space("full", PAPER)
    some = space.restrict({}, {"annealing": ("constant", "cyclical")})
    every = space.restrict({}, {"annealing": ("linear", "cosine")})
    kept = {p.name: bool(p.when) for p in some.parameters}
    assert (kept["annealing_length"], kept["annealing_cycles"]) == (True, True)
    assert not every.conditional
    assert "annealing_length" in values(every)
    assert "annealing_cycles" not in values(every)


def test_a_parameter_without_what_its_condition_refers_to_leaves_the_space():
    space = own("parameters: {hidden: {values: [1, 2], when: {layers: [1]}}}")
    assert space.restrict({}, {}).parameters == ()
    assert values(space.restrict({"layers": 1}, {})) == {"hidden": (1, 2)}
    assert values(space.restrict({}, {"layers": (1, 2)})) == {"layers": (1, 2), "hidden": (1, 2)}


@pytest.mark.parametrize(
    ("at", "cell"),
    [
        (0.0, {"hidden": 4, "layers": 1}),
        (0.49, {"hidden": 5, "layers": 1}),
        (0.5, {"hidden": 5, "layers": 2, "decay": "cosine"}),
        (0.67, {"hidden": 6, "layers": 2, "decay": "cosine"}),
        (0.999, {"hidden": 6, "layers": 2, "decay": "cosine"}),
    ],
)
def test_the_values_of_a_parameter_share_its_edge_of_the_unit_cube(at, cell):
    space = own(
        "parameters:\n"
        "  hidden: {values: [4, 5, 6]}\n"
        "  layers: {values: [1, 2]}\n"
        "  decay: {values: [constant, cosine], when: {layers: [2]}}\n"
    )
    assert space.drawn([at] * 3) == cell


def test_a_point_has_an_edge_for_each_parameter():
    with pytest.raises(ValueError, match="zip"):
        search_spaces.load_space("heatmap", PAPER).drawn([0.5])


def test_the_full_space_takes_the_regularizers_that_the_snippet_allows():
    space = search_spaces.load_space("full", Grid(1, 4, 64))
    assert next(p.values for p in space.parameters if p.name == "regularizers") == (1, 2, 4, 8, 16)


def test_the_full_space_tries_every_annealing_schedule():
    space = search_spaces.load_space("full", PAPER)
    assert next(p.values for p in space.parameters if p.name == "annealing") == tuple(ScheduleKind)


def test_cells_hold_a_conditional_parameter_only_where_its_condition_holds():
    for cell in search_spaces.load_space("full", Grid(1, 4, 16)).cells():
        assert ("annealing_cycles" in cell) == (cell["annealing"] == "cyclical")
        assert ("annealing_length" in cell) == (cell["annealing"] != "constant")


def test_a_fixed_value_leaves_the_space_and_decides_the_conditions_on_it():
    space = search_spaces.load_space("full", PAPER).restrict({"annealing": "linear"}, {})
    assert "annealing" not in {p.name for p in space.parameters}
    assert "annealing_cycles" not in {p.name for p in space.parameters}
    assert not space.conditional


def test_choices_replace_a_list_and_add_a_parameter_the_space_lacks():
    space = search_spaces.load_space("latent_length", PAPER)
    space = space.restrict({}, {"latent_length": (4, 8), "learning_rate": (0.001, 0.01)})
    assert [(p.name, p.values) for p in space.parameters] == [
        ("latent_length", (4, 8)),
        ("learning_rate", (0.001, 0.01)),
    ]


def test_choices_keep_the_order_and_the_condition_of_what_they_replace():
    space = search_spaces.load_space("full", PAPER)
    found = space.restrict({}, {"annealing_length": (0.1, 0.9)})
    assert [p for p in found.parameters if p.name != "annealing_length"] == [
        p for p in space.parameters if p.name != "annealing_length"
    ]
    (changed,) = (p for p in found.parameters if p.name == "annealing_length")
    (before,) = (p for p in space.parameters if p.name == "annealing_length")
    assert (changed.values, changed.ordered, changed.when) == ((0.1, 0.9), True, before.when)


def test_what_is_fixed_leaves_the_space_whatever_its_choices_were():
    space = search_spaces.load_space("latent_length", PAPER)
    found = space.restrict(
        {"latent_length": 8, "hidden": 4}, {"latent_length": (4,), "hidden": (1,)}
    )
    assert found.parameters == ()
    assert list(found.cells()) == [{}]


@pytest.mark.parametrize(
    ("name", "values", "ordered"),
    [
        ("hidden", (32, 64), True),
        ("learning_rate", (0.001, 0.01), True),
        ("batch", (16, 32), True),
        ("batch", ("per_group", 16), False),
        ("batch", (16, "per_group"), False),
        ("annealing", ("constant", "linear"), False),
        ("pooling", ("last", "max"), False),
    ],
)
def test_numbers_that_are_added_are_ordered_and_words_are_not(name, values, ordered):
    space = search_spaces.load_space("latent_length", PAPER).restrict({}, {name: values})
    assert space.parameters[-1] == Parameter(name, values, ordered=ordered)


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml"])
def test_a_space_of_the_users_own_is_a_file(tmp_path, name):
    file = tmp_path / name
    file.write_text("about: Mine.\nparameters:\n  hidden: {ordered: true, values: [32, 64]}\n")
    space = search_spaces.load_space(str(file), PAPER)
    assert (space.name, space.about) == ("mine", "Mine.")
    assert space.parameters == (Parameter("hidden", (32, 64), ordered=True),)
    assert list(space.cells()) == [{"hidden": 32}, {"hidden": 64}]


def test_the_spaces_of_the_product_stand_in_the_order_of_their_names():
    names = ["ablation", "claims", "full", "heatmap", "latent_length", "methods", "regularizers"]
    assert search_spaces.space_names() == names


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown search space 'heatmaps': did you mean 'h"):
        search_spaces.load_space("heatmaps", PAPER)
    with pytest.raises(UnknownNameError, match=r"unknown search space '/none/mine\.yaml'"):
        search_spaces.load_space("/none/mine.yaml", PAPER)


def test_a_parameter_comes_after_those_that_its_conditions_refer_to(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "parameters:\n"
        "  free_bits: {values: [0.0, 0.1], when: {input_dropout: [0.0]}}\n"
        "  hidden: {values: [32, 64]}\n"
        "  input_dropout: {values: [0.0, 0.2]}\n"
        "  decay: {values: [0.0, 0.1], when: {latent_length: [8]}}\n"
    )
    space = search_spaces.load_space(str(file), PAPER)
    assert [p.name for p in space.parameters] == ["hidden", "input_dropout", "free_bits", "decay"]
    added = space.restrict({}, {"latent_length": (4, 8)})
    assert [p.name for p in added.parameters][-2:] == ["latent_length", "decay"]


def test_a_schedule_of_another_kind_keeps_the_weight_that_it_ends_at():
    base = Configuration(annealing=Schedule("linear", 0.1, 0.25, end=0.5))
    found = search_spaces.apply(base, {"annealing": "cosine"}).annealing
    assert found == Schedule("cosine", end=0.5)
    assert (found.start, found.length) == (0.0, 0.5)
    assert (
        search_spaces.apply(base, {"annealing": "constant", "annealing_end": 0.75}).annealing.end
        == 0.75
    )


def test_a_schedule_of_the_same_kind_keeps_how_it_runs():
    base = Configuration(annealing=Schedule("linear", 0.1, 0.25))
    for cell in ({"annealing": "linear"}, {"hidden": 8}):
        assert search_spaces.apply(base, cell).annealing == base.annealing
    found = search_spaces.apply(base, {"annealing": "linear", "annealing_length": 0.75})
    assert found.annealing == Schedule("linear", 0.1, 0.75)


def test_only_what_a_cell_names_is_changed():
    base = Configuration(PAPER, ModelConfig(hidden=8), training=TrainingConfig(epochs=5))
    cell = {"latent_length": 4, "learning_rate": 0.5, "annealing": "linear"}
    assert search_spaces.apply(base, cell) == Configuration(
        PAPER,
        ModelConfig(hidden=8, latent_length=4),
        Schedule("linear"),
        TrainingConfig(epochs=5, learning_rate=0.5),
    )


@pytest.mark.parametrize("name", ["epochs", "bars", "seed"])
def test_what_no_space_may_vary_is_refused(name):
    with pytest.raises(UnknownNameError, match=f"unknown parameter '{name}'"):
        search_spaces.apply(Configuration(), {name: 1})
