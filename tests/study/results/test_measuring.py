"""A small study of the claims, measured and written as Markdown: the commands, end to end."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from musebar_core.checkpoint import Identity, save_weights
from musebar_core.errors import StudyError
from musebar_core.measures import Measures, RatePoint
from musebar_core.melodies import Character, Likeness
from musebar_core.state import start
from study.home.studies import Home
from study.ledger.record import MODEL_FILE, SeedRun
from study.results import measuring
from study.results.measuring import flat, measure
from study.spec.sections import Phase
from tests.study.search.toystudy import done


@pytest.fixture(scope="module")
def overrides():
    return [
        "--set",
        "corpus.genres=[low]",
        "--set",
        "training.epochs=4",
        "--set",
        "training.evaluate_every=2",
        "--set",
        "training.evaluation_snippets=16",
        "--set",
        "corpus.grid={steps_per_quarter: 1, steps_per_bar: 4, snippet_steps: 16}",
        "--set",
        "model={hidden: 8, layers: 1, latent_length: 4, regularizers: {every: 2}}",
        "--set",
        "seeds.confirm=2",
    ]


@pytest.mark.slow
def test_a_study_is_measured_and_becomes_a_table(musebar, music, tmp_path, overrides):
    launched = musebar("study", "launch", "claims", "--set", f"corpus.source={music}", *overrides)
    assert launched.returncode == 0, launched.stderr
    measured = musebar("study", "measure", "claims", "--seeds", "1")
    assert measured.returncode == 0, measured.stderr
    rows = pd.read_parquet(tmp_path / "studies" / "claims" / "measures.parquet")
    assert set(rows["seed"]) == {1000}
    assert len(rows) == 8
    assert rows["code_worth"].notna().all()
    (tmp_path / "results.md").write_text("# Ours\n")
    written = musebar("report", "table", "claims", "--out", "results.md")
    assert written.returncode == 0, written.stderr
    text = (tmp_path / "results.md").read_text()
    assert text.startswith("# Ours\n")
    assert "| low | kl weight 0.5 | 2 |" in text
    assert "### What they generate" in text
    assert str(tmp_path) not in text + (tmp_path / "results" / "claims" / "study.yaml").read_text()
    checkpoint = next((tmp_path / "studies" / "claims").rglob("model.safetensors"))
    evaluated = musebar("evaluate", checkpoint, "--measures", "--json")
    assert json.loads(evaluated.stdout)["test"]["measures"]["n_snippets"] > 0


@pytest.mark.slow
def test_a_study_that_is_not_there_is_not_measured(musebar):
    assert musebar("study", "measure", "nothing").returncode == 2


def test_measures_become_columns_by_their_path():
    character = Character(12.0, 3.5, 0.25, None, 0.125)
    found = flat(
        Measures(
            importance_nll=500.0,
            rate_distortion=(RatePoint(0.0, 0.0, 520.0), RatePoint(0.25, 4.0, 510.0)),
            code_worth=7.0,
            path_ratio=None,
            largest_jump=0.5,
            generated=character,
            held_out=character,
            likeness=Likeness(0.1, 0.2, 0.9, None, 0.5),
            likeness_of_songs=Likeness(0.01, 0.02, 0.99, 0.98, 0.7),
            n_snippets=128,
            draws=16,
        )
    )
    assert found["importance_nll"] == 500.0
    assert (found["rate_at_0"], found["distortion_at_0"]) == (0.0, 520.0)
    assert (found["rate_at_0.25"], found["distortion_at_0.25"]) == (4.0, 510.0)
    assert (found["generated_note_density"], found["held_out_out_of_key"]) == (3.5, 0.125)
    assert (found["likeness_shared_runs"], found["likeness_of_songs_repetition"]) == (0.5, 0.98)
    assert found["path_ratio"] is None
    assert "rate_distortion" not in found
    assert (found["n_snippets"], found["draws"]) == (128, 16)


@pytest.fixture
def kept(tmp_path, tiny_spec, corpus):
    """A study that keeps the models of its confirmed runs, and has recorded one that it did not."""
    study = Home(tmp_path / "studies").create(tiny_spec())
    config = next(iter(study.ledger.read("tiny").spec.methods.values()))
    study.ledger.add_configurations("tiny", [config])
    study.ledger.set_corpus("tiny", str(corpus.path), {"low": {"baselines": {}}})
    for phase, seed in ((Phase.CONFIRM, 1000), (Phase.CONFIRM, 1001), (Phase.METHODS, 1001)):
        place = f"runs/low/{phase}-{seed}/{MODEL_FILE}"
        state = start(config, corpus.genre("low"), seed)
        state.best_weights = state.model.state_dict()
        identity = Identity(config, "low", "abc", str(corpus.path), seed)
        save_weights(study.folder / place, identity, state)
        run = SeedRun("low", config.config_id, seed, phase)
        study.ledger.end("tiny", run, replace(done(bce=1.0), checkpoint=place))
    study.ledger.end("tiny", SeedRun("low", config.config_id, 0, Phase.SEARCH), done(bce=1.0))
    return study


@pytest.mark.parametrize(
    ("seeds", "measured"),
    [
        (1, [("confirm", 1000)]),
        (2, [("confirm", 1000), ("confirm", 1001), ("methods", 1001)]),
        (9, [("confirm", 1000), ("confirm", 1001), ("methods", 1001)]),
    ],
)
def test_the_first_seeds_of_each_phase_are_measured_where_a_model_was_kept(kept, seeds, measured):
    rows = list(measure(kept, seeds))
    assert sorted((row["phase"], row["seed"]) for row in rows) == measured
    for row in rows:
        assert (row["study"], row["genre"]) == ("tiny", "low")
        assert row["importance_nll"] > 0
        assert row["n_snippets"] > 0
    assert measuring.read(kept.folder) is None
    measuring.write(kept, rows)
    pd.testing.assert_frame_equal(measuring.read(kept.folder), pd.DataFrame(rows))


def test_a_study_that_keeps_no_model_or_no_music_is_not_measured(kept, tmp_path, tiny_spec):
    empty = Home(tmp_path / "others").create(tiny_spec())
    empty.ledger.set_corpus("tiny", "there", {"low": {"baselines": {}}})
    kept.ledger.set_corpus("tiny", None, {"low": {"baselines": {}}})
    for study in (empty, kept):
        with pytest.raises(StudyError, match="study 'tiny' keeps no models yet"):
            list(measure(study, 1))


def test_models_are_measured_on_validation_in_the_order_of_their_runs(kept, monkeypatch):
    asked = []

    class Stop(Exception):  # noqa: N818  enough was seen
        pass

    def look(config, genre, model, split):
        asked.append((config.config_id, genre.name, split))
        raise Stop

    monkeypatch.setattr("musebar_core.measures.measures", look)
    with pytest.raises(Stop):
        next(measure(kept, 9))
    (config_id,) = kept.ledger.read("tiny").configurations
    assert asked == [(config_id, "low", "validation")]
