"""Cluster files, checked before money is spent."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from musebar_core.errors import UsageError
from search_spaces.yamlfile import read_mapping

if TYPE_CHECKING:
    from pathlib import Path


def check(file: Path) -> dict[str, Any]:
    """Check a Ray cluster launcher's file.

    Ray's own schema first, then what it lets through: minima over maxima and a head type that
    is not defined.

    Returns
    -------
    dict
        Node types of the file.

    Raises
    ------
    UsageError
        If anything in it is wrong.
    """
    content = read_mapping(file, "cluster file")
    _check_with_ray(file, content)
    types = content.get("available_node_types") or {}
    head = content.get("head_node_type")
    if types and head not in types:
        raise UsageError(
            f"{file}: head_node_type '{head}' is not among available_node_types "
            f"({', '.join(types)})"
        )
    for name, kind in types.items():
        low, high = kind.get("min_workers", 0), kind.get("max_workers", content.get("max_workers"))
        if high is not None and low > high:
            raise UsageError(f"{file}: {name}: min_workers {low} is over max_workers {high}")
    return dict(types)


def _check_with_ray(file: Path, content: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    logging.getLogger("ray.autoscaler").setLevel(logging.ERROR)
    try:
        validate_config(prepare_config(copy.deepcopy(content)))
    except Exception as error:  # noqa: BLE001  Ray raises what its parts raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{file}: {reason}") from None
