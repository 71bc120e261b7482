"""The Triton kernels of :mod:`musebar_core.stacked.resident`: one layer over all its steps.

A kernel cannot be cut into functions at will: what it holds from step to step stays in one.
Programs come as [group of units, turn]. A turn is a model, or a part of its snippets where they are
more than a program's columns: ``share`` of them, ``parts`` of a model, counted on from ``first``.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, D103, N803, PLR0915  Triton's dialect of Python

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _peek(counter):
    # Each thread reads for itself, so each one's later reads come after what it has seen.
    return tl.inline_asm_elementwise(
        "ld.acquire.gpu.global.s32 $0, [$1];",
        "=r,l",
        [counter.to(tl.int64)],
        dtype=tl.int32,
        is_pure=False,
        pack=1,
    )


@triton.jit
def _wait(counter, wanted):
    seen = _peek(counter)
    while seen < wanted:
        seen = _peek(counter)


@triton.jit
def _arrive(counter):
    tl.debug_barrier()  # what every thread wrote comes before the count
    tl.atomic_add(counter, 1, sem="release", scope="gpu")


@triton.jit
def _rounded(x, TF32: tl.constexpr):
    """Round to the 10 bits that a TensorFloat-32 product reads; it would cut the rest off."""
    if TF32:
        bits = x.to(tl.int32, bitcast=True) + 0x1000
        x = (bits & -0x2000).to(tl.float32, bitcast=True)
    return x


@triton.jit
def _product(total, weights, states, inside):
    # Each part is read just before its product, so that all of them share one buffer.
    return tl.dot(weights, tl.load(states, inside, 0.0, cache_modifier=".cg"), total)


@triton.jit(do_not_specialize=["first"])
def forward(
    sums,
    gates,
    weights,
    h,
    operand,
    c,
    counters,
    snippets,
    share,
    parts,
    first,
    steps: tl.constexpr,
    H: tl.constexpr,
    U: tl.constexpr,
    N: tl.constexpr,
    TF32: tl.constexpr,
):
    group, turn = tl.program_id(0), first + tl.program_id(1)
    model, begin = (turn // parts).to(tl.int64), turn % parts * share
    own = tl.minimum(share, snippets - begin)
    part: tl.constexpr = H // 4
    unit = (group * U + tl.arange(0, U))[:, None]
    snippet = tl.arange(0, N)[None, :]
    inside = snippet < own
    row = tl.arange(0, 4 * U)
    k = tl.arange(0, part)
    at = weights + model * 4 * H * H + ((row // U) * H + group * U + row % U)[:, None] * H
    w0 = tl.load(at + k[None, :])
    w1 = tl.load(at + part + k[None, :])
    w2 = tl.load(at + 2 * part + k[None, :])
    w3 = tl.load(at + 3 * part + k[None, :])
    state = snippet * H + unit
    across = snippet * 4 * H + unit
    reading = snippet * H + k[:, None]
    sums += (model * steps * snippets + begin) * 4 * H
    gates += (model * steps * snippets + begin) * 4 * H
    h += (model * (steps + 1) * snippets + begin) * H
    operand += (model * (steps + 1) * snippets + begin) * H
    c += (model * (steps + 1) * snippets + begin) * H
    counter = counters + turn * 32
    cell = tl.load(c + state, inside, 0.0)
    for step in range(steps):
        s = sums + step * snippets * 4 * H + across
        s_i = tl.load(s, inside, 0.0)
        s_f = tl.load(s + H, inside, 0.0)
        s_g = tl.load(s + 2 * H, inside, 0.0)
        s_o = tl.load(s + 3 * H, inside, 0.0)
        if U < H:
            _wait(counter, step * (H // U))
        b = operand + step * snippets * H + reading
        if N == 8:
            # Four sums side by side: a product need not wait for the one before it.
            b0 = tl.load(b, inside, 0.0, cache_modifier=".cg")
            b1 = tl.load(b + part, inside, 0.0, cache_modifier=".cg")
            b2 = tl.load(b + 2 * part, inside, 0.0, cache_modifier=".cg")
            b3 = tl.load(b + 3 * part, inside, 0.0, cache_modifier=".cg")
            total = (tl.dot(w0, b0) + tl.dot(w1, b1)) + (tl.dot(w2, b2) + tl.dot(w3, b3))
        else:
            total = tl.zeros((4 * U, N), tl.float32)
            total = _product(total, w0, b, inside)
            total = _product(total, w1, b + part, inside)
            total = _product(total, w2, b + 2 * part, inside)
            total = _product(total, w3, b + 3 * part, inside)
        even, odd = tl.split(total.reshape(2, 2, U, N).permute(2, 3, 0, 1))
        t_i, t_g = tl.split(even)
        t_f, t_o = tl.split(odd)
        i = tl.sigmoid(s_i + t_i)
        f = tl.sigmoid(s_f + t_f)
        g = _tanh(s_g + t_g)
        o = tl.sigmoid(s_o + t_o)
        cell = f * cell + i * g
        out = o * _tanh(cell)
        later = (step + 1) * snippets * H + state
        tl.store(operand + later, _rounded(out, TF32).to(operand.dtype.element_ty), inside)
        if U < H:
            _arrive(counter)
        else:
            tl.debug_barrier()
        tl.store(h + later, out, inside)
        tl.store(c + later, cell, inside)
        a = gates + step * snippets * 4 * H + across
        tl.store(a, i, inside)
        tl.store(a + H, f, inside)
        tl.store(a + 2 * H, g, inside)
        tl.store(a + 3 * H, o, inside)


@triton.jit
def _of_like_gates(total, U: tl.constexpr, N: tl.constexpr):
    """Sum ``[gate U, gate N]`` over both gates where they are the same: first bit, then second."""
    bits = total.reshape(2, 2, U, 2, 2, N).permute(2, 5, 0, 3, 1, 4)
    zero, one = tl.split(bits)
    zero, _ = tl.split(zero)
    _, one = tl.split(one)
    zero, one = tl.split(zero + one)
    zero, _ = tl.split(zero)
    _, one = tl.split(one)
    return zero + one


@triton.jit
def _reaching(w0, w1, w2, w3, dgates, inside, U: tl.constexpr, H: tl.constexpr):
    """What the gradients of the next step's gates, of eight snippets, give each output here."""
    part: tl.constexpr = H // 4
    total = tl.zeros((4 * U, 32), tl.float32)
    total = _product(total, w0, dgates, inside)
    total = _product(total, w1, dgates + part, inside)
    total = _product(total, w2, dgates + 2 * part, inside)
    total = _product(total, w3, dgates + 3 * part, inside)
    return _of_like_gates(total, U, 8)


