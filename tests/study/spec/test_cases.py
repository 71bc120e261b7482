"""Spec files that a user might write: each is read right, or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from musebar_core.errors import UsageError
from study.spec import specfile

CASES = Path(__file__).parent / "cases"


def test_a_section_that_stands_twice_is_refused_with_both_lines():
    with pytest.raises(UsageError, match="'training' stands twice, at lines 2 and 4"):
        specfile.load(str(CASES / "spec_duplicate_section.yaml"))


def test_an_exponent_without_a_point_is_the_same_number_in_every_place():
    resolved = specfile.load(str(CASES / "spec_exponent_without_dot.yaml"))
    assert resolved.training.learning_rate == 0.001
    assert resolved.fixed == {"free_bits": 0.05}


def test_more_seeds_than_anyone_could_train_are_refused_at_once():
    with pytest.raises(UsageError, match=r"seeds\.confirm: 99999999999: .*less than or equal"):
        specfile.load(str(CASES / "spec_seeds_confirm_huge.yaml"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.free_bits=yes", "training.free_bits: 'yes'"),
        ("training.learning_rate='0.1'", "training.learning_rate: '0.1'"),
        ("training.learning_rate=true", "training.learning_rate: True"),
        ("training.epochs=true", "training.epochs: True"),
        ("training.epochs=3e3", "training.epochs: 3000.0"),
        ("training.batch=true", "training.batch: True"),
        ("training.output_bias=yes", "training.output_bias: 'yes'"),
        ("training.output_bias=1", "training.output_bias: 1"),
        ("search.methods=no", "search.methods: 'no'"),
        ("search.transfer=0", "search.transfer: 0"),
        ("search.seed=true", "search.seed: True"),
        ("seeds.search=true", "seeds.search: True"),
        ("seeds.confirm='10'", "seeds.confirm: '10'"),
        ("seeds.confirm=10.0", "seeds.confirm: 10.0"),
        ("resources.slots=yes", "resources.slots: 'yes'"),
        ("resources.gpus_per_trial=true", "resources.gpus_per_trial: True"),
        ("storage.patience_seconds=on", "storage.patience_seconds: 'on'"),
        (
            "storage.patience_seconds=.inf",
            "storage.patience_seconds: inf: input should be a finite",
        ),
        (
            "storage.checkpoint_seconds=.nan",
            "storage.checkpoint_seconds: nan: input should be a finite",
        ),
        ("search.rate=.inf", "search.rate: inf: input should be a finite number"),
        ("model.layers=2.0", "model.layers: 2.0"),
        ("model.regularizers.every=true", "model.regularizers: {'every': True}"),
        ("search.fixed.free_bits=true", "free_bits True"),
        ("search.fixed.free_bits=yes", "free_bits 'yes'"),
        ("search.fixed.latent_length=true", "latent_length True"),
        ("search.fixed.regularizers=true", "regularizers True"),
        ("search.choices.free_bits=[off, 0.1]", "free_bits 'off'"),
        ("search.choices.bidirectional=[no]", "bidirectional 'no'"),
    ],
)
def test_a_value_of_another_kind_is_no_value_in_any_place(override, message):
    with pytest.raises(UsageError) as caught:
        specfile.load("search", [override])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("training.epochs=010", lambda spec: spec.training.epochs == 10),
        ("training.free_bits=5e-2", lambda spec: spec.training.free_bits == 0.05),
        ("search.fixed.free_bits=5e-2", lambda spec: spec.fixed == {"free_bits": 0.05}),
        (
            "search.choices.free_bits=[5e-2, 1e-1]",
            lambda spec: (
                next(p for p in spec.space.parameters if p.name == "free_bits").values
                == (0.05, 0.1)
            ),
        ),
        ("storage.patience_seconds=1e2", lambda spec: spec.storage.patience_seconds == 100),
        ("resources.gpus_per_trial=5e-1", lambda spec: spec.resources.gpus_per_trial == 0.5),
        ("search.fixed.bidirectional=true", lambda spec: spec.fixed == {"bidirectional": True}),
        ("corpus.genres=[no, 'on']", lambda spec: spec.corpus.genres == ["no", "on"]),
    ],
)
def test_a_value_is_read_as_yaml_1_2_has_it(override, read):
    assert read(specfile.load("search", [override]))


SHARES = [n / 1000 for n in range(101)]
SIZES = list(range(1, 501))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "override",
    [
        "seeds.confirm=10001",
        "seeds.search=1001",
        "search.seed=9223372036854775808",
        "search.configurations=10001",
        "search.generation=10001",
        "search.finalists=10001",
        "resources.slots=100001",
        "resources.cpus_per_trial=10001",
        "resources.gpus_per_trial=1001",
        "resources.seeds_per_trial=10001",
        "resources.max_attempts=1001",
        "storage.patience_seconds=1e8",
        "storage.checkpoint_seconds=1e8",
        "corpus.songs_per_genre=10000001",
        "corpus.grid.steps_per_quarter=1001",
        "corpus.grid.snippet_steps=4000000000",
        "corpus.grid.steps_per_bar=4000000000",
        "model.hidden=1000000",
        "model.layers=1000000",
        "model.latent_length=1000000",
        "training.epochs=99999999999",
        "training.batch=99999999999",
        "training.evaluate_every=99999999999",
        "training.evaluation_snippets=99999999999",
        "training.encoder_steps=99999999999",
        "training.epochs=" + "9" * 40,
        "search.fixed.hidden=1000000",
        "search.choices.layers=[2, 1000000]",
        f"search.choices.latent_length={list(range(1, 1002))}",
        f"search.choices={{annealing_start: {SHARES}, annealing_length: {SHARES}}}",
        f"search={{protocol: grid, choices: {{latent_length: {SIZES}, hidden: {SIZES}}}}}",
        "name=" + "a" * 200,
        f"corpus.genres=['{'a' * 300}']",
        ".".join(["search"] * 100) + "=1",
    ],
    ids=lambda override: override[:40],
)
def test_what_no_machine_could_do_is_refused_before_anything_is_made(override):
    with pytest.raises(UsageError) as caught:
        specfile.load("search", [override])
    assert len(str(caught.value)) < 400 + len(override)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "override",
    [
        "storage=postgresql://user:hunter2@host/db",
        "storage.ledger=[postgresql://user:hunter2@host/db]",
        "storage.ledger=postgresql://user:hunter2@host/db: oops",
        "storage.ledger={url: 'postgresql://user:hunter2@host/db'}",
        "storage.ledger=postgresql://user:hunt@er2@host/db: [",
        "storage.home=[s3://key:hunter2@bucket]",
        "postgresql://user:hunter2@host/db",
        "storage.ledger.url=postgresql://host/db?password=hunter2",
        "seeds={'postgresql://user:hunter2@host/db': 3}",
        "search.choices={'postgresql://user:hunter2@host/db': 3}",
        "search.choices={'postgresql://user:hunter2@host/db': {low: 3}}",
    ],
)
def test_no_message_about_a_setting_shows_a_password(override):
    with pytest.raises(UsageError) as caught:
        specfile.load("search", [override])
    assert "er2" not in str(caught.value)
    assert "***" in str(caught.value) or "storage.ledger" in str(caught.value)


def test_a_key_that_is_given_twice_in_one_value_is_refused():
    with pytest.raises(UsageError, match="'search' stands twice"):
        specfile.load("search", ["seeds={search: 1, search: 2}"])
