"""The learning rate over the course of training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from musebar_core.config import Decay

if TYPE_CHECKING:
    from musebar_core.config import TrainingConfig


def learning_rate(training: TrainingConfig, epoch: int) -> float:
    """Adam's step size in one epoch.

    Parameters
    ----------
    training
        Holds the peak, the warm-up and the decay.
    epoch
        1 for the first optimiser step.

    Returns
    -------
    float
        Over 0; the peak itself throughout where there is neither warm-up nor decay.

    Notes
    -----
    Warm-up: a straight line that reaches the peak with the warm-up's last step (Goyal et al.
    2017). Cosine: peak * (1 + cos(pi v)) / 2, v the fraction of the rest of training done before
    this step, without restarts (Loshchilov and Hutter 2017, eq. 5); a long warm-up followed by
    it is a one-cycle schedule (Smith and Topin 2019).
    """
    peak, risen = training.learning_rate, round(training.warm_up * training.epochs)
    if epoch <= risen:
        return peak * epoch / risen
    if training.decay is Decay.CONSTANT:
        return peak
    done = (epoch - 1 - risen) / (training.epochs - risen)
    return peak * (1 + math.cos(math.pi * done)) / 2
