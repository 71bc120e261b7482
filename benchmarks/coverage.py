"""Measure what the report's intervals and tests keep: coverage and false positives.

``python -m benchmarks coverage FILE`` writes the tables between the marks of FILE; without FILE
they are printed. Every figure comes from the functions that the report uses, on seeds that are
drawn from populations whose truth is known. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import claims
from benchmarks.claims import Truth
from reports.answers.aggregate import interquartile_mean
from reports.answers.stages import change
from reports.stats.bootstrap import percentile_interval, stratified, studentised_interval
from reports.stats.improvement import improvement
from reports.stats.ties import tie_set
from study.statistics.intervals import mean_over_seeds
from study.statistics.signflip import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
REPEATS = 4_000
SEEDS = (5, 10)
STUDIES = 500
GENRES = (1, 2, 5)
FARS = (5.0, 20.0)
FAR = 5.0
"""How far a collapsed seed lies from the others, in their standard deviations."""


def _mixture(share: float) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(size=shape) + FAR * (rng.random(shape) < share)

    return draw


POPULATIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "skewed (exponential, skewness 2)": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "very skewed (log-normal, skewness 6)": (
        lambda rng, shape: rng.lognormal(size=shape),
        math.exp(0.5),
    ),
    "1 seed in 10 collapses, 5 sd away": (_mixture(0.1), 0.1 * FAR),
    "1 seed in 5 collapses, 5 sd away": (_mixture(0.2), 0.2 * FAR),
}
"""Name to how it is drawn, and its mean."""


def main() -> None:
    """Print the tables, or write them into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="Markdown file with the two marks")
    path = parser.parse_args().file
    tables = "\n\n".join((_means(), _others(), _false_positives(), _claims(), _no_worse()))
    if path is None:
        print(tables)
        return
    text = path.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")


def _means() -> str:
    rows = [
        [
            "seeds drawn from",
            "n",
            "t interval",
            "studentised bootstrap",
            "percentile bootstrap",
            "width, studentised / t",
        ]
    ]
    for name, (draw, truth) in POPULATIONS.items():
        rows += [[name, str(n), *_coverage(draw, truth, n)] for n in SEEDS]
    return _markdown(
        f"Share of 95% intervals of a mean that hold the true mean, {REPEATS:,} samples each "
        f"(Monte Carlo standard error 0.3 points at 95%).",
        rows,
    )


def _coverage(draw: Draw, truth: float, n: int) -> list[str]:
    rng = np.random.default_rng(n)
    hits = np.zeros(3)
    widths: list[float] = []
    for sample in draw(rng, (REPEATS, n)):
        mean = mean_over_seeds(dict(enumerate(sample.tolist())))
        studentised = studentised_interval(sample.tolist(), rng, draws=2_000)
        drawn = sample[rng.integers(0, n, size=(2_000, n))].mean(axis=1)
        low, high = percentile_interval(drawn)
        assert mean is not None
        assert mean.interval is not None
        assert studentised is not None
        intervals = (mean.interval, studentised, (float(low), float(high)))
        hits += [a <= truth <= b for a, b in intervals]
        widths.append((studentised[1] - studentised[0]) / (mean.interval[1] - mean.interval[0]))
    return [*(f"{100 * hit / REPEATS:.1f} %" for hit in hits), f"{np.median(widths):.2f}"]


def _others() -> str:
    rows = [["interval", "case", "holds the truth"]]
    rows += [
        ["probability of improvement, exact", f"10 seeds, truth {p:.0%}", _shares(p)]
        for p in (0.5, 0.7, 0.9)
    ]
    for name in ("normal", "1 seed in 10 collapses, 5 sd away"):
        rows.append(["change between stages, Welch", f"3 against 10 seeds, {name}", _welch(name)])
        rows.append(
            ["interquartile mean, stratified bootstrap", f"3 genres of 10 runs, {name}", _iqm(name)]
        )
    return _markdown("The other 95% intervals.", rows)


def _shares(p: float) -> str:
    rng = np.random.default_rng(1)
    hits = 0
    for wins in rng.random((REPEATS, 10)) < p:
        found = improvement_of(wins)
        hits += found[0] <= p <= found[1]
    return f"{100 * hits / REPEATS:.1f} %"


def improvement_of(wins: np.ndarray) -> tuple[float, float]:
    """Interval of the probability of improvement, from seeds won and lost."""
    costs = mean_over_seeds(dict(enumerate(np.where(wins, -1.0, 1.0).tolist())))
    assert costs is not None
    return improvement(costs).interval


