from __future__ import annotations

import pytest
import torch
from torch import nn

from musebar_core.stacked.bylayer import ByLayer
from tests.musebar_core.stacked import bylayer_reference as reference
from tests.musebar_core.stacked.withtriton import needs_triton, run

MODELS, STEPS, SNIPPETS, INPUTS, HIDDEN = 3, 7, 2, 4, 5
EXACT = (torch.float64, torch.float64)

COMPARE = """
import torch
from musebar_core.stacked import kernels, resident
from tests.musebar_core.stacked import bylayer_reference as reference

torch.manual_seed(0)
M, T = 2, 5
for hidden, snippets in ((64, 5), (64, 11), (64, 17), (64, 33)):
    # The interpreter multiplies bfloat16 as if it were integers, so halves stand in for it.
    for dtypes in ((torch.float16, torch.float16), (torch.float32, torch.float32)):
        sums = torch.randn(M, T, snippets, 4 * hidden)
        start = torch.randn(2, M, snippets, hidden).tanh()
        values = 0.2 * torch.randn(M, 4 * hidden, hidden)
        weights, back = (reference.rounded(values, dtype) for dtype in dtypes)
        assert torch.equal(resident.rounded(values, dtypes[0]), weights)
        ours = resident.forward(sums, weights, start, units=hidden)
        theirs = reference.forward(sums, weights, start)
        for found, wanted in zip(ours, theirs):
            assert found.dtype == wanted.dtype
            assert (found.float() - wanted.float()).norm() <= 5e-4 * wanted.float().norm(), dtypes
        gates, h, _, c = theirs
        arriving, dc = torch.randn_like(h[:, 1:]), torch.randn_like(c[:, 0])
        d_ours, d_theirs = dc.clone(), dc.clone()
        ours = resident.backward(gates, back, c, arriving, d_ours, units=hidden)
        theirs = reference.backward(gates, back, c, arriving, d_theirs)
        for found, wanted in zip((*ours, d_ours), (*theirs, d_theirs)):
            assert found.dtype == wanted.dtype
            assert (found.float() - wanted.float()).norm() <= 2e-3 * wanted.float().norm(), dtypes

# Of models that do not fit at once, in turns: 33 snippets are three parts of 11.
sums, values = torch.randn(M, T, 33, 256), 0.2 * torch.randn(M, 256, 64)
start = torch.randn(2, M, 33, 64).tanh()
gates, h, _, c = resident.forward(sums, values, start, units=64)
arriving, dc = torch.randn_like(h[:, 1:]), torch.randn_like(c[:, 0])
later = dc.clone()
wanted = resident.backward(gates, values, c, arriving, later, units=64)
dgates, operand = torch.empty_like(gates), torch.zeros(M, T + 1, 33, 256)
for turn in range(3 * M):
    resident.resident_kernels.backward[1, 1](
        gates, values, c, arriving, dc, dgates, operand, torch.zeros(9999, dtype=torch.int32),
        33, 11, 3, turn, steps=T, H=64, U=64, N=16, TF32=True,
    )
for found, expected in zip((dgates, operand, dc), (*wanted, later)):
    assert torch.equal(found, expected)

v, m, s, g = torch.randn(4, 3, 1500)
s = s.abs()
columns = tuple(torch.rand(3) + 0.5 for _ in range(3))
w = [each.clone() for each in (v, m, s)]
kernels.adam(*w, g, columns, (0.9, 0.999, 1e-8))
scale, rate, root = (each[:, None] for each in columns)
mean = m.lerp(g * scale, 0.1)
square = s * 0.999 + (g * scale).square() * (1 - 0.999)
wanted = v - mean / (square.sqrt() / root + 1e-8) * rate, mean, square
for ours, theirs in zip(w, wanted):
    assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-6)
"""


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_and_all_gradients_are_those_of_separate_modules(layers):
    torch.manual_seed(0)
    lstms = [nn.LSTM(INPUTS, HIDDEN, layers).double() for _ in range(MODELS)]

    def stack(name):
        return torch.stack([getattr(lstm, name).detach() for lstm in lstms]).requires_grad_()

    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    p = {f"{k}_l{n}": stack(f"{k}_l{n}") for k in kinds for n in range(layers)}
    x = torch.randn(MODELS, STEPS, SNIPPETS, INPUTS, dtype=torch.float64, requires_grad=True)
    h, c = (
        torch.randn(layers, MODELS, SNIPPETS, HIDDEN, dtype=torch.float64, requires_grad=True)
        for _ in "hc"
    )
    bias = [p[f"bias_ih_l{n}"] + p[f"bias_hh_l{n}"] for n in range(layers)]
    sums = torch.einsum("mtbi,mgi->mtbg", x, p["weight_ih_l0"]) + bias[0][:, None, None]
    recurrent = torch.stack([p[f"weight_hh_l{n}"] for n in range(layers)])
    upper = [p[f"weight_ih_l{n}"] for n in range(1, layers)]
    upper = torch.stack(upper) if upper else recurrent[:0]
    above = torch.stack(bias[1:]) if layers > 1 else recurrent[:0, ..., 0]
    out = ByLayer.apply(sums, recurrent, upper, above, h, c, EXACT, reference)
    direction = torch.randn_like(out)
    (out * direction).sum().backward()
    for m, lstm in enumerate(lstms):
        own = [each.detach().requires_grad_() for each in (x[m], h[:, m], c[:, m])]
        expected, _ = lstm(own[0], (own[1].contiguous(), own[2].contiguous()))
        (expected * direction[m]).sum().backward()
        assert torch.allclose(out[m], expected, rtol=0, atol=1e-10)
        for found, wanted in zip((x.grad[m], h.grad[:, m], c.grad[:, m]), own, strict=True):
            assert torch.allclose(found, wanted.grad, rtol=0, atol=1e-10)
        for name, leaf in p.items():
            assert torch.allclose(leaf.grad[m], getattr(lstm, name).grad, rtol=0, atol=1e-10), name


