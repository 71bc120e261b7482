"""The parameters of M models and their Adam moments, each in one matrix, a row a model.

Shapes: M models, D parameters of one model. A model of fewer latent dimensions than the widest
has zeros in the rest. Their gradients are exactly zero, so that Adam never moves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from musebar_core.adam import BETAS, EPSILON, Moments
from musebar_core.stacked import pointwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from musebar_core.state import TrainingState

_ALIGNED = 16
"""Every row begins at a multiple of so many numbers, so that kernels read several at a time."""

_NORM_EPSILON = 1e-6
"""What clip_grad_norm_ adds to a norm."""


class Weights:
    """Parameters ``[M, D]`` and moments of M models that train together.

    Parameters
    ----------
    states
        The runs, at whatever epoch each is; their numbers are copied.

    Attributes
    ----------
    leaves
        Views of the parameters by their names in the model, each ``[M, *shape]``, to derive by.
    buffers
        What the models keep beside their parameters, by its names there, each ``[M, *shape]``.
    """

    def __init__(self, states: Sequence[TrainingState]) -> None:
        named = [dict(state.model.named_parameters()) for state in states]
        self.shapes = {
            name: tuple(map(max, zip(*(p[name].shape for p in named), strict=True)))
            for name in named[0]
        }
        like = next(iter(named[0].values()))
        size = sum(torch.Size(shape).numel() for shape in self.shapes.values())
        size = -(-size // _ALIGNED) * _ALIGNED
        self.values, self.mean, self.square = (
            torch.zeros(len(states), size, dtype=like.dtype, device=like.device) for _ in range(3)
        )
        self.steps = torch.zeros(len(states), dtype=torch.float64, device=like.device)
        for row, state in enumerate(states):
            self._load(row, state)
        self.leaves = {
            name: view.detach().requires_grad_() for name, view in self._views(self.values).items()
        }
        self.buffers = _stacked([dict(state.model.named_buffers()) for state in states])

    @property
    def named(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, each ``[M, *shape]``."""
        return self.leaves | self.buffers

    def gradients(self, loss: Tensor) -> list[Tensor]:
        """Derive a scalar by all parameters, each ``[M, *shape]``."""
        return list(torch.autograd.grad(loss, list(self.leaves.values())))

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rates: Tensor, clips: Tensor | None) -> None:
        """Take one step of Adam in each model.

        Parameters
        ----------
        gradients
            Of the parameters in their order, each ``[M, *shape]``.
        rates
            Learning rates, float64 ``[M]``.
        clips
            Largest norms of a model's gradient, float64 ``[M]``; 0 is off. None: all are off.
        """
        flat = [each.flatten(1) for each in gradients]
        scales = torch.ones_like(rates)
        if clips is not None:
            norms = torch.stack([each.norm(dim=1) for each in flat]).norm(dim=0).to(clips.dtype)
            scales = (clips / (norms + _NORM_EPSILON)).clamp(max=1)
            scales = torch.where(clips > 0, scales, 1.0)
        self.steps += 1
        first, second = BETAS
        rates = rates / (1 - first**self.steps)
        roots = (1 - second**self.steps).sqrt()
        scale, rate, root = (each.to(self.values.dtype) for each in (scales, rates, roots))
        own = (self._columns(each) for each in (self.values, self.mean, self.square))
        adam = _adam
        if pointwise.on_gpu(self.values) and self.values.dtype == torch.float32:
            from musebar_core.stacked import kernels

            adam = kernels.adam
        constants = first, second, EPSILON
        for values, mean, square, gradient in zip(*own, flat, strict=True):
            adam(values, mean, square, gradient, (scale, rate, root), constants)

    @torch.no_grad()
    def store(self, row: int, state: TrainingState) -> None:
        """Copy one model's parameters, buffers and moments back to its run."""
        values, mean, square = (self._views(each) for each in (self.values, self.mean, self.square))
        trained = bool(self.steps[row] > 0)
        for name, buffer in state.model.named_buffers():
            buffer.copy_(self.buffers[name][_own(row, buffer)])
        for name, parameter in state.model.named_parameters():
            own = _own(row, parameter)
            parameter.copy_(values[name][own])
            if not trained:
                continue
            step = self.steps[row].to(torch.get_default_dtype(), copy=True)
            state.optimizer.moments[parameter] = Moments(
                step, mean[name][own].clone(), square[name][own].clone()
            )

    @torch.no_grad()
    def _load(self, row: int, state: TrainingState) -> None:
        values, mean, square = (self._views(each) for each in (self.values, self.mean, self.square))
        for name, parameter in state.model.named_parameters():
            own = _own(row, parameter)
            values[name][own] = parameter
            kept = state.optimizer.moments.get(parameter)
            if kept is not None:
                self.steps[row] = float(kept.step)
                mean[name][own], square[name][own] = kept.exp_avg, kept.exp_avg_sq

    def _views(self, matrix: Tensor) -> dict[str, Tensor]:
        parts = zip(self.shapes.items(), self._columns(matrix), strict=True)
        return {name: part.view(-1, *shape) for (name, shape), part in parts}

    def _columns(self, matrix: Tensor) -> list[Tensor]:
        """Each parameter's columns; what pads a row to a whole number of them is nobody's."""
        sizes = [torch.Size(shape).numel() for shape in self.shapes.values()]
        return list(torch.split(matrix[:, : sum(sizes)], sizes, dim=1))


def _stacked(named: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors of M models by name, each with zeros up to the widest of its name."""
    stacked = {}
    for name, first in named[0].items():
        widest = map(max, zip(*(each[name].shape for each in named), strict=True))
        stacked[name] = first.new_zeros(len(named), *widest)
        for row, each in enumerate(named):
            stacked[name][_own(row, each[name])] = each[name]
    return stacked


def _adam(
    values: Tensor,
    mean: Tensor,
    square: Tensor,
    gradients: Tensor,
    rows: tuple[Tensor, Tensor, Tensor],
    constants: tuple[float, float, float],
) -> None:
    """See :func:`musebar_core.stacked.kernels.adam`."""
    scale, rate, root = (each[:, None] for each in rows)
    first, second, epsilon = constants
    gradients = gradients * scale
    mean.lerp_(gradients, 1 - first)
    square.mul_(second).addcmul_(gradients, gradients, value=1 - second)
    change = square.sqrt().div_(root).add_(epsilon)
    values.sub_(change.reciprocal_().mul_(mean).mul_(rate))


def _own(row: int, parameter: Tensor) -> tuple[int | slice, ...]:
    """Where one model's parameter lies in the stacked one: all of its row but the padding."""
    return row, *(slice(size) for size in parameter.shape)
