from __future__ import annotations

import torch

from musebar_core.stacked import cell
from tests.musebar_core.stacked.withtriton import needs_triton, run

COMPARE = """
import torch
from musebar_core.stacked import cell, kernels

for hidden in (5, 300):  # less than a block, and more
    gates, c, h = (torch.randn(3, n, 2, w) for n, w in ((4, 4 * hidden), (5, hidden), (5, hidden)))
    dh, dc, dgates = torch.randn(3, 2, hidden), torch.randn(3, 2, hidden), torch.zeros_like(gates)
    both = []
    for code in (kernels, cell):
        g, after, out, d_c, d_g = (each.clone() for each in (gates, c, h, dc, dgates))
        code.forward(g[1:, 2], after[1:, 2], after[1:, 3], out[1:, 3])
        code.backward(g[1:, 2], after[1:, 2], after[1:, 3], dh[1:], d_c[1:], d_g[1:, 2])
        both.append((g, after, out, d_c, d_g))
    for ours, theirs in zip(*both):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-6)
"""


@needs_triton
def test_the_kernels_compute_what_plain_torch_computes():
    """In Triton's interpreter, which needs no GPU."""
    run(COMPARE, TRITON_INTERPRET="1")


def test_a_cell_touches_nothing_but_its_own_step():
    gates, c, h = (torch.randn(3, 5, 2, width) for width in (16, 4, 4))
    before = [each.clone() for each in (gates, c, h)]
    cell.forward(gates[:2, 1], c[:2, 1], c[:2, 2], h[:2, 2])
    for now, then, written in zip((gates, c, h), before, (1, 2, 2), strict=True):
        changed = (now != then).flatten(2).any(dim=2)
        assert changed[:2, written].all()
        assert changed.sum() == 2