@needs_triton
def test_the_kernels_compute_what_plain_torch_computes():
    """In Triton's interpreter, one program a model: it runs one program after the other."""
    run(COMPARE, TRITON_INTERPRET="1")


COMPILE = """
import itertools
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from musebar_core.stacked import resident_kernels

OPTIONS = {"num_warps": 4, "num_stages": 1, "launch_cooperative_grid": True}
NUMBERS = ("snippets", "share", "parts", "first")
for name, half in (("forward", "fp16"), ("backward", "bf16")):
    kernel = getattr(resident_kernels, name)
    for weight, columns, arch in itertools.product((half, "fp32"), (8, 16), (80, 90)):
        sizes = {"steps": 240, "H": 512, "U": 16, "N": columns, "TF32": weight == "fp32"}
        types = dict.fromkeys(kernel.arg_names, "*fp32") | dict.fromkeys(NUMBERS, "i32")
        types |= {"weights": f"*{weight}", "operand": f"*{weight}", "counters": "*i32"}
        types |= dict.fromkeys(sizes, "constexpr")
        source = ASTSource(kernel, {each: types[each] for each in kernel.arg_names}, sizes)
        made = triton.compile(source, target=GPUTarget("cuda", arch, 32), options=OPTIONS)
        assert made.asm["cubin"]
        assert made.metadata.shared <= 160 * 2**10, (name, weight, columns)
"""


@pytest.mark.slow
@needs_triton
def test_the_kernels_compile_for_gpus_that_are_not_here(tmp_path):
    """Of the paper's size, for an A100 and an H100, whose programs have 163 and 227 KiB."""
    run(COMPILE, TRITON_CACHE_DIR=str(tmp_path))


INFER = """
import torch
from musebar_core.model import initialise
from musebar_core.state import build
from musebar_core.config import Configuration, Grid, ModelConfig
from musebar_core.stacked import inference, model
from musebar_core.stacked.sweep import FULL
from musebar_core.stacked.weights import Weights

inference.ROWS = 16
inference.outputs.__kwdefaults__["rows"] = 16
torch.manual_seed(0)
for layers, snippets, both, pooling in ((2, 19, False, "last"), (3, 5, False, "mean"),
                                        (1, 3, True, "max")):
    configs = [Configuration(Grid(1, 4, 12), ModelConfig(64, layers, latent, r, both, pooling))
               for latent, r in ((6, 3), (9, 3 if both else 1))]
    states = [build(config) for config in configs]
    for seed, state in enumerate(states):
        initialise(state.model, seed)
    weights = Weights(states)
    weights.values.mul_(2)
    shape = model.Shape.of(configs, weights.values, FULL)
    pitches = torch.randint(0, 129, (snippets, 12))
    noise = torch.randn(2, snippets, 9) * shape.own_dimensions[:, None]
    with torch.no_grad():
        found, ours = model.infer(weights.leaves, shape, pitches, noise)
        roll = model.roll_of(pitches.expand(2, -1, -1), noise)
        theirs = model.encode(weights.leaves, shape, roll)
        logits = model.decode(weights.leaves, shape, roll, model.sample(theirs, noise))
    wanted = model.bce(logits, roll)
    assert torch.allclose(found, wanted, rtol=1e-3), (found, wanted)
    for a, b in zip(ours, theirs):
        assert a.shape == b.shape and (a - b).norm() < 2e-3 * b.norm()
        apart = b - b.mean(dim=2, keepdim=True)  # what tells one snippet from another
        assert (a - a.mean(dim=2, keepdim=True) - apart).norm() < 1e-2 * apart.norm()
"""


@needs_triton
def test_what_an_evaluation_infers_is_what_the_models_compute():
    """In Triton's interpreter too."""
    run(INFER, TRITON_INTERPRET="1")


class Noting:
    """Kernels in float64 that note which rounding was asked for."""

    def __init__(self):
        self.asked = []
        self.forward, self.backward = reference.forward, reference.backward

    def rounded(self, values, dtype):
        self.asked.append(dtype)
        return values


def one_layer_above_another():
    torch.manual_seed(0)
    values = (
        torch.randn(MODELS, STEPS, SNIPPETS, 4 * HIDDEN),
        torch.randn(2, MODELS, 4 * HIDDEN, HIDDEN),
        torch.randn(1, MODELS, 4 * HIDDEN, HIDDEN),
        torch.randn(1, MODELS, 4 * HIDDEN),
        torch.randn(2, MODELS, SNIPPETS, HIDDEN),
        torch.randn(2, MODELS, SNIPPETS, HIDDEN),
    )
    return [each.double().requires_grad_() for each in values]


def test_factors_have_one_rounding_forwards_and_another_backwards():
    noting = Noting()
    out = ByLayer.apply(*one_layer_above_another(), (torch.float16, torch.bfloat16), noting)
    assert set(noting.asked) == {torch.float16}
    noting.asked.clear()
    out.sum().backward()
    assert set(noting.asked) == {torch.bfloat16}


def test_a_gradient_is_not_differentiated_again():
    """Its backward pass is written by hand: a second one would be wrong without a word."""
    leaves = one_layer_above_another()
    out = ByLayer.apply(*leaves, EXACT, reference)
    (gradient,) = torch.autograd.grad(out.square().sum(), leaves[0], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
