from __future__ import annotations

import pytest

from benchmarks.slots import search, simulate


@pytest.mark.parametrize(("slots", "least"), [(2, 0.9999), (16, 0.98), (64, 0.92), (256, 0.60)])
def test_slots_are_busy_in_six_genres_of_sixty_configurations(slots, least):
    assert simulate(search(6, 60), slots).busy >= least
