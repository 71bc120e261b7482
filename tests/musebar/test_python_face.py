"""What ``import musebar`` offers a notebook."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import musebar as face
from musebar.studies import FIGURES, Study

LIGHT = """
import json, sys, time
began = time.perf_counter()
import musebar
seconds = time.perf_counter() - began
heavy = ("torch", "pandas", "numpy", "ray", "plotly", "optuna", "sqlalchemy", "music21", "click")
print(json.dumps([seconds, [name for name in heavy if name in sys.modules]]))
"""


def test_importing_it_takes_no_time_and_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    seconds, heavy = json.loads(done.stdout)
    assert heavy == []
    assert seconds < 0.5


@pytest.mark.parametrize("name", face.__all__)
def test_every_name_it_offers_is_there_documented_and_listed(name):
    found = getattr(face, name)
    assert found.__doc__
    assert name in dir(face)


def test_a_name_it_does_not_offer_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = face.lode


@pytest.fixture(scope="module")
def study(rich_tables):
    return Study(rich_tables("demo", ("jazz", "pop")))


def test_a_study_has_its_tables_and_recommends_as_the_command_does(study):
    assert (study.name, study.state, study.genres) == ("demo", "finished", ("jazz", "pop"))
    rows = study.results[study.results.genre == "jazz"]
    chosen = study.recommend("jazz").chosen
    mine = rows[(rows.config_id == chosen.config_id) & (rows.phase == chosen.phase)]
    assert chosen.validation.bce.mean == pytest.approx(mine.validation_bce.mean())
    assert set(study.curves.columns) >= {"epoch", "validation_bce"}
    assert "reason" in study.decisions.columns


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_for_a_genre(study, name):
    drawn = study.figure(name, genre="jazz")
    assert len(drawn.data) > 0


def test_an_unknown_figure_or_genre_names_the_nearest_and_an_open_genre_is_asked_for(study):
    with pytest.raises(face.MuseBarError, match="did you mean 'history'"):
        study.figure("histry", genre="jazz")
    with pytest.raises(face.MuseBarError, match="did you mean 'jazz'"):
        study.figure("history", genre="jaz")
    with pytest.raises(face.MuseBarError, match="name a genre: jazz, pop"):
        study.figure("history")


def test_a_study_that_is_not_there_is_named(tmp_path):
    with pytest.raises(face.MuseBarError, match="unknown study 'nothing'"):
        face.load(tmp_path, "nothing")
    with pytest.raises(face.MuseBarError, match="there is no study in"):
        face.load(tmp_path)


def test_a_corpus_is_built_a_model_trained_on_it_and_sampled_from(music, tmp_path, configuration):
    grid = configuration().grid
    corpus = face.build_corpus(music, tmp_path / "corpus", grid, workers=0)
    seen = []
    trained = face.train(
        configuration(),
        corpus.genre("low"),
        tmp_path / "a" / "low.safetensors",
        on_epoch=seen.append,
    )
    assert [row.epoch for row in seen] == [4, 8, 12]
    assert trained.epochs == 12
    at_best = next(row for row in seen if row.epoch == trained.outcome.best_epoch)
    measured = {name: v for name, v in at_best.validation._asdict().items() if v is not None}
    assert measured.items() <= trained.outcome.validation._asdict().items()
    melodies = face.sample(trained.checkpoint, 3, steps=20, seed=1)
    assert melodies.shape == (3, 20)
    assert melodies.max() <= 128
    np.testing.assert_array_equal(melodies, face.sample(trained.checkpoint, 3, steps=20, seed=1))
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["low.safetensors"]
