"""A service that is missing is no secret: skipped by hand, a failure in CI."""

import pytest

from tests.services import missing


def test_a_missing_service_skips_a_test(monkeypatch):
    monkeypatch.delenv("MUSEBAR_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no server"):
        missing("no server")


def test_a_missing_service_fails_a_test_where_services_are_required(monkeypatch):
    monkeypatch.setenv("MUSEBAR_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="no server"):
        missing("no server")
