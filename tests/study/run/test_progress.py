import io
import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console

from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.metric_table import EpochMetrics, Metrics
from musebar_core.terminal import Output
from study.results.inflight import InFlight
from study.run import progress
from study.run.progress import Reporter, curves, line, sparkline, table
from study.run.stages import duration
from study.search import tally


def test_a_sparkline_has_the_lowest_number_at_its_foot_and_the_highest_at_its_top():
    assert sparkline([9.0, 2.0, 5.0]) == "█▁▄"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([1.0, math.nan, 2.0, math.inf]) == "▁█"
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


def test_a_curve_of_fewer_snippets_than_the_figures_beside_it_says_of_how_many():
    plain = run(1000, 60.0, 50.0)
    training = replace(plain.config.training, curve_snippets=128)
    rows = tuple(
        replace(row, validation=row.validation._replace(n_snippets=82)) for row in plain.evaluations
    )
    few = replace(plain, config=replace(plain.config, training=training), evaluations=rows)
    assert "50.0 on 82 snippets" in printed(curves([few]))
    assert "snippets" not in printed(curves([plain]))


def test_of_many_runs_the_first_few_are_drawn_and_the_others_counted():
    out = io.StringIO()
    Console(file=out, width=120).print(curves([run(seed, 50.0) for seed in range(11)]))
    assert "and 3 more" in out.getvalue()


def test_a_sparkline_shows_the_last_two_dozen_evaluations():
    assert sparkline([99.0, *range(24)]) == sparkline(list(range(24)))
    assert len(sparkline(list(range(24)))) == 24
    assert sparkline([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) == "▁▂▃▄▅▆▇█"


def test_eight_runs_are_all_drawn():
    out = io.StringIO()
    Console(file=out, width=120).print(curves([run(seed, 50.0) for seed in range(8)]))
    assert len(out.getvalue().splitlines()) == 9
    assert "more" not in out.getvalue()
    out = io.StringIO()
    Console(file=out, width=120).print(curves([run(seed, 50.0) for seed in range(9)]))
    assert out.getvalue().splitlines()[-1].strip() == "and 1 more"


def printed(content, width=200):
    out = io.StringIO()
    Console(file=out, width=width).print(content)
    return out.getvalue()


BEST = tally.Best("a", "search", 61.26, 60.04, 62.48, 4)
TRANSFER = tally.TransferTally(proposed=3, finalists=2, won=1, best=9.0, best_own=10.0)


def genre(**changes):
    values = {
        "planned": 20,
        "done": 9,
        "failed": 2,
        "undertrained": 3,
        "collapsed": 4,
        "configurations": tally.Configurations(15, 16, 17, 18, 19, 21),
        "best": BEST,
        "transfer": None,
    }
    return tally.GenreTally(**(values | changes))


def counted(*, genres=None, **changes):
    values = {
        "left": 12,
        "device": "GPU",
        "device_hours": 1.234,
        "device_hours_left": 5.678,
        "elapsed_seconds": 3600.0,
        "slots_lately": 2.34,
    }
    return tally.Tally({"jazz": genre()} if genres is None else genres, **(values | changes))


RECORD = SimpleNamespace(spec=SimpleNamespace(name="mine"))
JAZZ = (
    "jazz 9/20 seed runs done, 2 failed, 3 undertrained, 4 collapsed, 15 configurations, "
    "16 racing, lowest BCE 61.3 [60.0, 62.5] n=4"
)
SPENT = f"{duration(3600)} since the first run began, 1.2 GPU-hours spent"
MORE = "at most 5.7 more for 12 seed runs left"


@pytest.mark.parametrize(
    ("changes", "told", "expected"),
    [
        ({}, {}, f"mine: {JAZZ}, 2.3 slots in use lately; {SPENT}, {MORE}"),
        ({}, {"busy": 0}, f"mine: {JAZZ}, 0 slots in use; {SPENT}, {MORE}"),
        (
            {"slots_lately": None},
            {"seconds_left": 90.0},
            f"mine: {JAZZ}; {SPENT}, {MORE}, about {duration(90)} left",
        ),
        (
            {"elapsed_seconds": None, "left": 0, "slots_lately": None},
            {},
            f"mine: {JAZZ}; 1.2 GPU-hours spent",
        ),
        (
            {"device_hours_left": None, "slots_lately": None},
            {},
            f"mine: {JAZZ}; {SPENT}",
        ),
        (
            {"elapsed_seconds": 0.0, "slots_lately": None, "left": 0},
            {},
            f"mine: {JAZZ}; {duration(0)} since the first run began, 1.2 GPU-hours spent",
        ),
        (
            {"genres": {}, "slots_lately": None},
            {},
            f"mine: corpus not ready yet; {SPENT}, {MORE}",
        ),
    ],
)
def test_a_line_says_what_is_known_and_nothing_else(changes, told, expected):
    assert line(RECORD, counted(**changes), **told) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"best": None}, "lowest BCE -"),
        (
            {"best": None, "intermediate": replace(BEST, caveat="undertrained")},
            "n=4 (undertrained)",
        ),
        ({"intermediate": replace(BEST, bce=1.0)}, "lowest BCE 61.3 [60.0, 62.5] n=4"),
        ({"best": replace(BEST, low=None, high=None, seeds=1)}, "lowest BCE 61.3 n=1"),
    ],
)
def test_the_lowest_bce_is_the_bests_else_an_intermediate_ones(row, said):
    text = line(RECORD, counted(genres={"jazz": genre(**row)}, slots_lately=None))
    assert f"{said};" in text


