"""What the resident kernels compute, in plain torch, a step at a time."""

from __future__ import annotations

import torch

from musebar_core.stacked import cell


def forward(sums, weights, start):
    models, steps, snippets, wide = sums.shape
    gates, turned = sums.clone(), weights.transpose(1, 2)
    h, c = (sums.new_zeros(models, steps + 1, snippets, wide // 4) for _ in "hc")
    h[:, 0], c[:, 0] = start
    operand = h.to(weights.dtype)
    for t in range(steps):
        gates[:, t] += torch.bmm(operand[:, t].to(sums.dtype), turned.to(sums.dtype))
        cell.forward(gates[:, t], c[:, t], c[:, t + 1], h[:, t + 1])
        operand[:, t + 1] = rounded(h[:, t + 1], weights.dtype)
    return gates, h, operand, c


def backward(gates, weights, c, arriving, dc):
    models, steps, snippets, wide = gates.shape
    dgates = torch.zeros_like(gates)
    operand = gates.new_zeros(models, steps + 1, snippets, wide).to(weights.dtype)
    for t in reversed(range(steps)):
        dh = torch.bmm(operand[:, t + 1].to(gates.dtype), weights.to(gates.dtype))
        cell.backward(gates[:, t], c[:, t], c[:, t + 1], arriving[:, t] + dh, dc, dgates[:, t])
        operand[:, t] = rounded(dgates[:, t], weights.dtype)
    return dgates, operand


def rounded(values, dtype):
    if values.dtype == dtype == torch.float64:
        return values
    if dtype != torch.float32:
        return values.to(dtype)
    return ((values.contiguous().view(torch.int32) + 0x1000) & -0x2000).view(torch.float32)
