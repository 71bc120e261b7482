from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

import musebar_core.stacked
from musebar_core.stacked.sweep import HALF, OPERANDS, TF32, Operands, _add_product, sweep
from tests.musebar_core.stacked import bylayer_reference

MODELS, STEPS, SNIPPETS, INPUTS, HIDDEN = 3, 7, 2, 4, 5
STATES = ("h", "c")


def modules(layers, models=MODELS):
    torch.manual_seed(0)
    return [nn.LSTM(INPUTS, HIDDEN, layers).double() for _ in range(models)]


def inputs(layers, models=MODELS):
    torch.manual_seed(1)
    x = torch.randn(models, STEPS, SNIPPETS, INPUTS, dtype=torch.float64)
    h, c = (torch.randn(layers, models, SNIPPETS, HIDDEN, dtype=torch.float64) for _ in STATES)
    return [each.requires_grad_() for each in (x, h, c)]


def stack(lstms, name):
    return torch.stack([getattr(lstm, name).detach() for lstm in lstms]).requires_grad_()


def stacked(lstms, layers):
    """Leaves of all parameters, by PyTorch's names, ``[M, ...]``."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {f"{k}_l{n}": stack(lstms, f"{k}_l{n}") for k in kinds for n in range(layers)}


def run(p, layers, x, h, c, **options):
    bias = [p[f"bias_ih_l{n}"] + p[f"bias_hh_l{n}"] for n in range(layers)]
    sums = torch.einsum("mtbi,mgi->mtbg", x, p["weight_ih_l0"]) + bias[0][:, None, None]
    recurrent = torch.stack([p[f"weight_hh_l{n}"] for n in range(layers)])
    empty = recurrent[:0]
    upper = torch.stack([p[f"weight_ih_l{n}"] for n in range(1, layers)]) if layers > 1 else empty
    above = torch.stack(bias[1:]) if layers > 1 else empty[..., 0]
    return sweep(sums, recurrent, upper, above, (h, c), **options)


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_and_all_gradients_are_those_of_separate_modules(layers, lag):
    lstms = modules(layers)
    p, (x, h, c) = stacked(lstms, layers), inputs(layers)
    out = run(p, layers, x, h, c, lag=lag)
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


@pytest.mark.parametrize("layers", [1, 2])
def test_the_backward_pass_is_the_derivative_of_the_forward_pass(layers):
    p, (x, h, c) = stacked(modules(layers, 2), layers), inputs(layers, 2)
    names = list(p)

    def function(x, h, c, *leaves):
        return run(dict(zip(names, leaves, strict=True)), layers, x, h, c, lag=2)

    assert torch.autograd.gradcheck(function, (x, h, c, *p.values()), fast_mode=True)


def test_a_gradient_is_not_differentiated_again():
    """Its backward pass is written by hand: a second one would be wrong without a word."""
    p, (x, h, c) = stacked(modules(2), 2), inputs(2)
    out = run(p, 2, x, h, c)
    (gradient,) = torch.autograd.grad(out.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_a_product_of_halves_is_added_to_what_is_there_in_its_own_width(monkeypatch):
    """As on a GPU, whose product of halves alone can be as wide as a float."""

    def bmm(a, b, out_dtype=None):
        return torch.einsum("mij,mjk->mik", a.to(out_dtype), b.to(out_dtype))

    monkeypatch.setattr(torch, "bmm", bmm)
    out, a, b = torch.ones(2, 3, 4), torch.ones(2, 3, 5), torch.ones(2, 5, 4).half()
    _add_product(out, a, b, torch.float16)
    assert out.dtype == torch.float32
    assert torch.equal(out, torch.full((2, 3, 4), 6.0))


def test_a_change_in_one_model_leaves_the_others_bit_for_bit_as_they_were():
    lstms = modules(2)
    found = []
    for change in (0.0, 1.0):
        p, (x, h, c) = stacked(lstms, 2), inputs(2)
        with torch.no_grad():
            p["weight_hh_l0"][1] += change
            x[1] += change
        out = run(p, 2, x, h, c, lag=2)
        out.square().sum().backward()
        found.append([out, *(leaf.grad for leaf in p.values())])
    for before, after in zip(*found, strict=True):
        assert torch.equal(before[[0, 2]], after[[0, 2]])
        assert not torch.equal(before[1], after[1])


def test_a_model_of_no_numbers_leaves_the_others_finite():
    p, (x, h, c) = stacked(modules(2), 2), inputs(2)
    with torch.no_grad():
        p["weight_hh_l0"][1] = float("nan")
    run(p, 2, x, h, c).square().sum().backward()
    assert not p["weight_ih_l0"].grad[1].isfinite().any()
    assert all(leaf.grad[[0, 2]].isfinite().all() for leaf in p.values())


def test_rounded_factors_move_outputs_and_gradients_by_their_rounding():
    exact, rounded = stacked(modules(2), 2), stacked(modules(2), 2)
    outs = []
    for p, options in ((exact, {}), (rounded, {"operands": HALF})):
        outs.append(run(p, 2, *inputs(2), **options))
        outs[-1].square().sum().backward()
    assert 0 < float((outs[0] - outs[1]).detach().abs().max()) < 2**-10
    for name in exact:
        change = (exact[name].grad - rounded[name].grad).norm() / exact[name].grad.norm()
        assert 0 < float(change) < 2**-6, name


def test_factors_are_rounded_as_the_precision_says():
    """In mixed precision gradients need the range of a bfloat16; tf32 is the GPU's to round."""
    assert dict(OPERANDS) == {
        "fp32": Operands(),
        "tf32": Operands(tf32=True),
        "mixed": Operands(forward=torch.float16, backward=torch.bfloat16),
    }
    assert [OPERANDS[precision].on_chip for precision in ("fp32", "tf32", "mixed")] == [
        None,
        (torch.float32, torch.float32),
        (torch.float16, torch.bfloat16),
    ]


@pytest.mark.parametrize(
    ("operands", "dtype"), [(TF32, torch.float32), (HALF, torch.float16)], ids=["tf32", "half"]
)
def test_layers_that_stay_on_the_chip_compute_what_the_sweep_does(monkeypatch, operands, dtype):
    monkeypatch.setitem(sys.modules, "musebar_core.stacked.resident", bylayer_reference)
    monkeypatch.setattr(musebar_core.stacked, "resident", bylayer_reference, raising=False)
    monkeypatch.setattr("musebar_core.stacked.bylayer._product", lambda a, b: a.float() @ b.float())
    p = {name: leaf.detach().float() for name, leaf in stacked(modules(2), 2).items()}
    given = [each.detach().float() for each in inputs(2)]
    exact, asked = run(p, 2, *given), []
    stays = lambda sums, first: not asked.append(first)  # noqa: E731
    monkeypatch.setattr("musebar_core.stacked.sweep._stays_on_chip", stays)
    assert torch.equal(run(p, 2, *given), exact)  # whole factors never stay there
    assert asked == []
    found = run(p, 2, *given, operands=operands)
    assert asked == [dtype]
    assert torch.allclose(found, exact, atol=2e-3)
    assert not torch.equal(found, exact)
