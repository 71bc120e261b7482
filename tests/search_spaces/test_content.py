"""What a file of a space may hold, and what is said of one that holds something else."""

from __future__ import annotations

import pytest

import search_spaces
from musebar_core.config import Grid
from musebar_core.errors import UsageError
from search_spaces import read_space

PAPER = Grid(1, 4, 240)
A_LIST = "values must be a list of words and numbers, 1 to 1,000"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {latent_length: {values: []}}", f": parameter 'latent_length': {A_LIST}"),
        ("parameters: {latent_length: {values: 3}}", f": parameter 'latent_length': {A_LIST}"),
        ("parameters: {hidden: {values: [null]}}", f": parameter 'hidden': {A_LIST}"),
        ("parameters: {hidden: {values: [1, [2]]}}", f": parameter 'hidden': {A_LIST}"),
        ("parameters: {regularizers: {values: divisors}}", f": parameter 'regularizers': {A_LIST}"),
        ("parameters: {regularizers: {values: [{each: 2}]}}", f"'regularizers': {A_LIST}"),
        ("parameters: {latent_length: 3}", ": parameter 'latent_length' needs 'values'"),
        ("parameters: {hidden: {ordered: true}}", ": parameter 'hidden' needs 'values'"),
        ("parameters: {hidden: {values: {low: 1}}}", ": parameter 'hidden': range 'high': is miss"),
        ("parameters: {hidden: 3, layers: {values: []}}", ": parameter 'hidden' needs 'values'"),
        ("parameters: 3", ": parameters: input should be a valid dictionary"),
        ("nothing: 1", ": needs 'parameters' or 'configurations'"),
        ("{about: 3, parameters: {}}", ": about: input should be a valid string"),
        (
            "parameters: {hidden: {values: [1], ordered: yes}}",
            ": parameters.hidden.ordered: input should be a valid boolean",
        ),
        (
            "parameters: {hidden: {values: [1], when: {layers: 1}}}",
            ": parameters.hidden.when: input should be a valid list",
        ),
        (
            "configurations: {plain: {hidden: [1]}}",
            ": configurations.plain.hidden: input should be a valid",
        ),
        (
            "parameters: {}\nparametres: {}",
            "key 'parametres': did you mean 'parameters'? (known here: about, parameters, config",
        ),
        (
            "parameters: {hidden: {values: [1], ordred: true}}",
            ".hidden: unknown key 'ordred': did you mean 'ordered'? (known here: values, ordered, ",
        ),
        ("a: [", "not valid YAML"),
        ("- 1", "not a mapping"),
    ],
)
def test_a_file_that_is_no_space_is_refused_with_the_reason(tmp_path, text, said):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_space(str(file))
    assert f"search space {file}" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {latent_lenght: {values: [1]}}", "'latent_lenght': did you mean 'latent_l"),
        ("parameters: {hidden: {values: [1], when: {anealing: [x]}}}", "did you mean 'annealing'"),
        ("configurations: {plain: {hiden: 1}}", "unknown parameter 'hiden': did you mean 'hidden'"),
        ("configurations: {plain: {hidden: true}}", "hidden True: a number or a word"),
        ("parameters: {hidden: {values: [1, false]}}", "hidden False: a number or a word"),
        ("parameters: {regularizers: {values: [{every: 7}]}}", "every 7 bars does not divide"),
        ("configurations: {plain: {regularizers: {every: 7}}}", "every 7 bars does not divide"),
    ],
)
def test_a_space_of_what_no_run_could_be_made_with_is_refused(tmp_path, text, said):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        search_spaces.load_space(str(file), PAPER)


def test_a_space_that_a_study_kept_is_named_in_what_is_said_of_it():
    with pytest.raises(UsageError, match="search space 'kept': needs 'parameters'"):
        search_spaces.make_space("kept", {}, PAPER)


def test_a_space_that_a_study_kept_may_hold_a_key_of_before():
    content = {"parameters": {"hidden": {"values": [1], "of_before": 3}}, "of_before": 3}
    (parameter,) = search_spaces.make_space("kept", content, PAPER).parameters
    assert parameter.values == (1,)


def test_a_thousand_values_are_the_most_of_a_list():
    def values(n):
        content = {"parameters": {"hidden": {"values": list(range(1, n + 1))}}}
        return search_spaces.make_space("own", content, PAPER).parameters[0].values

    assert len(values(1000)) == 1000
    with pytest.raises(UsageError, match=A_LIST):
        values(1001)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("output_bias", (True, False)),
        ("batch", ("per_group", 16)),
        ("free_bits", (0, 0.5)),
        ("batch", ("16", "1.5")),
    ],
)
def test_values_keep_the_type_that_the_file_gives_them(name, values):
    content = {"parameters": {name: {"values": list(values)}}}
    (parameter,) = search_spaces.make_space("own", content, PAPER).parameters
    assert parameter.values == values
    assert list(map(type, parameter.values)) == list(map(type, values))


def test_a_parameter_has_no_order_and_no_condition_unless_the_file_says_so():
    content = {"parameters": {"hidden": {"values": [2, 1]}}}
    (parameter,) = search_spaces.make_space("own", content, PAPER).parameters
    assert parameter == search_spaces.Parameter("hidden", (2, 1), ordered=False, when=())


def test_a_list_and_a_range_have_the_order_and_the_conditions_of_the_file():
    when = {"layers": [2, 3], "decay": ["cosine"]}
    for values in ([1, 2, 3], {"low": 1, "high": 3}):
        content = {"parameters": {"hidden": {"values": values, "ordered": True, "when": when}}}
        (parameter,) = search_spaces.make_space("own", content, PAPER).parameters
        assert parameter == search_spaces.Parameter(
            "hidden", (1, 2, 3), ordered=True, when=(("layers", (2, 3)), ("decay", ("cosine",)))
        )


def test_regularizers_every_so_many_bars_are_their_number():
    content = {"parameters": {"regularizers": {"values": [1, {"every": 4}, {"every": 1}]}}}
    (parameter,) = search_spaces.make_space("own", content, PAPER).parameters
    assert parameter.values == (1, 15, 60)
