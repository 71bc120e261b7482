import io
import math

from rich.console import Console

from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.metric_table import EpochMetrics, Metrics
from study.results.inflight import InFlight
from study.run.progress import curves, sparkline


def test_a_sparkline_has_the_lowest_number_at_its_foot_and_the_highest_at_its_top():
    assert sparkline([9.0, 2.0, 5.0]) == "█▁▄"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([1.0, math.nan, 2.0]) == "▁█"
    assert sparkline([]) == ""


def run(seed, *bces):
    config = Configuration(
        Grid(1, 4, 16), ModelConfig(8, 1, 4, 2), training=TrainingConfig(epochs=40)
    )
    rows = [
        EpochMetrics(10 * at, 1.0, bce, 0.0, Metrics.from_dict({"bce": bce}))
        for at, bce in enumerate(bces, start=1)
    ]
    return InFlight("jazz", config, seed, tuple(rows))


def test_runs_on_their_way_are_drawn_with_epoch_curve_and_last_figure():
    out = io.StringIO()
    Console(file=out, width=120).print(curves([run(1000, 60.0, 50.0, 40.0)]))
    heading, row = out.getvalue().splitlines()
    assert heading.split() == [
        "on",
        "their",
        "way",
        "configuration",
        "seed",
        "epoch",
        "val.",
        "BCE",
    ]
    assert row.split()[0] == "jazz"
    assert row.split()[2:] == ["1000", "30/40", "█▅▁", "40.0"]


def test_of_many_runs_the_first_few_are_drawn_and_the_others_counted():
    out = io.StringIO()
    Console(file=out, width=120).print(curves([run(seed, 50.0) for seed in range(11)]))
    assert "and 3 more" in out.getvalue()
