import math
from dataclasses import replace

import pytest

from musebar_core.annealing import Schedule
from reports.answers.arms import (
    ArmRuns,
    Arms,
    _differs_in_weight,
    arms_of,
    control,
    line_through,
)
from reports.answers.claims import STATED, Answer, Claim, Measure, Open
from reports.answers.methods import Method
from reports.answers.verdicts import judge, nll_margin, verdicts
from reports.words.verdicts import control_sentence, paper_sentence, verdict_line
from study.spec import specfile

NOISE = (0.1, -0.2, 0.3, -0.1, 0.2, -0.3, 0.15, 0.05, -0.05, 0.0)
SIGN = {Measure.MI: -1, Measure.KL: -1, Measure.BCE: 1, Measure.NLL: 1}
EMPTY = {Measure.MI: 0.0, Measure.KL: 0.1, Measure.BCE: 110.0, Measure.NLL: 110.0}


def runs(level, n=10, collapsed=0, trained=None, shift=0):
    """Seeds of one arm in one genre: MI and KL ``level`` up, BCE and NLL as much down."""
    found = {}
    for seed in range(n if trained is None else trained):
        noise = NOISE[(seed + 3 * shift) % 10] / 10 + seed / 100
        figures = {
            Measure.MI: 2 + level + noise,
            Measure.KL: 3 + level - noise,
            Measure.BCE: 100 - level + noise,
            Measure.NLL: 102 - level - noise,
        }
        empty = seed < collapsed
        found[1000 + seed] = (EMPTY if empty else figures) | {Measure.COLLAPSED: float(empty)}
    return ArmRuns(n, found)


def arms(levels, genres=("jazz",), weights=(), **more):
    """Four methods of these levels, and plain VAEs of weight 1 and of ``weights``."""
    made = {
        name: {genre: runs(level, shift=i, **more) for genre in genres}
        for i, (name, level) in enumerate(zip(Method, levels, strict=True))
    }
    plain = {1.0: made[Method.LSTM_VAE]}
    for i, (weight, level) in enumerate(weights):
        plain[weight] = {genre: runs(level, shift=i + 5, **more) for genre in genres}
    return Arms(genres, genres, made, plain)


def by_name(found):
    return {(one.claim, one.measure): one for one in found}


def answers(found, measure=Measure.MI):
    return [one.answer for one in found if one.measure is measure and one.claim != "control"]


def changed(made, method, **more):
    """The arms with the runs of a method replaced."""
    other = {genre: runs(**more) for genre in made.genres}
    return replace(made, methods={**made.methods, method: other})


def test_planted_differences_hold_in_every_measure_but_collapse():
    found = judge(arms((0, 1, 2, 3)), 10)
    assert len(found) == len(STATED) == 28
    for one in found:
        if one.claim is Claim.CONTROL:
            assert (one.answer, one.reason) == (Answer.NOT_TESTED, Open.NOT_MEASURED)
        elif one.measure is Measure.COLLAPSED:
            assert (one.answer, one.reason) == (Answer.UNDECIDED, Open.NO_DIFFERENCE)
        else:
            assert one.answer is Answer.HOLDS
    effect = by_name(found)[Claim.BOTH_OVER_ANNEALING, Measure.BCE].effect
    assert effect.mean == pytest.approx(-2.0)


def test_the_other_way_round_does_not_hold():
    found = judge(arms((3, 2, 1, 0)), 10)
    for measure in SIGN:
        assert set(answers(found, measure)) == {Answer.DOES_NOT}


def test_no_difference_is_undecided_and_never_a_no():
    found = judge(arms((0, 0, 0, 0)), 10)
    for measure in (Measure.MI, Measure.KL, Measure.BCE):
        assert set(answers(found, measure)) == {Answer.UNDECIDED}
    one = by_name(found)[Claim.BOTH, Measure.MI]
    assert verdict_line(one).startswith("undecided: no significant difference; MI -0.00 [")