@triton.jit(do_not_specialize=["first"])
def backward(
    gates,
    weights,
    c,
    arriving,
    dc,
    dgates,
    operand,
    counters,
    snippets,
    share,
    parts,
    first,
    steps: tl.constexpr,
    H: tl.constexpr,
    U: tl.constexpr,
    N: tl.constexpr,
    TF32: tl.constexpr,
):
    group, turn = tl.program_id(0), first + tl.program_id(1)
    model, begin = (turn // parts).to(tl.int64), turn % parts * share
    own = tl.minimum(share, snippets - begin)
    part: tl.constexpr = H // 4
    unit = (group * U + tl.arange(0, U))[:, None]
    snippet = tl.arange(0, N)[None, :]
    inside = snippet < own
    # The sum over 4 H rows is taken as one over H of four gates at once: row (gate, unit) of the
    # weights meets column (gate, snippet) of the gradients, and what is of unlike gates is dropped.
    # Eight snippets at a time, so that the sums need no more memory for more of them.
    row, column = tl.arange(0, 4 * U), tl.arange(0, 32)
    k = tl.arange(0, part)
    at = weights + model * 4 * H * H + ((row // U) * H * H + group * U + row % U)[:, None]
    w0 = tl.load(at + k[None, :] * H)
    w1 = tl.load(at + (part + k)[None, :] * H)
    w2 = tl.load(at + (2 * part + k)[None, :] * H)
    w3 = tl.load(at + (3 * part + k)[None, :] * H)
    reading = ((column % 8) * 4 * H + (column // 8) * H)[None, :] + k[:, None]
    there = ((column % 8) < own)[None, :]
    state = snippet * H + unit
    across = snippet * 4 * H + unit
    gates += (model * steps * snippets + begin) * 4 * H
    dgates += (model * steps * snippets + begin) * 4 * H
    operand += (model * (steps + 1) * snippets + begin) * 4 * H
    c += (model * (steps + 1) * snippets + begin) * H
    arriving += (model * steps * snippets + begin) * H
    dc += (model * snippets + begin) * H
    counter = counters + turn * 32
    d_c = tl.load(dc + state, inside, 0.0)
    after = tl.load(c + steps * snippets * H + state, inside, 0.0)
    for done in range(steps):
        step = steps - 1 - done
        a = gates + step * snippets * 4 * H + across
        i = tl.load(a, inside, 0.0)
        f = tl.load(a + H, inside, 0.0)
        g = tl.load(a + 2 * H, inside, 0.0)
        o = tl.load(a + 3 * H, inside, 0.0)
        before = tl.load(c + step * snippets * H + state, inside, 0.0)
        d_h = tl.load(arriving + step * snippets * H + state, inside, 0.0)
        if U < H:
            _wait(counter, done * (H // U))
        b = operand + (step + 1) * snippets * 4 * H + reading
        reaching = _reaching(w0, w1, w2, w3, b, there, U, H)
        if N == 16:
            more = ((column % 8) + 8 < own)[None, :]
            others = _reaching(w0, w1, w2, w3, b + 32 * H, more, U, H)
            reaching = tl.join(reaching, others).permute(0, 2, 1).reshape(U, N)
        d_h += reaching
        squashed = _tanh(after)
        d_c += d_h * o * (1 - squashed * squashed)
        d_i = d_c * g * i * (1 - i)
        d_f = d_c * before * f * (1 - f)
        d_g = d_c * i * (1 - g * g)
        d_o = d_h * squashed * o * (1 - o)
        p = operand + step * snippets * 4 * H + across
        tl.store(p, _rounded(d_i, TF32).to(operand.dtype.element_ty), inside)
        tl.store(p + H, _rounded(d_f, TF32).to(operand.dtype.element_ty), inside)
        tl.store(p + 2 * H, _rounded(d_g, TF32).to(operand.dtype.element_ty), inside)
        tl.store(p + 3 * H, _rounded(d_o, TF32).to(operand.dtype.element_ty), inside)
        if U < H:
            _arrive(counter)
        else:
            tl.debug_barrier()
        d_c *= f
        after = before
        d = dgates + step * snippets * 4 * H + across
        tl.store(d, d_i, inside)
        tl.store(d + H, d_f, inside)
        tl.store(d + 2 * H, d_g, inside)
        tl.store(d + 3 * H, d_o, inside)
    tl.store(dc + state, d_c, inside)
