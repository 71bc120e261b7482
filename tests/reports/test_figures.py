import pytest

from reports.answers.choice import choose
from reports.answers.curves import curve
from reports.answers.summaries import baseline_bce, summaries
from reports.answers.views import compared, dot_plot, information_plot, methods_of
from reports.figures import style
from reports.figures.curves import learning_curves, leaves_window
from reports.figures.dots import bce_dots
from reports.figures.information import information
from reports.figures.style import METHOD_COLOURS, add_baselines, figure, window


@pytest.fixture
def jazz(four_methods):
    tables = four_methods.tables()
    return tables, summaries(tables, "jazz"), choose(tables, "jazz").chosen


def trace(drawn, name):
    (found,) = [one for one in drawn.data if one.name == name]
    return found


def texts(drawn):
    return " ".join(one.text for one in drawn.layout.annotations)


def test_methods_come_in_the_papers_order(jazz):
    _, rows, _ = jazz
    names = [row.method for row in methods_of(rows, wanted=10)]
    assert names == ["lstm_vae", "vae_bow", "musebar", "musebar_bow"]


def test_the_dot_plot_has_every_seed_mean_interval_and_baselines(jazz):
    tables, rows, chosen = jazz
    info = dot_plot(tables, compared(rows, chosen, wanted=10), chosen, "jazz")
    assert [(row.method, row.chosen) for row in info.rows] == [
        ("lstm_vae", False),
        ("vae_bow", False),
        ("musebar", False),
        ("musebar_bow", False),
        (None, True),
    ]
    assert info.baselines["markov"] == 627.0
    drawn = bce_dots(info)
    names = ("LSTM-VAE", "VAE-BOW", "MuseBar", "MuseBar-BOW", "chosen")
    assert drawn.layout.yaxis.ticktext == names
    assert list(trace(drawn, "MuseBar, seeds").x) == [567.0, 569.0] * 5
    mean = trace(drawn, "MuseBar")
    assert list(mean.x) == [568.0]
    assert mean.error_x.array[0] == pytest.approx(info.rows[2].bce.interval[1] - 568.0)
    assert mean.marker.color == METHOD_COLOURS["musebar"]
    assert "Markov chain 627.0" in texts(drawn)


def test_information_is_a_bar_from_lower_to_upper_and_collapse_is_said(jazz):
    tables, rows, chosen = jazz
    drawn = information(information_plot(tables, rows, chosen, "jazz"), "kl")
    bar = trace(drawn, "MuseBar-BOW")
    assert list(bar.x) == pytest.approx([4.1])
    assert list(bar.y) == pytest.approx([2.8])
    assert list(bar.error_y.array) == pytest.approx([0.3])
    assert trace(drawn, "LSTM-VAE, collapsed").marker.symbol == "x-thin"
    assert "chosen<br>" in trace(drawn, "chosen").text[0]
    line = trace(drawn, "MI = KL, the most possible")
    assert list(line.x) == list(line.y)


def test_a_configuration_in_two_phases_is_one_point_of_the_fuller_phase(jazz):
    tables, rows, chosen = jazz
    points = information_plot(tables, rows, chosen, "jazz").points
    (point,) = [one for one in points if one.chosen]
    assert (point.row.phase, point.row.n_done) == ("confirm", 10)
    assert len({one.row.config_id for one in points}) == len(points) == 7


def test_bce_against_information_shows_the_baselines(jazz):
    tables, rows, chosen = jazz
    drawn = information(information_plot(tables, rows, chosen, "jazz"), "bce")
    assert "Markov chain 627.0" in texts(drawn)
    assert list(trace(drawn, "chosen").x) == pytest.approx([560.0])


def test_learning_curves_show_each_seed_and_the_mean(make_study, make_config):
    study = make_study()
    config_id = study.add(make_config(8), [600.0, 604.0], method="lstm_vae")
    tables = study.tables()
    curves = [("LSTM-VAE", "lstm_vae", curve(tables, "jazz", config_id, "confirm"))]
    baselines = baseline_bce(tables, "jazz", "validation")
    drawn = learning_curves(curves, baselines)
    assert [one.name for one in drawn.data] == [
        "LSTM-VAE, seed 1000",
        "LSTM-VAE, seed 1001",
        "LSTM-VAE",
    ]
    assert list(trace(drawn, "LSTM-VAE").y) == [632.0, 602.0]
    assert len(drawn.layout.shapes) == 1  # Markov; the others are named at the edge
    assert "pitch frequencies 907.0 (above the window)" in texts(drawn)
    assert not leaves_window(curves, baselines)


def test_a_far_baseline_does_not_squeeze_the_window():
    low, high = window([560.0, 570.0], {"markov": 580.0, "repeat_last": 980.0})
    assert low < 560 < 580 < high < 600


def test_a_full_confirmation_is_shown_though_the_search_had_more_seeds(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 4, phase="search")
    study.add(make_config(8), [560.0, 562.0])
    tables = study.tables()
    rows, chosen = summaries(tables, "jazz"), choose(tables, "jazz").chosen
    (point,) = information_plot(tables, rows, chosen, "jazz").points
    assert (point.row.phase, point.bce, point.chosen) == ("confirm", 561.0, True)


def test_a_method_that_was_also_confirmed_is_shown_in_the_phase_it_was_chosen_in(
    make_study, make_config
):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0, 562.0], phase="methods", method="musebar")
    study.add(make_config(8), [561.0, 563.0], phase="confirm", method="musebar")
    tables = study.tables()
    rows, chosen = summaries(tables, "jazz"), choose(tables, "jazz").chosen
    assert compared(rows, chosen, wanted=2) == (chosen,)


def test_a_chosen_method_is_marked_in_every_figure(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0, 562.0], phase="methods", method="musebar")
    tables = study.tables()
    rows, chosen = summaries(tables, "jazz"), choose(tables, "jazz").chosen
    dots = bce_dots(dot_plot(tables, compared(rows, chosen, wanted=2), chosen, "jazz"))
    assert list(dots.layout.yaxis.ticktext) == ["MuseBar (chosen)"]
    drawn = information(information_plot(tables, rows, chosen, "jazz"), "kl")
    assert trace(drawn, "MuseBar (chosen)").marker.color == METHOD_COLOURS["musebar"]


def test_labels_of_close_baselines_stand_apart():
    drawn = figure("", "")
    close = {"pitch_frequencies": 101.0, "markov": 100.0, "repeat_last": 150.0}
    add_baselines(drawn, close, (90.0, 190.0), vertical=True)
    sides = {one.text.split()[0]: one.xanchor for one in drawn.layout.annotations}
    assert sides == {"Markov": "right", "pitch": "left", "repeat": "right"}


def test_names_that_are_cut_still_read_apart():
    names = [f"L 8 · r 1 · constant · KL weight 0.5 · dropout {share}" for share in (0.2, 0.4)]
    assert style.shorten_apart(names, 60) == names
    cut = style.shorten_apart(names, 40)
    assert cut == ["L 8 · r 1 · cons…eight 0.5 · dropout 0.2", cut[0][:-1] + "4"]
    assert {len(name) for name in cut} == {40}
    assert style.shorten_apart(["a" * 30, "b" * 30], 10) == ["aaaaaaaaa…", "bbbbbbbbb…"]
    alike = ["x" * 20 + middle + "x" * 20 for middle in "ab"]
    assert style.shorten_apart(alike, 20) == alike
