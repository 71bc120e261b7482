"""``musebar study status --why``: what was decided about one configuration, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from musebar_core.errors import UnknownNameError, UsageError
from study.ledger.record import StudyState
from study.search.decisions import Decision, DecisionStage, Outcome, decisions
from study.search.evidence import genres_of

if TYPE_CHECKING:
    from study.ledger.record import Record


def explain(name: str, record: Record, state: StudyState, prefix: str, *, as_json: bool) -> str:
    """Tell a configuration's way through a study.

    Parameters
    ----------
    name, record, state
        The study.
    prefix
        A config_id, or its start.

    Raises
    ------
    UnknownNameError
        If no configuration of the study begins so; the nearest is named.
    UsageError
        If several do.
    """
    config_id = _find(name, record, prefix)
    found = [d for d in decisions(record) if d.config_id == config_id]
    found += _choices(name, record, state, config_id)
    if as_json:
        return json.dumps(_as_dict(name, record, config_id, found), allow_nan=False)
    lines = [f"{config_id}  {_settings(record, config_id)}"]
    for genre in genres_of(record):
        lines += ["", genre, *(f"  {line}" for line in _lines(record, genre, config_id, found))]
    return "\n".join(lines)


def _find(name: str, record: Record, prefix: str) -> str:
    known = sorted(record.configurations)
    matches = [config_id for config_id in known if config_id.startswith(prefix.lower())]
    if len(matches) > 1:
        raise UsageError(
            f"--why {prefix}: {len(matches)} configurations of study '{name}' begin so "
            f"({', '.join(matches[:5])}{', ...' if len(matches) > 5 else ''}): type more of it"
        )
    if not matches or not prefix:
        raise UnknownNameError("configuration", prefix, known, f"study '{name}' has none yet")
    return matches[0]


def _lines(record: Record, genre: str, config_id: str, found: list[Decision]) -> list[str]:
    told = [d for d in found if d.genre == genre]
    lines = [f"{_stage(d)}  {d.decision}: {d.reason}" for d in told]
    for phase, (done, failed, collapsed) in _counts(record, genre, config_id).items():
        more = f", {failed} failed" if failed else ""
        more += f", {collapsed} collapsed" if collapsed else ""
        lines.append(f"{phase} seeds  {done} done{more}")
    return lines or ["nothing was decided about it here"]


def _stage(decision: Decision) -> str:
    return (
        f"race, {decision.seeds} seeds" if decision.stage is DecisionStage.RACE else decision.stage
    )


def _counts(record: Record, genre: str, config_id: str) -> dict[str, tuple[int, int, int]]:
    """Done, failed and collapsed seeds by phase."""
    counts: dict[str, tuple[int, int, int]] = {}
    for run, ended in sorted(record.ended.items()):
        if (run.genre, run.config_id) == (genre, config_id):
            done, failed, collapsed = counts.get(run.phase, (0, 0, 0))
            found = ended.metrics.validation
            bad = found is not None and bool(found.collapsed)
            counts[run.phase] = (done + ended.done, failed + (not ended.done), collapsed + bad)
    return counts


def _choices(name: str, record: Record, state: StudyState, config_id: str) -> list[Decision]:
    """What the choice among full counts makes of it, in each genre where it has one."""
    from reports.answers.choice import Choice, choose
    from reports.words.choice import reasons
    from study.results.tables import tables

    frames, found = tables(name, record, state), []
    for genre in genres_of(record):
        choice = choose(frames, genre)
        if not isinstance(choice, Choice):
            continue
        row = next((row for row in choice.pool if row.config_id == config_id), None)
        if row is None:
            continue
        chosen = choice.chosen.config_id == config_id
        reason = " ".join(reasons(choice)) if chosen else f"{choice.chosen.config_id} is chosen"
        when = "" if state is StudyState.FINISHED else " (so far: the study is not finished)"
        decision = Outcome.CHOSEN if chosen else Outcome.NOT_CHOSEN
        bce = None if row.validation is None else row.validation.bce.mean
        found.append(
            Decision(
                genre, config_id, DecisionStage.CHOICE, row.n_done, decision, reason + when, bce
            )
        )
    return found


def _settings(record: Record, config_id: str) -> str:
    from reports.answers.naming import telling
    from reports.words.labels import describe
    from study.spec.sections import Protocol

    configs = list(record.configurations.values())
    told_by = telling(configs, searched=record.spec.search.protocol is Protocol.SEARCH)
    return describe(record.configurations[config_id], told_by[config_id])


def _as_dict(name: str, record: Record, config_id: str, found: list[Decision]) -> dict[str, Any]:
    return {
        "study": name,
        "config_id": config_id,
        "config": json.loads(record.configurations[config_id].canonical_json()),
        "decisions": [asdict(d) for d in found],
    }
