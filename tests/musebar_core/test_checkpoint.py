"""What a checkpoint holds, and what of one is refused, by the sentence that says why."""

import dataclasses
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from musebar_core import checkpoint, training
from musebar_core.errors import CheckpointError
from musebar_core.state import start
from musebar_core.states import RunState, Standing

STANDING = Standing(RunState.INFORMATIVE, 99.0, 100.0, 0.75, 2.0, 3)


@pytest.fixture(scope="module")
def run(configuration, corpus, tmp_path_factory):
    """A run on its way: its identity, its state, its checkpoint and its weights."""
    config, genre = configuration(), corpus.genre("low")
    state = start(config, genre, 3)
    rows = training.fit(config, genre, 3, state)
    next(rows)
    next(rows)
    identity = checkpoint.Identity(config, genre.name, genre.fingerprint, "here", 3)
    folder = tmp_path_factory.mktemp("checkpoints")
    checkpoint.save(folder / "state", identity, state)
    checkpoint.save_weights(folder / "weights", identity, state, STANDING)
    return identity, state, folder


def read(path):
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


@pytest.fixture
def rewritten(run, tmp_path):
    """Writes a checkpoint again with other numbers, or says other things of itself."""

    def write(name, tensors=None, **said):
        held, metadata = read(run[2] / name)
        held = held if tensors is None else tensors(held)
        kept = metadata | {"sha256": checkpoint._digest(held)} | said
        save_file(held, tmp_path / name, {k: v for k, v in kept.items() if v is not None})
        return tmp_path / name

    return write


def test_what_was_rewritten_as_it_was_is_read(rewritten):
    assert checkpoint.load(rewritten("weights")).standing == STANDING
    assert checkpoint.load(rewritten("state")).standing is None


def test_a_model_is_read_at_its_reported_epoch_and_knows_what_it_is_worth(run):
    identity, state, folder = run
    found = checkpoint.load(folder / "weights")
    assert (found.identity, found.config, found.standing) == (identity, identity.config, STANDING)
    assert not found.network.training
    for name, value in found.network.state_dict().items():
        assert torch.equal(value, state.best_weights[name]), name
    assert checkpoint.load_model(folder / "state")[0] == identity


def test_a_resumed_state_is_the_one_that_was_saved(run):
    identity, state, folder = run
    found = checkpoint.resume(folder / "state", identity)
    assert (found.epoch, found.best_epoch, found.seconds) == (8, state.best_epoch, state.seconds)
    assert found.history == state.history
    for name, value in state.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value), name
    theirs, ours = (
        [one.optimizer.moments[each] for each in one.optimizer.parameters] for one in (found, state)
    )
    for place, (read, kept) in enumerate(zip(theirs, ours, strict=True)):
        for name, value in kept._asdict().items():
            assert torch.equal(getattr(read, name), value), (place, name)


def test_nothing_is_resumed_where_nothing_was_saved(run, tmp_path):
    assert checkpoint.resume(tmp_path / "none", run[0]) is None


@pytest.mark.parametrize(
    "other",
    [{"seed": 4}, {"genre": "high"}, {"corpus_fingerprint": "f"}, {"corpus_path": "there"}],
    ids=str,
)
def test_a_checkpoint_of_another_run_is_not_resumed(run, other):
    identity, _, folder = run
    with pytest.raises(CheckpointError, match="belongs to another run"):
        checkpoint.resume(folder / "state", dataclasses.replace(identity, **other))


def test_weights_alone_cannot_be_resumed(run):
    with pytest.raises(CheckpointError, match="do not fit their configuration"):
        checkpoint.resume(run[2] / "weights", run[0])


def test_the_history_is_that_of_the_run_and_of_weights_there_is_none(run):
    identity, state, folder = run
    assert checkpoint.history(folder / "state") == (identity, state.history)
    with pytest.raises(CheckpointError, match="not a run on its way"):
        checkpoint.history(folder / "weights")
    with pytest.raises(CheckpointError, match="not a run on its way"):
        checkpoint.history(folder / "none")


def test_a_checkpoint_is_known_by_what_it_says(run, tmp_path):
    assert checkpoint.is_checkpoint(run[2] / "weights")
    save_file({"a": torch.zeros(1)}, tmp_path / "other")
    save_file({"a": torch.zeros(1)}, tmp_path / "older", {"format": "other"})
    (tmp_path / "text").write_text("text")
    for name in ("other", "older", "text", "none"):
        assert not checkpoint.is_checkpoint(tmp_path / name)


def test_a_missing_checkpoint_is_said_to_be_missing(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        checkpoint.load(tmp_path / "none")


def test_a_folder_is_made_and_nothing_else_is_left_in_it(run, tmp_path):
    identity, state, _ = run
    checkpoint.save_weights(tmp_path / "deep" / "er" / "m", identity, state)
    assert [one.name for one in (tmp_path / "deep" / "er").iterdir()] == ["m"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"format": None}, "lacks 'format'"),
        ({"format": "other"}, "format other, this version reads"),
        ({"sha256": None}, "lacks 'sha256'"),
        ({"sha256": "0"}, "not those that were written"),
        ({"identity": None}, "lacks 'identity'"),
        ({"progress": "[]"}, "its metadata are no mappings"),
        ({"identity": "[]"}, "its metadata are no mappings"),
    ],
    ids=["no format", "format", "no hash", "hash", "no identity", "progress", "list"],
)
def test_what_says_something_else_of_itself_is_refused(rewritten, said, why):
    with pytest.raises(CheckpointError, match=why):
        checkpoint.load(rewritten("weights", **said))


