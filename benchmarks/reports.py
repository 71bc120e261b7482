"""``python -m benchmarks reports``: build the report of 1,000 configurations on 10 seeds each.

The ledger is simulated, the build is the product's own command in a process of its own. Printed
are seconds, CPU seconds (what counts on a busy machine) and peak memory of the build, the size of
every page (of those of one configuration the largest), and, where Debian's Chromium is installed,
when each page can be used: its tables sort and the figures in view are drawn.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.studies import Home
from study.ledger.record import GenreFacts, SeedRun, StudyState
from study.ledger.result import RunMetrics, SeedRunResult
from study.search.planner import grid_configurations, plan
from study.spec import specfile

SPEC = """\
name: large
corpus: {source: music21, genres: [jazz], include_overall: false}
search:
  protocol: grid
  space: full
  fixed: {free_bits: 0, annealing_length: 0.5, annealing_cycles: 4}
  choices:
    latent_length: [8, 16, 32, 64, 128]
    regularizers: [1, 2, 3, 4, 5, 6, 10, 12, 15, 20]
    annealing: [constant, linear, logistic, cosine, cyclical]
    input_dropout: [0, 0.2, 0.4, 0.6]
seeds: {confirm: 10}
"""
LIMIT_SECONDS, LIMIT_GIB, LIMIT_PAGE_MB, LIMIT_USABLE_SECONDS = 15.0, 1.5, 3.0, 2.0
OPENED = 3
"""Times that each page is opened afresh; the median is shown."""

EVALUATIONS = 20
SNIPPETS = 1024


def main() -> None:
    """Print the table; exit 1 where a limit is broken."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        simulate(home)
        seconds, cpu_seconds, gib = build(home)
        print(f"build     {seconds:6.1f} s (limit {LIMIT_SECONDS:g})")
        print(f"its CPU   {cpu_seconds:6.1f} s")
        print(f"memory    {gib:6.2f} GiB (limit {LIMIT_GIB:g})")
        report = home / "large" / "report"
        usable = opened(report)
        slow = [seconds > LIMIT_SECONDS, gib > LIMIT_GIB]
        for page in _of_each_kind(report):
            megabytes = page.stat().st_size / 1e6
            at = usable.get(page.name)
            said = "" if at is None else f"usable {at[0]:.2f} s, all drawn {at[1]:.2f} s"
            print(f"{page.name:24} {megabytes:5.2f} MB  {said}")
            slow += [megabytes > LIMIT_PAGE_MB, at is not None and at[0] > LIMIT_USABLE_SECONDS]
    sys.exit(1 if any(slow) else 0)


def simulate(home: Path) -> None:
    """Write a finished study of 10,000 seed runs into a ledger."""
    file = home / "large.yaml"
    file.write_text(SPEC)
    study = Home(home).create(specfile.load(str(file), [], None))
    study.ledger.set_corpus("large", "corpus", {"jazz": facts()})
    record = study.ledger.read("large")
    rng = np.random.default_rng(0)
    study.ledger.add_configurations("large", grid_configurations(record.spec))
    for run in plan(study.ledger.read("large")).planned:
        study.ledger.end("large", run, ended(run, rng))
    study.ledger.set_state("large", StudyState.FINISHED)
    study.ledger.close()


def facts() -> GenreFacts:
    """Made-up facts of a genre's music."""
    baselines = {"pitch_frequencies": 907.0, "markov": 627.0, "repeat_last": 980.0}
    return {
        "fingerprint": "0" * 64,
        "train_songs": 240,
        "validation_songs": 30,
        "test_songs": 30,
        "validation_snippets": SNIPPETS,
        "test_snippets": SNIPPETS,
        "baselines": {"validation": baselines, "test": baselines},
    }


def ended(run: SeedRun, rng: np.random.Generator) -> SeedRunResult:
    """A made-up result of a run, good where its configuration's name says so."""
    quality = int(run.config_id[:4], 16) / 0xFFFF
    bce, mi = 560 + 20 * quality + rng.normal(), 6 * (1 - quality) * rng.random()
    known = {
        "bce": bce,
        "kl": mi + 2,
        "kl_bars": mi + 2,
        "elbo": -(bce + mi + 2),
        "mi_lower": mi,
        "mi_upper": mi + 0.5,
        "mi_cap": float(np.log(SNIPPETS)),
        "active_units": int(2 * mi) + 1,
        "informative_share": (mi + 0.5) / (mi + 2),
        "collapsed": bool(mi < 0.02),
        "n_snippets": SNIPPETS,
    }
    metrics = Metrics.from_dict(known)
    curve = [
        EpochMetrics(
            epoch=150 * at,
            weight=min(1.0, at / 10),
            train_bce=bce + 300 / at,
            train_kl_bars=mi + 2,
            validation=metrics._replace(bce=bce + 200 / at),
        )
        for at in range(1, EVALUATIONS + 1)
    ]
    return SeedRunResult(
        metrics=RunMetrics(metrics, metrics, metrics, metrics),
        curve=tuple(curve),
        best_epoch=3000,
        seconds=60.0,
        node="simulated",
        device="cpu",
        versions={"torch": "2"},
        finished_at=f"2026-01-01T00:00:{run.seed % 60:02}Z",
    )


def build(home: Path) -> tuple[float, float, float]:
    """Build the report; seconds of the command, its CPU seconds and its peak memory in GiB."""
    command = [sys.executable, "-c", "from musebar.cli import main; main()"]
    began = time.perf_counter()
    subprocess.run(
        [*command, "report", "build", "large"],
        check=True,
        env=os.environ | {"MUSEBAR_HOME": str(home)},
    )
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def _of_each_kind(report: Path) -> list[Path]:
    """All pages, but of those of one configuration each the largest few."""
    alike = sorted(report.glob("config-*.html"), key=lambda page: -page.stat().st_size)
    return sorted({*report.glob("*.html")} - {*alike[OPENED:]})


def opened(report: Path) -> dict[str, tuple[float, float]]:
    """Open every page in Chromium: seconds until it can be used, and until all is drawn."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    found = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for file in _of_each_kind(report):
            seen = [_seconds(browser, file) for _ in range(OPENED)]
            found[file.name] = (median(one for one, _ in seen), median(two for _, two in seen))
        browser.close()
    return found


def _seconds(browser: Any, file: Path) -> tuple[float, float]:  # noqa: ANN401  (no stubs here)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(file.as_uri())
    page.wait_for_function("document.documentElement.dataset.drawn === 'true'")
    usable, drawn = page.evaluate(
        "['usable', 'drawn'].map((n) => performance.getEntriesByName(n)[0].startTime / 1e3)"
    )
    page.close()
    return usable, drawn


if __name__ == "__main__":
    main()
