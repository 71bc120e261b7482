"""What some tests need beside Python: skipped where it is missing, but never in CI."""

from __future__ import annotations

import os

import pytest


def missing(what: str) -> None:
    """Skip a test for want of a service; where services are required, fail it."""
    if os.environ.get("MUSEBAR_REQUIRE_SERVICES"):
        pytest.fail(f"MUSEBAR_REQUIRE_SERVICES is set, and {what}")
    pytest.skip(what)
