import pytest

from reports.answers.collapse import by_share, rates, trainings
from reports.answers.summaries import summaries
from reports.figures.collapse import active_units, collapsed_bars, rate_bars, training_panel


@pytest.fixture
def study(make_study, make_config):
    found = make_study(confirm=4)
    found.add(make_config(8), [500.0] * 4, collapsed=3)
    found.add(make_config(16), [500.0] * 4, collapsed=1)
    found.add(make_config(16, 4), [500.0] * 4)
    return found


def test_collapsed_seeds_are_counted_by_each_value(study):
    counted = rates(summaries(study.tables(), "jazz"))
    assert [(one.setting, one.value, one.collapsed, one.seeds) for one in counted] == [
        ("latent_length", 8, 3, 4),
        ("latent_length", 16, 1, 8),
        ("regularizers", 1, 4, 8),
        ("regularizers", 4, 0, 4),
    ]
    assert list(rate_bars(counted).data[0].x) == [0.0, 0.5, 0.125, 0.75]


def test_the_worst_configuration_stands_first(study):
    ranked = by_share(summaries(study.tables(), "jazz"))
    assert [row.collapsed for row in ranked] == [3, 1, 0]
    (bars,) = collapsed_bars(ranked, ["a", "<b>", "c"]).data
    assert list(bars.x) == [0.75, 0.25, 0.0]
    assert "&lt;b&gt;" in bars.customdata


def test_active_units_stand_over_the_latent_length(study):
    rows = summaries(study.tables(), "jazz")
    line, marks = active_units(rows, None).data
    assert list(line.x) == list(line.y) == [8, 16]
    assert sorted(zip(marks.x, marks.y, strict=True)) == [(8, 1.25), (16, 3.75), (16, 5.0)]


def test_weight_kl_and_bce_are_drawn_over_training(study):
    tables = study.tables()
    rows = summaries(tables, "jazz")
    found = trainings(tables, "jazz", rows)
    assert len(found) == 3
    assert found[0].weight.epochs == (50, 100)
    drawn = training_panel(found, "kl", "KL", None)
    assert len(drawn.data) == 3 * (4 + 1)
    assert len(training_panel(found, "weight", "weight", None).data) == 3
    drawn = training_panel(found, "bce", "BCE", None, {"markov": 510.0})
    assert "Markov chain 510.0" in drawn.layout.annotations[0].text


def test_only_trained_seeds_tell_of_collapse(make_study, make_config):
    study = make_study(confirm=4)
    study.add(make_config(8), [700.0] * 2 + [500.0] * 2, collapsed=3)  # the chain is at 627
    study.add(make_config(16), [700.0] * 4)
    study.add(make_config(32), [500.0] * 4)
    rows = summaries(study.tables(), "jazz")
    assert [(one.value, one.collapsed, one.seeds, one.share) for one in rates(rows)] == [
        (8, 1, 2, 0.5),
        (32, 0, 4, 0.0),
    ]
    assert [row.config.model.latent_length for row in by_share(rows)] == [8, 32]


def test_configurations_of_one_share_stand_by_their_ids(make_study, make_config):
    study = make_study()
    for latent in (8, 16, 32, 64):
        study.add(make_config(latent), [500.0] * 2, collapsed=1)
    ids = [row.config_id for row in by_share(summaries(study.tables(), "jazz"))]
    assert ids == sorted(ids)


def test_a_training_without_curves_is_left_out(study):
    tables = study.tables()
    rows = summaries(tables, "jazz")
    tables.curves.loc[tables.curves["config_id"] == rows[0].config_id, "weight"] = None
    assert [one.row for one in trainings(tables, "jazz", rows)] == list(rows[1:])


def test_the_worst_share_stands_before_the_largest_count(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 8, collapsed=2)
    study.add(make_config(16), [500.0] * 2, collapsed=1)
    ranked = by_share(summaries(study.tables(), "jazz"))
    assert [row.config.model.latent_length for row in ranked] == [16, 8]