def nll_study(shift):
    """Arms alike but in NLL: VAE-BOW and MuseBar lie 1 above and below in turn, and ``shift``."""
    made = arms((0, 0, 0, 0))
    for method in Method:
        moved = method in {Method.VAE_BOW, Method.MUSEBAR}
        for seed, run in made.methods[method]["jazz"].trained.items():
            run[Measure.NLL] = 100 + moved * (shift + (1 if seed % 2 else -1))
    return made


def test_the_margin_of_nll_is_what_another_seed_changes_in_a_single_run():
    # of the five comparisons four have differences of 1 and -1 in turn: sd sqrt(10 / 9)
    assert nll_margin(nll_study(0)) == pytest.approx(math.sqrt(10 / 9))
    assert nll_margin(nll_study(7)) == pytest.approx(math.sqrt(10 / 9))
    assert nll_margin(Arms(("jazz",), ("jazz",), {}, {})) is None


@pytest.mark.parametrize(
    ("shift", "answer"),
    [
        (-1.0, Answer.HOLDS),
        (-0.5, Answer.HOLDS),
        (1.0, Answer.UNDECIDED),
        (2.6, Answer.DOES_NOT),
        (9.0, Answer.DOES_NOT),
    ],
)
def test_nll_is_no_worse_where_it_is_surely_within_the_margin(shift, answer):
    one = by_name(judge(nll_study(shift), 10))[Claim.ANNEALING, Measure.NLL]
    assert one.answer is answer
    assert one.effect.mean == pytest.approx(shift)
    assert f"NLL {shift:+.2f} [" in verdict_line(one)
    assert "nats, margin 1.05, 10 seeds" in verdict_line(one)


def test_p_values_are_exact_and_adjusted_over_the_family():
    for one in judge(arms((0, 1, 2, 3)), 10):
        if one.answer is Answer.HOLDS:
            assert one.p == one.adjusted == one.smallest == 2 / 1024


def test_too_few_seeds_are_said():
    for one in judge(arms((0, 1, 2, 3), n=3), 3):
        if one.claim is not Claim.CONTROL:
            assert (one.answer, one.reason) == (Answer.UNDECIDED, Open.TOO_FEW_SEEDS)
            assert one.p is None


def test_a_claim_is_tested_only_where_eight_of_ten_seeds_of_each_arm_are_trained():
    for trained, tested in ((8, True), (7, False)):
        made = changed(arms((0, 1, 2, 3)), Method.VAE_BOW, level=1, trained=trained)
        found = by_name(judge(made, 10))
        one = found[Claim.ANNEALING, Measure.MI]
        assert (one.answer is Answer.HOLDS) is tested
        assert found[Claim.BARWISE, Measure.MI].answer is Answer.HOLDS
        if not tested:
            assert (one.answer, one.reason) == (Answer.NOT_TESTED, Open.UNDERTRAINED)
            assert verdict_line(one).startswith(
                "not tested: undertrained (VAE-BOW, jazz: 7 of 10 seeds trained)"
            )


def test_seeds_that_are_not_trained_are_left_out_of_the_test():
    made = changed(arms((0, 1, 2, 3)), Method.VAE_BOW, level=1, trained=8)
    one = by_name(judge(made, 10))[Claim.ANNEALING, Measure.MI]
    assert (one.n_seeds, one.p) == (8, 2 / 256)


def test_seeds_that_failed_are_not_called_undertrained():
    one = by_name(judge(arms((0, 1, 2, 3), n=7), 10))[Claim.BOTH, Measure.BCE]
    assert (one.answer, one.reason) == (Answer.NOT_TESTED, Open.SEEDS_MISSING)


def test_one_genre_without_training_keeps_the_mean_over_genres_from_being_tested():
    made = arms((0, 1, 2, 3), genres=("jazz", "rock"))
    made.methods[Method.MUSEBAR]["rock"] = runs(2, trained=2)
    found = by_name(judge(made, 10))
    assert found[Claim.BARWISE, Measure.MI].reason is Open.UNDERTRAINED
    assert found[Claim.BARWISE, Measure.MI].lacking[0].genre == "rock"
    assert found[Claim.ANNEALING, Measure.MI].answer is Answer.HOLDS


