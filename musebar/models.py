"""Single models from Python: trained, kept, sampled from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import checkpoint, evaluation, training
from musebar_core.checkpoint import Identity
from musebar_core.errors import CheckpointError, UsageError
from musebar_core.generation import generate, interpolation
from musebar_core.randomness import Purpose, latent_noise, stream
from musebar_core.state import start

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.evaluation import Outcome
    from musebar_core.metric_table import EpochMetrics
    from musebar_core.model import RVAE


@dataclass(frozen=True)
class Trained:
    """A model that was trained.

    Attributes
    ----------
    checkpoint
        Its weights, at the reported epoch.
    epochs
        Optimiser steps taken.
    outcome
        What it is worth, on validation and test.
    """

    checkpoint: Path
    epochs: int
    outcome: Outcome


def train(
    config: Configuration,
    corpus: GenreCorpus,
    out: str | Path,
    seed: int = 0,
    *,
    corpus_path: str | Path = "",
    on_epoch: Callable[[EpochMetrics], object] | None = None,
    on_resume: Callable[[int], object] | None = None,
) -> Trained:
    """Train one configuration on one genre; interrupted, the same call goes on.

    Parameters
    ----------
    config
        What to train, as ``study.recommend(genre).chosen.config``.
    corpus
        One genre, as ``Corpus.load(folder).genre(name)``.
    out
        The checkpoint; beside it lies OUT.unfinished until training has ended.
    seed
        Initialisation, snippets and noise.
    corpus_path
        Where the corpus lies, for the checkpoint to remember.
    on_epoch
        Called with each evaluation.
    on_resume
        Called with the epoch at which an interrupted training goes on.
    """
    out = Path(out)
    place = str(Path(corpus_path).resolve()) if str(corpus_path) else ""
    identity = Identity(config, corpus.name, corpus.fingerprint, place, seed)
    unfinished = out.with_name(f"{out.name}.unfinished")
    out.parent.mkdir(parents=True, exist_ok=True)
    state = checkpoint.resume(unfinished, identity) or start(config, corpus, seed)
    if state.epoch and on_resume is not None:
        on_resume(state.epoch)
    for row in training.fit(config, corpus, seed, state):
        if on_epoch is not None:
            on_epoch(row)
        checkpoint.save(unfinished, identity, state)
    outcome = evaluation.outcome(config, corpus, state)
    checkpoint.save_weights(out, identity, state)
    unfinished.unlink(missing_ok=True)
    return Trained(out, state.epoch, outcome)


def sample(
    file: str | Path,
    n: int = 4,
    *,
    steps: int | None = None,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Generate melodies from codes drawn from the prior.

    Parameters
    ----------
    file
        A checkpoint.
    n
        Melodies.
    steps
        T, steps a melody; None: as many as a snippet of its training.
    temperature
        Below 1 bolder in its favourites, above 1 wilder.
    seed
        Draws the codes and the notes.

    Returns
    -------
    ndarray
        Pitches 0-127, 128 a rest; ``[n, T]``.
    """
    identity, model = load_model(Path(file))
    rng = stream(seed, Purpose.GENERATION)
    z = latent_noise(rng, n, identity.config.model.latent_length)
    return _decoded(identity, model, z, rng, steps, temperature)


def interpolate(
    file: str | Path, n: int = 8, *, temperature: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Walk from one code drawn from the prior to another; n melodies with both ends, ``[n, T]``."""
    identity, model = load_model(Path(file))
    rng = stream(seed, Purpose.GENERATION)
    ends = latent_noise(rng, 2, identity.config.model.latent_length)
    return _decoded(identity, model, interpolation(ends[0], ends[1], n), rng, None, temperature)


def load_model(file: Path) -> tuple[Identity, RVAE]:
    """Load a checkpoint's model and what it belongs to.

    Raises
    ------
    UsageError
        If it is not there, or no checkpoint.
    """
    if not file.is_file():
        raise UsageError(f"{file}: no such checkpoint")
    try:
        return checkpoint.load_model(file)
    except CheckpointError as error:
        raise UsageError(str(error)) from None


def _decoded(
    identity: Identity,
    model: RVAE,
    z: Tensor,
    rng: np.random.Generator,
    steps: int | None,
    temperature: float,
) -> np.ndarray:
    return generate(model, z, steps or identity.config.grid.snippet_steps, rng, temperature)
