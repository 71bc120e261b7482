"""Configurations one by one: which were confirmed, what they differ in, how they compare."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.settings import SETTINGS, values
from reports.answers.choice import CHOICE_PHASES
from reports.answers.methods import DEFAULT
from reports.answers.views import one_phase
from study.statistics.intervals import paired_difference
from study.statistics.signflip import sign_flip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.config import Configuration
    from musebar_core.setting import Value
    from reports.answers.summaries import ConfigurationSummary
    from study.statistics.intervals import SeedMean
    from study.statistics.signflip import SignFlip

COMPARED = ("nll", "bce", "kl", "mi_lower")
"""Metrics that two configurations are compared in, on validation."""

FEW, MANY = 40, 200
"""Configurations up to which each is compared with several others, and with three."""


@dataclass(frozen=True)
class Changed:
    """One setting in which two configurations differ."""

    name: str
    mine: Value
    its: Value


@dataclass(frozen=True)
class PairedTest:
    """One configuration minus another in one metric, seed by seed, and the sign-flip test of it."""

    metric: str
    difference: SeedMean
    test: SignFlip


@dataclass(frozen=True)
class Comparison:
    """One configuration against another of its genre.

    Attributes
    ----------
    changed
        Settings in which they differ.
    tests
        In each metric that both measured on shared seeds; mine minus its.
    """

    mine: ConfigurationSummary
    other: ConfigurationSummary
    changed: tuple[Changed, ...]
    tests: tuple[PairedTest, ...]


def confirmed(
    rows: tuple[ConfigurationSummary, ...], wanted: int
) -> tuple[ConfigurationSummary, ...]:
    """Keep the measured configurations of the confirmation or of the methods, one phase each."""
    after = tuple(row for row in rows if row.phase in CHOICE_PHASES and row.validation is not None)
    return one_phase(after, wanted)


def changed(one: Configuration, other: Configuration) -> tuple[Changed, ...]:
    """Name the settings in which two configurations differ, in the table's order.

    What follows from the kind of a schedule is left out where the kinds differ.
    """
    mine, its = values(one), values(other)
    same_kind = mine["annealing"] == its["annealing"]
    return tuple(
        Changed(entry.name, mine[entry.name], its[entry.name])
        for entry in SETTINGS
        if mine[entry.name] != its[entry.name] and (same_kind or not entry.kind_only)
    )


def compare(mine: ConfigurationSummary, other: ConfigurationSummary) -> Comparison:
    """Compare two configurations of a genre."""
    tests = []
    for name in COMPARED:
        if mine.validation is None or other.validation is None:
            break
        difference = paired_difference(mine.validation.metric(name), other.validation.metric(name))
        if difference is not None:
            tests.append(PairedTest(name, difference, sign_flip(difference.values)))
    return Comparison(mine, other, changed(mine.config, other.config), tuple(tests))


def rivals(
    row: ConfigurationSummary,
    rows: Sequence[ConfigurationSummary],
    chosen: ConfigurationSummary | None,
) -> tuple[ConfigurationSummary, ...]:
    """Whom a configuration is compared with: the paper's default, the choice, those most alike.

    Of many configurations fewer each: what is worth comparing stays, and a page stays small.
    """
    first = [one for one in rows if one.method == DEFAULT]
    if chosen is not None:
        first += [one for one in rows if one.config_id == chosen.config_id]
    if len(rows) <= MANY:
        most = 8 if len(rows) <= FEW else 3
        alike = sorted(rows, key=lambda one: (_n_changed(row, one), one.config_id))
        first += alike[: most + 1]
    by_id = {one.config_id: one for one in first if one.config_id != row.config_id}
    return tuple(by_id.values())


def _n_changed(one: ConfigurationSummary, other: ConfigurationSummary) -> int:
    mine, its = one.settings, other.settings
    return sum(map(operator.ne, mine.values(), its.values()))


@dataclass(frozen=True)
class Forest:
    """A reference, and every configuration that changes one thing of it.

    Attributes
    ----------
    branches
        Each with its one change, as comparisons in which ``mine`` is the changed configuration;
        in the order of the settings.
    """

    reference: ConfigurationSummary
    branches: tuple[Comparison, ...]


FEWEST_BRANCHES = 3
"""Configurations with one change below which there is no forest to draw."""


def forest(
    rows: Sequence[ConfigurationSummary], chosen: ConfigurationSummary | None
) -> Forest | None:
    """Gather what one change does: to the choice, or where an ablation was run, to its reference.

    The reference is the configuration from which most others differ in one setting, where those
    are twice as many as differ so from the choice; otherwise the choice. None where fewer than
    :data:`FEWEST_BRANCHES` differ so from either.
    """
    of = {row.config_id: row for row in rows}
    near = _neighbours(rows)
    if not near:
        return None
    hub = max(sorted(near), key=lambda one: len(near[one]))
    own = chosen.config_id if chosen is not None and chosen.config_id in of else hub
    name = hub if len(near[hub]) >= 2 * len(near[own]) else own
    if len(near[name]) < FEWEST_BRANCHES:
        return None
    found = [compare(of[one], of[name]) for one in near[name]]
    order = [entry.name for entry in SETTINGS]
    found.sort(key=lambda one: (order.index(one.changed[0].name), str(one.changed[0].mine)))
    return Forest(of[name], tuple(found))


def _neighbours(rows: Sequence[ConfigurationSummary]) -> dict[str, list[str]]:
    """Config_id to those that differ from it in one setting alone.

    Found by what is left without each setting: two configurations that agree on all the rest
    share that key.
    """
    own = {row.config_id: row.settings for row in rows}
    found: dict[str, set[str]] = {config_id: set() for config_id in own}
    for entry in SETTINGS:
        groups: dict[tuple[Value, ...], list[str]] = {}
        moving = _moving(entry.name)
        fixed = [one.name for one in SETTINGS if one.name not in moving]
        for config_id, cells in own.items():
            groups.setdefault(tuple(cells[name] for name in fixed), []).append(config_id)
        for group in groups.values():
            for one in group:
                value = own[one][entry.name]
                found[one].update(each for each in group if own[each][entry.name] != value)
    return {one: sorted(others) for one, others in found.items()}


def _moving(name: str) -> set[str]:
    """A setting, and what its own value alone decides."""
    return {name, *(one.name for one in SETTINGS if one.kind_only and name == "annealing")}