def test_genres_are_judged_together_on_their_mean_seed_by_seed():
    made = arms((0, 1, 2, 3), genres=("jazz", "rock"))
    made.methods[Method.VAE_BOW]["rock"] = runs(3, shift=1)
    one = by_name(judge(made, 10))[Claim.ANNEALING, Measure.MI]
    assert one.effect.mean == pytest.approx(2.0)
    assert {genre: round(mean.mean, 9) for genre, mean in one.by_genre.items()} == {
        "jazz": 1.0,
        "rock": 3.0,
    }


def test_collapsed_runs_are_counted_over_seeds_and_genres():
    made = changed(arms((0, 1, 2, 3)), Method.LSTM_VAE, level=0, collapsed=9)
    one = by_name(judge(made, 10))[Claim.BARWISE, Measure.COLLAPSED]
    assert (one.answer, one.effect.mean) == (Answer.HOLDS, -0.9)
    assert (one.collapsed.better, one.collapsed.rival, one.collapsed.n_runs) == (0, 9, 10)
    assert one.p == 2 * 2 / 1024  # nine seeds that differ, one that does not
    assert "0 against 9 of 10 runs collapsed, 10 seeds" in verdict_line(one)
    worse = changed(arms((0, 1, 2, 3)), Method.MUSEBAR, level=0, collapsed=9)
    found = by_name(judge(worse, 10))
    assert found[Claim.BARWISE, Measure.COLLAPSED].answer is Answer.DOES_NOT


def test_a_difference_that_one_more_collapse_would_undo_is_undecided():
    # both have 0.1 nats more on every seed; VAE-BOW shows what a collapsed seed costs: two nats
    made = changed(arms((0, 0, 0, 0.1)), Method.VAE_BOW, level=0, collapsed=1)
    found = by_name(judge(made, 10))
    one = found[Claim.BOTH, Measure.MI]
    assert (one.answer, one.reason) == (Answer.UNDECIDED, Open.ONE_MORE_COLLAPSE)
    assert one.p == 2 / 1024
    assert one.adjusted > 0.05
    # where the rival's seeds all collapsed, one more collapse only makes a seed alike
    made = changed(arms((0, 3, 3, 3)), Method.LSTM_VAE, level=0, collapsed=10)
    assert set(answers(judge(made, 10))[:3]) == {Answer.HOLDS}


def test_nothing_is_tested_while_runs_are_to_come():
    for one in judge(arms((0, 1, 2, 3), n=8), 10, waiting=True):
        assert one.answer is Answer.NOT_TESTED
        assert one.claim is Claim.CONTROL or one.reason is Open.WAITING
    text = verdict_line(
        by_name(judge(arms((0, 1, 2, 3), n=8), 10, waiting=True))[Claim.BOTH, Measure.MI]
    )
    assert "8 of 10 seeds so far" in text


def test_a_method_that_was_not_measured_is_named():
    made = arms((0, 1, 2, 3))
    del made.methods[Method.VAE_BOW]
    found = by_name(judge(made, 10))
    assert found[Claim.ANNEALING, Measure.MI].missing == (Method.VAE_BOW,)
    line = verdict_line(found[Claim.ANNEALING, Measure.MI])
    assert line == "not tested: not measured: VAE-BOW"
    assert found[Claim.BARWISE, Measure.MI].answer is Answer.HOLDS


def test_the_line_between_two_weights_is_drawn_where_they_have_the_kl_between_them():
    first = {Measure.KL: 1.0, Measure.MI: 0.5, Measure.BCE: 100.0, Measure.COLLAPSED: 1.0}
    second = {Measure.KL: 2.0, Measure.MI: 1.5, Measure.BCE: 98.0, Measure.COLLAPSED: 0.0}
    line = line_through(first, second, 1.25)
    assert line.share == 0.25
    assert line.slopes == {Measure.KL: 1.0, Measure.MI: 1.0, Measure.BCE: -2.0}
    assert line_through(second, first, 1.25).share == 0.75
    assert line_through(first, second, 2.0).share == 1.0
    assert line_through(first, second, 0.9) is None
    assert line_through(first, second, 2.1) is None
    assert line_through(first, {}, 1.5) is None


