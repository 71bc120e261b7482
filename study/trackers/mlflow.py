"""Seed runs in MLflow: an experiment a study, a run each, told by a tag which is which."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError
from study.ledger.database import shown
from study.trackers.tracked import scalars

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from study.trackers.tracked import Tracked

KEY, WHOLE = "musebar.run", "musebar.whole"
"""Tags: which seed run it is, and whether all of it has been told."""

_AT_ONCE = 500
_LONGEST = 500
"""Metrics of one request, and characters of one value, at most."""


class MLflow:
    """Tells of seed runs that have ended to a tracking server, once each.

    Raises
    ------
    StudyError
        If the server cannot be asked.
    """

    def __init__(self, uri: str, study: str) -> None:
        from mlflow.tracking import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        self._uri = uri
        self._client: MlflowClient = MlflowClient(tracking_uri=uri)
        self._experiment, self._whole = "", set[str]()
        self._try(lambda: self._open(f"musebar/{study}"))

    def tell(self, tracked: Tracked) -> None:
        """Tell of a run that has ended; one that was told of in part is told of afresh."""
        if tracked.ended and tracked.key not in self._whole:
            self._try(lambda: self._tell(tracked))

    def _open(self, name: str) -> None:
        found = self._client.get_experiment_by_name(name)
        self._experiment = found.experiment_id if found else self._client.create_experiment(name)
        token: str | None = ""
        while token is not None:
            page = self._client.search_runs([self._experiment], "", page_token=token or None)
            for run in page:
                if run.data.tags.get(WHOLE) == "1":
                    self._whole.add(run.data.tags.get(KEY, ""))
                elif KEY in run.data.tags:
                    self._client.delete_run(run.info.run_id)
            token = page.token or None

    def _tell(self, tracked: Tracked) -> None:
        from mlflow.entities import Metric, Param, RunTag

        began, finished = (round(1000 * each) for each in (tracked.began, tracked.finished))
        named = tracked.run._asdict() | {"study": tracked.study, "state": tracked.state}
        tags = {KEY: tracked.key, "mlflow.runName": tracked.name} | {
            f"musebar.{name}": str(value) for name, value in {**named, **tracked.facts}.items()
        }
        cut = {name: value[:_LONGEST] for name, value in tags.items()}
        run = self._client.create_run(self._experiment, began, cut, run_name=tracked.name)
        metrics = [
            Metric(name, value, round(1000 * tracked.time_of(row.epoch)), row.epoch)
            for row in tracked.curve
            for name, value in scalars(row).items()
        ]
        metrics += [
            Metric(f"reported_{name}", value, finished, tracked.best_epoch)
            for name, value in tracked.reported.items()
        ]
        params = [Param(name, str(value)[:_LONGEST]) for name, value in tracked.settings.items()]
        self._client.log_batch(run.info.run_id, params=params)
        for first in range(0, len(metrics), _AT_ONCE):
            self._client.log_batch(run.info.run_id, metrics=metrics[first : first + _AT_ONCE])
        self._client.log_batch(run.info.run_id, tags=[RunTag(WHOLE, "1")])
        status = "FAILED" if tracked.state == "failed" else "FINISHED"
        self._client.set_terminated(run.info.run_id, status, finished)
        self._whole.add(tracked.key)

    def _try(self, work: object) -> None:
        import requests
        from mlflow.exceptions import MlflowException

        try:
            work()  # type: ignore[operator]
        except (MlflowException, requests.RequestException, OSError) as error:
            said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise StudyError(f"MLflow at {shown(self._uri)}: {said}") from None
