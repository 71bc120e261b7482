"""Runs as one program on this machine's GPU, beside runs in turn: ``python -m benchmarks gpu``.

Every ratio is of figures of one run of this benchmark. ``MUSEBAR_CORPUS`` names a built corpus of
240 steps at 4 a bar to evaluate on; without it songs are random walks.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from benchmarks.in_turn import PAPER, in_turn
from benchmarks.training import LATENT, LAYERS, RandomSongs, Sizes
from musebar_core import evaluation, stacked
from musebar_core.annealing import Schedule
from musebar_core.config import Precision
from musebar_core.corpus import Corpus
from musebar_core.corpus.store import GRIDS, GenreCorpus
from musebar_core.corpus.stored import SONG_COLUMNS
from musebar_core.metric_table import EpochMetrics
from musebar_core.model import initialise
from musebar_core.precision import allowing_tf32, computing
from musebar_core.stacked.model import Shape
from musebar_core.stacked.step import Step
from musebar_core.stacked.sweep import OPERANDS
from musebar_core.stacked.weights import Weights
from musebar_core.state import build, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from musebar_core.config import Configuration

SEEDS = 10
TABLE_1 = 4 * 6
"""Configurations and genres of the paper's Table 1, ten seeds each."""

EPOCHS, EVERY, SNIPPETS = 3000, 60, 1024


def main() -> None:
    """Print every table."""
    if not torch.cuda.is_available():
        print("torch sees no GPU here")
        return
    found = torch.cuda.get_device_properties(0)
    print(
        f"{found.name}, {found.multi_processor_count} multiprocessors, "
        f"{found.total_memory / 2**30:.0f} GiB, torch {torch.__version__}"
    )
    for part in (
        print_peaks,
        print_together,
        print_in_turn,
        print_profile,
        print_evaluation,
        print_growth,
        print_deterministic,
        print_precision,
    ):
        began = time.perf_counter()
        part()
        print(f"({part.__name__}: {time.perf_counter() - began:.0f} s)", flush=True)


def seconds(work: Callable[[], object], steps: int = 20, rounds: int = 3) -> float:
    """Time of one call, by the host's clock, over so many in a row: the median of rounds."""
    work()
    torch.cuda.synchronize()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(steps):
            work()
        torch.cuda.synchronize()
        found.append((time.perf_counter() - began) / steps)
    return statistics.median(found)


def print_peaks(size: int = 8192) -> None:
    """Measure what the chip multiplies and copies at most."""
    rates = []
    kinds = {
        "fp32": torch.float32,
        "tf32": torch.float32,
        "fp16": torch.float16,
        "bf16": torch.bfloat16,
    }
    for name, dtype in kinds.items():
        a, b = (torch.randn(size, size, device="cuda", dtype=dtype) for _ in "ab")
        with allowing_tf32(allowed=name == "tf32"):
            took = seconds(lambda a=a, b=b: a @ b, 4)  # type: ignore[misc]
        rates.append(f"{name} {2 * size**3 / took / 1e12:.0f}")
    source = torch.empty(2**30, device="cuda")
    target = torch.empty_like(source)
    took = seconds(lambda: target.copy_(source), 4)
    print(
        f"products of {size}: {', '.join(rates)} TFLOP/s; copy {8 * 2**30 / took / 1e12:.2f} "
        "TB/s, read and written"
    )


def of(sizes: Sizes, precision: Precision) -> Configuration:
    """A run of the paper's training, which clips nothing."""
    config = sizes.configuration
    return dataclasses.replace(
        config,
        training=dataclasses.replace(config.training, precision=precision, gradient_clip=0.0),
    )


def together(sizes: Sizes, seeds: int, precision: Precision) -> Callable[[], None]:
    """One step of all seeds, as a graph."""
    configs = [of(sizes, precision)] * seeds
    states = [build(config, "cuda") for config in configs]
    for seed, state in enumerate(states):
        initialise(state.model, seed)
    weights = Weights(states)
    del states
    shape = Shape.of(configs, weights.values, OPERANDS[precision])
    step, epoch = Step(configs, weights, shape, RandomSongs(sizes.steps)), [0]  # type: ignore[arg-type]

    def take() -> None:
        epoch[0] += 1
        with computing(precision, "cuda"):
            step.take(range(seeds), epoch * seeds)

    return take