def test_the_control_has_musebars_own_kl_and_only_where_two_weights_have_it_between_them():
    made = arms((0, 1, 1, 3), weights=((0.5, 2.0),))
    musebar = made.methods[Method.MUSEBAR]
    read = control(musebar, made.weights.values(), ("jazz",))["jazz"].trained
    for seed, figures in read.items():
        assert figures[Measure.KL] == pytest.approx(musebar["jazz"].trained[seed][Measure.KL])
    assert len(read) == 10
    below = arms((0, 1, 5, 3), weights=((0.5, 2.0),))
    assert control(below.methods[Method.MUSEBAR], below.weights.values(), ("jazz",)) == {}
    found = by_name(judge(below, 10))
    assert found[Claim.CONTROL, Measure.MI].reason is Open.OUT_OF_RANGE
    said = control_sentence(found.values())
    assert "not tested: its mean KL lies between that of no two KL weights" in said


def test_a_seed_whose_kl_lies_outside_is_held_against_the_line_all_the_same():
    def arm(kls, information):
        runs = [{Measure.KL: kl, Measure.MI: information} for kl in kls]
        return {"jazz": ArmRuns(3, dict(enumerate(runs)))}

    weights = (arm((1.0, 1.0, 1.0), 0.0), arm((3.0, 3.0, 3.0), 2.0))
    # a mean KL of 2, halfway, where MI is 1; a nat of KL is worth one of MI along the line
    read = control(arm((2.0, 0.0, 4.0), 5.0), weights, ("jazz",))["jazz"].trained
    assert [run[Measure.MI] for run in read.values()] == [1.0, -1.0, 3.0]


def test_bar_wise_is_told_from_a_kl_weight_of_the_same_kl():
    # MI rises by one nat a nat of KL along the weights; MuseBar has its KL at another MI
    for more, answer in ((0.5, Answer.HOLDS), (-0.5, Answer.DOES_NOT), (0.0, Answer.UNDECIDED)):
        made = arms((0, 1, 1, 3), weights=((0.75, 0.5), (0.5, 2.0)))
        for run in made.methods[Method.MUSEBAR]["jazz"].trained.values():
            run[Measure.MI] += more
        found = by_name(judge(made, 10))
        one = found[Claim.CONTROL, Measure.MI]
        assert one.answer is answer
        assert one.effect.mean == pytest.approx(more, abs=0.02)
        said = control_sentence(found.values())
        assert ("It is more than a KL weight (more information)" in said) is (more > 0)
        assert ("less than a KL weight gives" in said) is (more < 0)


def test_the_papers_answer_is_one_sentence():
    said = paper_sentence(judge(arms((0, 1, 2, 3)), 10))
    assert said.startswith("The paper's claim holds: annealing (+1.00 [")
    assert "both together" in said
    assert paper_sentence(judge(arms((0, 0, 2, 3)), 10)).startswith(
        "The paper's claim holds in part"
    )
    assert paper_sentence(judge(arms((3, 1, 1, 1)), 10)).startswith(
        "The paper's claim does not hold"
    )
    assert paper_sentence(judge(arms((0, 0, 0, 0)), 10)).startswith(
        "The paper's claim is undecided"
    )
    said = paper_sentence(judge(arms((0, 1, 2, 3), trained=0), 10))
    assert said.startswith("The paper's claim is not tested: undertrained (VAE-BOW, jazz: 0 of 10")
    assert "train longer: learning rate 0.01" in said


