"""Which measures rank configurations as the mutual information does."""

import pandas as pd
import pytest

from reports.answers.agreement import COMPARED, agreements


def agreed(make_study, make_config, by_genre, n_seeds=1):
    """Agreements of code_worth, given as MI, BCE and code_worth of each configuration."""
    study = make_study(genres=tuple(by_genre))
    rows = []
    for genre, points in by_genre.items():
        for at, (mi, bce, worth) in enumerate(points):
            mis = [mi + seed for seed in range(n_seeds)]
            config = make_config(8 + at)
            study.add(config, [bce] * n_seeds, genre=genre, mis=mis, kl=1.0 + at)
            for seed in range(n_seeds):
                key = {"genre": genre, "config_id": config.config_id, "seed": 1000 + seed}
                of = dict.fromkeys(COMPARED, 0.0) | {"code_worth": worth - seed}
                rows.append(key | {"phase": "confirm"} | of)
    found = agreements(study.tables(), pd.DataFrame(rows))
    return {one.measure: one for one in found}


UP = [(1.0, 504.0, 10.0), (2.0, 503.0, 20.0), (3.0, 502.0, 30.0), (4.0, 501.0, 40.0)]
DOWN = [(mi, bce, -worth) for mi, bce, worth in UP]


def test_a_rank_correlation_is_taken_genre_by_genre_and_averaged(make_study, make_config):
    found = agreed(make_study, make_config, {"jazz": UP, "rock": DOWN, "folk": UP})
    worth = found["code_worth"]
    assert worth.by_genre == {
        "jazz": pytest.approx(1),
        "rock": pytest.approx(-1),
        "folk": pytest.approx(1),
    }
    assert worth.mean == pytest.approx(1 / 3)
    assert found["bce"].mean == pytest.approx(-1)
    assert found["kl"].mean == pytest.approx(1)
    assert list(found) == ["bce", "kl", *COMPARED]


@pytest.mark.parametrize(("n", "known"), [(4, True), (3, False)])
def test_four_configurations_are_the_fewest_that_rank(make_study, make_config, n, known):
    one = agreed(make_study, make_config, {"jazz": UP[:n]})["code_worth"]
    assert (one.mean is not None) is known
    assert one.n_configurations == n


def test_what_is_the_same_everywhere_ranks_nothing(make_study, make_config):
    alike = [(2.0, bce, worth) for _, bce, worth in UP]
    found = agreed(make_study, make_config, {"jazz": UP, "rock": alike})
    assert list(found["code_worth"].by_genre) == ["jazz"]
    assert found["path_ratio"].by_genre == {}
    assert found["path_ratio"].mean is None


def test_a_configuration_counts_once_by_the_mean_of_its_seeds(make_study, make_config):
    found = agreed(make_study, make_config, {"jazz": UP, "rock": [*UP, (5.0, 500.0, 50.0)]}, 2)
    # within a configuration the measure falls as MI rises
    assert found["code_worth"].mean == pytest.approx(1)
    assert found["code_worth"].n_configurations == 4


def test_where_nothing_was_measured_nothing_agrees(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0])
    columns = ["genre", "config_id", "seed", "phase", *COMPARED]
    for one in agreements(study.tables(), pd.DataFrame(columns=columns)):
        assert (one.by_genre, one.mean, one.n_configurations) == ({}, None, 0)
