"""The recurrent VAEs of M runs as one function of their stacked parameters.

Shapes: M models, B snippets, T steps, P pitches, L latent dimensions of the widest model,
R bars after which any of the models has a posterior, K layers, H hidden units. Time stands
before snippets inside, so that the steps of a product lie side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional

from musebar_core.model import PITCHES, piano_roll
from musebar_core.objective import kl_per_dimension
from musebar_core.stacked.sweep import FULL, Operands, sweep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from musebar_core.config import Configuration

    Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class Shape:
    """What the models of a stack share, and which parts of the padding each one uses.

    Attributes
    ----------
    every
        Steps between two bars at which states are read.
    own_bars
        1 where a model has a posterior after that bar, ``[M, R]``.
    own_dimensions
        1 where a latent dimension is the model's own, ``[M, L]``.
    free_bits
        ``[M]``, nats.
    operands
        What the factors of the LSTM's products are rounded to in training.
    """

    hidden: int
    layers: int
    every: int
    own_bars: Tensor
    own_dimensions: Tensor
    free_bits: Tensor
    operands: Operands = FULL

    @classmethod
    def of(cls, configs: Sequence[Configuration], like: Tensor, operands: Operands) -> Shape:
        """The shape that holds models of all these configurations."""
        grid, model = configs[0].grid, configs[0].model
        distances = [grid.bars // config.model.regularizers for config in configs]
        apart = math.gcd(*distances)
        bars = [[(k + 1) * apart % own == 0 for k in range(grid.bars // apart)]
                for own in distances]  # fmt: skip
        widest = max(config.model.latent_length for config in configs)
        dimensions = [[k < config.model.latent_length for k in range(widest)]
                      for config in configs]  # fmt: skip
        return cls(
            hidden=model.hidden,
            layers=model.layers,
            every=apart * grid.steps_per_bar,
            own_bars=like.new_tensor(bars),
            own_dimensions=like.new_tensor(dimensions),
            free_bits=like.new_tensor([config.training.free_bits for config in configs]),
            operands=operands,
        )


class Posteriors(NamedTuple):
    """mu and logvar, ``[M, R, B, L]``; standard normal where a model has none of its own."""

    mu: Tensor
    logvar: Tensor


def roll_of(pitches: Tensor, like: Tensor) -> Tensor:
    """Rolls ``[M, T, B, P]`` of symbols ``[M, B, T]``."""
    return piano_roll(pitches.transpose(1, 2)).to(like.dtype)


def encode(p: Parameters, shape: Shape, roll: Tensor) -> Posteriors:
    """Posteriors after the bars."""
    models, _, snippets, _ = roll.shape
    first = _linear(roll, p["encoder.weight_ih_l0"], _bias(p, "encoder", 0))
    zeros = first.new_zeros(shape.layers, models, snippets, shape.hidden)
    states = _lstm(p, "encoder", first, (zeros, zeros), shape)
    read = states[:, shape.every - 1 :: shape.every]
    # Masked before anything is made of them: what overflows in the padding must not be seen.
    own = (shape.own_bars[:, :, None, None] * shape.own_dimensions[:, None, None]) == 0
    mu, logvar = (_linear(read, p[f"{name}.weight"], p[f"{name}.bias"]) for name in _HEADS)
    return Posteriors(mu.masked_fill(own, 0.0), logvar.masked_fill(own, 0.0))


def sample(posteriors: Posteriors, noise: Tensor) -> Tensor:
    """Draw z ``[M, B, L]`` from the last posteriors, with noise of that shape."""
    return posteriors.mu[:, -1] + (0.5 * posteriors.logvar[:, -1]).exp() * noise


def decode(
    p: Parameters, shape: Shape, roll: Tensor, z: Tensor, keep: Tensor | None = None
) -> Tensor:
    """Teacher-forced logits ``[M, T, B, P]``; ``keep`` is ``[M, T, B, 1]``."""
    previous = torch.cat([torch.zeros_like(roll[:, :1]), roll[:, :-1]], dim=1)
    if keep is not None:
        previous = previous * keep
    weights = p["decoder.weight_ih_l0"]
    # The code is the same at every step: its product is taken once a snippet.
    code = torch.baddbmm(_bias(p, "decoder", 0)[:, None], z, weights[..., PITCHES:].transpose(1, 2))
    first = _linear(previous, weights[..., :PITCHES]) + code[:, None]
    states = _lstm(p, "decoder", first, _initial_state(p, shape, z), shape)
    return _linear(states, p["output.weight"], p["output.bias"])


def bce(logits: Tensor, roll: Tensor) -> Tensor:
    """Nats per snippet, ``[M, B]``, summed over steps and pitches."""
    losses = functional.binary_cross_entropy_with_logits(logits, roll, reduction="none")
    return losses.sum(dim=(1, 3))


def regularizer(posteriors: Posteriors, shape: Shape) -> tuple[Tensor, Tensor]:
    """The KL term of each model's loss, and its mean KL without free bits: both ``[M]``."""
    per_dimension = kl_per_dimension(*posteriors).mean(dim=2)
    free = shape.free_bits[:, None, None]
    counted = torch.where(free > 0, per_dimension.maximum(free), per_dimension)
    own = shape.own_bars[..., None] * shape.own_dimensions[:, None]
    bars = shape.own_bars.sum(dim=1)
    return (counted * own).sum(dim=(1, 2)) / bars, per_dimension.detach().sum(dim=(1, 2)) / bars


_HEADS = ("mu", "logvar")


def _lstm(
    p: Parameters, name: str, first: Tensor, start: tuple[Tensor, Tensor], shape: Shape
) -> Tensor:
    recurrent = torch.stack([p[f"{name}.weight_hh_l{k}"] for k in range(shape.layers)])
    upper, bias = recurrent[:0], recurrent[:0, ..., 0]
    if shape.layers > 1:
        above = range(1, shape.layers)
        upper = torch.stack([p[f"{name}.weight_ih_l{k}"] for k in above])
        bias = torch.stack([_bias(p, name, k) for k in above])
    return sweep(first, recurrent, upper, bias, start, operands=shape.operands)


def _initial_state(p: Parameters, shape: Shape, z: Tensor) -> tuple[Tensor, Tensor]:
    packed = torch.baddbmm(p["state.bias"][:, None], z, p["state.weight"].transpose(1, 2)).tanh()
    h, c = packed.view(*z.shape[:2], 2, shape.layers, shape.hidden).permute(2, 3, 0, 1, 4)
    return h, c


def _bias(p: Parameters, name: str, layer: int) -> Tensor:
    return p[f"{name}.bias_ih_l{layer}"] + p[f"{name}.bias_hh_l{layer}"]


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``[M, T, B, I]`` -> ``[M, T, B, O]``, all steps in one product."""
    rows, turned = x.flatten(1, 2), weight.transpose(1, 2)
    out = torch.bmm(rows, turned) if bias is None else torch.baddbmm(bias[:, None], rows, turned)
    return out.view(*x.shape[:3], -1)
