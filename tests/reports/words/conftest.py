import pytest


@pytest.fixture
def plain(make_study, make_config):
    """One configuration, and the paper's default ten nats above it."""
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    study.add(
        make_config(16, 8, "linear"), [510.0] * 10, phase="methods", method="musebar_bow", kl=6.0
    )
    return study