def measured(sizes: Sizes, seeds: int, precision: Precision) -> tuple[float, float]:
    """Milliseconds of a step of so many seeds together, and GiB at its most."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    took = seconds(together(sizes, seeds, precision), 10)
    return took * 1e3, torch.cuda.max_memory_allocated() / 2**30


def print_together(counts: tuple[int, ...] = (1, 10, 20, 40)) -> None:
    """Step time by number of runs and precision."""
    print(
        f"\nH {PAPER.hidden}, {LAYERS} layers, T {PAPER.steps}, L {LATENT}, batch {PAPER.batch}: "
        "ms a step of N runs together; GiB; TFLOP/s of the LSTMs"
    )
    for precision in Precision:
        for count in counts:
            took, memory = measured(PAPER, count, precision)
            print(
                f"  {precision:<5} N {count:>2}: {took:>7.2f} ms {memory:>5.1f} GiB "
                f"{PAPER.gflop * count / took:>6.1f}",
                flush=True,
            )


KINDS = (
    ("LSTM kernels", ("forward", "backward", "_tick")),
    ("Adam", ("_adam",)),
    ("matrix products", ("gemm", "cutlass", "xmma", "cublas", "nvjet", "splitk")),
    ("copies and sets", ("memcpy", "memset", "copy", "cat", "fill")),
    ("sums", ("reduce",)),
)
"""What a kernel is, by a part of its name; the rest is pointwise."""


def print_in_turn() -> None:
    """What the same ten runs take in turn."""
    print(f"\n{SEEDS} runs in turn, ms a step of all {SEEDS}")
    for name, work in in_turn().items():
        print(f"  {name:<60} {seconds(work, 10) * SEEDS * 1e3:>7.1f}", flush=True)


def print_profile(precisions: tuple[Precision, ...] = tuple(Precision)) -> None:
    """What a step of ten runs spends its time on."""
    for precision in precisions:
        step = together(PAPER, SEEDS, precision)
        print(f"\nof a step of {SEEDS} runs, {precision}: {profile(step)}", flush=True)


def profile(step: Callable[[], object], steps: int = 3, *, names: bool = False) -> str:
    """Share of each kind of kernel, and of the gaps between them, in the time of a step."""
    wall = seconds(step, steps) * 1e6
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as found:
        for _ in range(steps):
            step()
        torch.cuda.synchronize()
    spent: dict[str, float] = defaultdict(float)
    launches, longest = 0, []
    for each in found.key_averages():
        if each.device_type != torch.autograd.DeviceType.CUDA:  # type: ignore[attr-defined]
            continue
        took, name = each.self_device_time_total / steps, each.key.lower()
        kind = next((k for k, parts in KINDS if any(part in name for part in parts)), "pointwise")
        spent[kind] += took
        launches += each.count // steps
        longest.append((took, each.count // steps, each.key))
    gaps = max(0.0, wall - sum(spent.values()))
    shares = ", ".join(
        f"{k} {v / 1e3:.2f} ms ({v / wall:.0%})"
        for k, v in sorted(spent.items(), key=lambda pair: -pair[1])
    )
    text = f"{wall / 1e3:.2f} ms, {launches} kernels: {shares}, gaps {gaps / 1e3:.2f} ms"
    if names:
        rows = [
            f"    {took / 1e3:>8.3f} ms {count:>5} x {name[:90]}"
            for took, count, name in sorted(longest, reverse=True)[:12]
        ]
        text = "\n".join([text, *rows])
    return text


def songs(steps: int = 400, count: int = 200) -> GenreCorpus:
    """A genre of random walks, or the first of the corpus that ``MUSEBAR_CORPUS`` names."""
    named = os.environ.get("MUSEBAR_CORPUS")
    if named:
        corpus = Corpus.load(Path(named))
        return corpus.genre(corpus.genres[0])
    rng = np.random.default_rng(0)
    walks = 64 + rng.integers(-2, 3, (count, steps)).cumsum(axis=1)
    rows = pd.DataFrame(dict.fromkeys(SONG_COLUMNS, ""), index=range(count)).assign(
        id=[f"{k:03}" for k in range(count)],
        genre="walks",
        split=["train"] * (count // 2) + ["validation"] * (count // 4) + ["test"] * (count // 4),
        offset=np.arange(count) * steps,
        n_steps=steps,
    )
    pitches = np.clip(walks, 0, 127).astype(np.uint8).ravel()
    return GenreCorpus("walks", GRIDS["quarter"], rows, pitches)


def slice_of(precision: Precision, epochs: int, every: int, snippets: int) -> list[stacked.Run]:
    """Ten runs to be trained and evaluated for so many epochs."""
    config = of(PAPER, precision)
    config = dataclasses.replace(
        config,
        annealing=Schedule("logistic"),
        training=dataclasses.replace(
            config.training,
            epochs=epochs,
            evaluate_every=every,
            evaluation_snippets=snippets,
            batch=PAPER.batch,
        ),
    )
    genre = songs()
    return [stacked.Run(config, seed, start(config, genre, seed, "cuda")) for seed in range(SEEDS)]


def print_evaluation(precisions: tuple[Precision, ...] = tuple(Precision)) -> None:
    """What evaluations add, and what all of Table 1 takes with them."""
    print(f"\nten runs with evaluations of {SNIPPETS} snippets every {EVERY} steps, and outcomes")
    for precision in precisions:
        genre, marks = songs(), [time.perf_counter()]
        runs = slice_of(precision, 3 * EVERY, EVERY, SNIPPETS)
        marks.append(time.perf_counter())
        for run, row in stacked.fit(runs, genre):
            assert isinstance(row, EpochMetrics)
            if run is runs[-1]:
                torch.cuda.synchronize()
                marks.append(time.perf_counter())
        for run in runs:
            evaluation.outcome(run.config, genre, run.state)
        marks.append(time.perf_counter())
        start, first, second, third, end = np.diff(marks)
        step = seconds(together(PAPER, SEEDS, precision), 10)
        stretch = (second + third) / 2
        whole = start + (first - stretch) + stretch * EPOCHS / EVERY + end
        print(
            f"  {precision:<5} start {start:.2f} s, capture {first - stretch:.2f} s, "
            f"{EVERY} steps and an evaluation {stretch:.3f} s (steps alone {step * EVERY:.3f} s), "
            f"outcomes {end:.2f} s"
        )
        print(
            f"        so {EPOCHS:,} epochs {whole:.0f} s, Table 1 {TABLE_1 * whole / 60:.1f} min",
            flush=True,
        )


def print_growth() -> None:
    """Step time over that of the paper's size."""
    print(f"\ngrowth: ms a step of {SEEDS} runs, over H 512, batch 5, T 240 (arithmetic)")
    for precision in (Precision.TF32, Precision.MIXED):
        base, _ = measured(PAPER, SEEDS, precision)
        for sizes in (Sizes(512, 10), Sizes(512, 20), Sizes(512, 5, 480), Sizes(128), Sizes(256)):
            took, memory = measured(sizes, SEEDS, precision)
            print(
                f"  {precision:<5} H {sizes.hidden} batch {sizes.batch:>2} T {sizes.steps}: "
                f"{took:>7.2f} ms {took / base:>5.2f} ({sizes.gflop / PAPER.gflop:.2f}) "
                f"{memory:.1f} GiB",
                flush=True,
            )


