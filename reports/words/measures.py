"""What the further measures of a model say, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musebar_core.melodies import RUN_NOTES

if TYPE_CHECKING:
    from musebar_core.measures import BesideSongs, Measures
    from musebar_core.melodies import Character, Likeness


def measures_lines(more: Measures) -> list[str]:
    """Tell the measures of one split, a line each."""
    curve = "  ".join(f"{p.rate:.2f}: {p.distortion:.1f}" for p in more.rate_distortion)
    likenesses = (("generated", more.likeness), ("training songs", more.likeness_of_songs))
    rows = {
        "importance-weighted NLL": f"{more.importance_nll:.1f} nats ({more.draws} draws)",
        "rate: distortion": f"{curve} nats",
        "own code saves": f"{more.code_worth:.1f} nats of BCE against another's",
        "interpolation": f"{_figure(more.path_ratio)} times its ends' distance long, largest "
        f"jump {more.largest_jump:.0%} of steps",
        "generated": _character_line(more.generated),
        "held-out songs": _character_line(more.held_out),
    }
    rows |= {f"{name} to held-out": _likeness_line(like) for name, like in likenesses}
    return [f"  {name:26}  {text}" for name, text in rows.items()]


def melodies_lines(
    name: str, melodies: Character, beside: BesideSongs | None = None, why_not: str = ""
) -> list[str]:
    """Tell what melodies are like, beside songs; without any, why there are none."""
    rows = {name: _character_line(melodies)}
    if beside is None and why_not:
        rows["held-out songs"] = f"not compared: {why_not}"
    if beside is not None:
        rows |= {
            f"{beside.n_songs} held-out snippets": _character_line(beside.songs),
            f"{name} to held-out": _likeness_line(beside.likeness),
            "training songs to held-out": _likeness_line(beside.likeness_of_songs),
        }
    return [f"{name:26}  {text}" for name, text in rows.items()]


def _likeness_line(like: Likeness) -> str:
    return (
        f"divergence {_figure(like.pitch_classes)} (pitch classes) {_figure(like.intervals)} "
        f"(intervals) bits, overlap {_percent(like.note_density)} (density) "
        f"{_percent(like.repetition)} (repetition), {_percent(like.shared_runs)} of its runs of "
        f"{RUN_NOTES} notes are theirs"
    )


def _character_line(found: Character) -> str:
    return (
        f"range {_figure(found.pitch_range)} semitones, {found.note_density:.2f} notes a bar, "
        f"{_percent(found.repetition)} of bars repeat, {_percent(found.out_of_key)} out of key, "
        f"{found.rest_share:.0%} rests"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
