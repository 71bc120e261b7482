"""The steps of one run, each the best that torch's own layers offer on a GPU: runs in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from benchmarks.training import Sizes, bare_lstm, plain_step, within
from musebar_core.config import Precision
from musebar_core.model import PITCHES
from musebar_core.precision import allowing_tf32

if TYPE_CHECKING:
    from collections.abc import Callable

PAPER = Sizes(512)
"""The paper's: H 512, batch 5, T 240."""


def in_turn() -> dict[str, Callable[[], None]]:
    """Steps of one run, each the best that its path offers."""

    def bare(*, tf32: bool) -> Callable[[], None]:
        step = bare_lstm(PAPER, "cuda")

        def take() -> None:
            with allowing_tf32(allowed=tf32):
                step()

        return take

    half = Persistent()
    return {
        "the product's run alone, fp32": within(Precision.FP32, plain_step(PAPER, "cuda"), "cuda"),
        "the product's run alone, tf32": within(Precision.TF32, plain_step(PAPER, "cuda"), "cuda"),
        "nn.LSTM forwards and backwards only, fp32": bare(tf32=False),
        "nn.LSTM forwards and backwards only, tf32 (torch's default)": bare(tf32=True),
        "the same as a CUDA graph": captured(bare(tf32=True)),
        "fp16 persistent, whole step": half.step,
        "the same, as a CUDA graph": captured(half.step),
    }


class Persistent:
    """A run on cuDNN's persistent kernels: halves, single layers, sizes padded to suit them.

    The whole step with loss and Adam on float32 weights, but no draws: its inputs stay.
    """

    BATCH, CODE = 8, 128

    def __init__(self) -> None:
        hidden, half = PAPER.hidden, {"device": "cuda", "dtype": torch.float16}
        widths = [PITCHES, hidden, PITCHES + self.CODE, hidden]
        self.lstms = nn.ModuleList(nn.LSTM(w, hidden, **half) for w in widths)  # type: ignore[arg-type]
        self.heads = nn.Linear(hidden, 2 * self.CODE, **half)  # type: ignore[arg-type]
        self.state = nn.Linear(self.CODE, 4 * hidden, **half)  # type: ignore[arg-type]
        self.output = nn.Linear(hidden, PITCHES, **half)  # type: ignore[arg-type]
        modules = (self.lstms, self.heads, self.state, self.output)
        self.parameters = [p for module in modules for p in module.parameters()]
        self.whole = [p.detach().float().requires_grad_() for p in self.parameters]
        self.optimizer = torch.optim.Adam(self.whole, fused=True, capturable=True)
        self.roll = (torch.rand(PAPER.steps, self.BATCH, PITCHES, device="cuda") < 0.01).half()
        self.noise = torch.randn(self.BATCH, self.CODE, **half)  # type: ignore[call-overload]

    def step(self) -> None:
        """Train a step."""
        first, second, third, fourth = self.lstms
        states = second(first(self.roll)[0])[0]
        mu, logvar = self.heads(states[-1]).chunk(2, dim=-1)
        z = mu + (0.5 * logvar).exp() * self.noise
        starts = self.state(z).tanh().view(self.BATCH, 4, -1).transpose(0, 1).contiguous()
        inputs = torch.cat([self.roll, z.expand(PAPER.steps, -1, -1)], dim=-1)
        below, _ = third(inputs, (starts[:1], starts[1:2]))
        above, _ = fourth(below, (starts[2:3], starts[3:]))
        logits = self.output(above).float()
        loss = functional.binary_cross_entropy_with_logits(
            logits[:, : PAPER.batch], self.roll[:, : PAPER.batch].float(), reduction="sum"
        )
        kl = 0.5 * (mu.float().square() + logvar.float().exp() - 1 - logvar.float()).sum()
        found = torch.autograd.grad((loss + kl) / PAPER.batch, self.parameters)
        for whole, gradient in zip(self.whole, found, strict=True):
            whole.grad = gradient.float()
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self.whole)


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """The same step as one CUDA graph: what is left of it once launching costs nothing."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
