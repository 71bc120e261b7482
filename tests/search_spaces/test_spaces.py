from __future__ import annotations

import pytest

import search_spaces
from musebar_core.annealing import Schedule, ScheduleKind
from musebar_core.config import Configuration, Grid, ModelConfig
from musebar_core.errors import ConfigurationError, UnknownNameError, UsageError

PAPER = Grid(1, 4, 240)


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
    with pytest.raises(ConfigurationError, match=r"use search\.fixed"):
        search_spaces.load_space("methods", PAPER).restrict({}, {"latent_length": (8,)})


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


def test_every_so_many_bars_is_a_number_of_regularizers():
    assert search_spaces.regularizer_count({"every": 2}, PAPER) == 30
    with pytest.raises(ConfigurationError, match="every 7 bars does not divide the 60 bars"):
        search_spaces.regularizer_count({"every": 7}, PAPER)


def test_a_space_of_the_users_own_is_a_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("parameters:\n  hidden: {ordered: true, values: [32, 64]}\n")
    assert list(search_spaces.load_space(str(file), PAPER).cells()) == [
        {"hidden": 32},
        {"hidden": 64},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parameters: {latent_lenght: {values: [1]}}", "did you mean 'latent_length'"),
        ("parameters: {latent_length: {values: []}}", "must be a list"),
        ("parameters: {latent_length: 3}", "needs 'values'"),
        ("nothing: 1", "needs 'parameters' or 'configurations'"),
        ("parameters: {hidden: {values: [1], ordred: true}}", "did you mean 'ordered'"),
        ("parameters: {hidden: {values: [1], ordered: yes}}", "parameters.hidden.ordered: input"),
        ("parameters: {hidden: {values: [1], when: {anealing: [linear]}}}", "mean 'annealing'"),
        ("parameters: {}\nparametres: {}", "unknown key 'parametres': did you mean 'parameters'"),
        ("configurations: {plain: {hidden: true}}", "hidden True"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_space_is_refused_with_the_reason(tmp_path, text, message):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        search_spaces.load_space(str(file), PAPER)


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'heatmap'"):
        search_spaces.load_space("heatmaps", PAPER)


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
    base = Configuration(annealing=Schedule("linear", 0.0, 0.25, end=0.5))
    found = search_spaces.apply(base, {"annealing": "cosine"}).annealing
    assert (found.length, found.end) == (0.5, 0.5)
    assert (
        search_spaces.apply(base, {"annealing": "constant", "annealing_end": 0.75}).annealing.end
        == 0.75
    )
