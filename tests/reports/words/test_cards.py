"""The words of a card: each line by the numbers that it says."""

from types import SimpleNamespace

import pytest

from reports.answers.card import decision_card
from reports.answers.choice import choose
from reports.answers.stages import Change, Stages
from reports.answers.summaries import summaries
from reports.answers.transfer import TransferRegret, TransferStatus
from reports.stats.improvement import Improvement
from reports.stats.separation import separation
from reports.stats.ties import TieSet
from reports.words.cards import (
    _more,
    _seeds,
    _separation,
    _stages,
    _test,
    change_text,
    in_short,
    sections,
    tie_line,
    trainings_text,
    transfer_text,
)
from reports.words.rivals import better_text, collapsed_text
from tests.reports.seedmeans import mean


def ties(members, worse=(), *, n=10, smallest=1 / 512, exact=True, pooled=False):
    return TieSet(tuple(members), tuple(worse), {}, n, smallest, exact, pooled)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ties("a"),
            "the only configuration to choose from, so there is nothing to compare it with",
        ),
        (
            ties("a", smallest=1.0),
            "the only configuration to choose from, so there is nothing to compare it with",
        ),
        (
            ties("ab", n=5, smallest=1 / 16),
            "undecided: too few seeds (5); the smallest possible p is 0.062, above 0.05",
        ),
        (
            ties("a", "bc"),
            "1 of 3 configurations: each of the others is distinguishably worse than another",
        ),
        (ties("ab", "c"), "2 of 3 configurations cannot be told from the best"),
        (ties("ab"), "2 of 2 configurations cannot be told from the best"),
    ],
)
def test_a_tie_set_is_said_by_how_many_are_in_it(found, said):
    assert tie_line(found) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ties("ab"),
            "max-T over all pairs, 10 seeds, every sign pattern: smallest possible p 0.002",
        ),
        (
            ties("ab", exact=False),
            "max-T over all pairs, 10 seeds, drawn sign patterns: smallest possible p 0.002",
        ),
    ],
)
def test_the_test_is_named_with_what_it_can_tell(found, said):
    assert _test(found) == said


def test_a_pooled_test_says_what_it_takes_for_granted():
    said = _test(ties("ab", n=1, pooled=True))
    assert said.startswith("Tukey's range over 1 seed, too few to flip signs: it takes the noise")


def test_the_number_of_trainings_is_said_with_the_collapse_rate():
    card = SimpleNamespace(trainings=1.0526, collapse_rate=(0.0, 0.217))
    assert trainings_text(card) == (
        "about 1.05 trainings until one works (collapse rate 0% to 22%)"
    )
    card = SimpleNamespace(trainings=None, collapse_rate=(0.78, 1.0))
    assert trainings_text(card) == (
        "no seed worked, so that the number of trainings has no estimate "
        "(collapse rate 78% to 100%)"
    )


def test_how_many_more_there_are_is_said_where_there_are_any():
    assert [[line.text for line in _more(n)] for n in (-1, 0, 1, 1000)] == [
        [],
        [],
        ["1 more"],
        ["1,000 more"],
    ]


def test_a_change_has_a_sign_and_its_interval():
    assert change_text(Change(2.0, (-6.67, 10.67))) == "+2.00 [-6.67, 10.67]"
    assert change_text(Change(-1234.5, None)) == "-1,234.50 (one seed tells of no spread)"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0], "difference 1.00 nats: one seed tells of no spread"),
        ([1.0, 1.0], "difference 1.00 [1.00, 1.00] nats: 4 more seeds (6 in all)"),
        ([1.0] * 5, "difference 1.00 [1.00, 1.00] nats: 1 more seed (6 in all)"),
        ([1.0, -1.0], "difference 0.00 [-12.71, 12.71] nats: more than 10,000 seeds"),
    ],
)
def test_seeds_to_separate_are_said_as_more_and_in_all(values, said):
    assert _separation(separation("b", mean(*values), 1)) == said


