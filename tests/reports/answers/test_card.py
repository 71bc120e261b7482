import pytest

from reports.answers import card as cards
from reports.answers.aggregate import aggregate
from reports.answers.card import DefaultStatus, decision_card
from reports.answers.choice import choose
from reports.answers.claims import Measure
from reports.answers.transfer import TransferStatus
from reports.answers.verdicts import verdicts
from reports.figures.card import RECOMMENDED, regret, stages
from reports.figures.verdicts import effects, profiles
from reports.pages.card import card_view
from reports.pages.render import rows_html
from reports.pages.verdicts import verdict_sections
from reports.pages.view import view
from reports.words.cards import sections, transfer_text
from reports.words.labels import p_value
from reports.words.rivals import default_note
from study.statistics.purposes import Aim, Purpose


def card(study, genre="jazz", aim=None):
    tables = study.tables()
    return decision_card(tables, choose(tables, genre, aim))


def said(found):
    return {s.id: {line.label: line.text for line in s.lines} for s in sections(found)}


@pytest.mark.parametrize(
    ("purpose", "wanted"),
    [
        (Purpose.DENSITY, [[500.0, 501.0] * 5, [500.75, 500.5] * 5]),
        (Purpose.REPRESENTATION, [[-2.0, -2.5] * 5, [-3.0, -2.75] * 5]),
    ],
)
def test_of_what_is_better_the_less_the_costs_are_the_figures_and_else_their_negatives(
    make_study, make_config, monkeypatch, purpose, wanted
):
    """How far the best of them flatters is worked out from these."""
    study, seen = make_study(), []
    study.add(make_config(8), [500.0] * 10, nlls=[500.0, 501.0] * 5, mis=[2.0, 2.5] * 5)
    study.add(make_config(64), [500.0] * 10, nlls=[500.75, 500.5] * 5, mis=[3.0, 2.75] * 5)
    kept = cards.stages
    monkeypatch.setattr(cards, "stages", lambda *args: seen.append(args[2]) or kept(*args))
    card(study, aim=Aim(purpose))
    assert sorted(seen[0].tolist()) == sorted(wanted)


def test_a_choice_that_is_distinguishably_worse_where_both_work_says_so(make_study, make_config):
    study = make_study()
    nlls = [500.0 + i for i in range(10)]
    wave, back = [0.3, -0.3] * 5, [-0.2, -0.1, 0.3] * 3 + [0.0]
    # of ten seeds six collapse: where it works it says more than the other, and rarely it works
    study.add(make_config(64), nlls, mis=[2.5 + e for e in wave], nlls=nlls, collapsed=6)
    other = [nll + e for nll, e in zip(nlls, back, strict=True)]
    study.add(make_config(8), nlls, mis=[2.0 + e for e in back], nlls=other)
    found = card(study, aim=Aim())
    assert found.chosen.config.model.latent_length == 8
    assert found.headline.members[0] == found.chosen.config_id


def test_another_genres_configuration_costs_what_was_measured_here(make_study, make_config):
    study = make_study(genres=("jazz", "rock", "folk", "new"))
    short, long = make_config(8), make_config(64)
    wave = [0.0, 2.0] * 5
    for genre, (of_short, of_long) in (("jazz", (500, 507)), ("rock", (460, 450))):
        study.add(short, [of_short + w for w in wave], genre=genre)
        study.add(long, [of_long + 3 * w for w in wave], genre=genre)
    folk = study.add(make_config(16), [400.0 + w for w in wave], genre="folk")
    by_source = {one.source: one for one in card(study).transfers}
    # long in jazz: 507 + 3 * 1 against 500 + 1
    assert by_source["rock"].regret.mean == pytest.approx(9.0)
    assert by_source["rock"].regret.n_seeds == 10
    assert (by_source["folk"].status, by_source["folk"].config_id) == (
        TransferStatus.NOT_MEASURED,
        folk,
    )
    assert transfer_text(by_source["new"]) == "no configuration is recommended there yet"
    assert transfer_text(by_source["rock"]).startswith(f"{long.config_id}: 9.00 [")


def test_search_figures_of_another_genre_are_not_its_cost(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(64), [450.0] * 10, genre="rock")
    study.add(make_config(64), [507.0, 507.0], phase="search")
    (one,) = card(study).transfers
    assert one.status is TransferStatus.NOT_MEASURED


