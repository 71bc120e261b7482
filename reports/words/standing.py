"""What has to be said of a model before what it plays is listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.states import RunState

if TYPE_CHECKING:
    from musebar_core.states import Standing


def caution(standing: Standing | None) -> str:
    """Say why nothing should be read into what a model plays; empty where there is no reason."""
    if standing is None:
        return (
            "this checkpoint does not say what its model is worth (an earlier version wrote it, or "
            "its training has not ended): `musebar evaluate` measures it"
        )
    if standing.state is RunState.UNDERTRAINED:
        against = "" if standing.markov is None else f" ({standing.markov:.1f})"
        return (
            f"this model is undertrained: its validation BCE of {standing.bce:.1f} nats does not "
            f"beat the Markov chain's{against}, and nothing that it plays or encodes counts"
        )
    if standing.state is RunState.COLLAPSED:
        return (
            f"this model's code is collapsed (at most {standing.mi_upper:.2f} nats of information, "
            f"{standing.active_units} active units): codes, reconstructions and interpolations say "
            "nothing of a song, and samples differ by chance alone"
        )
    return ""
