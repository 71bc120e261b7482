"""The configurations of a study that its space names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.search import planner

if TYPE_CHECKING:
    from study.results.tables import StudyTables


def named_configurations(tables: StudyTables) -> dict[str, str]:
    """Name to config_id, the paper's methods first; empty for a study of no named space."""
    names = planner.named_of(tables.spec)
    order = [*(name for name in tables.spec.methods if name in names), *names]
    return {name: names[name] for name in order}
