"""The paper's methods, as search spaces and results name them."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """The paper's four methods, in the order they are always shown."""

    LSTM_VAE = "lstm_vae"
    VAE_BOW = "vae_bow"
    MUSEBAR = "musebar"
    MUSEBAR_BOW = "musebar_bow"


VANILLA = Method.LSTM_VAE
"""The method without annealing and without regularised bars."""

DEFAULT = Method.MUSEBAR_BOW
"""The method that the paper recommends: bar-wise regularisation and annealing together."""
