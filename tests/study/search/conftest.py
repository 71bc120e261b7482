import pytest


@pytest.fixture
def spec(tiny_spec):
    """A search for the lowest NLL: three configurations, two finalists, one rung of six seeds."""

    def make(**changes):
        asked = {
            "search__purpose": "density",
            "search__configurations": "3",
            "search__methods": "false",
            "search__rungs": "[6]",
            "seeds": "{search: 2, confirm: 8}",
        }
        return tiny_spec(**(asked | changes))

    return make
