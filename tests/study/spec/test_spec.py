from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import search_spaces
from musebar_core.config import ModelConfig, TrainingConfig
from musebar_core.errors import UsageError
from study.search import planner
from study.spec import specfile
from study.spec.sections import Phase, Sampler


@pytest.mark.parametrize("name", specfile.presets())
def test_every_preset_resolves_to_its_last_value(name):
    resolved = specfile.load(name)
    assert resolved.name == name
    assert None not in resolved.training.model_dump().values()
    assert len(resolved.methods) == 4
    assert specfile.resolve(resolved.model_dump(mode="json")) == resolved


def test_the_papers_profile_is_the_papers(tiny_spec):
    methods = specfile.load("paper-methods").methods
    training = methods["musebar_bow"].training
    assert (training.epochs, training.batch, training.learning_rate) == (3000, "per_group", 0.001)
    assert (training.output_bias, training.gradient_clip, training.evaluate_every) == (False, 0, 60)
    assert [m.model.regularizers for m in methods.values()] == [1, 1, 30, 30]
    assert {m.model.latent_length for m in methods.values()} == {100}


def test_an_explicit_key_overrides_the_profile():
    assert (
        specfile.load("paper-methods", ["training.output_bias=true"]).training.output_bias is True
    )


def test_a_fixed_value_holds_for_the_methods_but_not_where_it_defines_them():
    resolved = specfile.load(
        "search", ["search.fixed={regularizers: 5, latent_length: 7, input_dropout: 0.5}"]
    )
    methods = resolved.methods
    assert [m.model.regularizers for m in methods.values()] == [1, 1, 5, 5]
    assert {m.model.latent_length for m in methods.values()} == {7}
    assert {m.training.input_dropout for m in methods.values()} == {0.0}


def test_a_fixed_schedule_length_reaches_the_annealed_methods():
    resolved = specfile.load("search", ["search.fixed={annealing_length: 0.8}"])
    assert resolved.methods["vae_bow"].annealing.length == 0.8
    assert resolved.methods["lstm_vae"].annealing.length == 0.0


