"""What a purpose is called, and what it asks for."""

from __future__ import annotations

from study.statistics.purposes import Aim, Purpose

PURPOSES = {
    Purpose.REPRESENTATION: "the most informative code among those whose NLL is as good as the "
    "best's within the noise of the pairs",
    Purpose.DENSITY: "the lowest NLL",
    Purpose.RECONSTRUCTION: "the lowest BCE at a rate",
}
"""What each purpose asks for."""


def purpose_text(aim: Aim) -> str:
    """Name a purpose and what it asks for: ``density: the lowest NLL``."""
    text = f"{aim.purpose}: {PURPOSES[aim.purpose]}"
    if aim.purpose is not Purpose.RECONSTRUCTION:
        return text
    if aim.rate is None:
        return f"{text}, the KL of the configuration of lowest NLL"
    return f"{text} of at most {aim.rate:g} nats of KL"
