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
    from musebar.models import Trained, sample, train
    from musebar.music import build_corpus
    from musebar.studies import FIGURES, Study, load
    from musebar_core.config import Configuration, Grid
    from musebar_core.corpus.store import Corpus
    from musebar_core.errors import MuseBarError
    from reports.answers.recommendation import Recommendation

__all__ = [
    "FIGURES",
    "Configuration",
    "Corpus",
    "Grid",
    "MuseBarError",
    "Recommendation",
    "Study",
    "Trained",
    "build_corpus",
    "launch",
    "load",
    "sample",
    "train",
]

_MODULES = {
    "FIGURES": "musebar.studies",
    "Configuration": "musebar_core.config",
    "Corpus": "musebar_core.corpus.store",
    "Grid": "musebar_core.config",
    "MuseBarError": "musebar_core.errors",
    "Recommendation": "reports.answers.recommendation",
    "Study": "musebar.studies",
    "Trained": "musebar.models",
    "build_corpus": "musebar.music",
    "launch": "musebar.launching",
    "load": "musebar.studies",
    "sample": "musebar.models",
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