@pytest.mark.parametrize(
    ("transfer", "said"),
    [
        (
            TRANSFER,
            (
                "3 configurations from other genres, 2 finalists, one of them best of the search; "
                "the best of them is better than the best own proposal"
            ),
        ),
        (
            replace(TRANSFER, won=0, best=11.0),
            (
                "3 configurations from other genres, 2 finalists; "
                "the best of them is worse than the best own proposal"
            ),
        ),
        (
            replace(TRANSFER, won=0, best=10.0),
            (
                "3 configurations from other genres, 2 finalists; "
                "the best of them is as good as the best own proposal"
            ),
        ),
        (
            replace(TRANSFER, won=0, best=None),
            "3 configurations from other genres, 2 finalists",
        ),
    ],
)
def test_what_came_of_other_genres_is_told_below(transfer, said):
    text = line(RECORD, counted(genres={"jazz": genre(transfer=transfer), "polka": genre()}))
    assert text.endswith(f"; jazz: {said}")


@pytest.mark.parametrize(("columns", "bar"), [(109, False), (110, True)])
def test_a_table_has_a_row_a_genre_and_a_bar_where_the_terminal_is_wide(monkeypatch, columns, bar):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = io.StringIO()
    rows = {"jazz": genre(), "polka": genre(done=20, failed=0, best=None)}
    Console(file=out, width=160).print(table(RECORD, counted(genres=rows), busy=3))
    head, headings, jazz, polka, foot = out.getvalue().splitlines()
    assert head.strip() == "study mine, 3 slots in use"
    assert " ".join(headings.split()) == (
        "genre proposed racing done failed undertrained collapsed seed runs lowest val. BCE"
    )
    assert jazz.split()[:8] == ["jazz", "15", "16", "17", "18", "19", "21", "9/20"]
    assert "61.3 [60.0, 62.5] n=4" in jazz
    assert polka.split()[7:9] == ["20/20", "-"]
    # 11 of 20 have ended: of sixteen columns eight and a half, and of the other all
    assert [row.count("━") for row in (jazz, polka)] == ([8, 16] if bar else [0, 0])
    assert foot.strip() == f"{SPENT}, {MORE}"


def test_numbers_stand_below_each_other_at_the_right_and_names_at_the_left():
    _, headings, row, _ = printed(table(RECORD, counted())).splitlines()
    assert headings.index("genre") == row.index("jazz")
    for heading, figure in (("proposed", "15"), ("racing", "16"), ("seed runs", "9/20")):
        assert headings.index(heading) + len(heading) == row.index(figure) + len(figure)
    headings, row = printed(curves([run(5, 60.0)])).splitlines()
    assert headings.index("on their way") == row.index("jazz")
    for heading, figure in (("seed", " 5 "), ("epoch", "10/40")):
        assert headings.index(heading) + len(heading) == row.index(figure) + len(figure.rstrip())