def _welch(name: str) -> str:
    draw, _ = POPULATIONS[name]
    rng = np.random.default_rng(2)
    hits = 0
    for few, many in zip(draw(rng, (REPEATS, 3)), draw(rng, (REPEATS, 10)), strict=True):
        before, after = (mean_over_seeds(dict(enumerate(x.tolist()))) for x in (few, many))
        assert before is not None
        assert after is not None
        interval = change(before, after).interval
        assert interval is not None
        hits += interval[0] <= 0 <= interval[1]
    return f"{100 * hits / REPEATS:.1f} %"


def _iqm(name: str) -> str:
    draw, _ = POPULATIONS[name]
    rng = np.random.default_rng(3)
    # three genres, one standard deviation apart; the truth from a very large sample
    shifts = (0.0, 1.0, 2.0)
    truth = float(interquartile_mean(np.concatenate([draw(rng, (10**6,)) + s for s in shifts])))
    repeats = REPEATS // 4
    hits = 0
    for _ in range(repeats):
        runs = [draw(rng, (10,)) + s for s in shifts]
        low, high = percentile_interval(stratified(runs, interquartile_mean, rng, draws=1_000))
        hits += float(low) <= truth <= float(high)
    return f"{100 * hits / repeats:.1f} %"


def _false_positives() -> str:
    rows = [["test", "case", "false positives"]]
    for name in (
        "normal",
        "very skewed (log-normal, skewness 6)",
        "1 seed in 10 collapses, 5 sd away",
    ):
        draw, _ = POPULATIONS[name]
        rows += [
            [
                "tie set: some configuration called worse",
                f"{k} alike, 10 seeds, {name}",
                _tie_errors(draw, k),
            ]
            for k in (2, 7, 25)
        ]
    return _markdown(
        f"Studies of {REPEATS:,} in which something was called different and nothing was (at most "
        f"{ALPHA:.0%} are allowed; standard error 0.3 points).",
        rows,
    )


def _tie_errors(draw: Draw, k: int) -> str:
    rng = np.random.default_rng([4, k])
    names = [str(i) for i in range(k)]
    wrong = sum(bool(tie_set(names, costs).worse) for costs in draw(rng, (REPEATS, k, 10)))
    return f"{100 * wrong / REPEATS:.1f} %"


def _claims() -> str:
    rows = [["runs that collapse", "genres", *(f"{far:g} sd away" for far in FARS)]]
    cases = {
        "none": claims.ALL_ALIKE,
        "1 in 10 of every method": claims.ALL_COLLAPSE,
        "1 in 10 of vanilla, none of the others": claims.VANILLA_ALONE,
        "none of vanilla, 1 in 10 of the others": claims.ALL_BUT_VANILLA,
    }
    for name, rates in cases.items():
        for n in GENRES:
            found = [claims.called(Truth(rates, far, n), STUDIES) / STUDIES for far in FARS]
            rows.append([name, str(n), *(f"{100 * share:.1f} %" for share in found)])
    return _markdown(
        f"The paper's claims: studies of {STUDIES:,}, four methods on ten seeds, in which some "
        f"claim without an effect was called (at most {ALPHA:.0%} are allowed; standard error 1 "
        "point). All methods have equal means: where one collapses and another does not, it has "
        "as much more on its other seeds.",
        rows,
    )


def _no_worse() -> str:
    rows = [["NLL against vanilla", *(f"{n} genre" + "s" * (n > 1) for n in GENRES)]]
    cases = {"worse by the margin": math.sqrt(2), "worse by half of it": math.sqrt(0.5), "equal": 0}
    for name, worse in cases.items():
        truths = [Truth(claims.ALL_ALIKE, n_genres=n, worse=worse) for n in GENRES]
        found = [claims.called_no_worse(truth, STUDIES // 2) / (STUDIES // 2) for truth in truths]
        rows.append([name, *(f"{100 * share:.0f} %" for share in found)])
    control = [["MuseBar at its own KL", "told from the KL weights"]]
    for gain in (0.0, 0.1, 0.2):
        share = claims.called_control(STUDIES // 2, gain) / (STUDIES // 2)
        name = f"{gain:g} nats of MI above their curve" if gain else "on their curve"
        control.append([name, f"{100 * share:.1f} %"])
    return "\n\n".join(
        (
            _markdown("Studies in which some method was called no worse in NLL.", rows),
            _markdown(
                "Studies in which bar-wise regularisation was told from a KL weight of the same "
                "KL: weights 0.25 to 1 on one concave curve, two genres, ten seeds.",
                control,
            ),
        )
    )


def _markdown(caption: str, rows: list[list[str]]) -> str:
    lines = [" | ".join(row) for row in rows]
    ruler = " | ".join("---" for _ in rows[0])
    return "\n".join([caption, "", *(f"| {line} |" for line in (lines[0], ruler, *lines[1:]))])


if __name__ == "__main__":
    main()
