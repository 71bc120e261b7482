"""The words of verdicts on the paper's claims, the same wherever they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.claims import BETTER, COMPARISONS, Answer, Claim, Measure, Open, printed
from reports.words.labels import count, method_label, number, p_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.answers.aggregate import LeftOut
    from reports.answers.claims import ClaimVerdict, Lacking
    from study.statistics.intervals import SeedMean

CLAIMS = {
    Claim.ANNEALING: "annealing against vanilla",
    Claim.BARWISE: "bar-wise regularisation against vanilla",
    Claim.BOTH: "both together against vanilla",
    Claim.BOTH_OVER_ANNEALING: "both against annealing alone",
    Claim.BOTH_OVER_BARWISE: "both against bar-wise alone",
    Claim.CONTROL: "bar-wise against a KL weight below 1 of the same KL",
}

MEASURES = {
    Measure.MI: "more information",
    Measure.KL: "higher KL",
    Measure.BCE: "lower BCE",
    Measure.NLL: "NLL no worse",
    Measure.COLLAPSED: "fewer collapsed",
}

FIGURES = {
    Measure.MI: "MI",
    Measure.KL: "KL",
    Measure.BCE: "BCE",
    Measure.NLL: "NLL",
    Measure.COLLAPSED: "collapsed runs",
}
"""What a measure's figure is called; ``MI`` is its lower bound."""

ANSWERS = {
    Answer.HOLDS: "holds",
    Answer.DOES_NOT: "does not hold",
    Answer.UNDECIDED: "undecided",
    Answer.NOT_TESTED: "not tested",
}

REMEDIES = {
    Claim.ANNEALING: "annealing",
    Claim.BARWISE: "bar-wise regularisation",
    Claim.BOTH: "both together",
}
"""What is held against vanilla: the claims that the paper's own answer rests on."""

WHAT_IT_TAKES = (
    "learning rate 0.01 and the output bias from the pitch frequencies, as in the preset claims, "
    "or thousands of further steps"
)
"""What brings an undertrained method off its plateau."""


REASONS = {
    Open.TOO_FEW_SEEDS: "too few seeds",
    Open.ONE_MORE_COLLAPSE: "would not stand one more collapsed run",
    Open.NO_DIFFERENCE: "no significant difference",
}

COLLAPSE_NOTE = (
    "A mean over few seeds does not see a collapse that is rare: where some run collapsed, a "
    "verdict also has to stand one more collapsed run of the arm that it favours. Where none did, "
    "the tests do not keep their 5% against one arm alone that collapses in one run of ten, far "
    "from its other runs, in one or two genres (simulated: 33% and 11% of studies)."
)


def paper_sentence(found: Sequence[ClaimVerdict]) -> str:
    """Say in one sentence whether the paper's claim holds: more information than vanilla."""
    information = {one.claim: one for one in found if one.measure is Measure.MI}
    rows = [information[claim] for claim in REMEDIES]
    answers = {row.answer for row in rows}
    if answers == {Answer.NOT_TESTED}:
        return f"The paper's claim is not tested: {_reasons(rows)}."
    parts = [
        f"{_names(rows, answer)} {said}"
        for answer, said in (
            (Answer.HOLDS, "carries more information than vanilla"),
            (Answer.DOES_NOT, "carries less"),
        )
        if any(row.answer is answer for row in rows)
    ]
    parts += [
        f"{_effect_of(row)}: {_untested(row)}{reason_text(row)}"
        for row in rows
        if row.answer in {Answer.UNDECIDED, Answer.NOT_TESTED}
    ]
    others = "; ".join(
        f"{MEASURES[measure]}: {_claimed(found, measure)}" for measure in (Measure.BCE, Measure.NLL)
    )
    return f"The paper's claim {_verdict_on(answers)}: {'; '.join(parts)}; {others}."


