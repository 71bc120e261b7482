"""Studies that something happens to at a random moment, and that end as if nothing had.

``MUSEBAR_CHAOS_ROUNDS`` (30) and ``MUSEBAR_CHAOS_SEED`` (0) choose how many and which,
``MUSEBAR_CHAOS_KINDS`` of which kinds (all of them; names of :data:`tests.chaos.harms.HARMS`).
"""

from __future__ import annotations

import collections
import os
import random
import time

import pytest

from tests.chaos.conftest import compared
from tests.chaos.harms import HARMS, Harm, disturb

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]

ROUNDS = int(os.environ.get("MUSEBAR_CHAOS_ROUNDS", "30"))
SEED = int(os.environ.get("MUSEBAR_CHAOS_SEED", "0"))
KINDS = os.environ.get("MUSEBAR_CHAOS_KINDS", " ".join(HARMS)).split()
TRIES = 5
"""Studies of a round at most: one that ended before it was harmed counts for nothing."""

TOLD_MEMORY = "deaths told as want of memory"
WRONG = (
    "seed runs lost",
    "seed runs recorded twice",
    "epochs recorded twice",
    "tables unequal",
    TOLD_MEMORY,
    "drivers that a closed terminal ended",
)


def plan():
    """Every kind equally often, in an order and at moments that the seed decides."""
    rng = random.Random(SEED)
    kinds = [KINDS[i % len(KINDS)] for i in range(ROUNDS)]
    rng.shuffle(kinds)
    return kinds, rng


def harmed_study(lab, kind, name, rng, undisturbed, checkpoints):
    """One study, harmed at some moment or not, seen to its end; what was counted of it."""
    planned, before = set(undisturbed["runs"]), len(lab.went_on())
    moment, delay = rng.randrange(len(planned) - 2), rng.uniform(0, 1)
    driver = lab.launch(name, **{"storage.checkpoint_seconds": checkpoints})
    harm = Harm(hit=False)
    if lab.wait_for(name, moment, driver):
        time.sleep(delay)
        harm = disturb(lab, kind, name, driver, rng, planned)
    counts = collections.Counter({"drivers resumed": lab.finish(name, driver)})
    if kind == "terminal":
        counts["drivers that a closed terminal ended"] = counts["drivers resumed"]
    if harm.node is not None:
        lab.replace_node(harm.node)
    record = lab.read(name)
    assert record is not None
    assert record.state == "finished"
    counts[kind] = counts["harmed"] = int(harm.hit)
    counts["missed"] = int(not harm.hit)
    counts["workers lost in a run"] = harm.training if harm.hit else 0
    counts[f"attempts lost: {kind}"] = sum(ended.attempts - 1 for ended in record.ended.values())
    counts["gone on from a checkpoint"] = len(lab.went_on()) - before
    counts += compared(lab, name, record, undisturbed)
    if kind == "memory":
        counts["workers told to have died for memory"] = counts.pop(TOLD_MEMORY, 0)
    return counts


def test_whatever_is_killed_the_study_ends_as_an_undisturbed_one(lab, undisturbed, capsys):
    """Every other round of a kind, from the first, checkpoints after each evaluation.

    The others never do in so short a run: what is killed in them begins anew.
    """
    kinds, rng = plan()
    counts = collections.Counter()

    def say(text):
        with capsys.disabled():
            print(f"\n{text}", end="", flush=True)

    for index, kind in enumerate(kinds):
        for attempt in range(TRIES):
            began, name = time.monotonic(), f"round-{index}-{attempt}"
            checkpoints = ("0", "20")[kinds[:index].count(kind) % 2]
            found = harmed_study(lab, kind, name, rng, undisturbed, checkpoints)
            counts += found
            say(
                f"round {index + 1}/{len(kinds)}, {kind}, {time.monotonic() - began:.0f} s: "
                f"{dict(found)}"
            )
            if found["harmed"]:
                break
    shown = {name: counts[name] for name in WRONG}
    say(f"{len(kinds)} rounds: {dict(counts)}; {shown}")
    assert not any(shown.values())
    assert counts["harmed"] >= ROUNDS, "harm came too late again and again: the studies are short"
    assert counts["gone on from a checkpoint"] > 0 or "driver" not in KINDS
    assert counts["workers told to have died for memory"] > 0 or "memory" not in KINDS
    assert counts["attempts lost: node"] + counts["attempts lost: link"] == 0
