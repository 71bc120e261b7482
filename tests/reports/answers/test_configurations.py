"""What changes between configurations, whom each is compared with, and what one change does."""

from dataclasses import replace

import pytest

from reports.answers.configurations import changed, compare, confirmed, forest, rivals
from reports.answers.summaries import summaries
from reports.words.configurations import branch_name, states_text


def rows(study):
    return summaries(study.tables(), "jazz")


def test_a_change_holds_my_value_and_its(make_config):
    (one,) = changed(make_config(8), make_config(16))
    assert (one.name, one.mine, one.its) == ("latent_length", 8, 16)
    assert changed(make_config(8), make_config(8)) == ()


def test_what_follows_from_the_kind_of_a_schedule_is_no_change_of_its_own(make_config):
    linear = make_config(8, 1, "linear")
    longer = replace(linear, annealing=replace(linear.annealing, length=0.25))
    names = [one.name for one in changed(longer, make_config(8))]
    assert names == ["annealing"]
    assert [one.name for one in changed(longer, linear)] == ["annealing_length"]


def test_configurations_are_compared_in_each_metric_that_both_have(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, mi=(3.0, 3.5))
    study.add(make_config(16), [510.0] * 10)
    for row in study.rows[:10]:
        row["validation_nll"] = None
    mine, other = sorted(rows(study), key=lambda row: row.config.model.latent_length)
    found = compare(mine, other)
    assert {one.metric: one.difference.mean for one in found.tests} == {
        "bce": -10.0,
        "kl": 0.0,
        "mi_lower": 1.0,
    }
    assert found.tests[0].test.two_sided == 2 / 1024
    assert (found.mine, found.other) == (mine, other)


def test_what_was_only_searched_or_has_failed_is_not_confirmed(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2, phase="search")
    study.add(make_config(16), [], failed=2)
    study.add(make_config(32), [500.0] * 2, phase="methods", method="musebar")
    study.add(make_config(64), [500.0] * 1)
    lengths = [row.config.model.latent_length for row in confirmed(rows(study), 2)]
    assert sorted(lengths) == [32, 64]


def test_rivals_are_the_default_the_choice_and_the_eight_most_alike(make_study, make_config):
    study = make_study()
    study.add(make_config(16, 8, "cosine"), [500.0], method="musebar_bow", phase="methods")
    for latent in range(30, 42):
        study.add(make_config(latent), [500.0])
    study.add(make_config(99, 4), [500.0])
    every = rows(study)
    of = {row.config.model.latent_length: row for row in every}
    found = rivals(of[30], every, of[99])
    assert found[:2] == (of[16], of[99])
    assert len(found) == 2 + 8
    assert of[30] not in found
    assert {row.config.model.regularizers for row in found[2:]} == {1}
    assert rivals(of[30], every, None)[0] == of[16]
    assert of[99] not in rivals(of[30], every, None)


@pytest.mark.parametrize(("n", "alike"), [(40, 8), (41, 3), (200, 3), (201, 0)])
def test_of_many_configurations_fewer_are_compared(make_study, make_config, n, alike):
    study = make_study()
    study.add(make_config(8), [500.0])
    (row,) = rows(study)
    every = [replace(row, config_id=f"{at:012x}") for at in range(n)]
    assert len(rivals(every[0], every, None)) == alike


@pytest.fixture
def ablation(make_study, make_config):
    """A reference, and five configurations that change one setting of it."""
    study = make_study()
    for config in (
        make_config(16, 4),
        make_config(8, 4),
        make_config(32, 4),
        make_config(16, 1),
        make_config(16, 4, input_dropout=0.5),
        make_config(16, 4, "linear"),
    ):
        study.add(config, [500.0, 501.0])
    return study


def test_a_forest_has_a_branch_for_each_change_in_the_order_of_the_settings(ablation, make_config):
    every = rows(ablation)
    found = forest(every, None)
    assert found.reference.config == make_config(16, 4)
    assert [(one.changed[0].name, one.changed[0].mine) for one in found.branches] == [
        ("latent_length", 32),
        ("latent_length", 8),
        ("regularizers", 1),
        ("annealing", "linear"),
        ("input_dropout", 0.5),
    ]
    assert [branch_name(one) for one in found.branches] == [
        "latent length 32",
        "latent length 8",
        "regularizers 1",
        "linear",
        "input dropout 0.5",
    ]


def test_the_reference_is_the_choice_unless_an_ablation_has_twice_as_many(ablation, make_config):
    every = rows(ablation)
    of = {row.config: row for row in every}
    # 8, 4 differs in one setting from 16, 4 and from 32, 4: two against five
    assert forest(every, of[make_config(8, 4)]).reference.config == make_config(16, 4)
    ablation.add(make_config(64, 4), [500.0])
    ablation.add(make_config(8, 8), [500.0])
    every = rows(ablation)
    of = {row.config: row for row in every}
    # now from 8, 4: 16, 32 and 64 of four bars, and eight bars; from 16, 4 six
    found = forest(every, of[make_config(8, 4)])
    assert found.reference.config == make_config(8, 4)
    assert len(found.branches) == 4


def test_fewer_than_three_branches_are_no_forest(make_study, make_config):
    study = make_study()
    for latent in (8, 16, 32):
        study.add(make_config(latent), [500.0])
    assert forest(rows(study), None) is None
    assert forest((), None) is None
    study.add(make_config(64), [500.0])
    assert len(forest(rows(study), None).branches) == 3


def test_the_states_of_seeds_are_counted(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [700.0, 500.0, 500.0], failed=1, planned=10)
    study.add(make_config(16), [500.0], planned=1)
    said = {row.config.model.latent_length: states_text(row) for row in rows(study)}
    assert said == {
        8: "3 of 10 seeds done, 1 failed, 1 undertrained, collapsed 0 of 2 trained",
        16: "1 of 1 seed done, collapsed 0 of 1",
    }


def test_a_reference_of_exactly_twice_as_many_changes_stands_before_the_choice(
    make_study, make_config
):
    study = make_study()
    for config in (
        make_config(16, 4),
        make_config(8, 4),
        make_config(32, 4),
        make_config(16, 1),
        make_config(16, 4, input_dropout=0.5),
    ):
        study.add(config, [500.0])
    every = rows(study)
    chosen = next(row for row in every if row.config == make_config(8, 4))
    # four differ in one setting from 16, 4; two do from 8, 4
    assert forest(every, chosen).reference.config == make_config(16, 4)


def test_with_a_configuration_that_only_failed_there_is_nothing_to_compare(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0])
    study.add(make_config(16), [], failed=1)
    one, other = rows(study)
    assert compare(one, other).tests == compare(other, one).tests == ()
    assert [each.name for each in compare(one, other).changed] == ["latent_length"]