def test_seeds_of_the_search_never_meet_those_of_the_confirmation(tiny_spec):
    resolved = tiny_spec(seeds="{search: 3, confirm: 10}")
    assert list(resolved.seeds_of(Phase.SEARCH)) == [0, 1, 2]
    assert list(resolved.seeds_of(Phase.CONFIRM)) == list(range(1000, 1010))
    assert resolved.seeds_of(Phase.METHODS) == resolved.seeds_of(Phase.CONFIRM)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.fixd=3", "unknown key 'search.fixd': did you mean 'search.fixed'"),
        ("serach={}", "did you mean 'search'"),
        ("corpus.grid.snippet_step=3", "did you mean 'corpus.grid.snippet_steps'"),
        ("search.fixed.regularizers=7", "allowed: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60"),
        ("search.fixed.latent=7", "did you mean 'latent_length'"),
        ("search.choices.regularizers=[7]", "does not divide the 60 bars"),
        ("search.choices.latent_length=[]", "empty list"),
        ("search.choices.annealing_length=[0.5, 2.0]", "fractions of training"),
        (
            "search={fixed: {annealing_start: 0.5}, choices: {annealing_length: [0.75]}}",
            "would not have reached 1",
        ),
        ("search.fixed.free_bits=abc", "free_bits 'abc': a finite number"),
        ("search.fixed.learning_rate=.inf", "a finite number"),
        ("search.choices.annealing_cycles=[2.5]", "whole number of cycles"),
        ("seeds.search=1001", "seeds.search: 1001"),
        ("corpus.grid.snippet_steps=242", "nearest allowed: 240, 244"),
        ("corpus.genres=[]", "empty list"),
        ("corpus.source=''", "spec: corpus.source: ''"),
        ("corpus.source=' '", "corpus.source"),
        ("corpus.labels=[]", "corpus.labels: []"),
        ("corpus.labels=[1]", "corpus.labels"),
        ("corpus.genre_map=map.yaml", "goes with corpus.labels, which is missing"),
        ("corpus.matches=some", "corpus.matches: 'some'"),
        ("corpus.label=a.cls", "did you mean 'corpus.labels'"),
        ("seeds.confirm=0", "seeds.confirm: 0"),
        ("training.epochs=many", "training.epochs: 'many'"),
        ("training.epochs=0", "training.epochs 0: a whole number, 1 or more"),
        ("training.batch=some", "training.batch: 'some': input should be a valid integer"),
        ("model.regularizers.every=0", "model.regularizers: {'every': 0}: input should be"),
        ("training.precison=tf32", "did you mean 'training.precision'"),
        ("search.sampler=best", "search.sampler: 'best'"),
        ("search.space=fulll", "did you mean 'full'"),
        ("search.space=methods", "search.protocol=grid"),
        ("search.fixed.annealing=exponential", "unknown annealing schedule"),
        ("name=a/b", "name: 'a/b'"),
        ("training.epochs", "section.key=value"),
        ("name.first=1", "is a value, not a section"),
        ("training.epochs=[", "not a valid YAML value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_what_to_do(override, message):
    with pytest.raises(UsageError) as caught:
        specfile.load("search", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_yaml_that_is_none_is_refused_with_line_and_column(tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text("name: mine\nsearch: {space: full\nseeds: 3\n")
    with pytest.raises(UsageError, match=r"spec.yaml: not valid YAML at line 3, column 6"):
        specfile.load(str(file))


def test_a_spec_file_without_a_name_takes_the_files(tmp_path):
    file = tmp_path / "my-jazz.yaml"
    file.write_text("corpus: {source: music21}\n")
    assert specfile.load(str(file)).name == "my-jazz"


@pytest.mark.parametrize("sampler", Sampler)
def test_every_sampler_is_told_of_in_the_documentation(sampler):
    told = (Path(__file__).parents[3] / "docs" / "studies.md").read_text()
    assert f"`{sampler}`" in told.split("## Samplers")[1].split("\n## ")[0]


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'quickstart'"):
        specfile.load("quickstrat")


def test_where_a_study_runs_is_no_part_of_what_it_is():
    one, other = (specfile.load("search", [f"resources.slots={n}"]) for n in (1, 2))
    assert one.identity() == other.identity()
    assert one.identity() != specfile.load("search", ["seeds.search=4"]).identity()


def test_the_papers_spaces_are_scaled_down_with_choices():
    resolved = specfile.load(
        "paper-regularizers",
        ["corpus.grid.snippet_steps=32", "search.choices.regularizers=[1, 2, 4, 8]"],
    )
    assert [c["regularizers"] for c in resolved.space.cells()] == [1, 2, 4, 8]
    with pytest.raises(UsageError, match="allowed: 1, 2, 4, 8"):
        specfile.load("paper-regularizers", ["corpus.grid.snippet_steps=32"])


def test_choices_may_be_a_range_that_a_study_keeps_as_it_was_written():
    asked = "search.choices.learning_rate={low: 0.001, high: 0.1, log: true, points: 3}"
    resolved = specfile.load("search", [asked])
    (found,) = [p for p in resolved.space.parameters if p.name == "learning_rate"]
    assert (found.values, found.ordered) == ((0.001, 0.01, 0.1), True)
    kept = resolved.model_dump(mode="json")
    assert kept["search"]["choices"]["learning_rate"]["points"] == 3
    assert specfile.resolve(kept) == resolved


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("{low: 0.1, high: 0.01}", "learning_rate: range: low 0.1 is not below high 0.01"),
        ("{low: 0.1, hihg: 0.2}", "learning_rate: range 'high': is missing"),
        ("{low: 0.1, high: 0.2, of: 3}", "learning_rate: range 'of': is no key of a range"),
        ("{low: -0.1, high: 0.2}", "learning_rate"),
    ],
)
def test_a_range_that_is_none_is_refused_by_name(asked, said):
    with pytest.raises(UsageError) as raised:
        specfile.load("search", [f"search.choices.learning_rate={asked}"])
    assert said in str(raised.value)


def test_the_space_is_stored_with_the_study_and_outlives_its_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("parameters: {hidden: {ordered: true, values: [8, 16]}}")
    resolved = specfile.load("search", [f"search.space={file}"])
    file.unlink()
    again = specfile.resolve(resolved.model_dump(mode="json"))
    assert [c["hidden"] for c in again.space.cells()] == [8, 16]


def test_label_files_are_named_from_the_root_and_one_is_a_list(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    resolved = specfile.load("search", ["corpus.labels=a.cls", "corpus.genre_map=m.yaml"]).corpus
    assert resolved.labels == [str(tmp_path / "a.cls")]
    assert resolved.label_options.genre_map == tmp_path / "m.yaml"
    assert specfile.load("search").corpus.label_options is None


def test_folders_are_named_from_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert specfile.load("search", ["corpus.source=songs"]).corpus.source == str(tmp_path / "songs")


RECORDED = {
    "quickstart": ["87254115a984", "1aabb2d85b0f", "588878dbde8b", "358596cbfdcc"],
    "paper-methods": ["b0d8a8221f50", "db9c8b3e3dc4", "4d4b088a2dbe", "96d4bf00db2f"],
    "search": ["2d24cbac6e19", "f23e42c601a3", "a99e8f5cef16", "8d08b1459530"],
}
"""Ids of the four methods in the first version that recorded any."""

SINCE_CHANGED = {
    "search": ["training.curve_snippets=0"],
    "quickstart": [
        "model.hidden=64",
        "search.fixed.latent_length=16",
        "training.epochs=400",
        "training.evaluate_every=50",
    ],
}
"""What the preset of that version had other than it has now."""


@pytest.mark.parametrize("preset", RECORDED)
def test_the_methods_of_a_preset_keep_their_recorded_ids(preset):
    methods = specfile.load(preset, SINCE_CHANGED.get(preset, [])).methods
    assert [method.config_id for method in methods.values()] == RECORDED[preset]


def test_an_option_that_a_recorded_study_does_not_know_is_off_in_it():
    content = specfile.load("search", ["training.profile=strong"]).model_dump(mode="json")
    for section, names in NEUTRAL_OPTIONS.items():
        for name in names:
            del content[section][name]
    restored = specfile.restore(content)
    base = restored.configuration({}).to_dict()
    assert not set(NEUTRAL_OPTIONS["model"]) & set(base["model"])
    assert not LATER_OPTIONS & set(base["training"])
    assert (base["training"]["free_bits"], base["training"]["input_dropout"]) == (0, 0)
    assert specfile.resolve(content).configuration({}).model.pooling == "max"


LATER_OPTIONS = {
    *("decay", "warm_up", "encoder_steps", "free_nats", "scheduled_sampling", "transposition")
}
NEUTRAL_OPTIONS = {
    "model": ("bidirectional", "pooling", "batch_norm"),
    "training": ("free_bits", "input_dropout", *sorted(LATER_OPTIONS)),
}


def test_every_option_is_off_in_the_papers_profile():
    base = specfile.load("paper-methods").configuration({}).to_dict()
    assert set(base["model"]) == {"hidden", "layers", "latent_length", "regularizers"}
    off = {k: base["training"].get(k) for k in NEUTRAL_OPTIONS["training"]}
    assert off == {"free_bits": 0, "input_dropout": 0} | dict.fromkeys(LATER_OPTIONS)


def test_the_methods_are_the_papers_under_the_strong_profile_too():
    methods = specfile.load("search", ["training.profile=strong"]).methods
    assert {m.model.pooling for m in methods.values()} == {"last"}
    assert {m.training.free_bits for m in methods.values()} == {0}


def test_the_methods_are_the_papers_whatever_a_study_holds_fixed():
    options = {"annealing_end": 0.5, "free_nats": 4.0, "batch_norm": 0.5, "scheduled_sampling": 0.5}
    options["free_bits"] = 0
    fixed = [f"search.fixed.{name}={value}" for name, value in options.items()]
    assert specfile.load("search", fixed).methods == specfile.load("search").methods


def test_an_option_can_be_set_like_any_other_key():
    spec = specfile.load("search", ["training.decay=cosine", "model.bidirectional=true"])
    configuration = spec.configuration({})
    assert configuration.training.decay == "cosine"
    assert configuration.model.bidirectional is True


def test_every_setting_of_the_core_is_a_key_of_a_spec():
    sections = {"model": ModelConfig, "training": TrainingConfig}
    spec = specfile.load("search").model_dump()
    for section, config in sections.items():
        assert {f.name for f in dataclasses.fields(config)} == set(spec[section]) - {"profile"}
    assert (
        specfile.load("search", ["training.precision=tf32"]).configuration({}).training.precision
        == "tf32"
    )


def test_the_profile_strong_is_the_ablations_configuration_strong():
    spec = specfile.load("ablation")
    named = spec.configuration(dict(dict(spec.space.named)["strong"]))
    plain = spec.configuration({"annealing": "logistic"})
    assert named == plain


def test_strong_is_named_in_one_space():
    spaces = {name: search_spaces.read_space(name) for name in search_spaces.space_names()}
    assert [n for n, s in spaces.items() if "strong" in s.get("configurations", {})] == ["ablation"]


def test_strong_has_no_free_bits_and_no_input_dropout():
    """By NLL it is better without; what it has is what was measured to help."""
    strong = specfile.load("search", ["training.profile=strong"]).configuration({})
    assert strong.training.free_bits == strong.training.input_dropout == 0


def test_no_two_of_the_ablation_are_the_same_configuration():
    named = planner.named_of(specfile.load("ablation"))
    assert len(set(named.values())) == len(named)


def test_each_ablation_differs_from_strong_in_what_its_name_says():
    spec = specfile.load("ablation")
    named = dict(spec.space.named)
    strong = spec.configuration(dict(named["strong"]))
    plain = {s: vars(getattr(strong, s)) for s in ("model", "annealing", "training")}
    changed = {}
    for name in named.keys() - {"strong"}:
        other = spec.configuration(dict(named[name]))
        changed[name] = {
            field
            for section in plain
            for field, value in plain[section].items()
            if getattr(getattr(other, section), field) != value
        }
    schedule = {"kind", "length", "cycles", "ratio"}
    assert changed.pop("cosine_decay") == {"decay", "warm_up"}
    assert changed.pop("constant_weight") <= schedule
    assert changed.pop("cyclical_annealing") <= schedule
    assert {len(fields) for fields in changed.values()} == {1}


def test_the_methods_of_the_claims_are_the_papers():
    spec = specfile.load("claims")
    named = planner.named_of(spec)
    assert {name: c.config_id for name, c in spec.methods.items()}.items() <= named.items()
    assert planner.methods_of(spec).keys() == {named[name] for name in spec.methods}


def test_the_controls_of_the_claims_are_vanilla_but_for_their_kl_weight():
    spec = specfile.load("claims")
    vanilla = spec.methods["lstm_vae"]
    for weight in (0.9, 0.75, 0.5, 0.25):
        control = spec.configuration(dict(dict(spec.space.named)[f"kl_weight_{weight}"]))
        schedule = dataclasses.replace(vanilla.annealing, end=weight)
        assert control == dataclasses.replace(vanilla, annealing=schedule)


def test_the_claims_train_as_the_paper_does_but_off_its_plateau():
    paper, claims = (
        specfile.load(name).methods["musebar"].training for name in ("paper-methods", "claims")
    )
    assert (claims.learning_rate, claims.output_bias) == (0.01, True)
    assert (paper.learning_rate, paper.output_bias) == (0.001, False)
    assert (claims.batch, paper.batch) == (16, "per_group")