def test_as_many_characters_as_are_allowed_are_read_and_not_one_more(run, monkeypatch):
    path = run[2] / "weights"
    longest = max(map(len, read(path)[1].values()))
    assert longest < checkpoint.MAX_METADATA == 64 * 2**20
    monkeypatch.setattr(checkpoint, "MAX_METADATA", longest)
    checkpoint.load(path)
    monkeypatch.setattr(checkpoint, "MAX_METADATA", longest - 1)
    with pytest.raises(CheckpointError, match="characters of metadata"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"seed": -1}, "seed -1: a whole number, 0 or more"),
        ({"seed": 1.0}, "seed 1.0: a whole number"),
        ({"seed": True}, "seed True: a whole number"),
        ({"genre": 1}, "are text"),
        ({"corpus_path": None}, "are text"),
        ({"corpus_fingerprint": []}, "are text"),
    ],
    ids=str,
)
def test_an_identity_of_other_types_is_refused(run, rewritten, changed, why):
    identity = json.loads(read(run[2] / "weights")[1]["identity"]) | changed
    with pytest.raises(CheckpointError, match=why):
        checkpoint.load(rewritten("weights", identity=json.dumps(identity)))


def test_a_seed_of_nought_is_read(run, rewritten):
    identity = json.loads(read(run[2] / "weights")[1]["identity"]) | {"seed": 0}
    path = rewritten("weights", identity=json.dumps(identity))
    assert checkpoint.load(path).identity.seed == 0


@pytest.mark.parametrize("standing", [[], None, "collapsed"])
def test_a_standing_that_is_no_mapping_is_refused(rewritten, standing):
    progress = json.dumps({"epoch": 1, "best_epoch": 1, "standing": standing})
    with pytest.raises(CheckpointError, match="its standing is no mapping"):
        checkpoint.load(rewritten("weights", progress=progress))


def first(change):
    """Changes the first tensor alone."""

    def edit(tensors):
        name = min(tensors)
        return tensors | {name: change(tensors[name])}

    return edit


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (first(lambda value: value.double()), "do not fit"),
        (first(lambda value: torch.cat([value, value])), "do not fit"),
        (first(lambda value: torch.full_like(value, float("nan"))), "is not finite"),
        (first(lambda value: torch.full_like(value, float("inf"))), "is not finite"),
        (lambda tensors: dict(sorted(tensors.items())[1:]), "do not fit"),
        (lambda tensors: tensors | {"best/more": torch.zeros(1)}, "do not fit"),
        (lambda tensors: tensors | {"other/more": torch.zeros(1)}, "do not fit"),
    ],
    ids=["double", "shape", "nan", "inf", "lacking", "one more", "another part"],
)
def test_numbers_that_are_none_of_the_models_are_refused(rewritten, edit, why):
    with pytest.raises(CheckpointError, match=why):
        checkpoint.load(rewritten("weights", edit))


def test_no_room_is_made_for_more_moments_than_adam_has(run, rewritten):
    # Adam keeps two numbers a weight, and its count of steps: three a weight are room enough
    weights = sum(value.numel() for value in run[1].best_weights.values())
    kept = sum(v.numel() for k, v in read(run[2] / "state")[0].items() if k.startswith("adam/"))

    def more(n):
        return lambda tensors: tensors | {"adam/99/more": torch.zeros(n)}

    checkpoint.load(rewritten("state", more(3 * weights - kept)))
    with pytest.raises(CheckpointError, match="do not fit"):
        checkpoint.load(rewritten("state", more(3 * weights - kept + 1)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda tensors: tensors | {"adam/first/step": torch.zeros(1)},
        lambda tensors: tensors | {"adam/99/step": torch.zeros(1)},
        lambda tensors: {k: v for k, v in tensors.items() if k != "adam/0/step"},
        lambda tensors: tensors | {"adam/0/exp_avg": tensors["adam/1/exp_avg"].clone()},
        lambda tensors: tensors | {"adam/0/exp_avg_sq": tensors["adam/1/exp_avg_sq"].clone()},
    ],
    ids=["no number", "of no parameter", "no count", "another's mean", "another's square"],
)
def test_moments_that_do_not_fit_cannot_be_resumed(run, rewritten, edit):
    path = rewritten("state", edit)
    with pytest.raises(CheckpointError, match="cannot be resumed"):
        checkpoint.resume(path, run[0])


def test_moments_are_taken_up_as_the_model_has_its_numbers(run):
    identity, state, folder = run
    torch.set_default_dtype(torch.float64)
    try:
        found = checkpoint.resume(folder / "state", identity)
    finally:
        torch.set_default_dtype(torch.float32)
    for ours, theirs in zip(state.optimizer.parameters, found.optimizer.parameters, strict=True):
        read, kept = found.optimizer.moments[theirs], state.optimizer.moments[ours]
        assert [each.dtype for each in read] == [torch.float32, torch.float64, torch.float64]
        assert torch.equal(read.exp_avg, kept.exp_avg.double())


@pytest.mark.parametrize("where", ["identity", "progress"])
def test_a_number_beyond_all_numbers_is_refused_in_a_line(run, rewritten, where):
    said = json.loads(read(run[2] / "weights")[1][where])
    if where == "identity":
        said["config"]["training"]["learning_rate"] = 10**400
    else:
        said["standing"]["bce"] = 10**400
    with pytest.raises(CheckpointError, match=r"not a readable checkpoint \(") as caught:
        checkpoint.load(rewritten("weights", **{where: json.dumps(said)}))
    assert "\n" not in str(caught.value)
