"""What is done to a running study, and whether it was really done to one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.chaos.conftest import kill_group
from tests.raynodes import gone


@dataclass(frozen=True)
class Harm:
    """One harm.

    Attributes
    ----------
    hit
        Whether what was to go was there before, and was gone after.
    training
        Workers that were in a seed run, and went with it.
    node
        The node to be replaced once the study has ended, if any.
    """

    hit: bool
    training: int = 0
    node: int | None = None


def kill_driver(lab, driver, rng):
    del rng
    training = workers_of(lab)
    kill_group(driver)
    return Harm(driver.returncode == -signal.SIGKILL, len(training))


def kill_worker(lab, driver, rng):
    del driver
    training = workers_of(lab)
    if not training:
        return Harm(hit=False)
    worker = rng.choice(sorted(training, key=lambda process: process.pid))
    worker.kill()
    return Harm(gone([worker]), training=1)


def kill_node(lab, driver, rng):
    del driver
    number = rng.choice((1, 2))
    node = lab.nodes[number]
    there, training = node.process.poll() is None, node.training
    processes = node.processes
    node.kill()
    return Harm(there and gone(processes), len(training), number)


def take_database_away(lab, driver, rng):
    del driver
    end, seconds = rng.choice((lab.postgres.kill, lab.postgres.stop)), rng.uniform(0.5, 3)
    end()
    away = not lab.postgres.answers()
    time.sleep(seconds)
    lab.postgres.start()
    return Harm(away)


def cut_link(lab, driver, rng):
    del driver
    number = rng.choice((1, 2))
    head, machine = lab.network.machines[0], lab.network.machines[number]
    there, training = head.reaches(machine.address), lab.nodes[number].training
    machine.cut()
    return Harm(there and not head.reaches(machine.address), len(training), number)


def close_terminal(lab, driver, rng):
    """SIGHUP to the driver and all that it started, as from a shell that ends."""
    del lab, rng
    os.killpg(driver.pid, signal.SIGHUP)
    time.sleep(1)
    return Harm(driver.poll() is None)


HOG = """
import sys
import psutil

share, taken = float(sys.argv[1]), []
while psutil.virtual_memory().percent < 100 * share:
    taken.append(b"\\1" * 2**26)
print("taken", flush=True)
sys.stdin.read()
"""
"""Takes memory until so large a share of the machine's is in use, and holds it."""


def take_memory(lab, driver, rng):
    """Another program takes what Ray leaves free, until Ray has killed a worker for it."""
    del driver, rng
    training = workers_of(lab)
    if not training:
        return Harm(hit=False)
    hog = [sys.executable, "-c", HOG, str(lab.memory_share + 0.01)]
    with subprocess.Popen(hog, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        taken = other.stdout.readline() == b"taken\n"
        deadline = time.monotonic() + 20
        while not (lost := [p for p in training if gone([p], 0)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        other.kill()
    return Harm(taken and bool(lost), len(lost))


HARMS = {
    "driver": kill_driver,
    "worker": kill_worker,
    "node": kill_node,
    "database": take_database_away,
    "link": cut_link,
    "terminal": close_terminal,
    "memory": take_memory,
}


def disturb(lab, kind, name, driver, rng, planned):
    """Do one harm to a study; it counts only where the study ran before, and had not ended after.

    What nobody killed has to be there still: a driver that ended by itself was not harmed.
    """
    ran = driver.poll() is None
    harm = HARMS[kind](lab, driver, rng)
    runs = driver.poll() is None or kind == "driver"
    left = planned - set(lab.rows(name))
    return Harm(harm.hit and ran and runs and bool(left), harm.training, harm.node)


def workers_of(lab):
    return [worker for node in lab.nodes[1:] for worker in node.training]
