import json
import math
from dataclasses import replace

import pytest
import yaml

from musebar_core.config import Configuration
from musebar_core.errors import UnknownNameError
from reports.output.recommendation import as_dict, as_json, as_yaml, recommend
from reports.words.recommendation import as_text, warnings


def refuse(constant):
    raise AssertionError(constant)


def test_the_configuration_can_be_trained_as_it_is(four_methods):
    found = yaml.safe_load(as_yaml(recommend(four_methods.tables(), "jazz")))
    config = Configuration.from_dict(found["config"])
    assert config.config_id == found["config_id"]
    assert config.model.latent_length == 8


def test_json_and_yaml_hold_the_same_and_no_nan(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [560.0])
    found = recommend(study.tables(), "jazz")
    plain = json.loads(as_json(found), parse_constant=refuse)
    assert plain == yaml.safe_load(as_yaml(found))
    assert plain["evidence"]["validation"]["bce"] == {
        "mean": 560.0,
        "interval": None,
        "n_seeds": 1,
    }


def test_the_evidence_is_exact(four_methods):
    found = as_dict(recommend(four_methods.tables(), "jazz"))
    evidence = found["evidence"]
    assert evidence["phase"] == "confirm"
    assert evidence["seeds"] == list(range(1000, 1010))
    assert evidence["collapsed_seeds"] == 0
    assert evidence["validation"]["bce"]["mean"] == pytest.approx(560.0)
    assert evidence["test"]["bce"]["mean"] == pytest.approx(561.0)
    assert evidence["validation"]["mi_upper"]["mean"] == pytest.approx(3.6)
    for split in ("validation", "test"):
        assert evidence[split]["mi_cap"] == pytest.approx(math.log(1024))
        assert evidence[split]["n_snippets"] == 1024
    assert evidence["baselines"]["validation"]["markov"] == 627.0
    assert found["corpus"] == {"path": "/data/corpus", "fingerprint": "f" * 64}


def test_alternatives_are_compared_seed_by_seed(four_methods):
    found = as_dict(recommend(four_methods.tables(), "jazz"))
    first = found["alternatives"][0]
    assert first["latent_length"] == 32
    assert (first["metric"], first["difference"]["mean"]) == ("nll", pytest.approx(0.9))
    assert first["difference"]["n_seeds"] == 10
    named = [one["method"] for one in found["alternatives"]]
    assert named == [None, "musebar_bow", "musebar", "vae_bow", "lstm_vae"]


def test_an_unknown_genre_names_the_nearest(four_methods):
    with pytest.raises(UnknownNameError, match="did you mean 'jazz'") as caught:
        recommend(four_methods.tables(), "jaz")
    assert caught.value.exit_code == 2


def test_what_weakens_a_recommendation_is_said(make_study, make_config):
    study = make_study(confirm=2, state="stopped")
    study.snippets = 64
    study.baselines = {"pitch_frequencies": 690.0, "markov": 907.0}
    study.add(make_config(16), [700.0, 702.0])
    text = " ".join(warnings(recommend(study.tables(), "jazz")))
    assert "The study is stopped" in text
    assert "does not beat: pitch frequencies" in text
    assert "Only 2 seeds" in text
    assert "N = 64 snippets on validation and N = 64 snippets on test, under 10 L = 160" in text
    assert "low by up to about L²/(4N) = 1.00 nats" in text


def test_the_text_shows_bce_beside_baselines_and_information(four_methods):
    text = as_text(recommend(four_methods.tables(), "jazz"))
    assert text.startswith("use this for jazz, density: latent length 8, 4 of 16 bars regularized")
    for part in (
        "560.0 [559.2, 560.8]",
        "BCE of Markov chain",
        "MI, lower",
        "cover seeds",
        "its cap, log N ",
        "6.93 (N = 1,024)",
        "How it was chosen",
        "musebar train --config",
    ):
        assert part in text


def test_a_purpose_stands_in_its_command(four_methods):
    found = recommend(four_methods.tables(), "jazz", "reconstruction@8")
    assert found.chosen.config.model.latent_length == 32
    assert "--for reconstruction@8 --format yaml" in as_text(found)


def test_too_few_snippets_are_said_of_the_split_that_has_them(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(16), [560.0])
    for row in study.rows:
        row["test_n_snippets"] = 100
    (said,) = [w for w in warnings(recommend(study.tables(), "jazz")) if "10 L" in w]
    assert said.startswith("N = 100 snippets on test, under 10 L = 160")
    assert "L²/(4N) = 0.64 nats" in said


def test_the_commands_begin_as_they_are_told(four_methods):
    found = recommend(four_methods.tables(), "jazz")
    assert "Train it: musebar recommend jazz" in as_text(found)
    text = as_text(found, "musebar --home /tmp/h")
    assert "Train it: musebar --home /tmp/h recommend jazz --study demo" in text
    assert "&& musebar --home /tmp/h train --config best.yaml" in text


@pytest.mark.parametrize(("path", "asks"), [("corpora/x", False), (None, True)])
def test_a_study_whose_corpus_is_elsewhere_asks_for_it_where_it_is_trained(
    four_methods, path, asks
):
    tables = replace(four_methods.tables(), corpus_path=path)
    text = as_text(recommend(tables, "jazz"))
    assert ("train --config best.yaml --corpus DIR" in text) is asks
