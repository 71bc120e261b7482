"""The words of verdicts on the paper's claims, the same wherever they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.methods import VANILLA
from reports.answers.paper import reported
from reports.answers.verdicts import RIVALS, Answer, Claim, Open
from reports.words.labels import count, method_label, p_value, percent, with_interval

if TYPE_CHECKING:
    from reports.answers.aggregate import LeftOut
    from reports.answers.verdicts import ClaimVerdict

CLAIMS = {
    Claim.ANNEALING: "annealing beats vanilla",
    Claim.BARWISE: "bar-wise regularisation beats vanilla",
    Claim.BOTH: "both together are best",
    Claim.COLLAPSE: "vanilla collapses",
}

ANSWERS = {
    Answer.HOLDS: "holds",
    Answer.DOES_NOT: "does not hold",
    Answer.UNDECIDED: "undecided",
}


def place(verdict: ClaimVerdict) -> str:
    """Genre of a verdict, or ``all genres``."""
    return verdict.genre or "all genres"


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
    """``holds``, ``does not hold`` or ``undecided: too few seeds``."""
    answer = ANSWERS[verdict.answer]
    return f"{answer}: {reason_text(verdict)}" if verdict.answer is Answer.UNDECIDED else answer


def reason_text(verdict: ClaimVerdict) -> str:
    """Say why a claim is undecided; empty where it is not."""
    match verdict.reason:
        case None:
            return ""
        case Open.NOT_MEASURED:
            return f"not measured: {', '.join(map(method_label, verdict.missing))}"
        case Open.WAITING:
            return f"{verdict.n_seeds} of {verdict.n_wanted} seeds"
        case Open.TOO_FEW_SEEDS:
            return "too few seeds"
        case Open.NO_DIFFERENCE:
            return "no significant difference"


def effect_text(verdict: ClaimVerdict) -> str:
    """Say the effect with its interval and seeds; empty where nothing is measured."""
    seeds = count(verdict.n_seeds, "seed")
    if verdict.n_seeds < verdict.n_wanted:
        seeds = f"{verdict.n_seeds} of {count(verdict.n_wanted, 'seed')}"
    if verdict.claim is Claim.COLLAPSE:
        share = verdict.share
        if share is None:
            return ""
        low, high = share.interval
        where = "" if verdict.genre else " in more than half of the genres"
        return (
            f"{share.collapsed} of {count(share.n_seeds, 'seed')} collapsed{where}, "
            f"{percent(share.collapsed / share.n_seeds)} [{percent(low)}, {percent(high)}]"
        )
    if verdict.effect is None:
        return ""
    rival = method_label(verdict.rival)
    return f"BCE {with_interval(verdict.effect)} nats against {rival}, {seeds}"


def paper_text(verdict: ClaimVerdict) -> str:
    """Say what the paper's Table 1 gives for the same, at its own scale; empty without one."""
    rows = reported(verdict.genre or "overall")
    if not rows:
        return ""
    if verdict.claim is Claim.COLLAPSE:
        kl, mi = rows[VANILLA].kl, rows[VANILLA].mi
        return "" if kl is None or mi is None else f"KL {kl:g}, MI {mi:g}"
    name, rivals = RIVALS[verdict.claim]
    rival = min(rivals, key=lambda one: rows[one].bce)
    return (
        f"BCE {rows[name].bce:,.0f} against {rows[rival].bce:,.0f} of {method_label(rival)} "
        f"({rows[name].bce - rows[rival].bce:+,.0f})"
    )


def p_text(verdict: ClaimVerdict) -> str:
    """Say both p-values, and the smallest that so many seeds allow."""
    if verdict.p is None or verdict.adjusted is None:
        return ""
    return (
        f"p {p_value(verdict.p)}, after Holm {p_value(verdict.adjusted)} (smallest possible "
        f"{p_value(verdict.smallest or 1)} and {p_value(verdict.smallest_adjusted or 1)})"
    )


def left_out_text(one: LeftOut) -> str:
    """Say why a genre is not put together with the others."""
    if one.method is None:
        return "the joint corpus, whose songs are those of the others"
    return f"{method_label(one.method)} has {one.n_seeds} of {one.n_wanted} seeds"