def control_sentence(found: Sequence[ClaimVerdict]) -> str:
    """Say in one sentence whether bar-wise regularisation is more than a KL weight."""
    rows = [one for one in found if one.claim is Claim.CONTROL]
    information = next(row for row in rows if row.measure is Measure.MI)
    if information.answer is Answer.NOT_TESTED:
        return f"Whether it is more than a KL weight is not tested: {reason_text(information)}."
    held, against = (
        [row for row in rows if row.answer is answer and row.measure is not Measure.NLL]
        for answer in (Answer.HOLDS, Answer.DOES_NOT)
    )
    figures = ", ".join(
        f"{FIGURES[row.measure]} {signed(row.effect)}" for row in rows if row.effect
    )
    at = f"at MuseBar's own KL, MuseBar minus a plain VAE under a KL weight below 1: {figures} nats"
    if held and not against:
        return (
            f"It is more than a KL weight ({_list(MEASURES[row.measure] for row in held)}): {at}."
        )
    if against and not held:
        return f"It is less than a KL weight gives: {at}."
    if held:
        return f"Against a KL weight it gains in one measure and loses in another: {at}."
    return f"It is not shown to be more than a KL weight: {at}."


def why(verdict: ClaimVerdict) -> str:
    """Say what stands behind a verdict: reason, effect and p-values."""
    parts = (reason_text(verdict), effect_text(verdict), p_text(verdict))
    return "; ".join(part for part in parts if part)


def verdict_line(verdict: ClaimVerdict) -> str:
    """Say a verdict in one line: the answer, the effect, the p-values and what they could be."""
    said = why(verdict)
    separator = ": " if verdict.reason else "; "
    answer = ANSWERS[verdict.answer]
    return f"{answer}{separator}{said}" if said else answer


def answer_text(verdict: ClaimVerdict) -> str:
    """``holds``, ``does not hold``, or ``undecided`` and ``not tested`` with their reason."""
    answer = ANSWERS[verdict.answer]
    return f"{answer}: {reason_text(verdict)}" if verdict.reason else answer


def short_reason(verdict: ClaimVerdict) -> str:
    """Say why in a few words, without the arms and genres that it is about."""
    return reason_text(verdict).split(" (")[0]


def reason_text(verdict: ClaimVerdict) -> str:
    """Say why a claim is undecided or not tested; empty where it is neither."""
    return "" if verdict.reason is None else _reason(verdict.reason, verdict)


def _reason(reason: Open, verdict: ClaimVerdict) -> str:
    if reason in REASONS:
        return REASONS[reason]
    n, wanted = verdict.n_seeds, count(verdict.n_wanted, "seed")
    missing = ", ".join(map(method_label, verdict.missing))
    return {
        Open.NOT_MEASURED: f"not measured: {missing}" if missing else "not measured",
        Open.WAITING: f"{n} of {wanted} so far",
        Open.UNDERTRAINED: f"undertrained ({_lacking_text(verdict.lacking)})",
        Open.SEEDS_MISSING: f"too few seeds are done ({_lacking_text(verdict.lacking)})",
        Open.OUT_OF_RANGE: "its mean KL lies between that of no two KL weights",
    }[reason]


def effect_text(verdict: ClaimVerdict) -> str:
    """Say the effect with its interval and seeds; empty where nothing is measured."""
    seeds = count(verdict.n_seeds, "seed")
    if verdict.n_seeds < verdict.n_wanted:
        seeds = f"{verdict.n_seeds} of {count(verdict.n_wanted, 'seed')}"
    if verdict.collapsed is not None and verdict.collapsed.n_runs:
        return f"{short_effect(verdict)}, {seeds}"
    if verdict.effect is None:
        return ""
    margin = "" if verdict.margin is None else f", margin {number(verdict.margin)}"
    return f"{FIGURES[verdict.measure]} {signed(verdict.effect)} nats{margin}, {seeds}"


def short_effect(verdict: ClaimVerdict) -> str:
    """The effect alone: ``+0.17 [+0.10, +0.24]``, or the counts of collapsed runs."""
    counts = verdict.collapsed
    if counts is not None:
        if not counts.n_runs:
            return ""
        return f"{counts.better} against {counts.rival} of {counts.n_runs} runs collapsed"
    return signed(verdict.effect) if verdict.effect else ""