@pytest.mark.parametrize(
    ("config_id", "regret", "same", "collapsed", "status", "said"),
    [
        (None, None, False, False, "no_choice", "no configuration is recommended there yet"),
        ("c", mean(0.0), True, False, "same", "the same configuration"),
        ("c", None, True, False, "same", "the same configuration"),
        ("c", None, False, False, "not_measured", "c: not measured here on all seeds"),
        ("c", mean(2.0), False, False, "measured", "c: 2.00 nats"),
        (
            "c",
            mean(-2.0),
            False,
            True,
            "measured",
            "c: -2.00 nats; it collapsed here on more than one seed in five",
        ),
    ],
)
def test_a_transfer_says_its_cost_or_why_it_is_not_known(
    config_id, regret, same, collapsed, status, said
):
    one = TransferRegret("jazz", "rock", config_id, regret, same, collapsed)
    assert one.status is TransferStatus(status)
    assert transfer_text(one) == said


def test_seeds_won_are_counted_and_ties_named():
    assert better_text(Improvement(1.0, (0.7, 1.0), 10, 0, 10)) == "10 of 10 seeds"
    assert better_text(Improvement(0.5, (0.0, 1.0), 0, 1, 1)) == "0 of 1 seed and 1 tied"


def lines(study, aim=None):
    tables = study.tables()
    card = decision_card(tables, choose(tables, "jazz", aim))
    return {one.id: {line.label: line.text for line in one.lines} for one in sections(card)}


@pytest.fixture
def study(make_study, make_config):
    """Two finalists ten nats apart: each searched on two seeds and confirmed on ten."""
    found = make_study()
    for latent, bce in ((8, 500.0), (16, 510.0)):
        found.add(make_config(latent), [bce - 2] * 2, phase="search")
        found.add(make_config(latent), [bce - 1, bce + 1] * 5, mi=(2.0, 3.0))
    return found


def test_the_stages_are_said_finalist_by_finalist_and_then_together(study, make_config):
    said = lines(study)["stages"]
    first = make_config(8).config_id
    # NLL is two above BCE
    assert said[first] == (
        "search 500.0 (2 seeds), confirmation 502.0 (10 seeds): change +2.00 [1.25, 2.75]"
    )
    assert said["Mean change"] == "+2.00 [1.25, 2.75]"
    assert said["Bias of the pick"].startswith("taking the lowest of 2 means flatters it by about ")


@pytest.mark.parametrize(("metric", "best"), [("mi_lower", "highest"), ("bce", "lowest")])
def test_a_pick_is_the_best_by_its_metric(metric, best):
    pool = SimpleNamespace(pool=("a", "b", "c"))
    card = SimpleNamespace(stages=Stages((), None, 0.5), metric=metric, choice=pool)
    (line,) = _stages(card).lines
    assert line.text == (
        f"taking the {best} of 3 means flatters it by about 0.50 nats (bootstrap over seeds)"
    )


def test_a_single_finalist_has_no_mean_change(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2, phase="search")
    study.add(make_config(8), [500.0] * 2)
    assert list(lines(study)["stages"]) == [make_config(8).config_id]


def test_the_cost_is_said_by_stage_where_there_are_several_and_of_failures(study, make_config):
    said = lines(study)["cost"]
    assert said == {
        "In all": "24 seed runs, 0.24 CPU-hours",
        "Search": "4 seed runs, 0.04 CPU-hours",
        "Confirmation": "20 seed runs, 0.20 CPU-hours",
    }
    study.add(make_config(32), [], failed=1, phase="methods", method="musebar")
    said = lines(study)["cost"]
    assert said["The paper's methods"] == "1 seed run, 0.01 CPU-hours"
    assert said["In runs that failed"] == "0.01 CPU-hours"


