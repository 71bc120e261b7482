"""Studies that something happens to at a random moment, and that end as if nothing had.

``MUSEBAR_CHAOS_ROUNDS`` (30) and ``MUSEBAR_CHAOS_SEED`` (0) choose how many and which.
"""

from __future__ import annotations

import collections
import os
import random
import time

import pytest

from tests.chaos.conftest import kill_group, table

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("MUSEBAR_CHAOS_ROUNDS", "30"))
SEED = int(os.environ.get("MUSEBAR_CHAOS_SEED", "0"))
KINDS = ("driver", "worker", "node", "database", "link")


def disturb(lab, kind, driver, rng):
    """Do one harm; what undoes it after the study has ended, or None where nothing must."""
    number = rng.choice((1, 2))
    if kind == "driver":
        kill_group(driver)
    elif kind == "worker":
        workers = [w for node in lab.nodes[1:] for w in node.workers]
        if workers:
            rng.choice(sorted(workers, key=lambda w: w.pid)).kill()
    elif kind == "node":
        lab.nodes[number].kill()
        return number
    elif kind == "database":
        rng.choice((lab.postgres.kill, lab.postgres.stop))()
        time.sleep(rng.uniform(0.5, 3))
        lab.postgres.start()
    else:
        lab.network.machines[number].cut()
        return number
    return None


def plan():
    """Every kind equally often, in an order and at moments that the seed decides."""
    rng = random.Random(SEED)
    kinds = [KINDS[i % len(KINDS)] for i in range(ROUNDS)]
    rng.shuffle(kinds)
    return kinds, rng


def test_whatever_is_killed_the_study_ends_as_an_undisturbed_one(lab, undisturbed, capsys):
    kinds, rng = plan()
    counts = collections.Counter()
    total = len(undisturbed["runs"])
    for index, kind in enumerate(kinds):
        name, began = f"round-{index}", time.monotonic()
        moment, delay = rng.randrange(total - 2), rng.uniform(0, 1)
        driver = lab.launch(name)
        lost = None
        if lab.wait_for(name, moment, driver):
            time.sleep(delay)
            lost = disturb(lab, kind, driver, rng)
            counts[kind] += 1
        counts["resumed"] += lab.finish(name, driver)
        record = lab.read(name)
        assert record is not None
        assert record.state == "finished"
        counts["attempts lost"] += sum(e.attempts - 1 for e in record.ended.values())
        counts["seed runs"] += len(record.ended)
        assert set(record.ended) == set(undisturbed["runs"]), f"round {index}, {kind}"
        assert table(record) == undisturbed, f"round {index}: {kind} after {moment} runs"
        if lost is not None:
            lab.replace_node(lost)
        with capsys.disabled():
            print(
                f"\nround {index + 1}/{len(kinds)}: {kind} after {moment} of {total} seed runs, "
                f"{time.monotonic() - began:.0f} s: equal",
                end="",
                flush=True,
            )
    harmed = sum(counts[kind] for kind in KINDS)
    with capsys.disabled():
        print(
            f"\n{len(kinds)} rounds, {harmed} disturbed: {dict(counts)}; "
            "seed runs lost 0, recorded twice 0, tables unequal 0"
        )
    assert harmed >= 0.9 * len(kinds), "most harm came too late: the studies are too short for it"
