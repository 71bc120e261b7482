"""Metrics of seed runs with the figures that a purpose goes by."""

from __future__ import annotations

from musebar_core.metric_table import Metrics
from study.search.candidates import Measured


def metrics(*, nll, mi=1.0, kl=2.0, bce=None, collapsed=False):
    bce = nll - 1.0 if bce is None else bce
    return Metrics.from_dict(
        {
            "bce": bce,
            "kl": kl,
            "elbo": -(bce + kl),
            "mi_lower": mi,
            "nll": nll,
            "collapsed": collapsed,
        }
    )


def measured(config_id, nlls, mis=None, *, collapsed=0, undertrained=0, n_parameters=0, **rest):
    """One row a seed; the first ``collapsed`` collapse, the last ``undertrained`` never trained."""
    n = len(nlls)
    states = [i < collapsed for i in range(n - undertrained)] + [None] * undertrained
    rows = [
        metrics(nll=nll, mi=1.0 if mis is None else mis[i], collapsed=state, **rest)
        for i, (nll, state) in enumerate(zip(nlls, states, strict=True))
    ]
    return Measured(config_id, tuple(rows), n_parameters)
