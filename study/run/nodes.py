"""Where a study's runs go: this machine, or the Ray cluster that it belongs to."""

from __future__ import annotations

import functools
import logging
import os
import site
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from study.run.sizing import ON_DEMAND, Node, Share, first_gpus, lacks_gpu, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ray.job_config import JobConfig

    from study.spec.model import StudySpec

log = logging.getLogger(__name__)

STARTS = 4
"""Times that Ray is started, where it takes longer each time than it waits for itself."""
_SLOW = "timed out during startup"

GPU_WAIT_SECONDS = 1800.0
"""For which a study waits for its first GPU on a cluster where no node has one yet."""

_TUNE_SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_COUNT_PREEMPTION_AS_FAILURE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_WARN_THRESHOLD_S": "3600",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Tune keeps quiet, keeps no state of its own, tells nobody, and leaves Ctrl-C and nodes that are
taken away to us: it would start their trials again behind the ledger's back."""


GPU_DRIVERS = tuple(
    Path("/dev", name) for name in ("nvidiactl", "nvidia0", "nvmap", "nvhost-gpu", "kfd", "dxg")
)
"""What the drivers of GPUs make, by NVIDIA, for its boards, by AMD, and in Windows' Linux."""


def this_machine() -> Node:
    """The CPUs this process may use, and the GPUs it sees."""
    cpus = len(os.sched_getaffinity(0))
    if not any(each.exists() for each in GPU_DRIVERS):
        return Node(cpus)  # torch, which can tell no more, takes seconds to import
    import torch

    count = torch.cuda.device_count()
    memory = min(
        (torch.cuda.get_device_properties(i).total_memory for i in range(count)), default=0
    )
    return Node(cpus, count, memory)


@contextmanager
def embedded(spec: StudySpec) -> Iterator[Share]:
    """Start Ray on this machine alone, for as long as the block runs."""
    machine = this_machine()
    given = share(spec, [machine])
    _set_up(given)
    _lead_workers_here()
    import ray

    start_patiently(
        functools.partial(
            ray.init,
            address="local",
            job_config=_job_config(),
            num_cpus=given.slots * spec.resources.cpus_per_trial,
            num_gpus=machine.gpus if given.gpus_per_trial else 0,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=100 * 2**20,
        )
    )
    try:
        yield given
    finally:
        ray.shutdown()


def start_patiently(start: Callable[[], object]) -> None:
    """Start Ray, which waits 30 s for its own processes: on a busy machine they may need longer.

    Raises
    ------
    StudyError
        If it did not start, :data:`STARTS` times in a row where it was for want of time.
    """
    for left in reversed(range(STARTS)):
        try:
            start()
        except Exception as error:  # Ray raises no narrower one where its processes do not come up
            if left and _SLOW in str(error):
                log.warning("Ray has not started within 30 s: is this machine busy? Trying again")
                continue
            raise StudyError(
                f"Ray did not start on this machine: {_first_line(error)} Resume the study; with "
                "-v it says more"
            ) from error
        return


@contextmanager
def joined(
    spec: StudySpec, tick: Callable[[], object], *, patience: float = GPU_WAIT_SECONDS
) -> Iterator[Share]:
    """Join the Ray cluster that this machine is a node of.

    A study that asks for GPUs has one started, where nodes start on demand, and is sized by it:
    ``gpus_per_trial: auto`` never comes to mean CPUs here.

    Parameters
    ----------
    spec
        What is asked for.
    tick
        Called once Ray has started, and each second of waiting; what it raises ends that.
    patience
        Seconds to wait for the first GPU.

    Raises
    ------
    StudyError
        If this machine is a node of no cluster, or none of its nodes has room for a trial.
    """
    import ray

    _set_up(None)
    try:
        ray.init(
            address="auto",
            job_config=_job_config(),
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError) as error:
        raise StudyError(
            f"--join: this machine is no node of a running Ray cluster ({_first_line(error)})"
        ) from None
    try:
        tick()
        found = _with_gpu(spec, tick, patience)
        given = share(spec, found)
        if not given.gpus_per_trial and any(node.gpus for node in found):
            log.warning("resources.gpus_per_trial is 0: training on CPUs, beside GPUs that idle")
        _set_up(given)
        yield given
    finally:
        ray.shutdown()


