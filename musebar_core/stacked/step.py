"""One training step of M runs: eagerly on a CPU, replayed as one CUDA graph on a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from musebar_core import scheduled_sampling
from musebar_core.annealing import weight
from musebar_core.draws import draw
from musebar_core.learning_rate import learning_rate
from musebar_core.stacked import model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from musebar_core.config import Configuration
    from musebar_core.corpus import SnippetSampler
    from musebar_core.stacked.model import Shape
    from musebar_core.stacked.weights import Weights

_WARM_UP = 3
"""Steps before a capture, so that libraries have their workspaces; they leave no trace."""


class Step:
    """The training step of a stack, and what it reads and adds to.

    Parameters
    ----------
    configs
        Of each run, M of them.
    weights, shape
        The stack; ``weights`` are changed by :meth:`take`.
    sampler
        Draws snippets.

    Attributes
    ----------
    totals
        BCE and mean KL of each run, summed over the steps taken, ``[2, M]``.
    """

    def __init__(
        self,
        configs: Sequence[Configuration],
        weights: Weights,
        shape: Shape,
        sampler: SnippetSampler,
    ) -> None:
        self._configs, self._weights, self._shape = configs, weights, shape
        self._sampler = sampler
        like = weights.values
        self.totals = like.new_zeros(2, len(configs))
        self._drops = any(config.training.input_dropout > 0 for config in configs)
        self._samples = any(config.training.scheduled_sampling > 0 for config in configs)
        clips = torch.tensor([c.training.gradient_clip for c in configs], dtype=torch.float64)
        self._clips = clips.to(like.device) if clips.any() else None
        self._inputs: list[Tensor] = []
        self._graph: torch.cuda.CUDAGraph | None = None

    def take(self, seeds: Sequence[int], epochs: Sequence[int]) -> None:
        """Train each run one step: its ``epochs``-th, counted from 1."""
        self._put(self._draw(seeds, epochs))
        if self._graph is not None:
            self._graph.replay()
        elif self._weights.values.is_cuda:
            self._capture()
            self._graph.replay()  # type: ignore[attr-defined]
        else:
            self._compute()

    def _draw(self, seeds: Sequence[int], epochs: Sequence[int]) -> list[Tensor]:
        drawn = [
            draw(config, self._sampler, seed, epoch)
            for config, seed, epoch in zip(self._configs, seeds, epochs, strict=True)
        ]
        pitches = torch.stack([each.pitches for each in drawn])
        length = self._shape.own_dimensions.shape[1]
        noise = torch.zeros(*pitches.shape[:2], length)
        for row, each in zip(noise, drawn, strict=True):
            row[:, : each.noise.shape[1]] = each.noise
        scalars = torch.tensor(
            [
                (
                    weight(config.annealing, epoch / config.training.epochs),
                    learning_rate(config.training, epoch),
                )
                for config, epoch in zip(self._configs, epochs, strict=True)
            ],
            dtype=torch.float64,
        ).T.contiguous()
        inputs = [pitches, noise, scalars]
        if self._drops:
            whole = torch.ones(*pitches.shape[1:], 1)
            kept = [whole if each.keep is None else each.keep for each in drawn]
            inputs.append(torch.stack(kept).transpose(1, 2).contiguous())
        if self._samples:
            none = torch.full(
                (*pitches.shape[1:], 1), scheduled_sampling.HEARD, dtype=torch.float64
            )
            own = [none if each.own is None else each.own for each in drawn]
            inputs.append(torch.stack(own).transpose(1, 2).contiguous())
        return inputs

    def _put(self, inputs: list[Tensor]) -> None:
        """Bring a step's inputs to where the step reads them, without waiting for it."""
        device = self._weights.values.device
        if device.type == "cuda":
            inputs = [each.pin_memory() for each in inputs]
        if self._inputs:
            for target, values in zip(self._inputs, inputs, strict=True):
                target.copy_(values, non_blocking=True)
        else:
            self._inputs = [each.to(device, copy=True) for each in inputs]

    def _compute(self) -> None:
        pitches, noise, (weights, rates), *rest = self._inputs
        p, shape, like = self._weights.named, self._shape, self._weights.values
        roll = model.roll_of(pitches, like)
        posteriors = model.encode(p, shape, roll, training=True)
        z = model.sample(posteriors, noise.to(like.dtype))
        keep = rest.pop(0).to(like.dtype) if self._drops else None
        heard = roll
        if self._samples:
            with torch.no_grad():
                said = model.decode(p, shape, roll, z, keep)
            heard = scheduled_sampling.heard(roll, said, rest.pop(0))
        logits = model.decode(p, shape, heard, z, keep)
        bce = model.bce(logits, roll).mean(dim=1)
        regularizer, kl_bars = model.regularizer(posteriors, shape)
        # A sum over models: what one of them is derived by holds nothing of the others.
        loss = (bce + weights.to(like.dtype) * regularizer).sum()
        self._weights.step(self._weights.gradients(loss), rates, self._clips)
        self.totals += torch.stack([bce.detach(), kl_bars])

    def _capture(self) -> None:
        """Record the step as a CUDA graph; the runs are left as they were before."""
        changed = (
            self._weights.values,
            self._weights.mean,
            self._weights.square,
            self._weights.steps,
            *self._weights.buffers.values(),
            self.totals,
        )
        before = [each.clone() for each in changed]
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                self._compute()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._compute()
        for each, values in zip(changed, before, strict=True):
            each.copy_(values)
        self._graph = graph