@pytest.fixture
def claims_study(make_study, make_config):
    """A study of the four methods in two genres and their joint corpus, with one KL weight."""
    study = make_study(genres=("jazz", "rock", "overall"))
    plain = make_config(16)
    configs = (
        plain,
        make_config(16, 1, "linear"),
        make_config(16, 8),
        make_config(16, 8, "linear"),
    )
    for genre in study.genres:
        for i, (name, config) in enumerate(zip(Method, configs, strict=True)):
            bces = [580.0 - 5 * i + NOISE[(s + 3 * i) % 10] + s for s in range(10)]
            mi = (0.6 + i, 0.8 + i)
            study.add(config, bces, phase="methods", genre=genre, method=name, mi=mi, kl=1.0 + i)
        weighted = replace(plain, annealing=Schedule(end=0.5))
        study.add(weighted, [575.0] * 10, genre=genre, mi=(5.0, 6.0), kl=9.0)
    return study


def test_a_studys_tables_are_judged_by_genre_without_the_joint_corpus(claims_study):
    made = arms_of(claims_study.tables())
    assert made.genres == ("jazz", "rock")
    assert made.shown == ("jazz", "rock", "overall")
    assert list(made.weights) == [1.0, 0.5]
    found = by_name(verdicts(claims_study.tables()))
    one = found[Claim.ANNEALING, Measure.BCE]
    assert (one.answer, list(one.by_genre)) == (Answer.HOLDS, ["jazz", "rock", "overall"])
    assert one.effect.mean == pytest.approx(-5.0)
    assert found[Claim.CONTROL, Measure.MI].effect.mean == pytest.approx(2.6 - (0.6 + 4.4 * 2 / 8))


def test_a_run_that_does_not_beat_the_markov_chain_is_not_trained(claims_study):
    claims_study.baselines = {"markov": 579.0, "pitch_frequencies": 907.0}
    made = arms_of(claims_study.tables())
    vanilla = made.methods[Method.LSTM_VAE]["jazz"]
    assert (len(vanilla.trained), vanilla.n_done) == (0, 10)
    found = by_name(verdicts(claims_study.tables()))
    assert found[Claim.BARWISE, Measure.MI].reason is Open.UNDERTRAINED
    assert found[Claim.BOTH_OVER_BARWISE, Measure.MI].answer is Answer.HOLDS


def test_a_running_study_is_not_tested_on_the_way(claims_study):
    claims_study.state = "running"
    claims_study.confirm = 12
    reasons = {one.reason for one in verdicts(claims_study.tables())}
    assert reasons == {Open.WAITING}
    claims_study.state = "finished"
    assert Open.WAITING not in {one.reason for one in verdicts(claims_study.tables())}


def test_a_study_that_asks_no_methods_has_no_verdicts(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [560.0] * 10)
    tables = study.tables()
    grid = specfile.load("paper-latent")
    assert verdicts(replace(tables, spec=grid)) == ()


@pytest.mark.parametrize(
    ("wanted", "trained", "enough"),
    [(10, 8, True), (10, 7, False), (8, 7, True), (8, 6, False), (15, 12, True), (15, 11, False)],
)
def test_four_fifths_of_the_seeds_have_to_be_trained(wanted, trained, enough):
    found = by_name(judge(arms((0, 1, 2, 3), n=wanted, trained=trained), wanted))
    one = found[Claim.BOTH, Measure.MI]
    assert (one.answer is Answer.HOLDS) is enough
    assert (one.reason is Open.UNDERTRAINED) is not enough
    assert [each.n_trained for each in one.lacking] == ([] if enough else [trained] * 2)


@pytest.mark.parametrize(("n", "reason"), [(5, Open.TOO_FEW_SEEDS), (6, None)])
def test_six_seeds_are_the_fewest_that_can_tell(n, reason):
    one = by_name(judge(arms((0, 1, 2, 3), n=n), n))[Claim.BOTH, Measure.MI]
    assert one.reason in {reason, Open.NO_DIFFERENCE}
    assert (one.smallest, one.p) == ((None, None) if n == 5 else (2 / 64, 2 / 64))
    assert (one.reason is Open.TOO_FEW_SEEDS) is (n == 5)