def print_deterministic() -> None:
    """What torch's deterministic mode costs, and whether a step is then the same again."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    for precision in Precision:
        usual, _ = measured(PAPER, SEEDS, precision)
        torch.use_deterministic_algorithms(mode=True)
        try:
            strict, _ = measured(PAPER, SEEDS, precision)
        finally:
            torch.use_deterministic_algorithms(mode=False)
        print(f"  deterministic mode, {precision}: {strict:.2f} ms over {usual:.2f}", flush=True)


def print_precision(epochs: int = 300) -> None:
    """Train ten paired seeds in each precision, and compare their last metrics."""
    genre, found = songs(), {}
    for precision in Precision:
        runs = slice_of(precision, epochs, epochs, SNIPPETS)
        for _ in stacked.fit(runs, genre):
            pass
        found[precision] = [run.state.history[-1].validation for run in runs]
    print(
        f"\nafter {epochs} epochs of {genre.name}, ten paired seeds: mean difference to fp32, "
        "95% t interval; standard deviation over seeds"
    )
    for name in ("bce", "kl", "mi_lower"):
        base = np.array([getattr(each, name) for each in found[Precision.FP32]])
        print(f"  {name:<9} fp32 {base.mean():.4f}, sd {base.std(ddof=1):.4f}")
        for precision in (Precision.TF32, Precision.MIXED):
            change = np.array([getattr(each, name) for each in found[precision]]) - base
            half = 2.262 * change.std(ddof=1) / np.sqrt(len(change))
            print(
                f"  {name:<9} {precision:<5} {change.mean():+.4f} "
                f"[{change.mean() - half:+.4f}, {change.mean() + half:+.4f}]"
            )


if __name__ == "__main__":
    main()
