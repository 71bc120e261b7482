from __future__ import annotations

from dataclasses import replace

import pytest

from musebar_core.config import ModelConfig, Pooling
from musebar_core.model import RVAE
from musebar_core.size import n_parameters


@pytest.mark.parametrize("pooling", list(Pooling))
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("hidden", "layers", "latent"), [(8, 1, 4), (12, 2, 5), (7, 3, 2)])
def test_weights_are_counted_as_the_model_has_them(
    configuration, hidden, layers, latent, bidirectional, pooling
):
    model = ModelConfig(hidden, layers, latent, 4, bidirectional=bidirectional, pooling=pooling)
    config = replace(configuration(), model=model)
    assert n_parameters(model) == sum(p.numel() for p in RVAE(config).parameters())
