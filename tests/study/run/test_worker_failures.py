"""What each error, and each end of a worker, is told as; Ray's errors are its own."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest
import torch
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayTaskError,
)
from safetensors import SafetensorError

from musebar_core.errors import CorpusError, DivergedError
from study.ledger.result import FailureKind
from study.run.failures import failure_of, failure_of_engine, failure_of_worker


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DivergedError("no finite number"), FailureKind.DIVERGED),
        (MemoryError(), FailureKind.OUT_OF_MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), FailureKind.OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), FailureKind.OUT_OF_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), FailureKind.OUT_OF_MEMORY),
        (ValueError("I can't allocate memory"), FailureKind.ERROR),
        (OSError(errno.ENOSPC, "No space left on device"), FailureKind.DISK_FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FailureKind.DISK_FULL),
        (SafetensorError("I/O error: No space left on device"), FailureKind.DISK_FULL),
        (SafetensorError("invalid header"), FailureKind.INPUT_OUTPUT),
        (PermissionError("denied"), FailureKind.INPUT_OUTPUT),
        (ConnectionResetError("by peer"), FailureKind.INPUT_OUTPUT),
        (CorpusError("damaged"), FailureKind.BAD_DATA),
        (ModuleNotFoundError("No module named 'x'"), FailureKind.INSTALLATION),
        (ImportError("cannot import name 'y'"), FailureKind.INSTALLATION),
        (RuntimeError("the disk is full of jokes"), FailureKind.ERROR),
        (ZeroDivisionError("division by zero"), FailureKind.ERROR),
    ],
    ids=str,
)
def test_an_error_is_of_the_kind_that_its_type_says(error, kind, tmp_path):
    assert failure_of(error, tmp_path).kind is kind


def test_a_failure_says_the_error_and_where_the_disk_is_full(tmp_path):
    assert failure_of(ZeroDivisionError("by 0"), None).message == "ZeroDivisionError: by 0"
    assert failure_of(MemoryError(), None).message == "out of memory"
    assert failure_of(MemoryError("of it\nmore"), None).message == "out of memory: of it"
    full = failure_of(OSError(errno.ENOSPC, "No space left on device"), tmp_path)
    assert full.message.startswith("the disk is full (")
    assert full.message.endswith(f": {tmp_path})")


UNPICKLED = RayTaskError("__init__", "trace\nModuleNotFoundError: No module named 'x'", None)


@pytest.mark.parametrize(
    ("error", "told", "kind"),
    [
        (None, "None", FailureKind.WORKER_DIED),
        (ActorDiedError(), None, FailureKind.WORKER_DIED),
        (ActorDiedError(UNPICKLED), None, FailureKind.INSTALLATION),
        (ActorUnavailableError("no answer", b"a" * 16), None, FailureKind.NODE_LOST),
        (NodeDiedError("gone"), None, FailureKind.NODE_LOST),
        (ActorDiedError(), "The actor died because its node has died.", FailureKind.NODE_LOST),
        (SimpleNamespace(preempted=True), "gone", FailureKind.NODE_LOST),
        (SimpleNamespace(preempted=False), "gone", FailureKind.WORKER_DIED),
        (ActorDiedError(), "The node was drained.", FailureKind.NODE_LOST),
        (ActorDiedError(), "It was preempted by another thread.", FailureKind.WORKER_DIED),
        (ActorDiedError(), "Its node is well.", FailureKind.WORKER_DIED),
        (RayTaskError("step", "trace", None), "gone", FailureKind.WORKER_DIED),
        (OutOfMemoryError("too much"), None, FailureKind.OUT_OF_MEMORY),
        (
            ActorDiedError(),
            "Task was killed due to the node running low on memory.",
            FailureKind.OUT_OF_MEMORY,
        ),
        (
            RayTaskError("step", "trace", ImportError("cannot import name 'y'")),
            None,
            FailureKind.INSTALLATION,
        ),
    ],
)
def test_the_end_of_a_worker_is_of_the_kind_that_ray_knows(error, told, kind):
    assert failure_of_worker(error, told or str(error)).kind is kind


def test_a_worker_that_could_not_start_says_the_last_line_of_why():
    error = ActorDiedError(UNPICKLED)
    said = failure_of_worker(error, str(error)).message
    assert said == "the worker could not start: ModuleNotFoundError: No module named 'x'"


def test_tune_that_gave_up_for_memory_lost_its_workers_and_no_more():
    """As Tune raises it where Ray kills workers that are still starting."""
    killed = OutOfMemoryError("2 worker(s) were killed due to the node running low on memory.")
    raised = RuntimeError(f"Caught unexpected exception: {killed}")
    raised.__cause__ = killed
    outer = RuntimeError("The Ray Tune run failed")
    outer.__context__ = raised
    quiet = RuntimeError("The Ray Tune run failed")
    quiet.__cause__ = OutOfMemoryError("killed")
    for error in (raised, outer, RuntimeError(str(raised)), quiet, OutOfMemoryError("killed")):
        assert failure_of_engine(error).kind is FailureKind.OUT_OF_MEMORY
    assert failure_of_engine(RuntimeError("Caught unexpected exception: else")) is None
