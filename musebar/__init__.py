"""MuseBar Study: which RVAE configuration works for your music, with the evidence for it.

In a notebook, beside the command line::

    import musebar

    study = musebar.load("studies", "quickstart")
    study.results.groupby(["genre", "method"]).validation_bce.mean()
    best = study.recommend("chorale").chosen.config
    study.figure("rate_distortion", genre="chorale")

    corpus = musebar.build_corpus("music21", "corpus", genres=["chorale"])
    trained = musebar.train(best, corpus.genre("chorale"), "best.safetensors")
    melodies = musebar.sample("best.safetensors", 4)

Importing this module imports nothing heavy: torch, pandas, Ray and Plotly come with what needs
them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musebar.launching import launch
    from musebar.making import encode, interpolate, reconstruct, sample
    from musebar.models import Trained, load_model, train
    from musebar.music import build_corpus
    from musebar.studies import FIGURES, Study, load
    from musebar_core.checkpoint import LoadedModel
    from musebar_core.config import Configuration, Grid
    from musebar_core.corpus.store import Corpus
    from musebar_core.errors import MuseBarError
    from reports.answers.recommendation import Recommendation

__all__ = [
    "FIGURES",
    "Configuration",
    "Corpus",
    "Grid",
    "LoadedModel",
    "MuseBarError",
    "Recommendation",
    "Study",
    "Trained",
    "build_corpus",
    "encode",
    "interpolate",
    "launch",
    "load",
    "load_model",
    "reconstruct",
    "sample",
    "train",
]

_MODULES = {
    "FIGURES": "musebar.studies",
    "Configuration": "musebar_core.config",
    "Corpus": "musebar_core.corpus.store",
    "Grid": "musebar_core.config",
    "LoadedModel": "musebar_core.checkpoint",
    "MuseBarError": "musebar_core.errors",
    "Recommendation": "reports.answers.recommendation",
    "Study": "musebar.studies",
    "Trained": "musebar.models",
    "build_corpus": "musebar.music",
    "launch": "musebar.launching",
    "encode": "musebar.making",
    "interpolate": "musebar.making",
    "load": "musebar.studies",
    "load_model": "musebar.models",
    "reconstruct": "musebar.making",
    "sample": "musebar.making",
    "train": "musebar.models",
}
"""Where each name comes from, once it is asked for."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  (any of the names above)
    if name not in _MODULES:
        raise AttributeError(f"module 'musebar' has no attribute '{name}'")
    from musebar.neighbours import shadow

    found = shadow()
    if found is not None:
        raise ImportError(str(found))
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
