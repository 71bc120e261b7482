"""What a page is steered by: its configurations' states and settings, for the reader to filter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.answers.naming import in_order, own_settings
from reports.words import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary

FEWEST = 3
"""Configurations below which there is nothing to filter."""


def steering(rows: Sequence[ConfigurationSummary]) -> Markup | None:
    """Write the states and settings of a page's configurations; None for very few.

    JSON for the page's script: ``settings`` as name, label and values in order; ``rows``
    config_id to name, state and the values.
    """
    by_id = {row.config_id: row for row in rows}
    if len(by_id) < FEWEST:
        return None
    cells = {config_id: row.settings for config_id, row in by_id.items()}
    names = own_settings(list(cells.values()))
    found = {
        "settings": [
            [
                name,
                labels.setting_label(name),
                [labels.value_text(one) for one in in_order(own[name] for own in cells.values())],
            ]
            for name in names
        ],
        "rows": {
            config_id: [
                labels.name_of(row),
                _state(row),
                *(labels.value_text(cells[config_id][name]) for name in names),
            ]
            for config_id, row in sorted(by_id.items())
        },
    }
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (escaped above)


def _state(row: ConfigurationSummary) -> str:
    """What most of a configuration's seeds are: the states of runs, one a configuration."""
    if row.validation is None:
        return "failed"
    if 2 * len(row.undertrained_seeds) > row.n_measured:
        return "undertrained"
    return "collapsed" if row.is_collapsed else "informative"
