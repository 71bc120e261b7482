"""What lines and cells are called: by what they share, and by what they do not."""

from reports.answers.summaries import summaries
from reports.answers.sweeps import Sweep, heatmap, sweeps
from reports.words.sweeps import held_by_cells, line_names, parts, shared_settings


def rows(study):
    return summaries(study.tables(), "jazz")


def test_a_sweep_holds_the_other_setting_and_how_it_is_trained(make_study, make_config):
    study = make_study()
    study.add(make_config(8, 4, "linear", input_dropout=0.2), [500.0])
    (row,) = rows(study)
    training = parts(Sweep("latent_length", (row,), searched=False))[1:]
    assert parts(Sweep("latent_length", (row,), searched=False)) == (
        "4 of 16 bars regularized",
        *training,
    )
    assert parts(Sweep("regularizers", (row,), searched=False)) == ("latent length 8", *training)
    assert training[-1] == "input dropout 0.2"


def test_a_line_is_named_in_few_words_by_what_the_others_have_not(make_study, make_config):
    study = make_study()
    for latent in (8, 16):
        for dropout in (0.2, 0.5):
            study.add(make_config(latent, 4, "linear", input_dropout=dropout), [500.0])
    found = sweeps(rows(study), "latent_length")
    assert sorted(line_names(found)) == ["dropout 0.2", "dropout 0.5"]
    held = shared_settings(found)
    assert held[0] == "4 of 16 bars regularized"
    assert held[1].startswith("linear annealing over ")
    assert len(held) == 2
    (alone,) = line_names(found[:1])
    assert alone.startswith("4 of 16 bars regularized, linear over ")
    assert " of training" not in alone
    assert shared_settings(found[:1]) == parts(found[0])


def test_lines_that_hold_all_the_same_are_named_by_all_they_hold(make_study, make_config):
    study = make_study()
    for phase in ("search", "confirm"):
        for latent in (8, 16, 32):
            study.add(make_config(latent), [500.0], phase=phase)
    names = line_names(sweeps(rows(study), "latent_length"))
    assert names == ("1 of 16 bars regularized, constant KL weight 1",) * 2
    assert line_names(sweeps(rows(study), "regularizers")) == ()


def test_cells_hold_how_they_are_trained(make_study, make_config):
    study = make_study()
    for latent in (8, 16):
        for r in (1, 4):
            study.add(make_config(latent, r, input_dropout=0.2), [500.0])
    assert held_by_cells(heatmap(rows(study))) == "constant KL weight 1, input dropout 0.2"
