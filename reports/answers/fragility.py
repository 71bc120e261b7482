"""Whether a difference would stand one more collapse.

A mean over ten seeds of which none collapsed says little of an arm that collapses once in ten: the
seeds that were seen flatter it. So a difference counts only where it would still count if one
more run of the arm that it favours had collapsed.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from reports.answers.claims import BETTER, Measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.answers.arms import Arm, ArmRuns


def figures_of_collapsed(
    arms: Iterable[Arm], genres: Sequence[str], measure: Measure
) -> dict[str, float]:
    """Mean figure of the runs of a genre that collapsed, over all arms; without others."""
    found: dict[str, list[float]] = {genre: [] for genre in genres}
    for arm in arms:
        for genre in genres:
            runs = arm[genre].trained.values() if genre in arm else ()
            found[genre] += [
                run[measure] for run in runs if run[Measure.COLLAPSED] and measure in run
            ]
    return {genre: fmean(values) for genre, values in found.items() if values}


def one_more_collapse(
    differences: Mapping[int, float],
    pair: tuple[Arm, Arm],
    measure: Measure,
    collapsed: Mapping[str, float],
    n_genres: int,
) -> dict[int, float]:
    """Let one more run of the favoured arm collapse: the one that the mean can least spare.

    Parameters
    ----------
    differences
        Seed to the first arm's figure minus the second's, mean over genres, less what it is
        tested against.
    collapsed
        Genre to the figure of a collapsed run: :func:`figures_of_collapsed`. No run of another
        genre is let collapse: nothing is known of what that does there.
    n_genres
        Genres that the mean is over.

    Returns
    -------
    dict
        The differences, one of them nearer to nothing; unchanged where no collapse is harmful.
    """
    total = sum(differences.values())
    towards = -1 if total > 0 else 1
    favours_first = total * BETTER[measure] > 0
    arm, sign = (pair[0], 1) if favours_first else (pair[1], -1)
    found = dict(differences)
    changes = [
        (sign * (figure - run[measure]) / n_genres, seed)
        for genre, figure in collapsed.items()
        for seed, run in _alive(arm[genre], measure)
        if seed in found
    ]
    harmful = [(towards * change, seed) for change, seed in changes if towards * change > 0]
    if harmful:
        harm, seed = max(harmful)
        found[seed] += towards * harm
    return found


def _alive(runs: ArmRuns, measure: Measure) -> list[tuple[int, dict[Measure, float]]]:
    return [
        (seed, run)
        for seed, run in runs.trained.items()
        if not run[Measure.COLLAPSED] and measure in run
    ]
