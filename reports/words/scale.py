"""The words of a study's scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.overview import PAPER_SCALE

if TYPE_CHECKING:
    from reports.answers.overview import Scale


def small_scale(scale: Scale) -> str | None:
    """Say what is smaller than in the paper; None where nothing is."""
    units = {
        "snippet_steps": "steps a snippet",
        "hidden": "hidden units",
        "epochs": "epochs",
        "seeds": "seeds",
    }
    paper = [f"{PAPER_SCALE[name]:,} {units[name]}" for name in scale.below_paper]
    if not paper:
        return None
    return f"Small scale: the paper used {', '.join(paper)}. Figures do not carry over to it."