def paper_text(claim: Claim, measure: Measure) -> str:
    """Say what the paper's Table 1 gives overall, at its own scale; empty without it."""
    found = printed(claim, measure)
    if found is None:
        return ""
    better, rival = found
    return f"{better:,g} against {rival:,g} ({better - rival:+,.3g})"


def p_text(verdict: ClaimVerdict) -> str:
    """Say both p-values, and the smallest that so many seeds allow."""
    if verdict.p is None or verdict.adjusted is None or verdict.smallest is None:
        return ""
    return (
        f"p {p_value(verdict.p)}, over all claims {p_value(verdict.adjusted)} "
        f"(smallest possible {p_value(verdict.smallest)})"
    )


def left_out_text(one: LeftOut) -> str:
    """Say why a genre is not put together with the others."""
    if one.method is None:
        return "the joint corpus, whose songs are those of the others"
    return f"{method_label(one.method)} has {one.n_seeds} of {one.n_wanted} seeds"


def signed(mean: SeedMean) -> str:
    """``+0.17 [+0.10, +0.24]``; the interval is left out where one seed gives none."""
    text = f"{mean.mean:+.2f}"
    if mean.interval is None:
        return text
    return f"{text} [{mean.interval[0]:+.2f}, {mean.interval[1]:+.2f}]"


def arms_text(claim: Claim) -> str:
    """Name both arms: ``VAE-BOW minus LSTM-VAE``."""
    arms = COMPARISONS[claim]
    rival = "plain VAE of the same KL" if arms.rival is None else method_label(arms.rival)
    return f"{method_label(arms.better)} minus {rival}"


def direction_text(measure: Measure) -> str:
    """Which side of 0 speaks for a claim."""
    return "right of 0" if BETTER[measure] > 0 else "left of 0"


def _untested(row: ClaimVerdict) -> str:
    return "not tested, " if row.answer is Answer.NOT_TESTED else ""


def _verdict_on(answers: set[Answer]) -> str:
    if answers == {Answer.HOLDS}:
        return "holds"
    if Answer.HOLDS in answers:
        return "holds in part"
    return "does not hold" if Answer.DOES_NOT in answers else "is undecided"


def _names(rows: Sequence[ClaimVerdict], answer: Answer) -> str:
    return _list(_effect_of(row) for row in rows if row.answer is answer)


def _effect_of(row: ClaimVerdict) -> str:
    name = REMEDIES[row.claim]
    return f"{name} ({signed(row.effect)} nats of MI)" if row.effect else name


def _claimed(found: Sequence[ClaimVerdict], measure: Measure) -> str:
    """Which remedies a measure's claim holds for; ``none of them``, or ``not tested``."""
    rows = [one for one in found if one.measure is measure and one.claim in REMEDIES]
    if all(row.answer is Answer.NOT_TESTED for row in rows):
        return ANSWERS[Answer.NOT_TESTED]
    return _list(REMEDIES[row.claim] for row in rows if row.answer is Answer.HOLDS) or (
        "none of them"
    )


def _reasons(rows: Sequence[ClaimVerdict]) -> str:
    lacking = tuple(dict.fromkeys(one for row in rows for one in row.lacking))
    if lacking and any(row.reason is Open.UNDERTRAINED for row in rows):
        return f"undertrained ({_lacking_text(lacking)}); train longer: {WHAT_IT_TAKES}"
    return "; ".join(dict.fromkeys(reason_text(row) for row in rows))


def _lacking_text(lacking: Sequence[Lacking]) -> str:
    """Name the arm that lacks most, and how many others there are; empty for none."""
    if not lacking:
        return ""
    worst = min(lacking, key=lambda one: one.n_trained)
    name = method_label(worst.method) or f"KL weight {worst.weight:g}"
    text = f"{name}, {worst.genre}: {worst.n_trained} of {count(worst.n_done, 'seed')} trained"
    return text if len(lacking) == 1 else f"{text}, and {len(lacking) - 1} more"


def _list(names: Iterable[str]) -> str:
    *first, last = tuple(names) or ("",)
    return f"{', '.join(first)} and {last}" if first else last
