"""What only a GPU can show; skipped where there is none."""

from __future__ import annotations

import copy
import os

import pytest
import torch

from musebar_core import checkpoint, training
from musebar_core.config import Configuration, Grid, ModelConfig, Precision, TrainingConfig
from musebar_core.corpus import SnippetSampler
from musebar_core.errors import DivergedError
from musebar_core.precision import computing
from musebar_core.stacked import Run, fit, model, pointwise, sweep
from musebar_core.stacked.model import Shape
from musebar_core.stacked.step import Step
from musebar_core.stacked.weights import Weights
from musebar_core.state import build, start

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

TOLERANCE = {"fp32": 1e-5, "tf32": 2e-3, "mixed": 2e-2}
"""Largest relative difference of the gradients of one step, stacked against alone in fp32."""

PRECISIONS = pytest.mark.parametrize("precision", [Precision(each) for each in TOLERANCE])


@pytest.fixture
def genre(corpus):
    return corpus.genre("low")


def config(hidden=128, latent=20, spread=0.0, **settings):
    settings = {
        "epochs": 12,
        "evaluate_every": 4,
        "batch": 5,
        "evaluation_snippets": 16,
        "learning_rate": 0.003,
    } | settings
    return Configuration(
        Grid(1, 4, 16),
        ModelConfig(hidden, 2, latent, 2, batch_norm=spread),
        training=TrainingConfig(**settings),
    )


def runs_of(genre, configs, device="cuda"):
    return [Run(each, seed, start(each, genre, seed, device)) for seed, each in enumerate(configs)]


def step_of(genre, configs):
    states = [run.state for run in runs_of(genre, configs)]
    weights = Weights(states)
    operands = sweep.OPERANDS[configs[0].training.precision]
    shape = Shape.of(configs, weights.values, operands)
    return weights, Step(configs, weights, shape, SnippetSampler(genre, configs[0].grid))


def gradient_of(configs, genre):
    """What Adam's first step of each model was given, ``[M, D]``: ten times its first moment."""
    weights, step = step_of(genre, configs)
    with computing(configs[0].training.precision, "cuda"):
        step.take(range(len(configs)), [1] * len(configs))
    return 10 * weights.mean, weights


@PRECISIONS
@pytest.mark.parametrize(
    ("hidden", "batch"),
    [(128, 5), (128, 20), (128, 50), (48, 5)],  # resident weights, in parts, a size that is not
)
def test_a_stacked_step_is_the_step_of_each_run_alone(genre, precision, hidden, batch):
    configs = [config(hidden, batch=batch, precision=precision)] * 3
    found, weights = gradient_of(configs, genre)
    sampler = SnippetSampler(genre, configs[0].grid)
    for seed, run in enumerate(runs_of(genre, [config(hidden, batch=batch)] * 3)):
        run.state.epoch = 1
        with computing(Precision.FP32, "cuda"):
            training.optimise(run.config, sampler, seed, run.state)
        for name, parameter in run.state.model.named_parameters():
            wanted = 10 * run.state.optimizer.moments[parameter].exp_avg
            own = weights._views(found)[name][seed]
            error = float((own - wanted).norm() / wanted.norm())
            assert error < TOLERANCE[precision], (name, error)


OPTIONS = {"free_nats": 0.5, "scheduled_sampling": 1.0, "transposition": 3, "input_dropout": 0.3}


@PRECISIONS
@pytest.mark.parametrize("options", [{}, OPTIONS | {"spread": 0.5}])
def test_a_replayed_graph_is_the_step_that_was_captured(genre, precision, options):
    configs = [config(precision=precision, **options)] * 2
    weights, step = step_of(genre, configs)
    eager_weights, eager = step_of(genre, configs)
    for epoch in (1, 2, 3):
        with computing(precision, "cuda"):
            step.take((0, 1), (epoch, epoch))
            eager._put(eager._draw((0, 1), (epoch, epoch)))
            eager._compute()
    assert step._graph is not None
    assert torch.equal(weights.values, eager_weights.values)
    assert torch.equal(step.totals, eager.totals)
    for name, values in weights.buffers.items():
        assert torch.equal(values, eager_weights.buffers[name]), name


def test_a_normalised_run_in_a_stack_ends_as_it_does_alone(genre):
    each = config(spread=0.5, free_nats=0.5, transposition=3)
    (run,) = runs_of(genre, [each])
    list(fit([run], genre))
    (lone,) = runs_of(genre, [each])
    list(training.fit(each, genre, 0, lone.state))
    for name, values in lone.state.model.named_buffers():
        found = dict(run.state.model.named_buffers())[name]
        assert torch.allclose(found, values, rtol=1e-2, atol=1e-4), name


@PRECISIONS
def test_a_change_in_one_model_leaves_the_others_bit_for_bit_as_they_were(genre, precision):
    found = []
    for change in (0.0, 1.0):
        weights, step = step_of(genre, [config(precision=precision)] * 3)
        with torch.no_grad():
            weights.values[1] += change
        for epoch in (1, 2):
            with computing(precision, "cuda"):
                step.take((0, 1, 2), [epoch] * 3)
        found.append(weights.values)
    assert torch.equal(found[0][[0, 2]], found[1][[0, 2]])
    assert not torch.equal(found[0][1], found[1][1])


