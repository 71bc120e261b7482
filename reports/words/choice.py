"""The words of a choice: how it was come by, step by step, or how far it is from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.choice import Caution, Prefer, Tiebreak, validation
from reports.words.labels import METHODS, count, metric_label, number
from study.results.tables import StudyState
from study.statistics.eligibility import most_collapsed

if TYPE_CHECKING:
    from reports.answers.choice import Choice, Shortfall

RULES = {
    Tiebreak.LATENT_LENGTH: "smallest latent length",
    Tiebreak.REGULARIZERS: "fewest regularizers",
    Tiebreak.SCHEDULE: "schedule that stands first",
    Tiebreak.CONFIG_ID: "config_id that sorts first",
}


def reasons(choice: Choice) -> tuple[str, ...]:
    """Say how a configuration was chosen, a sentence a step."""
    match choice.prefer:
        case Prefer.BCE:
            tie = () if choice.tiebreak is None else (_tie(choice, choice.tiebreak),)
            return (_pool(choice), _best(choice), *tie)
        case Prefer.INFORMATION:
            return (_pool(choice), _most_informative(choice))


def choice_warnings(choice: Choice) -> tuple[str, ...]:
    """Say what to know of a choice before trusting it."""
    return tuple(choice_warning(caution, choice) for caution in choice.cautions)


def choice_warning(caution: Caution, choice: Choice) -> str:
    """Say one of the choice's own cautions."""
    if caution is Caution.NONE_ELIGIBLE:
        which = "the only one" if choice.n_full == 1 else f"each of the {choice.n_full}"
        return (
            f"No configuration is eligible: {which} with a full count collapsed in "
            "more than one seed of five. The choice below ignores collapse."
        )
    why = (
        "The Markov baseline is not recorded"
        if choice.markov is None
        else f"No configuration's mean validation BCE beats {_markov(choice.markov)}"
    )
    return f"{why}: the highest mi_lower was taken among all of them."


def shortfall_text(one: Shortfall, musebar: str = "musebar") -> str:
    """Say why nothing can be chosen yet and how to go on; commands begin with ``musebar``."""
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
    return (
        f"{count(choice.n_full, 'configuration')} {have}; {choice.n_eligible} of them eligible "
        f"(at most {most_collapsed(wanted)} of {wanted} collapsed on validation)."
    )


def _all_seeds(wanted: int, whose: str = "its") -> str:
    return f"{whose} one seed" if wanted == 1 else f"all {wanted} seeds"


def _best(choice: Choice) -> str:
    best = choice.pool[0]
    bce = validation(best).bce
    spread = (
        "one seed, so its standard error is unknown"
        if bce.standard_error is None
        else f"standard error over its seeds {number(bce.standard_error)}"
    )
    return f"Lowest mean validation BCE: {best.config_id} at {number(bce.mean)} ({spread})."


def _tie(choice: Choice, rule: Tiebreak) -> str:
    chosen = choice.chosen
    model = chosen.config.model
    values = {
        Tiebreak.LATENT_LENGTH: str(model.latent_length),
        Tiebreak.REGULARIZERS: str(model.regularizers),
        Tiebreak.SCHEDULE: str(chosen.config.annealing.kind),
        Tiebreak.CONFIG_ID: chosen.config_id,
    }
    error = validation(choice.pool[0]).bce.standard_error
    lie = "lie within one standard error of it" if error else "have this same mean"
    return (
        f"{len(choice.tied)} configurations {lie}; among them the "
        f"{RULES[rule]} ({values[rule]}) decides for {chosen.config_id}."
    )


def _most_informative(choice: Choice) -> str:
    among = "all of them"
    if choice.markov is not None and choice.n_beating:
        verb = "beats" if choice.n_beating == 1 else "beat"
        among = f"{choice.n_beating} that {verb} {_markov(choice.markov)} in BCE"
    mi = validation(choice.chosen).mi_lower
    return (
        f"Highest mean validation mi_lower among {among}: "
        f"{choice.chosen.config_id} at {number(mi.mean)} nats."
    )


def _markov(bce: float) -> str:
    return f"the Markov baseline ({number(bce)})"