def _job_config() -> JobConfig:
    """Have workers look for modules where their node does, and not in the user's folder as well.

    Ray has them look first in the folder that a driver was started in, where a ``study.py`` would
    be taken for ours; for the drivers of its remote clients alone, it leaves that out.
    """
    from ray.job_config import JobConfig

    return JobConfig(_client_job=True)


def _lead_workers_here() -> None:
    """Have the workers of this machine find our packages, where these are not installed."""
    root = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if root not in [*known, *site.getsitepackages(), site.getusersitepackages()]:
        os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, known), root])


def _set_up(given: Share | None) -> None:
    pending = {} if given is None else {"TUNE_MAX_PENDING_TRIALS_PG": str(given.slots)}
    os.environ.update(_TUNE_SETTINGS | pending)


def _with_gpu(spec: StudySpec, tick: Callable[[], object], patience: float) -> list[Node]:
    """The nodes that there are, once one of them has room for a trial that is to have a GPU."""
    deadline = time.monotonic() + patience
    while lacks_gpu(spec, found := _cluster_nodes(spec)):
        if spec.resources.slots == "auto":
            raise StudyError(
                "resources.slots is 'auto', what the nodes that are there have room for, and none "
                f"has a GPU with room for a trial: where nodes start on demand, {ON_DEMAND}"
            )
        _wait_for_gpu(spec, tick, deadline)
    return found


def _wait_for_gpu(spec: StudySpec, tick: Callable[[], object], deadline: float) -> None:
    """Have Ray place a task that needs what a trial needs: for it, a node is started."""
    import ray

    cpus, gpus = spec.resources.cpus_per_trial, first_gpus(spec)
    wanted = f"a node with {gpus:g} GPU and {cpus} CPU free"
    minutes = (deadline - time.monotonic()) / 60
    log.warning("waiting for %s to start, for %.0f minutes at most", wanted, minutes)

    @ray.remote(num_gpus=gpus, num_cpus=cpus, max_retries=-1)  # type: ignore[untyped-decorator]
    def here() -> None:
        return None

    placed = here.remote()
    while not ray.wait([placed], timeout=1.0)[0]:
        tick()
        if time.monotonic() > deadline:
            ray.cancel(placed, force=True)
            raise StudyError(
                f"{wanted} did not come: 'ray status' on the head says what the cluster lacks; "
                "once it has GPUs, resume, or launch again with --set "
                "resources.gpus_per_trial=0 to train on CPUs"
            )


def _cluster_nodes(spec: StudySpec) -> list[Node]:
    import ray

    asks = "auto" in {spec.resources.gpus_per_trial, spec.resources.seeds_per_trial}
    found = [(n["NodeID"], n["Resources"]) for n in ray.nodes() if n["Alive"]]
    return [
        Node(
            has.get("CPU", 0), has.get("GPU", 0), gpu_bytes(node) if asks and has.get("GPU") else 0
        )
        for node, has in found
    ]


def gpu_bytes(node_id: str) -> int:
    """Ask a node for its GPUs' memory; 0 where it has none to show, as where they only say so.

    Raises
    ------
    StudyError
        If it does not answer: it was lost, or its GPUs have nothing left to give.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    @ray.remote(num_gpus=0.01, num_cpus=0, max_retries=0)  # type: ignore[untyped-decorator]
    def look() -> int:
        return this_machine().gpu_bytes

    here = NodeAffinitySchedulingStrategy(node_id, soft=False)
    try:
        return int(ray.get(look.options(scheduling_strategy=here).remote(), timeout=120))
    except ray.exceptions.RayError as error:
        raise StudyError(
            f"node {node_id[:12]} did not tell the memory of its GPUs ({_first_line(error)}): "
            "resume once it is free, or set resources.gpus_per_trial and "
            "resources.seeds_per_trial to numbers"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
