"""The bar-wise regularised recurrent VAE (MuseBar, section 3).

Shapes: N snippets, T steps, P = 128 pitches, H hidden units, L latent dimensions, r posteriors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from musebar_core.config import Pooling
from musebar_core.normalisation import SpreadNorm
from musebar_core.randomness import Purpose, stream
from musebar_core.recurrence import states_of

if TYPE_CHECKING:
    from musebar_core.config import Configuration, Grid

PITCHES = 128
"""P, MIDI pitches; symbol 128 stands for a rest."""


def piano_roll(pitches: Tensor) -> Tensor:
    """Turn symbols into a roll; a rest is the all-zero vector.

    Parameters
    ----------
    pitches
        Symbols 0-128, integers ``[N, T]``.

    Returns
    -------
    Tensor
        0 or 1, float32 ``[N, T, P]``.
    """
    roll = torch.zeros((*pitches.shape, PITCHES + 1), device=pitches.device)
    roll.scatter_(-1, pitches.long().unsqueeze(-1), 1.0)
    return roll[..., :PITCHES]


def regularizer_steps(regularizers: int, grid: Grid) -> list[int]:
    """Index of the last step of each regularised bar, ascending; the last is T - 1.

    Bars k * (bars / r), k = 1..r.
    """
    every = grid.bars // regularizers * grid.steps_per_bar
    return list(range(every - 1, grid.snippet_steps, every))


class RVAE(nn.Module):
    """A recurrent VAE whose posterior is read after r bars.

    Encoder: an LSTM over the roll; mu and logvar are linear in its top state. Decoder: an LSTM
    started from z, fed [x_(t-1), z], linear to P logits; x_(-1) is a rest.

    The posterior after bar k is of the first k bars alone, whatever the options. ``pooling``
    replaces the state after bar k by the mean or maximum of the states after bars 1..k. A
    ``bidirectional`` encoder adds a second LSTM that reads each of the r segments backwards,
    from its last step to its first, started afresh in each: a pass over the whole snippet would
    let the first posterior see the last bar, and r passes over r beginnings cost r times as
    much. Its state at a segment's first step stands beside the forward state at its last;
    pooled, it is the mean or maximum over segments 1..k. With r = 1 this is the usual
    bidirectional encoder.

    With ``batch_norm``, mu is normalised (:mod:`musebar_core.normalisation`): by the batch in train
    mode, by running moments in eval mode.

    Parameters
    ----------
    config
        Sizes, and the grid that places the posteriors.
    """

    def __init__(self, config: Configuration) -> None:
        super().__init__()
        model = config.model
        self.steps = regularizer_steps(model.regularizers, config.grid)
        self.steps_per_bar = config.grid.steps_per_bar
        self.pooling = model.pooling
        self.encoder = nn.LSTM(PITCHES, model.hidden, model.layers, batch_first=True)
        width = model.hidden
        self.backward_encoder = None
        if model.bidirectional:
            width = 2 * model.hidden
            self.backward_encoder = nn.LSTM(PITCHES, model.hidden, model.layers, batch_first=True)
        self.mu = nn.Linear(width, model.latent_length)
        self.mu_norm = None
        if model.batch_norm:
            posteriors = model.regularizers, model.latent_length
            self.mu_norm = SpreadNorm(*posteriors, model.batch_norm)
        self.logvar = nn.Linear(width, model.latent_length)
        self.state = nn.Linear(model.latent_length, 2 * model.layers * model.hidden)
        self.decoder = nn.LSTM(
            PITCHES + model.latent_length, model.hidden, model.layers, batch_first=True
        )
        self.output = nn.Linear(model.hidden, PITCHES)

    def encode(self, roll: Tensor) -> tuple[Tensor, Tensor]:
        """Posteriors after the regularised bars: mu and logvar, each ``[N, r, L]``."""
        states = states_of(self.encoder, roll)
        if self.pooling is Pooling.LAST:
            read = states[:, self.steps]
        else:
            bars = states[:, self.steps_per_bar - 1 :: self.steps_per_bar]
            every = bars.shape[1] // len(self.steps)
            read = self._pool(bars)[:, every - 1 :: every]
        if self.backward_encoder is not None:
            read = torch.cat([read, self._pool(self._backwards(roll))], dim=-1)
        return self._mean(read), self.logvar(read)

    def _mean(self, read: Tensor) -> Tensor:
        if self.mu_norm is None:
            plain: Tensor = self.mu(read)
            return plain
        normalised: Tensor = self.mu_norm(functional.linear(read, self.mu.weight))
        return normalised + self.mu.bias

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Parameters of q(z|x): all that the decoder does not share."""
        parts = (self.encoder, self.backward_encoder, self.mu, self.logvar)
        return [p for part in parts if part is not None for p in part.parameters()]

    def _backwards(self, roll: Tensor) -> Tensor:
        """Top state after each of the r segments was read backwards, ``[N, r, H]``."""
        assert self.backward_encoder is not None
        n, steps, _ = roll.shape
        r = len(self.steps)
        segments = roll.reshape(n * r, steps // r, PITCHES).flip(1)
        return states_of(self.backward_encoder, segments)[:, -1].view(n, r, -1)

    def _pool(self, states: Tensor) -> Tensor:
        """Mean or maximum over the states so far, in the shape of ``states`` ``[N, K, H]``."""
        if self.pooling is Pooling.LAST:
            return states
        if self.pooling is Pooling.MAX:
            greatest: Tensor = states.cummax(dim=1).values
            return greatest
        counts = torch.arange(1, states.shape[1] + 1, dtype=states.dtype, device=states.device)
        return states.cumsum(dim=1) / counts[:, None]

    def initial_state(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder state from z ``[N, L]``: h and c, each ``[layers, N, H]``."""
        layers, hidden = self.decoder.num_layers, self.decoder.hidden_size
        packed = torch.tanh(self.state(z)).view(-1, 2, layers, hidden)
        return (
            packed[:, 0].transpose(0, 1).contiguous(),
            packed[:, 1].transpose(0, 1).contiguous(),
        )

    def decode(self, roll: Tensor, z: Tensor, keep: Tensor | None = None) -> Tensor:
        """Teacher-forced logits ``[N, T, P]`` of ``roll`` given z.

        Parameters
        ----------
        roll
            ``[N, T, P]``; the decoder sees it one step late.
        z
            ``[N, L]``.
        keep
            1 where a step's input stays, 0 where it is dropped, ``[N, T, 1]``.
        """
        previous = torch.cat([torch.zeros_like(roll[:, :1]), roll[:, :-1]], dim=1)
        if keep is not None:
            previous = previous * keep
        states = states_of(self.decoder, previous, z, self.initial_state(z))
        logits: Tensor = self.output(states)
        return logits

    def step(
        self, previous: Tensor, z: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One step of generation: logits ``[N, P]`` and the next state.

        ``previous`` is the roll of the step before, ``[N, P]``.
        """
        inputs = torch.cat([previous, z], dim=-1)[:, None]
        states, state = self.decoder(inputs, state)
        return self.output(states[:, 0]), state

    def forward(
        self, pitches: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw one z from the last posterior, decode.

        Parameters
        ----------
        pitches
            Symbols 0-128, ``[N, T]``.
        generator
            Draws z.

        Returns
        -------
        tuple of Tensor
            Logits ``[N, T, P]``, mu and logvar ``[N, r, L]``; the last of r is z's posterior.
        """
        roll = piano_roll(pitches).to(self.output.bias.dtype)
        mu, logvar = self.encode(roll)
        noise = torch.randn(mu[:, -1].shape, generator=generator, device=mu.device, dtype=mu.dtype)
        return self.decode(roll, sample(mu, logvar, noise)), mu, logvar


def sample(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Draw z ``[N, L]`` from the last of the posteriors ``[N, r, L]`` by reparametrisation."""
    return mu[:, -1] + (0.5 * logvar[:, -1]).exp() * noise


def initialise(model: RVAE, seed: int, output_bias: np.ndarray | None = None) -> None:
    """Set every parameter from its own stream, uniform as PyTorch's default for its layer.

    Parameters
    ----------
    model
        Changed in place.
    seed
        The run's seed; each parameter's stream is named by the parameter, so that a
        parameter of one shape starts alike in every configuration.
    output_bias
        Pitch frequencies ``[P]``: the output bias starts at their log-odds instead.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            bound = 1 / math.sqrt(_fan(model, name))
            rng = stream(seed, Purpose.INITIALISATION, name)
            values = rng.uniform(-bound, bound, size=tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
        if output_bias is not None:
            odds = np.log(output_bias) - np.log1p(-output_bias)
            model.output.bias.copy_(torch.from_numpy(odds.astype(np.float32)))


def _fan(model: RVAE, parameter_name: str) -> int:
    layer = model.get_submodule(parameter_name.rsplit(".", 1)[0])
    if isinstance(layer, nn.LSTM):
        return layer.hidden_size
    return int(layer.get_parameter("weight").shape[1])