def test_the_same_configuration_costs_nothing(four_methods, two_genres):
    assert {one.status for one in card(two_genres).transfers} == {TransferStatus.SAME}


def test_three_seeds_are_told_apart_by_the_range_of_pooled_noise(make_study, make_config):
    study = make_study(confirm=3)
    study.add(make_config(8), [500.0, 501.0, 502.0])
    study.add(make_config(64), [600.0, 601.5, 602.0])
    lines = said(card(study))
    assert lines["ties"]["Tie set"].startswith("1 of 2 configurations")
    assert "Tukey's range over 3 seeds" in lines["ties"]["Test"]
    assert "(smallest possible 0.25)" in lines["improvement"]["Over the runner-up"]


def test_one_seed_tells_nothing_apart(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0])
    study.add(make_config(64), [600.0])
    assert said(card(study))["ties"]["Tie set"] == (
        "undecided: too few seeds (1); the smallest possible p is 1, above 0.05"
    )


def test_a_single_configuration_has_nothing_to_be_compared_with(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0])
    found = card(study)
    assert (found.runner_up, found.variance, found.studentised) == (None, None, None)
    lines = said(found)
    assert lines["ties"] == {
        "Tie set": "the only configuration to choose from, so there is nothing to compare it with"
    }
    assert lines["improvement"] == {
        "Over the paper's default": "no comparison: MuseBar-BOW is not measured",
        "Expected trainings": "about 2 trainings until one works (collapse rate 0% to 85%)",
    }


