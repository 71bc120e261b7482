"""The drawing of one configuration: its bars and its ramp."""

from dataclasses import replace

import pytest

from musebar_core.annealing import Schedule
from reports.pages.strip import HEIGHT, WIDTH, strip


@pytest.mark.parametrize(
    ("regularizers", "marked"), [(1, [15]), (2, [7, 15]), (4, [3, 7, 11, 15]), (16, [*range(16)])]
)
def test_the_last_bar_of_each_part_is_regularized(make_config, regularizers, marked):
    bars = strip(make_config(8, regularizers)).bars
    assert [at for at, bar in enumerate(bars) if bar.regularized] == marked


def test_sixteen_bars_fill_the_width_with_a_gap_of_three(make_config):
    found = strip(make_config(8))
    assert (found.width, found.height) == (WIDTH, HEIGHT) == (600.0, 44.0)
    assert [bar.x for bar in found.bars] == [37.5 * at for at in range(16)]
    assert {bar.width for bar in found.bars} == {34.5}


def test_of_many_bars_the_gap_is_a_fifth(make_config):
    config = make_config(8)
    narrow = replace(config, grid=replace(config.grid, snippet_steps=4 * 60))
    assert {bar.width for bar in strip(narrow).bars} == {8.0}  # of 10


@pytest.mark.parametrize(
    ("schedule", "heights"),
    [
        (Schedule(), ["2.0", "2.0", "2.0"]),
        (Schedule("linear", 0.0, 1.0), ["42.0", "22.0", "2.0"]),
        (Schedule("linear", 0.0, 1.0, end=0.5), ["42.0", "32.0", "22.0"]),
    ],
)
def test_the_ramp_runs_from_the_bottom_to_the_top_over_the_width(make_config, schedule, heights):
    points = strip(replace(make_config(8), annealing=schedule)).ramp.split()
    assert len(points) == 121
    assert [points[at] for at in (0, 60, 120)] == [
        f"{x:.1f},{y}" for x, y in zip((0, 300, 600), heights, strict=True)
    ]
