"""What a setting does: one panel a measure, every seed a dot; and the heatmap of two settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from musebar_core.metric_table import COLLAPSE_NATS
from reports.figures import style
from reports.words.labels import number, with_interval
from reports.words.sweeps import line_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary, SplitSummary
    from reports.answers.sweeps import HeatCell, Heatmap, Sweep
    from study.statistics.intervals import SeedMean

DASHES = ("solid", "dash", "dot", "dashdot")
DODGE = 1.035
"""Factor between the places of two lines' marks on the logarithmic axis."""

Look = tuple[str, str, int]
"""Colour, name and number of a line."""

SYMBOLS = ("diamond", "square", "triangle-up", "circle")


def sweep_panel(
    sweeps: Sequence[Sweep],
    metric: str,
    axes: tuple[str, str],
    colour: str,
    baselines: dict[str, float] | None = None,
) -> go.Figure:
    """Draw one metric over the values of a setting.

    Parameters
    ----------
    sweeps
        Of one setting; each a line, told apart by its dash and its marks.
    metric
        ``bce``, ``kl``, ``active_units``, or ``mi`` for the bracket.
    axes
        Titles of x and y, with units.
    colour
        The genre's.
    baselines
        Baseline to BCE, drawn where the metric is one.
    """
    drawn = style.figure(*axes, height=340)
    values = sorted({value for sweep in sweeps for value in sweep.values})
    for at, (sweep, name) in enumerate(zip(sweeps, line_names(sweeps), strict=True)):
        # lines of one chart stand side by side, not on top of each other
        xs = [value * DODGE ** (at - (len(sweeps) - 1) / 2) for value in sweep.values]
        if metric == "mi":
            _bracket(drawn, sweep, xs, (colour, name, at))
        else:
            _line(drawn, sweep, xs, metric, (colour, name, at))
    drawn.update_xaxes(
        type="log", tickvals=values, ticktext=[str(v) for v in values], range=_log_range(values)
    )
    rows = [row for sweep in sweeps for row in sweep.rows]
    if baselines is not None:
        _show_baselines(drawn, [_mean(row, metric) for row in rows], baselines)
    elif metric == "mi":
        drawn.add_hline(y=COLLAPSE_NATS, line={"color": style.NEUTRAL, "width": 1, "dash": "dot"})
        ends = [_mean(row, end).mean for row in rows for end in ("mi_lower", "mi_upper")]
        drawn.update_yaxes(range=style.from_zero([*ends, COLLAPSE_NATS]))
    else:
        drawn.update_yaxes(rangemode="tozero")
    drawn.update_layout(showlegend=len(sweeps) > 1)
    return drawn


def _show_baselines(drawn: go.Figure, means: list[SeedMean], baselines: dict[str, float]) -> None:
    numbers = [v for mean in means for v in (*mean.values, *style.span(mean))]
    shown = style.window(numbers, baselines)
    style.add_baselines(drawn, baselines, shown, vertical=False)
    drawn.update_yaxes(range=list(shown))


