"""Training on this machine: ratios taken in one run, each beside the floor it is held against."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from benchmarks import limits
from musebar_core import draws, memory, metrics, precision, training
from musebar_core.config import Configuration, Grid, ModelConfig, Precision, TrainingConfig
from musebar_core.corpus.snippets import Windows
from musebar_core.model import PITCHES, RVAE, initialise, piano_roll, sample
from musebar_core.objective import bce
from musebar_core.size import EVALUATION_BATCH
from musebar_core.stacked.model import Shape
from musebar_core.stacked.step import Step
from musebar_core.stacked.sweep import FULL
from musebar_core.stacked.weights import Weights
from musebar_core.state import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

STEPS, LATENT, LAYERS = 240, 100, 2
REPEATS = 7
TARGET = 1.10
"""Largest ratio of a training step to bare nn.LSTM that the product aims for."""


@dataclass(frozen=True)
class Sizes:
    """What a step is made of: H hidden units, B snippets, T steps."""

    hidden: int
    batch: int = 5
    steps: int = STEPS

    @property
    def configuration(self) -> Configuration:
        """A run of these sizes, clipped and with 15 posteriors."""
        return Configuration(
            Grid(1, 4, self.steps),
            ModelConfig(self.hidden, LAYERS, LATENT, 15),
            training=TrainingConfig(batch=self.batch, gradient_clip=1.0, epochs=10**6),
        )

    @property
    def gflop(self) -> float:
        """Arithmetic of both LSTMs in a step: 2 x weights, forwards once and backwards twice."""
        upper = (LAYERS - 1) * 2 * self.hidden
        rows = [first + self.hidden + upper for first in (PITCHES, PITCHES + LATENT)]
        return 6 * self.batch * self.steps * 4 * self.hidden * sum(rows) / 1e9

    @property
    def layers(self) -> list[limits.Layer]:
        """Layers of encoder and decoder, without the inputs that are known to be 0 or repeated."""
        songs = RandomSongs(self.steps).draw(self.batch, np.random.default_rng(0))
        sounding = len(np.unique(songs[songs < PITCHES]))
        return [
            limits.Layer(self.batch, self.steps, width, self.hidden, is_first=place == 0)
            for first in (sounding, sounding + min(self.batch, LATENT))
            for place, width in enumerate((first, *[self.hidden] * (LAYERS - 1)))
        ]


SIZES = (Sizes(128), Sizes(128, 20), Sizes(512), Sizes(512, 20))
"""What steps are timed at."""


class RandomSongs:
    """Stands for a corpus: 300 songs of 400 steps, cut and drawn as the product does.

    A song's steps are drawn from 13 pitches of two octaves, which lie anywhere within six tones: 5
    snippets sound some 30 pitches and 20 some 36. In songs of five genres (T 240), 5 sound 26 to 41
    and 20 sound 38 to 54; in chorales and fiddle tunes 18 to 28.
    """

    def __init__(self, steps: int) -> None:
        rng, songs, length = np.random.default_rng(0), 300, max(400, steps)
        lengths = np.full(songs, length, np.int64)
        lowest = rng.integers(48, 61, songs)[:, None]
        scales = lowest + np.argsort(rng.random((songs, 25)))[:, :13]
        pitches = np.take_along_axis(scales, rng.integers(0, 13, (songs, length)), axis=1)
        self._windows = Windows(
            pitches.astype(np.uint8).ravel(),
            np.arange(songs) * length,
            lengths,
            (lengths - steps) // 4 + 1,
            4,
            steps,
        )

    def draw(self, batch: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Draw windows, uint8 ``[B, T]``."""
        songs = rng.integers(0, 300, size=batch)
        starts = (rng.random(batch) * self._windows.counts[songs]).astype(np.int64)
        return self._windows.cut(songs, starts)


def main() -> None:
    """Print every table; those of a GPU are in :mod:`benchmarks.gpu`."""
    _print_memory()
    memory.keep()
    torch.set_num_threads(1)
    print(f"\none thread; the quickest product {limits.peak() / 1e9:.0f} GFLOP/s (float32)")
    print("a whole step: draws, forward, loss, backward, clipping, Adam; floor: bare nn.LSTM,")
    print("forward and backward, at the same sizes; medians of alternating pairs; limit: the")
    print("arithmetic of both LSTMs at the quickest product's rate, recurrent weights read at")
    print("their cache's")
    _print_steps()
    _print_mixed()
    _print_parts(Sizes(128))
    _print_growth()
    _print_together()
    print(f"\npeak memory of this process {_resident_mib():.0f} MiB")


def ratio(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float, float]:
    """Milliseconds of both, and the median ratio of pairs taken in turn."""
    one(), other()
    pairs = [(_seconds(one), _seconds(other)) for _ in range(REPEATS)]
    first, second = (statistics.median(values) * 1e3 for values in zip(*pairs, strict=True))
    return first, second, statistics.median(a / b for a, b in pairs)


