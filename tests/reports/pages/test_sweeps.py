"""Pages of sweeps and heatmaps: what their sections say."""

import pytest

from reports.pages import sweeps as page
from reports.pages.site import Site
from reports.pages.view import view


def seen(study):
    found = view(study.tables())
    return found, found.genres[0]


def section(study, setting="latent_length"):
    found, genre = seen(study)
    return page._section(found, genre, page.sweeps(genre.rows, setting), setting)


@pytest.fixture
def grid(make_study, make_config):
    """Latent lengths 8 and 16 at 4 and at 8 regularizers."""
    study = make_study(confirm=2)
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r), [500.0 + latent + r] * 2)
    return study


def test_a_sweep_has_a_panel_a_measure_and_its_table(grid):
    found = section(grid)
    assert [(one.id, one.title) for one in found.charts] == [
        ("fig-bce-jazz", "BCE, validation, jazz"),
        ("fig-kl-jazz", "KL, validation, jazz"),
        ("fig-mi-jazz", "Mutual information, validation, jazz"),
        ("fig-active-units-jazz", "Active units, validation, jazz"),
    ]
    assert found.text == ("Held: constant KL weight 1.",)
    assert found.notes == ()
    (table,) = found.tables
    assert {one.data for one in found.charts} == {table.id} == {"latent_length-jazz"}
    assert len(table.rows) == 4
    bce, kl, *_ = (str(one.figure) for one in found.charts)
    assert "Markov chain 627.0" in bce
    assert "Markov chain" not in kl
    assert '"latent length (dimensions)"' in bce
    assert '"regularizers (bars with a KL term)"' in str(
        section(grid, "regularizers").charts[0].figure
    )
    dots = ["Each dot is a seed" in one.caption for one in found.charts]
    assert dots == [True, True, False, True]


@pytest.mark.parametrize(
    ("counts", "seeds"),
    [((1, 1, 1), "1 seed"), ((2, 2, 2), "2 seeds"), ((1, 2, 3), "1 to 3 seeds")],
)
def test_a_slice_of_a_search_says_what_it_is_and_of_how_many_seeds(
    make_study, make_config, counts, seeds
):
    study = make_study()
    for latent, n in zip((8, 16, 32), counts, strict=True):
        study.add(make_config(latent), [500.0] * n, phase="search")
    (note,) = section(study).notes
    assert note.startswith("A slice of the search: ")
    assert f"on {seeds} each. It is no designed comparison." in note


def test_partial_configurations_are_named(grid, make_config):
    grid.add(make_config(32, 4), [500.0], planned=2)
    assert section(grid).notes == ("L 32 · r 4 · constant: 1 of 2 seeds.",)


def heatmaps(study, chosen=True):
    _, genre = seen(study)
    return page._heatmap_section(genre, page.heatmaps(genre.rows, genre.chosen if chosen else None))


def test_one_slice_says_what_its_cells_hold_and_where_the_recommended_one_is(grid):
    found = heatmaps(grid)
    assert found.text == (
        "Held: constant KL weight 1. The frame marks the recommended configuration.",
    )
    assert (found.slices, found.notes) == ((), ())
    assert [(one.id, one.title) for one in found.charts] == [
        ("fig-heatmap-bce-jazz", "BCE, validation, jazz"),
        ("fig-heatmap-mi-lower-jazz", "MI, lower bound, validation, jazz"),
    ]
    assert [table.id for table in found.tables] == ["heatmap-jazz"]
    assert (
        heatmaps(grid, chosen=False)
        .text[0]
        .endswith("The recommended configuration is on none of these.")
    )


def test_of_several_slices_the_recommended_ones_is_offered_first(grid, make_config):
    for latent in (8, 16):
        for r in (4, 8):
            grid.add(make_config(latent, r, input_dropout=0.2), [400.0 + latent + r] * 2)
    found = heatmaps(grid)
    assert [one.label for one in found.slices] == [
        "constant KL weight 1, input dropout 0.2 (the recommendation's)",
        "constant KL weight 1",
    ]
    assert (found.charts, found.tables) == ((), ())
    assert [one.id for one in found.slices[1].charts] == [
        "fig-heatmap-bce-jazz-1",
        "fig-heatmap-mi-lower-jazz-1",
    ]
    assert found.text[0].startswith(
        "Each slice holds all other settings at one value; first the slice through the "
        "recommendation, then those of most cells. The frame marks"
    )
    assert "first the largest, then those of most" in heatmaps(grid, chosen=False).text[0]


def test_slices_of_a_search_are_no_designed_comparison(make_study, make_config):
    study = make_study()
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r), [500.0] * (1 + (r == 8)), phase="search")
    (note,) = heatmaps(study).notes
    assert note.startswith("A slice of the search: ")
    assert "on 1 to 2 seeds each" in note


def test_a_pooled_heatmap_says_of_what_each_cell_is_the_lowest(make_study, make_config):
    study = make_study()
    kinds = iter(["constant", "linear", "logistic", "cosine"])
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r, next(kinds)), [500.0], phase="search")
    found = heatmaps(study)
    assert found.text[0].startswith("No two settings of the search share all others often enough")
    assert found.text[0].endswith("is on none of these.")
    assert found.notes == ("Search figures, on 1 seed each: no designed comparison.",)
    (_, genre) = seen(study)
    (one,) = page.heatmaps(genre.rows)
    assert page._heatmap_slice(genre, one, "x").label == "all that was tried"


def test_there_is_a_page_where_some_genre_has_what_it_shows(grid, make_study, make_config):
    found, _ = seen(grid)
    assert page.has_sweep(found, "latent_length")
    assert page.has_heatmap(found)
    study = make_study()
    study.add(make_config(8), [500.0])
    study.add(make_config(16), [500.0])
    found, _ = seen(study)
    assert page.has_sweep(found, "latent_length")
    assert not page.has_sweep(found, "regularizers")
    assert not page.has_heatmap(found)


def test_a_page_has_the_papers_words_of_its_setting(grid):
    found, _ = seen(grid)
    latent = page.sweep_page(found, Site(()), "latent_length")
    other = page.sweep_page(found, Site(()), "regularizers")
    assert "<h1>Latent length</h1>" in latent
    assert "Figure 6a" in latent
    assert "<h1>Regularizers</h1>" in other
    assert "Figure 6b" in other
    assert "Latent length against regularizers" in page.heatmap_page(found, Site(()))
