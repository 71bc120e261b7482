"""The words of single configurations: what changed, and what that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.labels import (
    collapsed,
    count,
    method_label,
    setting_text,
)

if TYPE_CHECKING:
    from reports.answers.configurations import Comparison
    from reports.answers.summaries import ConfigurationSummary


def branch_name(one: Comparison) -> str:
    """Name a configuration by the one setting that it changes; its method where it is one."""
    change = one.changed[0]
    text = setting_text(change.name, change.mine)
    label = method_label(one.mine.method)
    return f"{text} ({label})" if label else text


def states_text(row: ConfigurationSummary) -> str:
    """Say how many seeds ended, and what became of them."""
    parts = [f"{row.n_done} of {count(row.n_planned, 'seed')} done"]
    if row.failures:
        parts.append(f"{len(row.failures)} failed")
    if row.undertrained_seeds:
        parts.append(f"{len(row.undertrained_seeds)} undertrained")
    parts.append(f"collapsed {collapsed(row)}")
    return ", ".join(parts)
