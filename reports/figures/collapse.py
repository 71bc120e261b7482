"""Figures of collapse: how often, with which settings, and when in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.answers.views import is_chosen
from reports.figures import style
from reports.words.labels import brief, compared_label, phase, value_text, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.collapse import Rate, Training
    from reports.answers.curves import Curve
    from reports.answers.summaries import ConfigurationSummary

COLLAPSED_COLOUR = "#D55E00"
SHARES = {"tickformat": ".0%", "range": [0, 1.45], "tickvals": [0, 0.2, 0.5, 1], "tickangle": 0}
"""An axis of shares, with room for a count behind a full bar."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
"""Of schedules: where two are the same, both can be seen."""


def active_units(
    rows: Sequence[ConfigurationSummary], chosen: ConfigurationSummary | None
) -> go.Figure:
    """Draw active units over latent length, each configuration a mark; the line is all of them."""
    drawn = style.figure("latent length (dimensions)", "active units (dimensions)", 420)
    lengths = sorted({row.config.model.latent_length for row in rows})
    drawn.add_trace(
        go.Scatter(
            x=lengths,
            y=lengths,
            mode="lines",
            name="every dimension in use",
            hoverinfo="skip",
            line={"color": style.NEUTRAL, "dash": "dash", "width": 1.5},
        )
    )
    for name, group, colour, symbol in _groups(rows, chosen):
        means = [row.validation.active_units for row in group if row.validation is not None]
        drawn.add_trace(
            go.Scatter(
                x=[row.config.model.latent_length for row in group],
                y=[m.mean for m in means],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 10, "symbol": symbol, "opacity": 0.75},
                text=[
                    f"{style.escape(brief(row))}<br>{row.config_id}, {phase(row.phase)}<br>"
                    f"{with_interval(mean)} of {row.config.model.latent_length}, "
                    f"{mean.n_seeds} seeds"
                    for row, mean in zip(group, means, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    drawn.update_xaxes(type="log", tickvals=lengths, ticktext=[str(n) for n in lengths])
    drawn.update_yaxes(rangemode="tozero")
    return drawn


Group = tuple[str, list["ConfigurationSummary"], str, str]


def _groups(
    rows: Sequence[ConfigurationSummary], chosen: ConfigurationSummary | None
) -> list[Group]:
    found: dict[str, Group] = {}
    for row in rows:
        picked = is_chosen(row, chosen)
        name = compared_label(row.method, chosen=picked) or "searched or confirmed"
        symbol = "star" if picked else style.METHOD_SYMBOLS.get(row.method or "", "circle")
        group: Group = (name, [], style.colour(row.method, chosen=picked), symbol)
        found.setdefault(name, group)[1].append(row)
    return list(found.values())


def collapsed_bars(rows: Sequence[ConfigurationSummary], names: Sequence[str]) -> go.Figure:
    """Draw the share of collapsed seeds of each configuration, one bar each."""
    shown = list(zip(rows, names, strict=True))
    drawn = style.figure("share of seeds collapsed", "", 110 + style.ROW_PIXELS * len(shown))
    drawn.add_vline(x=0.2, line={"color": style.NEUTRAL, "width": 1.5, "dash": "dash"})
    drawn.add_trace(
        go.Bar(
            x=[row.collapsed / row.n_trained for row, _ in shown],
            y=list(range(len(shown))),
            orientation="h",
            name="collapsed",
            width=0.4,
            marker={"color": COLLAPSED_COLOUR},
            text=[f"{row.collapsed} of {row.n_trained}" for row, _ in shown],
            textposition="outside",
            cliponaxis=False,
            customdata=[style.escape(name) for _, name in shown],
            hovertemplate="%{customdata}: %{text} seeds<extra></extra>",
        )
    )
    style.label_rows(drawn, [name for _, name in shown])
    drawn.update_xaxes(**SHARES)
    drawn.update_layout(showlegend=False)
    return drawn


def rate_bars(rates: Sequence[Rate]) -> go.Figure:
    """Draw the share of collapsed seeds by each value of each setting."""
    names = [f"{rate.setting.replace('_', ' ')} {value_text(rate.value)}" for rate in rates][::-1]
    shown = list(rates)[::-1]
    drawn = style.figure("share of seeds collapsed", "", 110 + 26 * len(shown))
    drawn.add_trace(
        go.Bar(
            x=[rate.share for rate in shown],
            y=names,
            orientation="h",
            name="collapsed",
            marker={"color": COLLAPSED_COLOUR},
            text=[f"{rate.collapsed:,} of {rate.seeds:,}" for rate in shown],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text} seeds<extra></extra>",
        )
    )
    drawn.update_yaxes(type="category", showgrid=False, ticks="")
    drawn.update_xaxes(**(SHARES | {"tickvals": [0, 0.5, 1]}))
    drawn.update_layout(showlegend=False)
    return drawn


def training_panel(
    trainings: Sequence[Training],
    metric: str,
    y_title: str,
    chosen: ConfigurationSummary | None,
    baselines: dict[str, float] | None = None,
) -> go.Figure:
    """Draw ``weight``, ``kl`` or ``bce`` over training: seeds thin, their mean bold."""
    drawn = style.figure("epoch (optimiser steps)", y_title, 300 if metric == "weight" else 360)
    for at, one in enumerate(trainings):
        found: Curve = getattr(one, metric)
        picked = is_chosen(one.row, chosen)
        label = compared_label(one.row.method, chosen=picked)
        dash = DASHES[at % len(DASHES)] if metric == "weight" else "solid"
        look = (style.colour(one.row.method, chosen=picked), dash)
        _curve(drawn, found, label, look, seeds=metric != "weight")
    if baselines is not None:
        last = max((e for t in trainings for e in t.bce.epochs), default=0)
        settled = [
            v
            for t in trainings
            for trace in t.bce.traces
            for e, v in zip(trace.epochs, trace.values, strict=True)
            if e >= last / 5
        ]
        shown = style.window(settled, baselines)
        style.add_baselines(drawn, baselines, shown, vertical=False)
        drawn.update_yaxes(range=list(shown))
    else:
        drawn.update_yaxes(rangemode="tozero")
    return drawn


def _curve(
    drawn: go.Figure, found: Curve, label: str, look: tuple[str, str], *, seeds: bool
) -> None:
    colour, dash = look
    for trace in found.traces if seeds else ():
        drawn.add_trace(
            go.Scatter(
                x=list(trace.epochs),
                y=list(trace.values),
                mode="lines",
                opacity=0.35,
                name=f"{label}, seed {trace.seed}",
                legendgroup=label,
                showlegend=False,
                line={"color": colour, "width": 1},
                hovertemplate=f"seed {trace.seed}<br>epoch %{{x}}: %{{y:.2f}}<extra></extra>",
            )
        )
    drawn.add_trace(
        go.Scatter(
            x=list(found.epochs),
            y=list(found.means),
            mode="lines",
            name=label,
            legendgroup=label,
            line={"color": colour, "width": 3, "dash": dash},
            hovertemplate=f"mean of {len(found.traces)} seeds<br>epoch %{{x}}: %{{y:.2f}}"
            "<extra></extra>",
        )
    )
