"""A training step against bare ``nn.LSTM`` on this machine."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import torch
from torch import nn

from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.model import RVAE, initialise, piano_roll, sample
from musebar_core.objective import training_loss

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 240
REPEATS = 7


def main() -> None:
    """Print a table: hidden units, batch, milliseconds, and their ratio to the floor."""
    torch.set_num_threads(1)
    print("one thread, T 240, two layers; floor: bare nn.LSTM encoder and decoder,")
    print("forward and backward, at the same sizes; ratios are medians of alternating pairs")
    print(f"{'H':>5} {'batch':>5} {'step ms':>9} {'floor ms':>9} {'ratio':>6}")
    for hidden, batch in ((128, 5), (128, 20), (512, 5)):
        step, floor = _training_step(hidden, batch), _bare_lstm(hidden, batch)
        pairs = [(_time(step), _time(floor)) for _ in range(REPEATS + 1)][1:]
        ours, bare = (statistics.median(values) * 1e3 for values in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{hidden:>5} {batch:>5} {ours:>9.1f} {bare:>9.1f} {ratio:>6.2f}")


def _training_step(hidden: int, batch: int) -> Callable[[], None]:
    config = Configuration(
        Grid(1, 4, STEPS),
        ModelConfig(hidden, 2, 100, 30),
        training=TrainingConfig(gradient_clip=1.0),
    )
    model = RVAE(config)
    initialise(model, 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    pitches = torch.randint(0, 129, (batch, STEPS))
    noise = torch.randn(batch, 100)

    def step() -> None:
        roll = piano_roll(pitches)
        mu, logvar = model.encode(roll)
        logits = model.decode(roll, sample(mu, logvar, noise))
        loss, _, _ = training_loss(logits, roll, (mu, logvar), weight=1.0)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def _bare_lstm(hidden: int, batch: int) -> Callable[[], None]:
    encoder = nn.LSTM(128, hidden, 2, batch_first=True)
    decoder = nn.LSTM(228, hidden, 2, batch_first=True)
    inputs = torch.randn(batch, STEPS, 128), torch.randn(batch, STEPS, 228)

    def step() -> None:
        (encoder(inputs[0])[0].sum() + decoder(inputs[1])[0].sum()).backward()

    return step


def _time(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
