"""Single models from Python: trained, kept, loaded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar import bounds
from musebar_core import checkpoint, evaluation, training
from musebar_core.baselines import fit_baselines
from musebar_core.checkpoint import Identity
from musebar_core.corpus import evaluation_snippets
from musebar_core.errors import CheckpointError, UsageError
from musebar_core.state import start
from musebar_core.states import Standing
from musebar_core.threads import THREADS, computing_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from musebar_core.checkpoint import LoadedModel
    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.evaluation import Outcome
    from musebar_core.metric_table import EpochMetrics


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
    standing
        Whether that is trained and informative, as its checkpoint remembers it.
    """

    checkpoint: Path
    epochs: int
    outcome: Outcome
    standing: Standing


def train(
    config: Configuration,
    corpus: GenreCorpus,
    out: str | Path,
    seed: int = 0,
    *,
    corpus_path: str | Path = "",
    threads: int = THREADS,
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
    threads
        CPU threads to compute with: sums over more of them round in another way.
    on_epoch
        Called with each evaluation.
    on_resume
        Called with the epoch at which an interrupted training goes on.

    Raises
    ------
    UsageError
        If there cannot be so many threads.
    """
    bounds.THREADS.check("threads", threads)
    out = Path(out)
    place = str(Path(corpus_path).resolve()) if str(corpus_path) else ""
    identity = Identity(config, corpus.name, corpus.fingerprint, place, seed)
    unfinished = out.with_name(f"{out.name}.unfinished")
    out.parent.mkdir(parents=True, exist_ok=True)
    with computing_with(threads):
        state = checkpoint.resume(unfinished, identity) or start(config, corpus, seed)
        if state.epoch and on_resume is not None:
            on_resume(state.epoch)
        for row in training.fit(config, corpus, seed, state):
            if on_epoch is not None:
                on_epoch(row)
            checkpoint.save(unfinished, identity, state)
        outcome = evaluation.outcome(config, corpus, state)
    standing = Standing.of(outcome.validation, _markov(config, corpus))
    checkpoint.save_weights(out, identity, state, standing)
    unfinished.unlink(missing_ok=True)
    return Trained(out, state.epoch, outcome, standing)


def load_model(file: str | Path) -> LoadedModel:
    """Load a checkpoint's model, what it belongs to, and what it was worth.

    Raises
    ------
    UsageError
        If it is not there, or no checkpoint.
    """
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"{file}: no such checkpoint")
    try:
        return checkpoint.load(path)
    except CheckpointError as error:
        raise UsageError(str(error)) from None


def _markov(config: Configuration, corpus: GenreCorpus) -> float:
    """BCE of the Markov chain on the validation snippets, nats per snippet."""
    n = config.training.evaluation_snippets
    snippets = evaluation_snippets(corpus, "validation", config.grid, n)
    return fit_baselines(corpus).score(snippets)["markov"]
