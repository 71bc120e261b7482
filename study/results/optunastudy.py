"""A study's ledger as Optuna studies, for optuna-dashboard: an export, never read back.

One Optuna study a genre, called ``STUDY/GENRE``; one trial a configuration and phase, its value
the mean of each metric of the study's purpose over its seeds; of one metric alone its
intermediate values are the seeds' own.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import optuna
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.trial import TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from musebar_core.errors import StudyError
from musebar_core.metric_table import Direction, metric
from study.ledger.database import parsed, shown
from study.results.columns import SETTING_COLUMNS
from study.spec.sections import Phase
from study.statistics.purposes import GOALS

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

    from study.results.tables import StudyTables


def export(tables: StudyTables, url: str) -> dict[str, int]:
    """Write a study's trials into an Optuna storage; what is there already is not written twice.

    Parameters
    ----------
    tables
        The study.
    url
        A SQLAlchemy URL of the storage, as that of the study's ledger.

    Returns
    -------
    dict
        Trials by name of the Optuna study.

    Raises
    ------
    StudyError
        If the storage cannot be opened or written.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        parsed(url)
        storage = optuna.storages.RDBStorage(url)
        return {
            f"{tables.name}/{genre}": _write(storage, f"{tables.name}/{genre}", tables, rows)
            for genre, rows in tables.results.groupby("genre", sort=True)
        }
    except (SQLAlchemyError, StorageInternalError, ImportError) as error:
        cause = str(getattr(error.__cause__ or error, "orig", error)).splitlines()[0]
        raise StudyError(f"the Optuna storage {shown(url)} failed: {cause}") from error


def objectives(tables: StudyTables) -> list[str]:
    """The validation metrics of the study's purpose; ELBO where not each done run has an NLL."""
    done = tables.results[tables.results.state != "failed"]
    measured = bool(done.validation_nll.notna().all())
    wanted = GOALS[tables.spec.search.purpose].improved
    return ["elbo" if name == "nll" and not measured else name for name in wanted]


def _write(storage: BaseStorage, name: str, tables: StudyTables, rows: pd.DataFrame) -> int:
    wanted = objectives(tables)
    directions = ["maximize" if _more(name) else "minimize" for name in wanted]
    trials = _trials(rows, wanted, tables)
    try:
        there = optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        there = None
    if there is not None:
        if [_content(trial) for trial in there.trials] == [_content(trial) for trial in trials]:
            return len(trials)
        optuna.delete_study(study_name=name, storage=storage)  # a finished trial never changes
    made = optuna.create_study(study_name=name, storage=storage, directions=directions)
    made.set_user_attr("state", str(tables.state))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        made.set_metric_names([f"validation_{metric}" for metric in wanted])
    made.add_trials(trials)
    return len(trials)


def _more(name: str) -> bool:
    return metric(name).direction is Direction.HIGHER


def _trials(rows: pd.DataFrame, wanted: list[str], tables: StudyTables) -> list[FrozenTrial]:
    distributions = _distributions(rows)
    groups = rows.groupby(["phase", "config_id"], sort=False)
    ordered = sorted(groups, key=lambda group: (group[1].finished_at.min(), group[0]))
    return [_trial(group, wanted, distributions, tables) for _, group in ordered]


def _trial(
    rows: pd.DataFrame,
    wanted: list[str],
    distributions: dict[str, BaseDistribution],
    tables: StudyTables,
) -> FrozenTrial:
    first, done = rows.iloc[0], rows[rows.state != "failed"].sort_values("seed")
    whole = len(rows) >= len(tables.spec.seeds_of(Phase(first.phase)))
    means = [done[f"validation_{metric}"].mean() for metric in wanted]
    values = [] if any(map(pd.isna, means)) else list(map(float, means))
    state = TrialState.COMPLETE if values else TrialState.FAIL
    if not whole:
        state = TrialState.RUNNING
    params = {name: value for name in distributions if (value := _plain(first[name])) is not None}
    return create_trial(
        state=state,
        values=values if state == TrialState.COMPLETE else None,
        params=params,
        distributions={name: distributions[name] for name in params},
        intermediate_values=_by_seed(done, wanted[0]) if len(wanted) == 1 else {},
        user_attrs={
            "config_id": str(first.config_id),
            "phase": str(first.phase),
            "method": _plain(first.method),
            "seeds_done": len(done),
            "seeds_failed": len(rows) - len(done),
            "seeds_collapsed": int(done.validation_collapsed.sum()),
        },
    )


def _by_seed(done: pd.DataFrame, metric: str) -> dict[int, float]:
    measured = done[done[f"validation_{metric}"].notna()]
    values = zip(measured.seed.tolist(), measured[f"validation_{metric}"].tolist(), strict=True)
    return {int(seed): float(value) for seed, value in values}


def _distributions(rows: pd.DataFrame) -> dict[str, BaseDistribution]:
    """Ranges of what varies in a genre."""
    found: dict[str, BaseDistribution] = {}
    for column in SETTING_COLUMNS:
        values = [v for v in map(_plain, rows[column.name].unique()) if v is not None]
        if len(values) < 2 and column.name not in {"latent_length", "regularizers"}:
            continue
        if column.dtype == "boolean":
            found[column.name] = CategoricalDistribution(sorted(values))
        elif all(isinstance(v, int) for v in values):
            found[column.name] = IntDistribution(min(values), max(values))
        elif all(isinstance(v, int | float) for v in values):
            found[column.name] = FloatDistribution(min(values), max(values))
        else:
            found[column.name] = CategoricalDistribution(sorted(map(str, values)))
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401  a cell of a table
    """A cell as Python's own; None where it is empty."""
    if pd.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, bool | int | float) else str(value)


def _content(trial: FrozenTrial) -> tuple[object, ...]:
    values = trial.values  # noqa: PD011  Optuna's, not pandas's
    return (trial.state, values, trial.params, trial.user_attrs, trial.intermediate_values)
