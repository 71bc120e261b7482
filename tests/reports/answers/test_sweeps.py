import pytest

from reports.answers.summaries import summaries
from reports.answers.sweeps import heatmap, heatmaps, sweeps
from reports.figures.sweeps import heatmap_panel, sweep_panel
from reports.words.sweeps import held_by_cells, line_names, parts, shared_settings


def rows(study):
    return summaries(study.tables(), "jazz")


def grid(make_study, make_config, latents=(8, 16, 32), regularizers=(4,)):
    study = make_study(confirm=2)
    for latent in latents:
        for r in regularizers:
            study.add(make_config(latent, r), [500.0 + latent + r, 502.0 + latent + r])
    return study


def three_seeds(make_study, make_config):
    study = make_study(confirm=3)
    for latent in (8, 16, 32):
        study.add(make_config(latent, 4), [504.0 + latent, 506.0 + latent, 508.0 + latent])
    return study


def test_a_sweep_holds_all_settings_but_one(make_study, make_config):
    study = grid(make_study, make_config)
    study.add(make_config(64, 4, "linear"), [400.0, 400.0])
    (found,) = sweeps(rows(study), "latent_length")
    assert found.values == (8, 16, 32)
    assert parts(found) == ("4 of 16 bars regularized", "constant KL weight 1")
    assert not found.searched
    assert sweeps(rows(study), "regularizers") == ()


def test_a_slice_of_a_search_needs_three_values_and_says_what_it_is(make_study, make_config):
    study = make_study()
    for latent in (8, 16):
        study.add(make_config(latent), [500.0, 501.0], phase="search")
    assert sweeps(rows(study), "latent_length") == ()
    study.add(make_config(32), [500.0, 501.0], phase="search")
    (found,) = sweeps(rows(study), "latent_length")
    assert found.searched


def test_phases_are_never_mixed_in_a_sweep(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0, 501.0], phase="search")
    study.add(make_config(16), [500.0, 501.0], phase="methods", method="lstm_vae")
    study.add(make_config(32), [500.0, 501.0])
    assert sweeps(rows(study), "latent_length") == ()


def test_lines_are_named_by_what_they_do_not_share(make_study, make_config):
    found = sweeps(rows(grid(make_study, make_config, (8, 16), (4, 8))), "latent_length")
    assert line_names(found) == ("4 of 16 bars regularized", "8 of 16 bars regularized")
    assert shared_settings(found) == ("constant KL weight 1",)


def test_the_panel_shows_each_seed_and_the_mean_with_its_interval(make_study, make_config):
    found = sweeps(rows(grid(make_study, make_config)), "latent_length")
    drawn = sweep_panel(found, "bce", ("x", "y"), "#4477AA", {"markov": 530.0})
    seeds, line = drawn.data
    assert list(seeds.y) == [512.0, 514.0, 520.0, 522.0, 536.0, 538.0]
    assert list(line.y) == [513.0, 521.0, 537.0]
    assert list(line.error_y.array) == [0.0, 0.0, 0.0]  # two seeds' would hide all else
    drawn = sweep_panel(
        sweeps(rows(three_seeds(make_study, make_config)), "latent_length"),
        "bce",
        ("x", "y"),
        "#4477AA",
        {"markov": 530.0},
    )
    half = 4.302653 * 2 / 3**0.5  # t of 2 degrees of freedom times the standard error
    assert list(drawn.data[1].error_y.array) == pytest.approx([half] * 3)
    assert "Markov chain 530.0" in drawn.layout.annotations[0].text


def test_a_heatmap_leaves_empty_what_was_not_run(make_study, make_config):
    study = grid(make_study, make_config, (8, 16), (4, 8))
    study.add(make_config(32, 4), [560.0, 562.0], planned=5)
    found = heatmap(rows(study))
    assert (found.latent_lengths, found.regularizers) == ((8, 16, 32), (4, 8))
    assert held_by_cells(found) == "constant KL weight 1"
    drawn, texts = heatmap_panel(found, "bce", "nats", "Cividis").data
    assert [list(row) for row in drawn.z] == [[513.0, 521.0, 561.0], [517.0, 525.0, None]]
    assert "2 of 5 seeds" in drawn.customdata[0][2]
    assert list(texts.text) == ["513.0", "521.0", "561.0", "517.0", "525.0"]
    assert list(texts.textfont.color) == ["#fff", "#fff", "#000", "#fff", "#fff"]


