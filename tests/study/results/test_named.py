"""Names of a study's configurations, in the order in which pages have them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from study.results.named import named_configurations
from study.search import planner
from study.spec import specfile

METHODS = ("lstm_vae", "vae_bow", "musebar", "musebar_bow")


def named(spec):
    return named_configurations(SimpleNamespace(spec=spec))


def test_the_papers_methods_come_first_and_the_others_as_the_space_has_them(monkeypatch):
    spec = specfile.load("claims")
    assert [*named(spec)][:5] == [*METHODS, "kl_weight_0.9"]
    ids = {"mine": "a", "musebar": "b", "another": "c", "lstm_vae": "d"}
    monkeypatch.setattr(planner, "named_of", lambda _: ids)
    assert [*named(spec).items()] == [
        ("lstm_vae", "d"), ("musebar", "b"), ("mine", "a"), ("another", "c")
    ]  # fmt: skip


def test_each_name_is_that_of_its_configuration():
    spec = specfile.load("paper-methods")
    assert named(spec) == {name: spec.methods[name].config_id for name in METHODS}


@pytest.mark.parametrize("preset", ["search", "paper-latent"])
def test_a_study_whose_space_names_nothing_names_nothing(preset):
    assert named(specfile.load(preset)) == {}
