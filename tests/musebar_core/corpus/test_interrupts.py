"""Ctrl-C that a library swallows is not lost."""

from __future__ import annotations

import contextlib
import signal

import pytest

from musebar_core.corpus.interrupts import interrupts_held, interrupts_remembered


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