def _line(drawn: go.Figure, sweep: Sweep, xs: list[float], metric: str, look: Look) -> None:
    colour, name, at = look
    means = [_mean(row, metric) for row in sweep.rows]
    seeds = [
        (x, s, v)
        for x, m in zip(xs, means, strict=True)
        for s, v in zip(m.seeds, m.values, strict=True)
    ]
    drawn.add_trace(
        go.Scatter(
            x=[x for x, _, _ in seeds],
            y=[v for _, _, v in seeds],
            mode="markers",
            name="seeds",
            legendgroup=str(at),
            showlegend=False,
            text=[f"seed {s}" for _, s, _ in seeds],
            marker={"color": colour, "size": 6, "opacity": 0.45, "symbol": "circle"},
            hovertemplate="%{text}: %{y:.2f}<extra></extra>",
        )
    )
    drawn.add_trace(
        go.Scatter(
            x=xs,
            y=[m.mean for m in means],
            mode="lines+markers",
            name=style.escape(name),
            legendgroup=str(at),
            error_y=style.error_bars(means, colour),
            line={"color": colour, "width": 2, "dash": DASHES[at % len(DASHES)]},
            marker={"color": colour, "size": 10, "symbol": SYMBOLS[at % len(SYMBOLS)]},
            text=[
                f"{v}: {with_interval(m)}, {m.n_seeds} seeds"
                for v, m in zip(sweep.values, means, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def _bracket(drawn: go.Figure, sweep: Sweep, xs: list[float], look: Look) -> None:
    """Draw the mutual information as a bar from its lower to its upper bound a value."""
    colour, name, at = look
    lower = [_mean(row, "mi_lower").mean for row in sweep.rows]
    upper = [_mean(row, "mi_upper").mean for row in sweep.rows]
    middles = [(low + high) / 2 for low, high in zip(lower, upper, strict=True)]
    halves = [abs(high - low) / 2 for low, high in zip(lower, upper, strict=True)]
    drawn.add_trace(
        go.Scatter(
            x=xs,
            y=middles,
            mode="lines+markers",
            name=style.escape(name),
            error_y={"type": "data", "array": halves, "color": colour, "thickness": 2, "width": 6},
            line={"color": colour, "width": 1, "dash": DASHES[at % len(DASHES)]},
            marker={"color": colour, "size": 6, "symbol": SYMBOLS[at % len(SYMBOLS)]},
            text=[
                f"{v}: {number(low)} to {number(high)} nats"
                for v, low, high in zip(sweep.values, lower, upper, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )


def heatmap_panel(found: Heatmap, metric: str, unit: str, scale: str) -> go.Figure:
    """Draw one metric over latent length (x) and regularizers (y); unmeasured cells stay empty."""
    xs = [str(v) for v in found.latent_lengths]
    ys = [str(v) for v in found.regularizers]
    cells = {(str(c.latent_length), str(c.regularizers)): c for c in found.cells}
    z = [[_cell(cells.get((x, y)), metric) for x in xs] for y in ys]
    hover = [[_hover(cells.get((x, y)), metric) for x in xs] for y in ys]
    drawn = style.figure("latent length", "regularizers (bars with a KL term)", height=400)
    drawn.add_trace(
        go.Heatmap(
            x=xs,
            y=ys,
            z=z,
            customdata=hover,
            xgap=2,
            ygap=2,
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            colorscale=scale,
            colorbar={"title": {"text": unit, "side": "right"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    known = [
        (x, y, v)
        for y, row in zip(ys, z, strict=True)
        for x, v in zip(xs, row, strict=True)
        if v is not None
    ]
    inks = _inks([v for _, _, v in known], bright_low=scale.endswith("_r"))
    drawn.add_trace(
        go.Scatter(
            x=[x for x, _, _ in known],
            y=[y for _, y, _ in known],
            mode="text",
            text=[number(v) for _, _, v in known],
            textfont={"color": inks, "size": 12},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    if found.chosen is not None:
        drawn.add_trace(_chosen_cell(found.chosen))
    drawn.update_xaxes(type="category", showgrid=False, ticks="")
    drawn.update_yaxes(type="category", showgrid=False, ticks="")
    return drawn


def _chosen_cell(chosen: tuple[int, int]) -> go.Scatter:
    """A frame around the recommended configuration's number."""
    return go.Scatter(
        x=[str(chosen[0])],
        y=[str(chosen[1])],
        mode="markers",
        name="recommended",
        showlegend=True,
        marker={
            "symbol": "square-open",
            "size": 40,
            "color": style.CHOSEN_COLOUR,
            "line": {"color": style.CHOSEN_COLOUR, "width": 3},
        },
        hovertemplate="recommended<extra></extra>",
    )


TURN = 0.47
"""Where on its scale Cividis turns from dark to light: both inks have 4.5 to 1 there."""


def _inks(values: Sequence[float], *, bright_low: bool) -> list[str]:
    """Choose the ink of each cell's number by its ground; Plotly's own is grey on grey."""
    low, high = min(values), max(values)
    places = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    return ["#000" if (1 - at if bright_low else at) > TURN else "#fff" for at in places]


def _cell(cell: HeatCell | None, metric: str) -> float | None:
    return None if cell is None else _mean(cell.row, metric).mean


def _hover(cell: HeatCell | None, metric: str) -> str:
    if cell is None:
        return ""
    row, count = cell.row, cell.n_configurations
    mean = _mean(row, metric)
    lines = [
        (
            f"latent length {row.config.model.latent_length}, {row.config.model.regularizers} "
            f"of {row.config.grid.bars} bars"
        ),
        f"{with_interval(mean)}, {mean.n_seeds} of {row.n_planned} seeds",
        f"collapsed {row.collapsed} of {row.n_done} seeds",
    ]
    if count > 1:
        lines.append(f"lowest BCE of {count} configurations tried here")
    return "<br>".join(lines)


def _mean(row: ConfigurationSummary, metric: str) -> SeedMean:
    split: SplitSummary | None = row.validation
    if split is None:
        raise ValueError(f"{row.config_id} has no validation figures")
    return split.metric(metric)


def _log_range(values: Sequence[int]) -> list[float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max(0.06 * (high - low), 0.05)
    return [low - pad, high + pad]
