from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
import torch

from musebar_core import memory
from musebar_core.memory import is_exhausted, keep

FAULTS = """
import resource
from musebar_core import memory
{first}
import torch

def taken_again():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(3_000_000 * 4)  # 48 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

taken_again()
print(taken_again())
"""


def faults(first):
    """Pages that the system clears for ten buffers, of the size of one that was given back."""
    unset = {name: os.environ[name] for name in os.environ if not name.startswith("MALLOC_")}
    code = FAULTS.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=unset
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_a_buffer_that_was_given_back_is_taken_again_without_new_pages():
    assert faults("pass") > 20_000
    assert faults("memory.keep()") < 100


def test_what_the_user_has_set_of_the_allocator_stays(monkeypatch):
    asked = []

    class Library:
        mallopt = staticmethod(lambda *pair: asked.append(pair))

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: Library)
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    monkeypatch.setenv("MALLOC_MMAP_MAX_", "9")
    keep()
    assert asked == [(-1, -1)]
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (OSError(errno.EIO, "Input/output error"), False),
        (ValueError("can't allocate memory"), False),
    ],
    ids=repr,
)
def test_memory_that_is_exhausted_is_told_by_whoever_says_so(error, is_memory):
    assert is_exhausted(error) is is_memory


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    keep()
    assert os.environ.pop("THP_MEM_ALLOC_ENABLE") == "1"


def test_what_a_process_holds_by_then_is_no_more_looked_through():
    code = (
        "import gc\n"
        "from musebar_core import memory\n"
        "looks = []\n"
        "gc.callbacks.append(lambda phase, info: looks.append(phase))\n"
        "def make():\n"
        "    looks.clear()\n"
        "    kept = [[] for _ in range(40_000)]\n"
        "    return len(looks)\n"
        "before = make()\n"
        "memory.collect_seldom()\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 1_000\n"
        "print(before, make())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 10
    assert after == 0