def test_of_one_stage_only_the_whole_cost_is_said(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    assert lines(study)["cost"] == {"In all": "2 seed runs, 0.02 CPU-hours"}


def test_the_spread_is_shared_among_configuration_seed_and_the_rest(make_study, make_config):
    study = make_study()
    for latent, bce in ((8, 500.0), (16, 520.0)):
        study.add(make_config(latent), [bce + at for at in range(10)])
    # variances: of two means 20 apart 200, of ten seeds a nat apart 55 / 6
    share = 200 / (200 + 55 / 6)
    assert lines(study)["size"]["Variance"] == (
        f"configuration {share:.0%}, seed {1 - share:.0%}, the rest 0% "
        "(over 2 configurations and 10 seeds)"
    )


def test_as_many_more_seeds_are_needed_as_the_closest_tie_needs(make_study, make_config):
    study = make_study()
    noise = [[0.3, -0.3] * 5, [-0.2, -0.1, 0.3] * 3 + [0.0], [0.1, 0.2, -0.3] * 3 + [0.0]]
    for latent, row, above in zip((8, 16, 32), noise, (0.0, 0.1, 0.2), strict=True):
        study.add(make_config(latent), [500.0 + above + e for e in row])
    tables = study.tables()
    card = decision_card(tables, choose(tables, "jazz"))
    first, second = card.separations
    assert first.more != second.more
    said = lines(study)["seeds"]
    assert said["To separate all"] == f"{max(first.more, second.more):,} more seeds"


def test_a_card_in_short_names_the_default_what_differs_and_the_cost(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16, 1), [510.0] * 10, collapsed=3, method="musebar_bow", phase="methods")

    def short():
        tables = study.tables()
        return in_short(decision_card(tables, choose(tables, "jazz")))

    ties, default, differ, cost = short()
    assert ties.startswith("Tie set: 1 of 2 configurations: ")
    assert default == (
        "Better in NLL than MuseBar-BOW, the paper's default, on 10 of 10 seeds; MuseBar-BOW "
        "collapsed on 3 of 10 seeds."
    )
    assert differ == "The two differ in latent length."
    assert cost == "It rests on 20 seed runs, 0.20 CPU-hours."
    study.rows = study.rows[:10]
    study.add(make_config(16, 8), [510.0] * 10, method="musebar_bow", phase="methods")
    _, default, differ, _ = short()
    assert default.endswith("on 10 of 10 seeds.")
    assert differ == (
        "The two differ in latent length and regularizers; the difference is that of all together."
    )
    study.rows = study.rows[:10]
    assert short()[1] == "No comparison with the paper's default: MuseBar-BOW is not measured."


@pytest.mark.parametrize(
    ("collapsed", "said"), [(2, ""), (3, "; L 8 · r 1 · constant collapsed on 3 of 10 seeds")]
)
def test_a_rival_collapsed_where_more_than_one_seed_in_five_did(
    make_study, make_config, collapsed, said
):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, collapsed=collapsed)
    (row,) = summaries(study.tables(), "jazz")
    assert collapsed_text(row) == said


def test_a_rival_is_held_against_the_choice_by_wins_difference_and_p(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16), [510.0] * 9 + [490.0], phase="methods", method="musebar")
    said = lines(study)["improvement"]["Over the runner-up"]
    assert said.startswith("probability of improvement 90% [55%, 100%] (9 of 10 seeds); ")
    # of 1,024 sign patterns those at least as far from nothing: of one seed flipped at most
    assert "difference -8.00 [-12.52, -3.48] nats, p 0.021 (smallest possible 0.002)" in said
    assert said.endswith(f"against {make_config(16).config_id}, MuseBar (L 16 · r 1 · constant)")


@pytest.mark.parametrize(
    ("totals", "said"),
    [((12, 40), "30 more seeds"), ((12, None), None), ((None, None), None), ((12,), None)],
)
def test_all_are_separated_only_where_each_can_be(totals, said):
    found = [
        SimpleNamespace(
            config_id=str(at),
            difference=mean(1.0, 2.0),
            total=total,
            more=None if total is None else total - 10,
        )
        for at, total in enumerate(totals)
    ]
    lines = _seeds(SimpleNamespace(separations=found)).lines
    assert {line.label: line.text for line in lines}.get("To separate all") == said
    assert [line.label for line in lines][: len(totals)] == [one.config_id for one in found]
