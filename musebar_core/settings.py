"""The one table of settings: what a configuration is made of, and all that is known of each part.

Names in search spaces, columns of the results, labels and the settings that name a configuration
are derived from it. The values themselves are fields of :class:`musebar_core.config.Configuration`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.annealing import ScheduleKind
from musebar_core.config import Decay, Pooling, Precision
from musebar_core.errors import UnknownNameError
from musebar_core.setting import PAPER, Section, Setting

if TYPE_CHECKING:
    from musebar_core.config import Configuration
    from musebar_core.setting import Value

SETTINGS = (
    Setting(
        "latent_length",
        Section.MODEL,
        "int64",
        "L, length of z",
        unit="dimensions",
        brief="L",
        source=PAPER,
    ),
    Setting(
        "regularizers",
        Section.MODEL,
        "int64",
        "r, posteriors whose KL to the prior is in the training loss",
        unit="count",
        brief="r",
        source=PAPER,
    ),
    Setting(
        "bars",
        Section.GRID,
        "int64",
        "bars a snippet",
        unit="bars",
        searchable=False,
        source=PAPER,
    ),
    Setting(
        "annealing",
        Section.ANNEALING,
        "string",
        "kind of KL-annealing schedule",
        field="kind",
        words=tuple(ScheduleKind),
        ordered=False,
    ),
    Setting(
        "annealing_start",
        Section.ANNEALING,
        "float64",
        "where the ramp begins",
        field="start",
        unit="fraction of training",
        brief="start",
        kind_only=True,
    ),
    Setting(
        "annealing_length",
        Section.ANNEALING,
        "float64",
        "how long the ramp takes",
        field="length",
        unit="fraction of training",
        brief="ramp",
        kind_only=True,
    ),
    Setting(
        "annealing_cycles",
        Section.ANNEALING,
        "int64",
        "cycles of a cyclical schedule",
        field="cycles",
        unit="count",
        brief="cycles",
        source="Fu et al. 2019",
        kind_only=True,
    ),
    Setting(
        "annealing_ratio",
        Section.ANNEALING,
        "float64",
        "share of a cycle spent rising",
        field="ratio",
        unit="fraction of a cycle",
        brief="ratio",
        source="Fu et al. 2019",
        kind_only=True,
    ),
    Setting(
        "annealing_end",
        Section.ANNEALING,
        "Float64",
        "weight of the KL term once the ramp is over",
        field="end",
        brief="KL weight",
    ),
    Setting(
        "free_bits",
        Section.TRAINING,
        "float64",
        "KL below which a dimension is free",
        unit="nats a dimension",
        source="Kingma et al. 2016",
    ),
    Setting(
        "free_nats",
        Section.TRAINING,
        "Float64",
        "KL below which a snippet is free",
        unit="nats a snippet",
        source="Roberts et al. 2018",
    ),
    Setting(
        "batch_norm",
        Section.MODEL,
        "Float64",
        "spread given to a dimension of mu; 0 is off",
        source="Zhu et al. 2020",
    ),
    Setting(
        "input_dropout",
        Section.TRAINING,
        "float64",
        "decoder inputs zeroed in training",
        unit="share",
        brief="dropout",
        source="Bowman et al. 2016",
    ),
    Setting(
        "scheduled_sampling",
        Section.TRAINING,
        "Float64",
        "decoder inputs that are the model's own samples at the end of training",
        unit="share",
        brief="own samples",
        source="Bengio et al. 2015",
    ),
    Setting(
        "transposition",
        Section.TRAINING,
        "Int64",
        "most up or down, in training",
        unit="semitones",
        source="Roberts et al. 2018",
    ),
    Setting(
        "hidden",
        Section.MODEL,
        "int64",
        "H",
        unit="units",
        brief="H",
        source=PAPER,
    ),
    Setting(
        "layers",
        Section.MODEL,
        "int64",
        "LSTM layers of encoder and decoder",
        unit="count",
        source=PAPER,
    ),
    Setting(
        "snippet_steps",
        Section.GRID,
        "int64",
        "T",
        unit="steps",
        brief="T",
        searchable=False,
        source=PAPER,
    ),
    Setting(
        "steps_per_bar",
        Section.GRID,
        "int64",
        "steps a bar",
        unit="steps",
        brief="steps a bar",
        searchable=False,
        source=PAPER,
    ),
    Setting(
        "steps_per_quarter",
        Section.GRID,
        "int64",
        "steps a quarter note",
        unit="steps",
        brief="steps a quarter",
        searchable=False,
        source=PAPER,
    ),
    Setting(
        "epochs",
        Section.TRAINING,
        "int64",
        "length of training",
        unit="optimiser steps",
        searchable=False,
        source=PAPER,
    ),
    Setting(
        "batch",
        Section.TRAINING,
        "string",
        "snippets a step, or per_group",
        unit="snippets",
        source=PAPER,
    ),
    Setting(
        "learning_rate",
        Section.TRAINING,
        "float64",
        "Adam's step size",
        brief="rate",
        source=PAPER,
    ),
    Setting(
        "warm_up",
        Section.TRAINING,
        "Float64",
        "rise of the learning rate from 0",
        unit="fraction of training",
        brief="warm-up",
        source="Goyal et al. 2017",
    ),
    Setting(
        "decay",
        Section.TRAINING,
        "string",
        "what becomes of the learning rate after the warm-up",
        words=tuple(Decay),
        ordered=False,
        source="Loshchilov and Hutter 2017",
    ),
    Setting(
        "gradient_clip",
        Section.TRAINING,
        "Float64",
        "largest norm of the gradient; 0 is off",
        brief="clip",
    ),
    Setting(
        "output_bias",
        Section.TRAINING,
        "boolean",
        "output bias begins at the log-odds of the pitches",
    ),
    Setting(
        "encoder_steps",
        Section.TRAINING,
        "Int64",
        "encoder-only steps before each joint one",
        unit="count",
        source="He et al. 2019",
    ),
    Setting(
        "pooling",
        Section.MODEL,
        "string",
        "how the encoder's states become a posterior",
        words=tuple(Pooling),
        ordered=False,
        source="Long et al. 2019",
    ),
    Setting(
        "bidirectional",
        Section.MODEL,
        "boolean",
        "the encoder reads each segment backwards too",
        source="Roberts et al. 2018",
    ),
    Setting(
        "precision",
        Section.TRAINING,
        "string",
        "how exactly the products of training are computed",
        words=tuple(Precision),
        ordered=False,
    ),
    Setting(
        "evaluate_every",
        Section.TRAINING,
        "Int64",
        "epochs between evaluations",
        unit="optimiser steps",
        brief="evaluated every",
        searchable=False,
    ),
    Setting(
        "evaluation_snippets",
        Section.TRAINING,
        "Int64",
        "most snippets that a split is evaluated on",
        unit="snippets",
        brief="N",
        searchable=False,
    ),
    Setting(
        "curve_snippets",
        Section.TRAINING,
        "Int64",
        "most snippets that an evaluation on the way takes; 0: all",
        unit="snippets",
        brief="N of the curve",
        searchable=False,
    ),
)
"""Every setting, in the order of the results' columns and of the parts of a label."""


def setting(name: str) -> Setting:
    """Return the entry named ``name``.

    Raises
    ------
    UnknownNameError
        If the table has none of that name.
    """
    for entry in SETTINGS:
        if entry.name == name:
            return entry
    raise UnknownNameError("setting", name, [entry.name for entry in SETTINGS])


def searchable() -> dict[str, Setting]:
    """Settings that a space may vary, by name."""
    return {entry.name: entry for entry in SETTINGS if entry.searchable}


def values(config: Configuration) -> dict[str, Value]:
    """Every setting of a configuration, by name, in the table's order."""
    return {entry.name: entry.of(config) for entry in SETTINGS}
