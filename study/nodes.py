"""Where a study's runs go: this machine, or the Ray cluster that it belongs to."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from study.sizing import Node, Share, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from study.spec import StudySpec

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


def this_machine() -> Node:
    """The CPUs this process may use, and the GPUs it sees."""
    import torch

    count = torch.cuda.device_count()
    memory = min(
        (torch.cuda.get_device_properties(i).total_memory for i in range(count)), default=0
    )
    return Node(len(os.sched_getaffinity(0)), count, memory)


@contextmanager
def embedded(spec: StudySpec) -> Iterator[Share]:
    """Start Ray on this machine alone, for as long as the block runs."""
    machine = this_machine()
    given = share(spec, [machine])
    _set_up(given)
    import ray

    try:
        ray.init(
            address="local",
            num_cpus=given.slots * spec.resources.cpus_per_trial,
            num_gpus=machine.gpus if given.gpus_per_trial else 0,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=100 * 2**20,
        )
    except Exception as error:  # Ray raises no narrower one where its processes do not come up
        raise StudyError(
            f"Ray did not start on this machine: {_first_line(error)} Resume the study; with -v "
            "it says more"
        ) from error
    try:
        yield given
    finally:
        ray.shutdown()


@contextmanager
def joined(spec: StudySpec) -> Iterator[Share]:
    """Join the Ray cluster that this machine is a node of.

    Raises
    ------
    StudyError
        If it is a node of none.
    """
    import ray

    _set_up(None)
    try:
        ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError) as error:
        raise StudyError(
            f"--join: this machine is no node of a running Ray cluster ({_first_line(error)})"
        ) from None
    try:
        given = share(spec, _cluster_nodes(spec))
        _set_up(given)
        yield given
    finally:
        ray.shutdown()


def _set_up(given: Share | None) -> None:
    pending = {} if given is None else {"TUNE_MAX_PENDING_TRIALS_PG": str(given.slots)}
    os.environ.update(_TUNE_SETTINGS | pending)


def _cluster_nodes(spec: StudySpec) -> list[Node]:
    import ray

    found = [n for n in ray.nodes() if n["Alive"]]
    asks = "auto" in {spec.resources.gpus_per_trial, spec.resources.seeds_per_trial}
    return [
        Node(
            node["Resources"].get("CPU", 0),
            node["Resources"].get("GPU", 0),
            _gpu_bytes(node["NodeID"]) if asks and node["Resources"].get("GPU") else 0,
        )
        for node in found
    ]


def _gpu_bytes(node_id: str) -> int:
    """Ask a node for its GPUs' memory; 0 where it has none to show."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    @ray.remote(num_gpus=0.01, num_cpus=0, max_retries=0)  # type: ignore[untyped-decorator]
    def look() -> int:
        return this_machine().gpu_bytes

    here = NodeAffinitySchedulingStrategy(node_id, soft=False)
    return int(ray.get(look.options(scheduling_strategy=here).remote(), timeout=120))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
