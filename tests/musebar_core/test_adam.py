"""Adam against torch's own, bit for bit, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from torch.nn import Parameter

from musebar_core.adam import Adam

SHAPES = [(7, 3), (5,), (4, 6)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_step_is_that_of_torch_bit_for_bit(dtype):
    generator = torch.Generator().manual_seed(0)
    first = [torch.randn(shape, generator=generator, dtype=dtype) for shape in SHAPES]
    ours, theirs = ([Parameter(each.clone()) for each in first] for _ in range(2))
    own, torchs = Adam(ours), torch.optim.Adam(theirs, fused=True)
    for number in range(20):
        rate = 0.1 / (1 + number)
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator, dtype=dtype)
            other.grad = one.grad.clone()
        if number % 3 == 0:  # what has no gradient stays, and its steps are its own
            ours[1].grad = theirs[1].grad = None
        torchs.param_groups[0]["lr"] = rate
        own.step(rate)
        torchs.step()
        for one, other in zip(ours, theirs, strict=True):
            assert torch.equal(one, other), number
    assert [int(own.moments[each].step) for each in ours] == [20, 13, 20]
    for one, other in zip(ours, theirs, strict=True):
        for name, value in own.moments[one]._asdict().items():
            assert torch.equal(value, torchs.state[other][name]), name


def test_without_gradients_nothing_moves():
    parameter = Parameter(torch.ones(3))
    adam = Adam([parameter])
    adam.step(0.1)
    assert torch.equal(parameter, torch.ones(3))
    assert not adam.moments


WHOLE = """
import json, sys
from pathlib import Path
from musebar_core import checkpoint, stacked, training
from musebar_core.config import Configuration
from musebar_core.corpus import Corpus
from musebar_core.state import start

config = Configuration.from_dict(json.loads(sys.argv[1]))
music, out = sys.argv[2], Path(sys.argv[3])
genre = Corpus.load(Path(music)).genre("low")
state = start(config, genre, 0)
rows = list(training.fit(config, genre, 0, state))
runs = [stacked.Run(config, seed, start(config, genre, seed)) for seed in (1, 2)]
assert len(list(stacked.fit(runs, genre))) == 2 * len(rows)
identity = checkpoint.Identity(config, "low", genre.fingerprint, music, 0)
checkpoint.save(out, identity, state)
assert checkpoint.resume(out, identity).epoch == rows[-1].epoch
sys.exit("torch._dynamo" in sys.modules)
"""


def test_a_process_that_trains_and_opens_a_checkpoint_does_not_load_the_compiler(
    configuration, corpus, tmp_path
):
    given = json.dumps(configuration().to_dict()), str(corpus.path), str(tmp_path / "state")
    done = subprocess.run([sys.executable, "-c", WHOLE, *given], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