def test_a_heatmap_of_a_scattered_search_says_of_how_many_each_cell_is_the_best(
    make_study, make_config
):
    study = make_study()
    kinds = iter(["constant", "linear", "logistic", "cosine"])
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r, next(kinds)), [500.0], phase="search")
    study.add(make_config(8, 4, "cosine"), [490.0], phase="search")
    found = heatmap(rows(study))
    assert found.pooled
    assert held_by_cells(found) is None
    cell = found.cells[0]
    assert (cell.row.validation.bce.mean, cell.n_configurations) == (490.0, 2)


def test_a_line_of_values_is_no_heatmap(make_study, make_config):
    assert heatmap(rows(grid(make_study, make_config))) is None


def test_the_first_slice_of_the_heatmaps_is_that_of_the_recommendation(make_study, make_config):
    study = grid(make_study, make_config, (8, 16, 32), (4, 8))
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r, input_dropout=0.2), [490.0, 492.0])
    chosen = next(
        row
        for row in rows(study)
        if row.config == make_config(16, 8, input_dropout=0.2) and row.phase == "confirm"
    )
    through, other = heatmaps(rows(study), chosen)
    assert {cell.row.config.training.input_dropout for cell in through.cells} == {0.2}
    assert (through.chosen, other.chosen) == ((16, 8), None)
    assert len(other.cells) == 6
    marked = heatmap_panel(through, "bce", "nats", "Cividis").data[-1]
    assert (marked.name, list(marked.x), list(marked.y)) == ("recommended", ["16"], ["8"])


def test_four_sweeps_are_shown_those_of_most_values_and_of_the_lowest_bce_first(
    make_study, make_config
):
    study = make_study(confirm=2)
    for r, bce, latents in (
        (1, 500.0, (8, 16)),
        (2, 490.0, (8, 16)),
        (4, 540.0, (8, 16, 32)),
        (8, 530.0, (8, 16, 32)),
        (16, 480.0, (8, 16)),
    ):
        for latent in latents:
            study.add(make_config(latent, r), [bce + latent, bce + latent])
    found = sweeps(rows(study), "latent_length")
    assert [one.rows[0].config.model.regularizers for one in found] == [8, 4, 16, 2]
    by_r = sweeps(rows(study), "regularizers")
    assert [one.values for one in by_r] == [(1, 2, 4, 8, 16), (1, 2, 4, 8, 16), (4, 8)]


def test_two_finalists_of_a_search_are_no_grid_but_three_are(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16, 32):
        study.add(make_config(latent), [500.0, 501.0], phase="search")
    for latent in (8, 16):
        study.add(make_config(latent), [500.0, 501.0])
    assert [one.searched for one in sweeps(rows(study), "latent_length")] == [True]
    study.add(make_config(32), [500.0, 501.0])
    assert [one.searched for one in sweeps(rows(study), "latent_length")] == [False, True]


def test_the_methods_of_the_paper_are_in_no_sweep_and_no_heatmap(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16):
        for r in (1, 4):
            study.add(make_config(latent, r), [500.0], phase="methods", method="musebar")
    assert sweeps(rows(study), "latent_length") == ()
    assert heatmaps(rows(study)) == ()


def test_a_heatmap_needs_two_values_of_each_and_four_cells(make_study, make_config):
    study = make_study(confirm=2)
    for latent, r in ((8, 1), (16, 1), (8, 4)):
        study.add(make_config(latent, r), [500.0, 501.0])
    assert heatmap(rows(study)) is None
    study.add(make_config(16, 4), [500.0, 501.0])
    found = heatmap(rows(study))
    assert (len(found.cells), found.pooled, found.searched) == (4, False, False)
    assert [cell.n_configurations for cell in found.cells] == [1, 1, 1, 1]


def test_eight_slices_are_offered_and_those_of_a_grid_before_a_searchs(make_study, make_config):
    study = make_study(confirm=2)
    for at in range(9):
        for latent in (8, 16):
            for r in (1, 4):
                phase = "search" if at else "confirm"
                config = make_config(latent, r, input_dropout=at / 10)
                study.add(config, [500.0, 501.0], phase=phase)
    study.add(make_config(32, 1, input_dropout=0.5), [500.0, 501.0], phase="search")
    found = heatmaps(rows(study))
    assert [one.searched for one in found] == [False, *[True] * 7]
    assert [len(one.cells) for one in found] == [4, 5, *[4] * 6]


def test_cells_of_a_pooled_heatmap_are_of_the_search_alone(make_study, make_config):
    study = make_study(confirm=2)
    kinds = iter(["constant", "linear", "logistic", "cosine"])
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r, next(kinds)), [500.0], phase="search")
    study.add(make_config(8, 4, "cosine"), [400.0, 400.0])
    found = heatmap(rows(study))
    assert {cell.row.validation.bce.mean for cell in found.cells} == {500.0}
    assert (found.pooled, found.searched) == (True, True)
