"""What the presets' searches come to, on results that depend on a run's name alone."""

from __future__ import annotations

import random

import pytest

from study.spec import specfile
from tests.study.search.toystudy import simulate


@pytest.fixture(scope="module")
def wanted():
    """The seed runs of a whole quickstart by the study's seed, ended in an order of its own."""

    def of(seed):
        spec = specfile.load("quickstart", [f"search.seed={seed}"])
        _, plan = simulate(spec, random.Random(seed).randrange, genres=("chorale", "fiddle"))
        return set(plan.planned), spec

    return {seed: of(seed) for seed in range(3)}


def test_the_quickstart_tries_and_confirms_its_whole_space_whatever_the_studys_seed(wanted):
    """So its answers depend on the processor alone: every seed run is a function of its name."""
    runs, spec = wanted[0]
    space = {spec.configuration(cell).config_id for cell in spec.space.cells()}
    assert len(space) == 4
    for genre in ("chorale", "fiddle"):
        for phase in ("search", "confirm"):
            of = {run.config_id for run in runs if (run.genre, run.phase) == (genre, phase)}
            assert of == space
    assert wanted[1][0] == wanted[2][0] == runs
