"""The words of a choice: how it was come by, step by step, or how far it is from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from musebar_core.settings import setting
from musebar_core.size import n_parameters
from reports.answers.choice import Caution, Tiebreak, validation
from reports.answers.headline import Verdict
from reports.answers.unchosen import NothingWorks, Remedy
from reports.words.labels import (
    METHODS,
    brief,
    count,
    method_label,
    metric_label,
    number,
    setting_label,
    value_text,
    with_interval,
)
from reports.words.purposes import purpose_text, rule_text
from study.results.tables import StudyState

if TYPE_CHECKING:
    from reports.answers.choice import Better, Choice
    from reports.answers.headline import Headline, Settled
    from reports.answers.unchosen import Shortfall

RULES = {
    Tiebreak.COLLAPSED: "fewest collapsed seeds",
    Tiebreak.PARAMETERS: "smallest model",
    Tiebreak.CONFIG_ID: "ID that sorts first",
}

REMEDIES = {
    Remedy.OUTPUT_BIAS: "start the output bias at the pitch frequencies "
    "(`--set training.output_bias=true`): none of them did",
    Remedy.LEARNING_RATE: "raise the learning rate (`--set training.learning_rate=0.01`): "
    "none of them learned so fast",
    Remedy.EPOCHS: "train longer (`--set training.epochs=N`)",
}
"""What to do where nothing is trained."""

NEXT_OF_COLLAPSE = (
    "Next: search a higher input dropout or free nats (search.choices), which keep a code in use"
)
"""What to do where no seed of the choice kept its code."""


def verdict_text(found: Headline) -> str:
    """Say how an answer begins: ``use this`` or ``any of 5``."""
    match found.verdict:
        case Verdict.ANY_OF:
            return f"any of {len(found.members)}"
        case Verdict.USE_THIS | Verdict.NOTHING_WORKS:
            return str(found.verdict)
        case unknown:
            assert_never(unknown)


def settled_text(found: Headline) -> str:
    """Say of several that will do what is settled, what is free, and how many are unsteady.

    Empty for one alone.
    """
    settled, free = settled_parts(found)
    parts = (
        settled and f"settled: {settled}",
        free and f"free, as among all candidates: {free}",
        unsteady_text(found),
    )
    return "; ".join(part for part in parts if part)


def unsteady_text(found: Headline) -> str:
    """Say how many of several that will do collapse often; empty where none does."""
    if not found.collapsed:
        return ""
    verb = "collapses" if found.collapsed == 1 else "collapse"
    return f"{found.collapsed} of these {len(found.members)} {verb} in over one seed of five"


def settled_parts(found: Headline) -> tuple[str, str]:
    """What is settled, setting by setting, and what is free; both empty for one alone."""
    n = len(found.members)
    if n < 2:
        return "", ""
    settled = [_settled(one, n) for one in found.settings if not one.free]
    free = [_free(one) for one in found.settings if one.free]
    return "; ".join(settled), ", ".join(free)


def _settled(one: Settled, n: int) -> str:
    share = f"all {n}" if one.k == n else f"{one.k} of {n}"
    return f"{setting(one.name).label} {_values(one)} ({share})"


def _free(one: Settled) -> str:
    label = setting_label(one.name)
    return label if one.whole else f"{label} {_values(one)}"


def _values(one: Settled) -> str:
    return " or ".join(value_text(value) for value in one.values)


def reasons(choice: Choice) -> tuple[str, ...]:
    """Say how a configuration was chosen, a sentence a step."""
    tie = () if choice.tiebreak is None else (_tie(choice, choice.tiebreak),)
    return (f"Asked for {purpose_text(choice.aim)}.", _pool(choice), rule_text(choice), *tie)


def choice_warnings(choice: Choice) -> tuple[str, ...]:
    """Say what to know of a choice before trusting it."""
    return tuple(choice_warning(caution, choice) for caution in choice.cautions)


def choice_warning(caution: Caution, choice: Choice) -> str:
    """Say one of the choice's own cautions."""
    match caution:
        case Caution.DEFAULT_BETTER:
            own = [one for one in choice.better if one.is_default]
            return f"The paper's default is better: {' and '.join(map(_better, own))}."
        case Caution.OTHER_BETTER:
            return _others([one for one in choice.better if not one.is_default])
        case Caution.RATE_UNMET:
            return (
                f"No configuration keeps to the rate of {choice.ranking.rate:g} nats: this one "
                "comes closest for its BCE."
            )
        case Caution.NLL_UNMEASURED:
            return (
                "NLL was not measured on all seeds: -ELBO stands for it, an upper bound that "
                "informative codes lie further below."
            )
        case _:
            return str(caution)