def test_a_default_with_seeds_missing_is_not_compared(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(
        make_config(16, 8, "linear"), [510.0] * 7, planned=10, phase="methods", method="musebar_bow"
    )
    found = card(study)
    assert (found.default, found.default_status) == (None, DefaultStatus.PARTIAL)
    assert default_note(found) == "MuseBar-BOW has 7 of 10 seeds here"


def test_the_default_is_not_compared_with_itself(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, phase="methods", method="musebar_bow")
    assert card(study).default_status is DefaultStatus.ITSELF
    assert default_note(card(study)) == "the choice is MuseBar-BOW itself"


def test_a_representation_compares_information(make_study, make_config):
    study = make_study()
    nlls, apart = [500.0 + i for i in range(10)], [0.3, -0.3] * 5
    study.add(make_config(8), nlls, nlls=nlls, mis=[3.6 + e / 9 for e in apart])
    study.add(
        make_config(16),
        nlls,
        nlls=[n + e for n, e in zip(nlls, apart, strict=True)],
        mis=[3.0] * 10,
    )
    found = card(study, aim=Aim())
    # mi_lower 3.6 against 3.0 on every seed: more is better
    assert found.runner_up.difference.mean == pytest.approx(0.6)
    assert found.runner_up.improvement.share == 1.0
    assert found.headline.members == (found.chosen.config_id,)


def test_the_smallest_model_is_counted_in_weights(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(16, 4), spread_around(500.0))
    study.add(make_config(8, 16), spread_around(500.1))
    study.add(make_config(4, 1), spread_around(509.0))
    found = card(study)
    assert found.smallest.summary.config.model.latent_length == 8
    assert found.chosen.config.model.latent_length == 16  # lower on every seed
    assert "recommended: " in said(found)["size"]["Smallest model within one standard error"]


def test_long_lists_are_cut_and_say_by_how_many(make_study, make_config):
    study = make_study(confirm=3)
    for latent in range(8, 21):
        study.add(make_config(latent), [500.0, 501.0, 502.0])
    assert said(card(study))["ties"]["And"] == "3 more"


def test_p_values_have_two_digits():
    assert [p_value(p) for p in (2 / 1024, 0.03125, 0.5, 0.996, 1.0)] == [
        "0.002",
        "0.031",
        "0.5",
        "1",
        "1",
    ]


def test_the_figures_draw_what_the_card_says(four_methods):
    study = view(four_methods.tables())
    (genre,) = study.genres
    charts = {c.id: c for part in card_view(study, genre).parts for c in part.charts}
    assert set(charts) == {"fig-ties", "fig-stages"}
    rows = charts["fig-ties"].table.rows
    assert [row[4].text for row in rows] == ["in", *["worse"] * 5]
    assert [row[2].value for row in rows] == pytest.approx([0.0, 0.9, 5.55, 6.0, 6.45, 8.05])
    (row,) = charts["fig-stages"].table.rows
    assert (row[1].value, row[3].value, row[5].text[:5]) == (560.5, 562.5, "+2.00")


def test_finalists_have_the_colour_of_their_group(four_methods):
    found = card(four_methods)
    groups = {found.chosen.config_id: RECOMMENDED}
    drawn = stages(found.stages, groups, {found.chosen.config_id: "the best"}, "BCE")
    way, confirmed, searched = drawn.data
    assert list(way.x) == [pytest.approx(560.5), pytest.approx(562.5), None]
    assert list(confirmed.x) == pytest.approx([562.5])
    assert list(searched.x) == pytest.approx([560.5])
    assert confirmed.marker.color == way.line.color == searched.marker.color[0] == "#D55E00"
    assert [note.text for note in drawn.layout.annotations] == ["the best"]


def test_a_finalist_left_out_of_the_choice_is_not_called_worse(four_methods):
    drawn = stages(card(four_methods).stages, {}, {}, "BCE")
    assert [trace.name for trace in drawn.data] == [
        "confirmed, left out of the choice",
        "confirmed, left out of the choice",
        "search mean",
    ]


def test_the_regret_matrix_says_what_is_not_measured(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(64), [450.0] * 10, genre="rock")
    rows = [[None, *card(study).transfers], [*card(study, "rock").transfers, None]]
    cells, texts = regret(["jazz", "rock"], rows).data
    assert [list(row) for row in cells.z] == [[0.0, None], [None, 0.0]]
    assert list(texts.text) == ["its own", "not measured", "not measured", "its own"]


def test_no_matrix_is_drawn_where_it_would_hold_no_figure(make_study, make_config):
    def charts(own):
        study = make_study(genres=("jazz", "rock"))
        study.add(make_config(8), [500.0] * 10)
        for latent, bce in own.items():
            study.add(make_config(latent), [bce] * 10, genre="rock")
        seen = view(study.tables())
        return {part.section.id: part.charts for part in card_view(seen, seen.genres[1]).parts}

    assert len(charts({64: 450.0, 8: 460.0})["transfer"]) == 1
    assert charts({8: 450.0})["transfer"] == ()
    assert charts({64: 450.0})["transfer"] == ()


def test_verdicts_stand_in_one_grid_and_are_drawn_by_their_answer(two_genres):
    tables = two_genres.tables()
    found = verdicts(tables)
    drawn = effects(found, Measure.BCE)
    shown = {trace.name: len(trace.x) for trace in drawn.data}
    assert shown == {"holds": 5}
    claims, over = verdict_sections(view(tables))
    assert claims.text[0].startswith("The paper's claim holds: annealing (+0.")
    assert claims.text[1] == "Whether it is more than a KL weight is not tested: not measured."
    assert len(claims.tables[0].rows) == len(found) == 28
    grid = str(claims.fragment)
    assert grid.count('<th scope="row">') == 6
    assert grid.count('<b class="answer') == 28
    assert grid.count("not asked") == 2
    assert '<th scope="row">annealing against vanilla</th>' in grid
    row = {
        column: cell.text
        for column, cell in zip(claims.tables[0].columns, claims.tables[0].rows[2], strict=True)
    }
    assert row["in the paper"] == "1,076 against 1,100 (-24)"
    assert row["jazz"] == row["rock"] == "-2.00 [-2.00, -2.00]"
    assert over.charts[1].table.rows[0][0].text == "LSTM-VAE"


def test_profiles_rise_to_one_for_every_method(two_genres):
    drawn = profiles(aggregate(two_genres.tables()))
    lines = [trace for trace in drawn.data if trace.showlegend is not False]
    assert [line.name for line in lines] == ["LSTM-VAE", "VAE-BOW", "MuseBar", "MuseBar-BOW"]
    assert all(line.y[-1] == 1.0 for line in lines)


def test_a_partial_study_has_no_card_and_open_verdicts(make_study, make_config):
    study = make_study(state="running")
    study.add(make_config(16), [560.0] * 3, planned=10, phase="methods", method="lstm_vae")
    study.add(make_config(16, 8), [550.0] * 3, planned=10, phase="methods", method="musebar")
    shown = view(study.tables())
    assert card_view(shown, shown.genres[0]) is None
    (claims,) = verdict_sections(shown)
    assert "3 of 10 seeds so far" in str(claims.fragment)
    assert "not measured: VAE-BOW" in str(claims.fragment)


def test_names_in_verdicts_are_text(make_study, make_config):
    genre = "<i>'&"
    study = make_study(genres=(genre,))
    for name, config in (("lstm_vae", make_config(16)), ("vae_bow", make_config(16, 1, "linear"))):
        # above the Markov chain's 627: undertrained, and the genre is named
        study.add(config, [700.0] * 10, genre=genre, phase="methods", method=name)
    (claims,) = verdict_sections(view(study.tables()))
    shown = str(claims.fragment) + str(rows_html(claims.tables[0].rows))
    assert "<i>" not in shown
    assert "&lt;i&gt;" in shown


def test_the_level_is_shared_among_all_pairs_of_the_tie_set(make_study, make_config):
    noise = [[0.3, -0.3] * 5, [-0.2, -0.1, 0.3] * 3 + [0.0], [0.1, 0.2, -0.3] * 3 + [0.0]]
    study = make_study()
    for latent, row in zip((8, 16, 32), noise, strict=True):
        study.add(make_config(latent), [500.0 + e + (latent == 8) / 99 for e in row])
    found = card(study)
    assert len(found.ties.members) == 3
    assert {one.alpha for one in found.separations} == {0.05 / 3}  # three, of three pairs
    assert len(found.separations) == 2
    assert found.chosen.config_id not in {one.config_id for one in found.separations}


def test_the_smallest_model_lies_within_one_standard_error_of_the_best(make_study, make_config):
    # the best has 499 and 501 in turn: a standard error of 1 / 3
    for above, latent in ((0.33, 4), (0.34, 16)):
        study = make_study()
        study.add(make_config(16), [499.0, 501.0] * 5)
        study.add(make_config(4), [500.0 + above + e for e in (-1.0, 1.0) * 5])
        found = card(study).smallest
        assert found.summary.config.model.latent_length == latent
        assert (found.n_parameters < found.chosen_parameters) is (latent == 4)


def test_of_models_of_one_size_the_chosen_one_is_the_smallest(make_study, make_config):
    study = make_study()
    for r in (1, 2, 4, 8, 16):
        study.add(make_config(16, r), [499.0, 501.0] * 5)
    found = card(study)
    assert found.smallest.summary.config_id == found.chosen.config_id
    assert said(found)["size"]["Smallest model within one standard error"].startswith(
        "the recommended one: "
    )


def test_differences_are_the_choices_figure_minus_the_rivals(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0 + e for e in (0.1, -0.1) * 5])
    study.add(make_config(16, 8), [510.0 + s for s in range(10)], phase="methods", method="musebar")
    study.add(make_config(32, 8), [515.0] * 10, phase="methods", method="musebar_bow")
    found = card(study)
    assert found.runner_up.summary.method == "musebar"
    assert found.runner_up.difference.mean == pytest.approx(-14.5)
    assert found.default.difference.mean == pytest.approx(-15.0)
    assert (found.default.improvement.wins, found.default.improvement.n_seeds) == (10, 10)
    assert found.default_status is DefaultStatus.COMPARED
    assert (found.default_seeds, found.n_wanted) == (10, 10)