def test_of_a_genre_that_wants_nothing_yet_the_bar_is_empty(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    rows = {"jazz": genre(planned=0, done=0, failed=0), "polka": genre()}
    _, _, jazz, polka, _ = printed(table(RECORD, counted(genres=rows))).splitlines()
    assert "0/0" in jazz
    assert ("━" in jazz, "━" in polka) == (False, True)


ROGUE = "a\x1b[2J [bold]b"
"""What clears a screen, and what rich would take for its own."""


def test_names_are_drawn_as_they_are_written():
    record = SimpleNamespace(spec=SimpleNamespace(name=ROGUE))
    text = printed(table(record, counted(genres={ROGUE: genre(transfer=TRANSFER)})))
    assert text.count(r"a\x1b[2J [bold]b") == 3  # the study, the genre, and what came to it
    assert "\x1b" not in text
    assert r"a\x1b[2J [bold]b" in printed(curves([replace(run(1, 50.0), genre=ROGUE)]))


class Clock:
    """Seconds of the test's own."""

    def __init__(self):
        self.now = 1000.0
        self.work = 0.0
        """Seconds that drawing takes."""
        self.drawing = itertools.count()

    def monotonic(self):
        return self.now

    def perf_counter(self):
        return next(self.drawing) * self.work


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(progress, "time", found)
    return found


@pytest.fixture
def shown(clock, monkeypatch):
    """A reporter on no terminal, a driver of twelve runs left, and what was printed."""
    monkeypatch.setattr(progress.tally, "tally", lambda record, planner=None: counted())
    out = io.StringIO()
    reporter = Reporter()
    reporter.console = Console(file=out, width=400)
    driver = SimpleNamespace(record=SimpleNamespace(**vars(RECORD), ended={}), planner=None, busy=2)
    return reporter, driver, lambda: out.getvalue().splitlines()


def test_without_a_terminal_a_line_is_printed_once_a_minute(shown, clock):
    reporter, driver, printed = shown
    counts = []
    for seconds in (0, 59, 1, 30, 30):
        clock.now += seconds
        reporter.tick(driver)
        reporter.changed(driver)
        counts.append(len(printed()))
    assert counts == [1, 1, 2, 2, 3]
    assert printed()[0] == f"mine: {JAZZ}, 2 slots in use; {SPENT}, {MORE}"


def test_a_printed_line_is_one_line_of_the_names_as_they_are_written(shown, clock, monkeypatch):
    reporter, driver, told = shown
    rows = {ROGUE: genre()}
    monkeypatch.setattr(progress.tally, "tally", lambda *_: counted(genres=rows))
    reporter.console = Console(file=reporter.console.file, width=40)
    reporter.tick(driver)
    (text,) = told()
    assert text.startswith(r"mine: a\x1b[2J [bold]b 9/20 seed runs done")


def test_what_the_driver_knows_is_not_counted_from_nothing(shown, monkeypatch):
    reporter, driver, _ = shown
    asked = []
    monkeypatch.setattr(progress.tally, "tally", lambda *what: asked.append(what) or counted())
    driver.planner = object()
    reporter.tick(driver)
    assert asked == [(driver.record, driver.planner)]


def test_progress_goes_to_stderr_with_its_control_characters(monkeypatch):
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", Output(err))
    Reporter().console.file.write("\x1b[1mmine")
    assert err.getvalue() == "\x1b[1mmine"


def test_a_process_that_was_there_before_has_begun_its_first_stage():
    assert Reporter(since=100.0).stages.said().startswith("1 min 40 s: 1 min 40 s imports")


def test_showing_takes_three_hundredths_of_the_time_at_most(shown, clock):
    reporter, driver, printed = shown
    clock.work = 3.0  # so once in 100 seconds
    counts = []
    for seconds in (0, 60, 39, 1):
        clock.now += seconds
        reporter.tick(driver)
        counts.append(len(printed()))
    assert counts == [1, 1, 1, 2]


def test_the_time_left_follows_from_the_pace_since_this_process_took_the_study_up(shown, clock):
    reporter, driver, printed = shown
    driver.record.ended = dict.fromkeys(range(5))
    reporter.tick(driver)
    clock.now += 60
    reporter.tick(driver)  # nothing has ended since
    assert not any("about" in each for each in printed())
    clock.now += 60
    driver.record.ended = dict.fromkeys(range(8))
    reporter.tick(driver)  # three in 120 seconds, and twelve are left
    assert printed()[-1].endswith(f"about {duration(480)} left")


def test_music_that_is_read_is_told_once_a_minute_too(shown, clock):
    reporter, _, printed = shown
    for seconds, done in ((0, 1), (59, 2), (1, 3)):
        clock.now += seconds
        reporter.corpus(done, 9)
    assert printed() == ["reading music: 1 of 9 pieces", "reading music: 3 of 9 pieces"]


def test_on_a_terminal_a_table_is_drawn_twice_a_second_and_goes_at_the_end(clock, monkeypatch):
    monkeypatch.setattr(progress.tally, "tally", lambda record, planner=None: counted())
    drawn = []
    reporter = Reporter()
    reporter.console = Console(file=io.StringIO(), force_terminal=True, width=160)
    driver = SimpleNamespace(record=SimpleNamespace(**vars(RECORD), ended={}), planner=None, busy=2)
    driver.record.ended = dict.fromkeys(range(3))
    with reporter:
        live = reporter._live
        monkeypatch.setattr(live, "update", drawn.append)
        reporter.corpus(1, 9)
        reporter.corpus(2, 9)
        for seconds in (0, 0.4, 0.1):
            clock.now += seconds
            reporter.tick(driver)
            driver.record.ended = dict.fromkeys(range(5))
        assert live.is_started
        assert live.transient
    assert not live.is_started
    assert [str(each) for each in drawn[:2]] == [
        "reading music: 1 of 9 pieces",
        "reading music: 2 of 9 pieces",
    ]
    assert len(drawn) == 4
    first, second = map(printed, drawn[2:])
    assert "study mine, 2 slots in use" in first
    assert "about" not in first
    assert "about 3 s left" in second  # two in half a second, and twelve are left
