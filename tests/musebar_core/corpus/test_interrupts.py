"""Ctrl-C that a library swallows is not lost."""

from __future__ import annotations

import contextlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from musebar_core.corpus.interrupts import (
    interrupts_held,
    interrupts_remembered,
    signals_kept_from_children,
)


def swallow() -> None:
    """Take an interrupt as some libraries do around an import."""
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_was_swallowed_is_raised_at_the_next_check():
    with interrupts_remembered() as check:
        check()
        swallow()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_an_interrupt_interrupts_at_once():
    with interrupts_remembered(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_was_held_back_is_remembered_too():
    with interrupts_remembered() as check:
        with pytest.raises(KeyboardInterrupt), interrupts_held():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()


def test_the_handler_before_is_back_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with interrupts_remembered():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", ENDING)
def test_whatever_ends_a_process_is_held_until_the_block_is_left_and_comes_once(number):
    came: list[int] = []
    before = signal.signal(number, lambda got, _: came.append(got))
    try:
        with interrupts_held():
            signal.raise_signal(number)
            os.kill(os.getpid(), number)
            assert came == []
    finally:
        signal.signal(number, before)
    assert came == [number]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_is_ignored_stays_so(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interrupts_remembered() as check:
            signal.raise_signal(number)
            check()
        with interrupts_held():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", ENDING)
def test_whatever_ends_a_process_interrupts_and_is_remembered(number):
    before = signal.signal(number, signal.SIG_DFL)  # these tests may run where one is ignored
    try:
        with interrupts_remembered() as check:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            with pytest.raises(KeyboardInterrupt):
                check()
    finally:
        signal.signal(number, before)


def test_processes_that_start_in_the_block_never_see_what_a_terminal_sends_to_all():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    for block in (signals_kept_from_children, interrupts_held):
        with block():
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ()) - before
            assert blocked == {signal.SIGINT, signal.SIGHUP}
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_the_mask_and_the_handlers_are_back_though_the_block_fails():
    before = signal.getsignal(signal.SIGTERM), signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(ValueError, match="odd"), interrupts_held():
        raise ValueError("odd")
    assert (
        signal.getsignal(signal.SIGTERM),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
    ) == before


def test_in_another_thread_nothing_is_held():
    def run() -> str:
        with interrupts_held(), interrupts_remembered() as check:
            check()
            return "ran"

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(run).result() == "ran"
