"""Random numbers that belong to one purpose each, so that paired runs stay paired.

Every draw is named by its seed, its purpose and, where there are many, its epoch. A stream
holds no state between epochs: a resumed run needs none saved, and two configurations of one
seed see the same snippets in the same order whatever their shapes.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor


class Purpose(StrEnum):
    """What random numbers are drawn for."""

    INITIALISATION = "initialisation"
    SNIPPETS = "snippets"
    LATENT_NOISE = "latent noise"
    INPUT_DROPOUT = "input dropout"
    SCHEDULED_SAMPLING = "scheduled sampling"
    TRANSPOSITION = "transposition"
    EVALUATION = "evaluation"
    GENERATION = "generation"


def stream(seed: int | str, purpose: Purpose, *detail: int | str) -> np.random.Generator:
    """Return the generator of one purpose.

    Parameters
    ----------
    seed
        The run's seed, or a fingerprint where the draw is the same for all seeds.
    purpose
        What is drawn.
    detail
        An epoch, a parameter's name: whatever tells this stream from its siblings.
    """
    name = "/".join(map(str, (seed, purpose, *detail)))
    entropy = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.PCG64(entropy))


def latent_noise(rng: np.random.Generator, n: int, length: int) -> Tensor:
    """Draw standard normal noise ``[n, length]``, float32.

    The first columns are the same for every ``length``: dimensions are drawn one by one.
    """
    return torch.from_numpy(rng.standard_normal((length, n), dtype=np.float32)).T


def keep_mask(rng: np.random.Generator, shape: tuple[int, ...], drop: float) -> Tensor:
    """Draw which decoder inputs stay, ``[*shape, 1]``, 0 or 1, float32."""
    return torch.from_numpy((rng.random((*shape, 1)) >= drop).astype(np.float32))
