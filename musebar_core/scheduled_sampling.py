"""Scheduled sampling: in training the decoder hears more and more of what it says itself.

Bengio et al. (2015): each decoder input is the true symbol with a probability that falls from 1 by
an inverse sigmoid, k / (k + exp(i / k)) at step i, else a sample of the model's own; no gradient
passes through the choice. Written on the fraction of training u with k = exp(5), and so much time
that half of the way is half of training, the share of own samples is 1 / (1 + exp(-10 (u - 0.5))).

The samples come of one more pass of the decoder over the true symbols, all steps at once and
without gradients (parallel scheduled sampling with one pass, Duckworth et al. 2019): a sample
at step t is drawn given the true symbols before t. It costs a third of a decoder's step, and
leaves every kernel as it is.

Shapes: N snippets, T steps, P = 128 pitches; a stack has its models in front.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from musebar_core.generation import symbol_distribution
from musebar_core.model import PITCHES, piano_roll

if TYPE_CHECKING:
    from torch import Tensor

STEEPNESS = 10.0
"""2 ln k, of the inverse sigmoid on the fraction of training."""

HEARD = -1.0
"""Marks an input that stays what it truly was."""


def share(largest: float, u: float) -> float:
    """Share of inputs that are the model's own samples after a fraction ``u`` of training.

    Half of ``largest`` at half of training, 99.3 % of it at the end.
    """
    return largest / (1 + math.exp(-STEEPNESS * (u - 0.5)))


def choices(rng: np.random.Generator, shape: tuple[int, int], replaced: float) -> Tensor | None:
    """Draw which inputs are own samples, and the number in [0, 1) that each of them is drawn by.

    Parameters
    ----------
    rng
        Draws the same numbers whatever the share.
    shape
        N and T: inputs are told by the step whose symbol they are.
    replaced
        Share of them, as :func:`share` has it.

    Returns
    -------
    Tensor or None
        Float64 ``[N, T, 1]``, :data:`HEARD` where the true symbol stays; None where all stay.
    """
    which, draws = rng.random((2, *shape, 1))
    own = which < replaced
    return torch.from_numpy(np.where(own, draws, HEARD)) if own.any() else None


@torch.no_grad()
def heard(roll: Tensor, logits: Tensor, own: Tensor) -> Tensor:
    """Replace symbols by samples.

    Parameters
    ----------
    roll
        The true symbols, ``[..., P]``.
    logits
        What the model says of them, ``[..., P]``.
    own
        As :func:`choices` returns it, ``[..., 1]``.

    Returns
    -------
    Tensor
        The roll that the decoder is to hear, ``[..., P]``: a sample is the first symbol up to which
        :func:`~musebar_core.generation.symbol_distribution` sums to the number drawn.
    """
    distribution = symbol_distribution(logits, temperature=1.0)
    # A product, as a running sum on a GPU is taken in an order of chance.
    up_to = torch.ones(PITCHES + 1, PITCHES + 1, dtype=torch.float64, device=logits.device).triu()
    cumulative = distribution @ up_to
    drawn = (own > cumulative).sum(dim=-1).clamp_max(PITCHES)
    return torch.where(own >= 0, piano_roll(drawn).to(roll.dtype), roll)
