"""What does not take building a model to know: its weights, and how many snippets it evaluates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musebar_core.config import ModelConfig

PITCHES = 128
GATES = 4
"""Input, forget, cell and output gate of an LSTM."""
EVALUATION_BATCH, EVALUATION_BATCH_GPU = 64, 1024
"""Snippets that an evaluation takes at a time, at most: on a CPU, what stays in the cache."""


def n_parameters(model: ModelConfig) -> int:
    """Count the trainable weights of :class:`musebar_core.model.RVAE`.

    The number of regularizers adds none: every posterior is read by the same layers. Nor does
    pooling. A bidirectional encoder is two LSTMs, and a posterior reads the states of both.
    """
    hidden, latent, layers = model.hidden, model.latent_length, model.layers
    encoders = 2 if model.bidirectional else 1
    posterior = 2 * (encoders * hidden + 1) * latent
    state = (latent + 1) * 2 * layers * hidden
    output = (hidden + 1) * PITCHES
    return (
        encoders * _lstm(PITCHES, hidden, layers)
        + posterior
        + state
        + _lstm(PITCHES + latent, hidden, layers)
        + output
    )


def _lstm(inputs: int, hidden: int, layers: int) -> int:
    """Weights of an LSTM with two biases a gate, as PyTorch's."""
    first = GATES * hidden * (inputs + hidden + 2)
    return first + (layers - 1) * GATES * hidden * (2 * hidden + 2)