def _better(one: Better) -> str:
    price = ""
    if one.price is not None:
        paid_in = metric_label(one.price_metric)
        price = f", but {with_interval(one.price)} nats worse in {paid_in}"
    name = method_label(one.row.method) or brief(one.row)
    return (
        f"{one.row.config_id} ({name}) by {with_interval(one.difference)} nats in validation "
        f"{metric_label(one.metric)}{price}"
    )


def _others(found: list[Better]) -> str:
    first = found[0]
    n = len({one.row.config_id for one in found})
    if n == 1:
        return f"Another is better by more than two paired standard errors: {_better(first)}."
    return (
        f"{n} others are better by more than two paired standard errors in one metric; "
        f"first {_better(first)}."
    )


def shortfall_text(one: Shortfall | NothingWorks, musebar: str = "musebar") -> str:
    """Say why nothing can be chosen yet and how to go on; commands begin with ``musebar``."""
    if isinstance(one, NothingWorks):
        return nothing_works_text(one)
    if one.unmeasured:
        needed = " and ".join(map(metric_label, one.unmeasured))
        return f"no configuration of '{one.genre}' has {needed} measured on all seeds"
    head = f"no configuration has {_all_seeds(one.n_wanted)} yet"
    if one.most is None:
        return f"{head}: no confirmation run of '{one.genre}' has ended (study {one.state})"
    most = one.most
    name = f" ({METHODS[most.method]})" if most.method in METHODS else ""
    text = f"{head}: {most.config_id}{name} has most, {most.n_measured} of {one.n_wanted}"
    if one.n_failed:
        text += f"; {count(one.n_failed, 'run')} failed"
    return f"{text} (study {one.state}{_go_on(one, musebar)})"


def nothing_works_text(one: NothingWorks) -> str:
    """Say that every configuration is undertrained, and what to do next."""
    bce = validation(one.closest).bce.mean
    which = "the only configuration" if one.n_full == 1 else f"all {one.n_full} configurations"
    return (
        f"{Verdict.NOTHING_WORKS}: {which} of '{one.genre}' with {_all_seeds(one.n_wanted)} "
        f"{'is' if one.n_full == 1 else 'are'} undertrained, no better than the Markov chain "
        f"(validation BCE {number(one.markov)}; closest {one.closest.config_id} at {number(bce)}). "
        f"Next: {'; '.join(REMEDIES[remedy] for remedy in one.remedies)}"
    )


def _go_on(one: Shortfall, musebar: str) -> str:
    if one.state is StudyState.FINISHED:
        return ""
    verb = "watch" if one.state is StudyState.RUNNING else "resume"
    return f": `{musebar} study {verb} {one.study}`"


def _pool(choice: Choice) -> str:
    wanted = choice.n_wanted
    have = (
        f"has {_all_seeds(wanted)}" if choice.n_full == 1 else f"have {_all_seeds(wanted, 'their')}"
    )
    text = f"{count(choice.n_full, 'configuration')} {have}"
    if choice.n_undertrained:
        text += f"; {choice.n_undertrained} of them undertrained, which are no candidates"
    return f"{text}."


def _all_seeds(wanted: int, whose: str = "its") -> str:
    return f"{whose} one seed" if wanted == 1 else f"all {wanted} seeds"


def _tie(choice: Choice, rule: Tiebreak) -> str:
    chosen = choice.chosen
    values = {
        Tiebreak.COLLAPSED: f"{chosen.collapsed} of {count(chosen.n_measured, 'seed')}",
        Tiebreak.PARAMETERS: f"{n_parameters(chosen.config.model):,} weights",
        Tiebreak.CONFIG_ID: chosen.config_id,
    }
    return (
        f"{len(choice.tied)} configurations lie within one paired standard error of it; among them "
        f"the {RULES[rule]} ({values[rule]}) decides for {chosen.config_id}."
    )