def _print_memory() -> None:
    """What it is worth that a process that trains keeps the memory it took."""
    print(
        "ms of a step, each in a process of its own that gives its memory back, and that keeps it"
    )
    print(f"{'H':>5} {'batch':>5} {'mixed':>6} {'back':>8} {'kept':>8} {'ratio':>6}")
    for sizes in SIZES:
        for asked in (Precision.FP32, Precision.MIXED):
            back, kept = (_in_a_process(sizes, asked, keep=keep) for keep in (False, True))
            is_mixed = "yes" if asked is Precision.MIXED else "no"
            print(
                f"{sizes.hidden:>5} {sizes.batch:>5} {is_mixed:>6} {back:>8.1f} {kept:>8.1f} "
                f"{back / kept:>6.2f}"
            )


def _in_a_process(sizes: Sizes, asked: Precision, *, keep: bool) -> float:
    """Median milliseconds of a step in a fresh process."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned, memory.keep if keep else None) as pool:
        return pool.submit(_step_ms, sizes, asked).result()


def _step_ms(sizes: Sizes, asked: Precision) -> float:
    torch.set_num_threads(1)
    step = within(asked, plain_step(sizes))
    step()
    return 1e3 * statistics.median(_seconds(step) for _ in range(2 * REPEATS))


def _print_steps() -> None:
    print(
        f"\n{'H':>5} {'batch':>5} {'step ms':>8} {'bare ms':>8} {'ratio':>6} {'target':>6} "
        f"{'limit ms':>8} {'of limit':>8} {'GFLOP':>6} {'read GB/s':>9}"
    )
    for sizes in SIZES:
        ours, bare, share = ratio(plain_step(sizes), bare_lstm(sizes))
        layers = sizes.layers
        least = 1e3 * sum(layer.seconds for layer in layers)
        done = sum(layer.arithmetic for layer in layers) / 1e9
        rate = limits.reading_rate(layers[0].weights) / 1e9
        print(
            f"{sizes.hidden:>5} {sizes.batch:>5} {ours:>8.1f} {bare:>8.1f} {share:>6.2f} "
            f"{TARGET:>6.2f} {least:>8.1f} {least / ours:>8.0%} {done:>6.1f} {rate:>9.0f}"
        )


def _print_mixed() -> None:
    """How many times quicker steps and evaluations are in ``mixed``, and what that is held to."""
    if not precision.has_bfloat16():
        print("\nmixed: this processor has no bfloat16 products, float32 is what it computes")
        return
    print("\nmixed: times quicker than bare nn.LSTM in float32, and than the product in fp32")
    print(f"{'H':>5} {'batch':>5} {'step ms':>8} {'bare':>5} {'aim':>5} {'fp32':>5} {'eval.':>6}")
    for sizes, aim in zip(SIZES, (1.05, None, 1.3, 1.7), strict=True):
        mixed = within(Precision.MIXED, plain_step(sizes))
        ours, _, over_bare = ratio(mixed, bare_lstm(sizes))
        _, _, over_exact = ratio(mixed, plain_step(sizes))
        evaluate = evaluation_batch(sizes)
        _, _, evaluated = ratio(within(Precision.MIXED, evaluate), evaluate)
        print(
            f"{sizes.hidden:>5} {sizes.batch:>5} {ours:>8.1f} {1 / over_bare:>5.2f} "
            f"{'' if aim is None else aim:>5} {1 / over_exact:>5.2f} {1 / evaluated:>6.2f}"
        )


def within(asked: Precision, work: Callable[[], None], device: str = "cpu") -> Callable[[], None]:
    """The same work by the products of a precision."""

    def take() -> None:
        with precision.computing(asked, device):
            work()

    return take


def evaluation_batch(sizes: Sizes) -> Callable[[], None]:
    """The forward passes of one batch of an evaluation."""
    model = build(sizes.configuration).model.eval()
    songs = RandomSongs(sizes.steps).draw(EVALUATION_BATCH, np.random.default_rng(0))
    roll, noise = piano_roll(torch.from_numpy(songs)), torch.randn(EVALUATION_BATCH, LATENT)

    return lambda: _forward(model, roll, noise)


def _print_parts(sizes: Sizes) -> None:
    """What a step spends outside the LSTMs, and what an evaluation costs beside training."""
    config, songs = sizes.configuration, RandomSongs(sizes.steps)
    state = build(config)
    initialise(state.model, 0)
    model, step = state.model, plain_step(sizes)
    drawn = draws.draw(config, songs, 0, 1)  # type: ignore[arg-type]
    roll = piano_roll(drawn.pitches)
    logits = torch.zeros(roll.shape, requires_grad=True)
    states = torch.zeros(*roll.shape[:2], sizes.hidden, requires_grad=True)
    sum(p.sum() for p in model.parameters()).backward()  # type: ignore[union-attr]
    parts: dict[str, Callable[[], object]] = {
        "draws (the input path)": lambda: draws.draw(config, songs, 0, 1),  # type: ignore[arg-type]
        "piano roll": lambda: piano_roll(drawn.pitches),
        "output product": lambda: model.output(states).sum().backward(),
        "BCE": lambda: bce(logits, roll).mean().backward(),
        "clipping": lambda: nn.utils.clip_grad_norm_(model.parameters(), 1.0),
        "Adam": lambda: state.optimizer.step(1e-3),
        "one evaluated snippet": lambda: _forward(model, roll, drawn.noise),
    }
    step()
    whole = statistics.median(_seconds(step) for _ in range(REPEATS))
    print(f"\nshare of a step at H {sizes.hidden}, batch {sizes.batch}")
    for name, part in parts.items():
        part()
        seconds = statistics.median(_seconds(part) for _ in range(REPEATS))
        seconds /= sizes.batch if name.startswith("one") else 1
        print(f"  {name:<24} {seconds * 1e3:>8.3f} ms {seconds / whole:>7.1%}")
    mu, logvar, noise = (
        torch.randn(1024, 1, LATENT),
        torch.zeros(1024, 1, LATENT),
        torch.randn(metrics.INFORMATION_DRAWS, 1024, LATENT),
    )
    seconds = _seconds(lambda: metrics.measure(torch.zeros(1024), mu, logvar, noise))
    print(f"  {'metrics of 1,024':<24} {seconds * 1e3:>8.1f} ms {seconds / whole:>7.1%}")


def _print_growth() -> None:
    print("\ngrowth, step over the step of H 128, batch 5, T 240")
    base = plain_step(Sizes(128))
    for sizes in (Sizes(128, 10), Sizes(128, 20), Sizes(128, 5, 480), Sizes(256), Sizes(512)):
        _, _, share = ratio(plain_step(sizes), base)
        floor = sizes.gflop / Sizes(128).gflop
        print(
            f"  H {sizes.hidden:>3} batch {sizes.batch:>2} T {sizes.steps:>3}: {share:>6.2f} "
            f"(arithmetic {floor:.2f})"
        )


def _print_together() -> None:
    print("\nseeds as one program over seeds in turn, this CPU (over 1: in turn is faster)")
    for sizes, seeds in ((Sizes(128), 2), (Sizes(128), 4), (Sizes(128), 10)):
        alone = plain_step(sizes)

        def in_turn(alone: Callable[[], None] = alone, seeds: int = seeds) -> None:
            for _ in range(seeds):
                alone()

        _, _, share = ratio(stacked_step(sizes, seeds), in_turn)
        print(f"  H {sizes.hidden} batch {sizes.batch} seeds {seeds:>2}: {share:>5.2f}")


def plain_step(sizes: Sizes, device: str = "cpu") -> Callable[[], None]:
    """The training step of a run alone."""
    config, songs = sizes.configuration, RandomSongs(sizes.steps)
    state = build(config, device)
    initialise(state.model, 0)

    def step() -> None:
        state.epoch += 1
        training.optimise(config, songs, 0, state)  # type: ignore[arg-type]

    return step


def stacked_step(sizes: Sizes, seeds: int, device: str = "cpu") -> Callable[[], None]:
    """The training step of several seeds as one program."""
    configs = [sizes.configuration] * seeds
    states = [build(config, device) for config in configs]
    for seed, state in enumerate(states):
        initialise(state.model, seed)
    weights = Weights(states)
    shape = Shape.of(configs, weights.values, FULL)
    together = Step(configs, weights, shape, RandomSongs(sizes.steps))  # type: ignore[arg-type]
    epoch = [0]

    def step() -> None:
        epoch[0] += 1
        together.take(range(seeds), epoch * seeds)

    return step


def bare_lstm(sizes: Sizes, device: str = "cpu") -> Callable[[], None]:
    """Forward and backward of torch's own LSTMs alone, gradients of parameters included."""
    modules = [
        nn.LSTM(width, sizes.hidden, LAYERS, batch_first=True, device=device)
        for width in (PITCHES, PITCHES + LATENT)
    ]
    inputs = [torch.randn(sizes.batch, sizes.steps, m.input_size, device=device) for m in modules]

    def step() -> None:
        for module in modules:
            module.zero_grad()
        outputs = [module(x)[0].sum() for module, x in zip(modules, inputs, strict=True)]
        torch.stack(outputs).sum().backward()  # type: ignore[no-untyped-call]

    return step


@torch.no_grad()
def _forward(model: RVAE, roll: torch.Tensor, noise: torch.Tensor) -> None:
    mu, logvar = model.encode(roll)
    model.decode(roll, sample(mu, logvar, noise))


def _resident_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
