"""The card on a genre's page: its figures' tables, their captions, other purposes."""

import pytest

from reports.pages import card as page
from reports.pages.card import card_view
from reports.pages.view import view
from study.statistics.purposes import Aim, Purpose


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_ties_have_a_row_a_candidate_with_its_distance_from_the_choice(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16), [500.5, 499.5] * 5)
    study.add(make_config(32), [520.0] * 10)
    (genre,) = view(study.tables()).genres
    card = genre.found.answer.card
    (chart,) = page._ties(card)
    assert genre.chosen.config.model.latent_length == 8
    p = card.ties.p_values[make_config(32).config_id]
    assert p < 0.01
    assert [row[1:] for row in texts(chart.table)] == [
        ["L 8 · r 1 · constant", "0.00 [0.00, 0.00]", "1", "in"],
        ["L 16 · r 1 · constant", "0.00 [-0.38, 0.38]", "1", "in"],
        ["L 32 · r 1 · constant", "20.00 [20.00, 20.00]", f"{p:.2g}", "worse"],
    ]
    assert chart.table.rows[2][3].value == p
    assert chart.table.rows[2][2].value == 20.0
    assert chart.title == "Distance from the recommended configuration, validation NLL"
    assert "are drawn" not in chart.caption
    figure = str(chart.figure)
    assert all(name in figure for name in ("recommended", "in the tie set", "distinguishably"))


def test_below_the_recommended_one_stand_the_others_from_the_best_mean(make_study, make_config):
    study = make_study(purpose="representation")
    noise = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]
    # the purpose goes by the NLL too, in which the more informative of the others is worse
    for at, (latent, nll, mi) in enumerate(((8, 560.0, 3.0), (16, 560.0, 2.5), (32, 560.5, 2.6))):
        own = noise[at:] + noise[:at]
        nlls, mis = [nll + e for e in own], [mi + e for e in own[::-1]]
        study.add(make_config(latent), nlls, nlls=nlls, mis=mis)
    (genre,) = view(study.tables()).genres
    card = genre.found.answer.card
    (chart,) = page._ties(card)
    first, *others = chart.table.rows
    assert card.metric == "mi_lower"
    assert (first[0].text, first[2].value) == (card.chosen.config_id, 0.0)
    assert [row[2].value for row in others] == sorted((r[2].value for r in others), reverse=True)
    assert [row[0].text for row in others] != [r.config_id for r in card.choice.pool[1:]]
    assert "the recommended one is at the top, below it the others from the best" in chart.caption


def test_the_best_thirty_are_drawn_and_the_table_has_all(monkeypatch, make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16, 32):
        study.add(make_config(latent), [500.0 + latent] * 2)
    (genre,) = view(study.tables()).genres
    monkeypatch.setattr(page, "DRAWN", 2)
    (chart,) = page._ties(genre.found.answer.card)
    assert chart.caption.endswith(" The first 2 of 3 are drawn; the table has all.")
    assert len(chart.table.rows) == 3
    assert "L 32" not in str(chart.figure)


def test_finalists_have_a_row_with_both_stages(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [498.0], phase="search")
    study.add(make_config(8), [500.0, 504.0])
    study.add(make_config(16), [510.0] * 2, phase="search")
    study.add(make_config(16), [640.0] * 2)  # undertrained: the chain is at 627
    (genre,) = view(study.tables()).genres
    (chart,) = page._stages(genre.found.answer.card, genre)
    # NLL is two above BCE
    assert [row[1:] for row in texts(chart.table)] == [
        ["500.0", "1", "504.0 [478.6, 529.4]", "2", "+4.00 (one seed tells of no spread)"],
        ["512.0 [512.0, 512.0]", "2", "642.0 [642.0, 642.0]", "2", "+130.00 [130.0, 130.0]"],
    ]
    assert [row[5].value for row in chart.table.rows] == [4.0, 130.0]
    assert chart.caption.endswith(
        " Crosses were left out of the choice, however good their NLL: they lack seeds, or are "
        "mostly undertrained."
    )
    assert '"L 8 ' in str(chart.figure)


@pytest.mark.parametrize(
    ("purpose", "why"),
    [
        (Purpose.DENSITY, "they lack seeds, or are mostly undertrained"),
        (Purpose.REPRESENTATION, "their NLL is beyond the tolerance, they lack seeds"),
        (Purpose.RECONSTRUCTION, "their KL is beyond the rate, they lack seeds"),
    ],
)
def test_what_keeps_a_finalist_out_is_the_purposes(make_study, make_config, purpose, why):
    study = make_study(confirm=2, purpose=str(purpose))
    study.add(make_config(8), [500.0] * 2)
    (genre,) = view(study.tables()).genres
    card = genre.found.answer.card
    assert card.aim == Aim(purpose)
    assert page._outside(card).startswith(why)


def test_all_that_would_be_lost_is_a_table_of_pairs(make_study, make_config):
    study = make_study(genres=("jazz", "rock", "new"))
    for genre, (short, long) in (("jazz", (500, 507)), ("rock", (460, 450))):
        study.add(make_config(8), [short] * 10, genre=genre)
        study.add(make_config(64), [long] * 10, genre=genre)
    seen = view(study.tables())
    jazz = next(one for one in seen.genres if one.name == "jazz")
    (chart,) = page._regret(seen, jazz)
    ids = {latent: make_config(latent).config_id for latent in (8, 64)}
    # without the genre of which nothing is known
    assert texts(chart.table) == [
        ["jazz", "rock", f"{ids[64]}: 7.00 [7.00, 7.00] nats"],
        ["rock", "jazz", f"{ids[8]}: 10.00 [10.00, 10.00] nats"],
    ]
    assert [row[2].value for row in chart.table.rows] == [7.0, 10.0]
    new = next(one for one in seen.genres if one.name == "new")
    assert page._regret(seen, new) == ()


def test_another_purpose_with_another_configuration_has_its_own_card(make_study, make_config):
    study = make_study(purpose="density")
    noise = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]
    other = [-0.2, 0.3, -0.1, 0.1, -0.4, 0.0, 0.2, -0.3, 0.4, 0.0]
    for latent, level, mi, row in ((8, 560.0, 0.5, noise), (16, 560.2, 2.0, other)):
        nlls = [level + e for e in row]
        mis = [mi + e for e in row[::-1]]
        study.add(make_config(latent), nlls, nlls=nlls, mis=mis)
    seen = view(study.tables())
    (genre,) = seen.genres
    found = card_view(seen, genre)
    assert [name for name, _ in found.others] == ["representation"]
    ((_, said),) = found.others
    assert said[0].title == "What else would do"
    study = make_study(purpose="density")
    study.add(make_config(8), [500.0] * 10)
    seen = view(study.tables())
    assert card_view(seen, seen.genres[0]).others == ()