def test_a_default_that_was_only_searched_is_not_measured(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16, 8), [510.0] * 10, phase="search", method="musebar_bow")
    found = card(study)
    assert (found.default_status, found.default_seeds) == (DefaultStatus.NOT_MEASURED, 0)


def test_a_default_that_ran_on_other_seeds_is_not_compared(make_study, make_config):
    study = make_study(purpose="reconstruction")
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16, 8), [510.0] * 10, phase="methods", method="musebar_bow")
    for row in study.rows[10:19]:
        row["seed"] += 100
    found = card(study, aim=Aim(Purpose.RECONSTRUCTION))
    assert found.default_status is DefaultStatus.COMPARED
    assert found.default.difference.n_seeds == 1


def test_a_member_is_named_with_its_mean_and_its_p_value(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16), [500.0] * 10)
    found = card(study)
    lines = said(found)["ties"]
    assert lines["Tie set"] == "2 of 2 configurations cannot be told from the best"
    assert lines[found.chosen.config_id].endswith(": NLL 502.0 [502.0, 502.0], p 1, recommended")
    other = next(one for one in found.ties.members if one != found.chosen.config_id)
    assert lines[other].endswith(": NLL 502.0 [502.0, 502.0], p 1")
    assert lines["Test"].startswith("max-T over all pairs, 10 seeds, every sign pattern: smallest")