@pytest.fixture
def deterministic(monkeypatch):
    monkeypatch.setitem(os.environ, "CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@PRECISIONS
@pytest.mark.usefixtures("deterministic")
def test_a_stack_repeated_is_the_same_bit_for_bit(genre, precision):
    histories = []
    for _ in range(2):
        runs = runs_of(genre, [config(precision=precision), config(latent=9, precision=precision)])
        list(fit(runs, genre))
        histories.append([run.state.history for run in runs])
    assert histories[0] == histories[1]


@pytest.mark.parametrize(("first", "then"), [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_checkpoint_of_one_device_goes_on_on_the_other(genre, tmp_path, first, then):
    each = config()
    whole = runs_of(genre, [each] * 2, first)
    list(fit(whole, genre))
    runs = runs_of(genre, [each] * 2, first)
    for run, row in fit(runs, genre):
        assert not isinstance(row, DivergedError)
        if run is runs[1]:
            break
    identity = checkpoint.Identity(each, "low", genre.fingerprint, "corpus", 1)
    checkpoint.save(tmp_path / "state", identity, runs[1].state)
    state = checkpoint.resume(tmp_path / "state", identity, then)
    assert state is not None
    assert state.epoch == 4
    list(training.fit(each, genre, 1, state))
    own = [row.validation.bce for row in state.history]
    assert own == pytest.approx([row.validation.bce for row in whole[1].state.history], rel=1e-4)


def test_a_run_of_no_numbers_leaves_the_stack_and_the_others_never_notice(genre):
    fine = config()
    runs = runs_of(genre, [fine, config(learning_rate=1e30), fine])
    ended = dict(fit(runs, genre))
    assert isinstance(ended[runs[1]], DivergedError)
    calm = runs_of(genre, [fine, fine, fine])
    list(fit(calm, genre))
    for run, other in ((runs[0], calm[0]), (runs[2], calm[2])):
        assert run.state.epoch == 12
        assert [row.validation.bce for row in run.state.history] == pytest.approx(
            [row.validation.bce for row in other.state.history], rel=1e-4
        )


@pytest.mark.parametrize(("models", "snippets"), [(1, 8), (3, 13), (10, 16), (40, 5)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_the_resident_kernels_compute_what_plain_torch_computes(models, snippets, dtype):
    """At paper size, where many programs meet at every step, and not all fit the chip at once."""
    if not pointwise.has_triton():
        pytest.skip("needs Triton")
    from musebar_core.stacked import resident
    from tests.musebar_core.stacked import bylayer_reference as reference

    torch.manual_seed(0)
    steps, hidden = 24, 512
    sums = torch.randn(models, steps, snippets, 4 * hidden, device="cuda")
    start = torch.randn(2, models, snippets, hidden, device="cuda").tanh()
    weights = resident.rounded(0.05 * torch.randn(models, 4 * hidden, hidden, device="cuda"), dtype)
    if not resident.suits(sums, hidden, snippets, weights.itemsize):
        pytest.skip("the chip is too small")
    back = weights.bfloat16() if dtype == torch.float16 else weights
    ours, theirs = (code.forward(sums, weights, start) for code in (resident, reference))
    for found, wanted in zip(ours, theirs, strict=True):
        assert (found.float() - wanted.float()).norm() <= 1e-3 * wanted.float().norm()
    gates, h, _, c = theirs
    arriving, dc = torch.randn_like(h[:, 1:]), torch.randn_like(c[:, 0])
    dcs = dc.clone(), dc.clone()
    ours = (*resident.backward(gates, back, c, arriving, dcs[0]), dcs[0])
    theirs = (*reference.backward(gates, back, c, arriving, dcs[1]), dcs[1])
    for found, wanted in zip(ours, theirs, strict=True):
        assert (found.float() - wanted.float()).norm() <= 5e-3 * wanted.float().norm()


def test_what_an_evaluation_infers_is_what_the_models_compute():
    if not pointwise.has_triton():
        pytest.skip("needs Triton")
    torch.manual_seed(0)
    configs = [Configuration(model=ModelConfig(512, 2, latent, 15)) for latent in (100, 40)]
    states = [build(each, "cuda") for each in configs]
    for seed, state in enumerate(states):
        training.initialise(state.model, seed)
    weights = Weights(states)
    shape = Shape.of(configs, weights.values, sweep.FULL)
    pitches = torch.randint(0, 129, (150, 240), device="cuda")
    noise = torch.randn(2, 150, 100, device="cuda") * shape.own_dimensions[:, None]
    with torch.no_grad():
        found, ours = model.infer(weights.leaves, shape, pitches, noise)
        roll = model.roll_of(pitches.expand(2, -1, -1), noise)
        theirs = model.encode(weights.leaves, shape, roll)
        logits = model.decode(weights.leaves, shape, roll, model.sample(theirs, noise))
        wanted = model.bce(logits, roll)
    assert torch.allclose(found, wanted, rtol=1e-4)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() < 2e-3 * b.norm()
        apart = b - b.mean(dim=2, keepdim=True)  # what tells one snippet from another
        assert (a - a.mean(dim=2, keepdim=True) - apart).norm() < 5e-2 * apart.norm()


def test_a_state_is_whole_whenever_it_is_yielded(genre):
    runs = runs_of(genre, [config()] * 2)
    before = copy.deepcopy(runs[0].state.model.state_dict())
    run, _ = next(fit(runs, genre))
    assert any(not torch.equal(before[k], v) for k, v in run.state.model.state_dict().items())