def test_one_seed_an_arm_tells_of_no_margin():
    assert nll_margin(arms((0, 1, 2, 3), n=1)) is None
    assert nll_margin(arms((0, 1, 2, 3), n=2)) is not None


@pytest.mark.parametrize(("due", "waiting"), [(0, False), (1, True)])
def test_a_study_still_running_is_judged_once_all_that_was_planned_has_ended(
    claims_study, due, waiting
):
    claims_study.state = "running"
    claims_study.plan[0]["n_seeds"] += due
    reasons = {one.reason for one in verdicts(claims_study.tables())}
    assert (Open.WAITING in reasons) is waiting


def test_a_stopped_study_whose_methods_lack_a_seed_is_waiting(claims_study):
    claims_study.state = "stopped"
    claims_study.confirm = 11
    assert {one.reason for one in verdicts(claims_study.tables())} == {Open.WAITING}


def test_a_collapse_counts_once_a_genre():
    made = arms((0, 1, 2, 3), genres=("jazz", "rock"))
    made.methods[Method.LSTM_VAE]["rock"] = runs(0, collapsed=4)
    one = by_name(judge(made, 10))[Claim.BARWISE, Measure.COLLAPSED]
    assert (one.collapsed.better, one.collapsed.rival, one.collapsed.n_runs) == (0, 4, 20)
    assert one.effect.mean == pytest.approx(-0.2)  # four of ten in one of two genres


def test_seeds_that_one_arm_lacks_are_in_no_pair():
    made = arms((0, 1, 2, 3))
    del made.methods[Method.VAE_BOW]["jazz"].trained[1004]
    one = by_name(judge(made, 10))[Claim.ANNEALING, Measure.MI]
    assert one.effect.seeds == (1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009)
    assert (one.n_seeds, one.n_wanted) == (9, 10)


def test_a_control_that_no_second_weight_allows_is_not_measured():
    found = by_name(judge(arms((0, 1, 2, 3)), 10))
    one = found[Claim.CONTROL, Measure.MI]
    assert (one.reason, one.effect, one.missing) == (Open.NOT_MEASURED, None, ())


def test_two_weights_of_one_kl_are_met_halfway():
    first = {Measure.KL: 1.0, Measure.MI: 0.5}
    line = line_through(first, {Measure.KL: 1.0, Measure.MI: 1.5}, 1.0)
    assert (line.share, set(line.slopes.values())) == (0.5, {0})


def test_a_control_differs_from_the_vanilla_method_in_its_kl_weight_alone(
    claims_study, make_config
):
    other = replace(make_config(16, 4), annealing=Schedule(end=0.25))
    for genre in claims_study.genres:
        claims_study.add(other, [575.0] * 10, genre=genre)
    assert list(arms_of(claims_study.tables()).weights) == [1.0, 0.5]


def test_a_searched_configuration_is_no_control(claims_study, make_config):
    searched = replace(make_config(16), annealing=Schedule(end=0.25))
    claims_study.add(searched, [575.0] * 10, phase="search")
    assert list(arms_of(claims_study.tables()).weights) == [1.0, 0.5]


def test_a_control_has_a_smaller_weight_and_nothing_else_of_its_own(make_config):
    plain = make_config(16)
    half = replace(plain, annealing=Schedule(end=0.5))
    assert _differs_in_weight(half, plain)
    assert not _differs_in_weight(plain, plain)
    assert not _differs_in_weight(plain, half)
    assert not _differs_in_weight(replace(make_config(8), annealing=Schedule(end=0.5)), plain)


def test_a_run_that_collapsed_on_test_counts_as_collapsed(claims_study):
    for row in claims_study.rows[:2]:
        row["test_collapsed"] = True
    claims_study.rows[2]["validation_collapsed"] = True
    trained = arms_of(claims_study.tables()).methods[Method.LSTM_VAE]["jazz"].trained
    assert [seed for seed, run in trained.items() if run[Measure.COLLAPSED]] == [1000, 1001]
    # figures are of test: a nat more than on validation
    assert trained[1000][Measure.BCE] == 581.0 + NOISE[0]
