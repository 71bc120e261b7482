"""Where Triton computes: on a GPU, if it is installed."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch

import musebar_core.stacked
from musebar_core.stacked import model, pointwise, sweep


@pytest.mark.parametrize("installed", [True, False])
def test_triton_is_there_where_it_is_installed(monkeypatch, installed):
    looked = []

    def find(name):
        looked.append(name)
        return object() if installed else None

    monkeypatch.setattr(pointwise.importlib.util, "find_spec", find)
    assert pointwise.has_triton.__wrapped__() is installed
    assert looked == ["triton"]


@pytest.mark.parametrize("on_gpu", [True, False])
@pytest.mark.parametrize("installed", [True, False])
def test_values_are_tritons_that_are_on_a_gpu_and_where_it_is(monkeypatch, on_gpu, installed):
    monkeypatch.setattr(pointwise, "has_triton", lambda: installed)
    values = SimpleNamespace(is_cuda=on_gpu, dtype=torch.float64)
    assert pointwise.on_gpu(values) is (on_gpu and installed)
    assert not sweep._stays_on_chip(values, torch.float16)  # float64 stays where it is exact


def test_on_a_cpu_nothing_stays_on_a_chip_and_nothing_is_inferred():
    values = torch.zeros(1, 2, 3, 64)
    assert not sweep._stays_on_chip(values, torch.float16)
    assert not model.can_infer(values, None)


@pytest.mark.parametrize("suits", [True, False])
def test_on_a_gpu_it_is_asked_whether_layers_of_that_size_suit(monkeypatch, suits):
    asked = []
    kernels = SimpleNamespace(suits=lambda *given: asked.append(given) or suits)
    for name in ("inference", "resident"):
        monkeypatch.setitem(sys.modules, f"musebar_core.stacked.{name}", kernels)
        monkeypatch.setattr(musebar_core.stacked, name, kernels, raising=False)
    monkeypatch.setattr(pointwise, "has_triton", lambda: True)
    sums = SimpleNamespace(is_cuda=True, dtype=torch.float32, shape=(2, 3, 5, 64))
    assert sweep._stays_on_chip(sums, torch.float16) is suits
    assert model.can_infer(sums, SimpleNamespace(hidden=7)) is suits
    # units are a quarter of the gates; a batch of five; two bytes a half
    assert asked == [(sums, 16, 5, 2), (sums, 7)]
