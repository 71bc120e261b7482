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

from musebar_core.config import Pooling
from musebar_core.model import PITCHES, piano_roll
from musebar_core.normalisation import batch_moments, follow, normalised
from musebar_core.objective import kl_per_dimension
from musebar_core.stacked import pointwise
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
        Steps between two bars after which there are posteriors.
    bar
        Steps of a bar.
    bidirectional, pooling
        As all the models' configurations have them.
    own_bars
        1 where a model has a posterior after that bar, ``[M, R]``.
    own_dimensions
        1 where a latent dimension is the model's own, ``[M, L]``.
    free_bits
        ``[M]``, nats.
    free_nats
        ``[M]``, nats; None where no model has any.
    spread
        What batch normalisation makes of mu, ``[M]``; None for models without.
    operands
        What the factors of the LSTM's products are rounded to in training.
    """

    hidden: int
    layers: int
    every: int
    bar: int
    bidirectional: bool
    pooling: Pooling
    own_bars: Tensor
    own_dimensions: Tensor
    free_bits: Tensor
    free_nats: Tensor | None = None
    spread: Tensor | None = None
    operands: Operands = FULL

    @property
    def read(self) -> int:
        """Steps between two states that posteriors are made of: every bar's, if pooled."""
        return self.every if self.pooling is Pooling.LAST else self.bar

    @classmethod
    def of(cls, configs: Sequence[Configuration], like: Tensor, operands: Operands) -> Shape:
        """The shape that holds models of all these configurations."""
        grid, model = configs[0].grid, configs[0].model
        distances = [grid.bars // config.model.regularizers for config in configs]
        apart = math.gcd(*distances)
        bars = [
            [(k + 1) * apart % own == 0 for k in range(grid.bars // apart)] for own in distances
        ]
        widest = max(config.model.latent_length for config in configs)
        dimensions = [[k < config.model.latent_length for k in range(widest)] for config in configs]
        return cls(
            hidden=model.hidden,
            layers=model.layers,
            every=apart * grid.steps_per_bar,
            bar=grid.steps_per_bar,
            bidirectional=model.bidirectional,
            pooling=model.pooling,
            own_bars=like.new_tensor(bars),
            own_dimensions=like.new_tensor(dimensions),
            free_bits=like.new_tensor([config.training.free_bits for config in configs]),
            free_nats=_column([config.training.free_nats for config in configs], like),
            spread=_column([config.model.batch_norm for config in configs], like),
            operands=operands,
        )


def _column(values: Sequence[float], like: Tensor) -> Tensor | None:
    return like.new_tensor(values) if any(values) else None


class Posteriors(NamedTuple):
    """mu and logvar, ``[M, R, B, L]``; standard normal where a model has none of its own."""

    mu: Tensor
    logvar: Tensor


def roll_of(pitches: Tensor, like: Tensor) -> Tensor:
    """Rolls ``[M, T, B, P]`` of symbols ``[M, B, T]``."""
    return piano_roll(pitches.transpose(1, 2)).to(like.dtype).contiguous()


def encode(p: Parameters, shape: Shape, roll: Tensor, *, training: bool = False) -> Posteriors:
    """Posteriors after the bars; in training, running moments follow the batch's in place."""
    ends = _encoder(p, "encoder", shape, roll)[:, shape.read - 1 :: shape.read]
    last = None
    if shape.bidirectional:
        models, steps, snippets, _ = roll.shape
        segments = roll.view(models, -1, shape.every, snippets, PITCHES).flip(2)
        turned = segments.transpose(1, 2).flatten(2, 3)  # [M, steps of a segment, R B, P]
        last = _encoder(p, "backward_encoder", shape, turned)[:, -1]
        last = last.view(models, steps // shape.every, snippets, shape.hidden)
    return _posteriors(p, shape, ends, last, training=training)


def _encoder(p: Parameters, name: str, shape: Shape, roll: Tensor) -> Tensor:
    """States of one of the encoders over a roll, begun afresh."""
    first = _linear(roll, p[f"{name}.weight_ih_l0"], _bias(p, name, 0))
    zeros = first.new_zeros(shape.layers, len(roll), roll.shape[2], shape.hidden)
    return _lstm(p, name, first, (zeros, zeros), shape)


def _pooled(states: Tensor, pooling: Pooling) -> Tensor:
    """Mean or maximum over the states so far, in the shape of ``states`` ``[M, R, B, H]``."""
    if pooling is Pooling.LAST:
        return states
    if pooling is Pooling.MEAN:
        counts = torch.arange(1, states.shape[1] + 1, dtype=states.dtype, device=states.device)
        return states.cumsum(dim=1) / counts[:, None, None]
    # In log R steps, and derived without sums in an order of chance, as cummax is on a GPU.
    distance = 1
    while distance < states.shape[1]:
        later = torch.maximum(states[:, distance:], states[:, :-distance])
        states = torch.cat([states[:, :distance], later], dim=1)
        distance *= 2
    return states


def _posteriors(
    p: Parameters, shape: Shape, ends: Tensor, last: Tensor | None, *, training: bool = False
) -> Posteriors:
    """Posteriors from the encoder's states, and the backward encoder's, ``[M, bars, B, H]``.

    ``ends`` are after every ``shape.read`` steps, ``last`` are at the first step of each segment.
    """
    apart = shape.every // shape.read
    read = _pooled(ends, shape.pooling)[:, apart - 1 :: apart]
    if last is not None:
        read = torch.cat([read, _pooled(last, shape.pooling)], dim=-1)
    # Masked before anything is made of them: what overflows in the padding must not be seen.
    own = (shape.own_bars[:, :, None, None] * shape.own_dimensions[:, None, None]) == 0
    logvar = _linear(read, p["logvar.weight"], p["logvar.bias"])
    mu = _mean(p, shape, read, training=training)
    return Posteriors(mu.masked_fill(own, 0.0), logvar.masked_fill(own, 0.0))


def _mean(p: Parameters, shape: Shape, read: Tensor, *, training: bool) -> Tensor:
    """Of all posteriors ``[M, R, B, L]``: a layer's output, normalised where that is asked."""
    if shape.spread is None:
        return _linear(read, p["mu.weight"], p["mu.bias"])
    values = _linear(read, p["mu.weight"])
    running = p["mu_norm.mean"], p["mu_norm.variance"]
    moments = running
    if training:
        moments = batch_moments(values, dim=2)
        follow(*running, moments, values.shape[2])
    mean, variance = (each[:, :, None] for each in moments)
    spread, shift = shape.spread[:, None, None, None], p["mu.bias"][:, None, None]
    return spread * normalised(values, mean, variance) + shift


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
    first = _linear(previous, weights[..., :PITCHES]) + _code(p, z)[:, None]
    states = _lstm(p, "decoder", first, _initial_state(p, shape, z), shape)
    return _linear(states, p["output.weight"], p["output.bias"])


def can_infer(like: Tensor, shape: Shape) -> bool:
    """Whether :func:`infer` works for these models, where these numbers are."""
    if not pointwise.on_gpu(like):
        return False
    from musebar_core.stacked import inference

    return inference.suits(like, shape.hidden)


def infer(p: Parameters, shape: Shape, pitches: Tensor, noise: Tensor) -> tuple[Tensor, Posteriors]:
    """BCE ``[M, B]`` and posteriors of the same snippets ``[B, T]`` in all models, on a GPU.

    What :func:`encode` and :func:`decode` compute, with halves for the factors of the LSTMs'
    products; ``noise`` is ``[M, B, L]``.
    """
    from musebar_core.stacked import inference

    symbols = pitches.T.to(torch.int32)
    rest = torch.full_like(symbols[:1], PITCHES)
    models, snippets = noise.shape[:2]

    def states_of(name: str, symbols: Tensor, every: int) -> Tensor:
        nothing = noise.new_zeros(shape.layers, models, symbols.shape[1], shape.hidden)
        return inference.outputs(
            symbols,
            _table(p[f"{name}.weight_ih_l0"]),
            _bias(p, name, 0),
            _layers(p, name, shape),
            (nothing, nothing),
            every,
        ).float()

    last = None
    if shape.bidirectional:
        segments = symbols.view(-1, shape.every, snippets).flip(1).transpose(0, 1)
        last = states_of("backward_encoder", segments.flatten(1), shape.every)
        last = last.view(models, -1, snippets, shape.hidden)
    posteriors = _posteriors(p, shape, states_of("encoder", symbols, shape.read), last)
    z = sample(posteriors, noise)
    states = inference.outputs(
        torch.cat([rest, symbols[:-1]]),
        _table(p["decoder.weight_ih_l0"]),
        _code(p, z),
        _layers(p, "decoder", shape),
        _initial_state(p, shape, z),
    )
    logits = _linear(states.float(), p["output.weight"], p["output.bias"])
    # The BCE of a roll of single notes: softplus of every logit, less the logit of what sounds.
    sounding = functional.pad(logits, (0, 1)).gather(
        3, symbols.long()[None, ..., None].expand(models, -1, -1, 1)
    )
    return (functional.softplus(logits).sum(dim=(1, 3)) - sounding.sum(dim=(1, 3))), posteriors


def bce(logits: Tensor, roll: Tensor) -> Tensor:
    """Nats per snippet, ``[M, B]``, summed over steps and pitches."""
    losses = functional.binary_cross_entropy_with_logits(logits, roll, reduction="none")
    return losses.sum(dim=(1, 3))


def regularizer(posteriors: Posteriors, shape: Shape) -> tuple[Tensor, Tensor]:
    """The KL term of each model's loss, and its mean KL without free bits: both ``[M]``."""
    of_snippets = kl_per_dimension(*posteriors)
    per_dimension = of_snippets.mean(dim=2)
    free = shape.free_bits[:, None, None]
    counted = torch.where(free > 0, per_dimension.maximum(free), per_dimension)
    own = shape.own_bars[..., None] * shape.own_dimensions[:, None]
    bars = shape.own_bars.sum(dim=1)
    whole = (counted * own).sum(dim=(1, 2))
    if shape.free_nats is not None:
        nats = shape.free_nats[:, None, None]
        excess = (of_snippets.sum(dim=3) - nats).clamp_min(0).mean(dim=2)
        excess = (excess * shape.own_bars).sum(dim=1)
        whole = torch.where(shape.free_nats > 0, excess, whole)
    return whole / bars, per_dimension.detach().sum(dim=(1, 2)) / bars


def _code(p: Parameters, z: Tensor) -> Tensor:
    """What z adds to the first layer's gates, the same at every step: ``[M, B, 4H]``."""
    weights = p["decoder.weight_ih_l0"][..., PITCHES:].transpose(1, 2)
    return torch.baddbmm(_bias(p, "decoder", 0)[:, None], z, weights)


def _table(weights: Tensor) -> Tensor:
    """What a symbol adds to the gates: a pitch its column, rounded as a factor; a rest nothing."""
    columns = weights[..., :PITCHES].transpose(1, 2).to(torch.float16)
    return functional.pad(columns, (0, 0, 0, 1))


def _layers(p: Parameters, name: str, shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Recurrent weights of all layers; input weights and biases of those over the first."""
    recurrent = torch.stack([p[f"{name}.weight_hh_l{k}"] for k in range(shape.layers)])
    upper, bias = recurrent[:0], recurrent[:0, ..., 0]
    if shape.layers > 1:
        above = range(1, shape.layers)
        upper = torch.stack([p[f"{name}.weight_ih_l{k}"] for k in above])
        bias = torch.stack([_bias(p, name, k) for k in above])
    return recurrent, upper, bias


def _lstm(
    p: Parameters, name: str, first: Tensor, start: tuple[Tensor, Tensor], shape: Shape
) -> Tensor:
    return sweep(first, *_layers(p, name, shape), start, operands=shape.operands)


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
