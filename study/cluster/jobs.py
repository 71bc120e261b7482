"""A study on a cluster that runs already: submitted as a Ray Job, followed from here.

The job drives the study there; what it needs of here has gone through the study's home and
ledger before. Following it is only looking: the client may end at any time.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import shlex
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError, UsageError
from study.ledger.record import StudyState

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.job_submission import JobSubmissionClient

    from study.home.studies import Home, Study

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Versions:
    """What a client and a cluster have to share: results depend on it, or the protocol does."""

    musebar: str
    ray: str
    python: str

    @classmethod
    def here(cls) -> Versions:
        """Those of this process."""
        return cls(
            importlib.metadata.version("musebar-study"),
            importlib.metadata.version("ray"),
            ".".join(platform.python_version_tuple()[:2]),
        )

    @classmethod
    def parse(cls, text: str) -> Versions:
        """Read what :meth:`__str__` wrote."""
        return cls(**dict(part.split("=", 1) for part in text.split(",")))

    def __str__(self) -> str:
        return f"musebar={self.musebar},ray={self.ray},python={self.python}"

    def check(self, client: Versions) -> None:
        """Raise :class:`UsageError` unless the client has the same."""
        for name in ("musebar", "ray", "python"):
            there, asked = getattr(self, name), getattr(client, name)
            if there != asked:
                raise UsageError(
                    f"{name} is {asked} on the client and {there} on the cluster: "
                    "install the same on both"
                )


def check_shared(study_name: str, ledger: str, address: str) -> None:
    """Raise :class:`UsageError` unless a cluster can reach the study's ledger."""
    if ledger.startswith("sqlite"):
        raise UsageError(
            f"--address {address}: study '{study_name}' keeps its ledger in SQLite, a file of one "
            "machine; name a database that the cluster reaches, as in "
            "--set storage.ledger=postgresql+psycopg://user@host/database"
        )


def connect(address: str) -> JobSubmissionClient:
    """Connect to a cluster's dashboard.

    Raises
    ------
    UsageError
        If none answers there, it wants another token, or it runs another Ray.
    """
    from ray.job_submission import JobSubmissionClient

    if not address.startswith(("http://", "https://")):
        raise UsageError(
            f"--address {address}: name the cluster's dashboard, as in http://HOST:8265"
        )
    try:
        client = JobSubmissionClient(address)
        there = client._do_request("GET", "/api/version").json()  # noqa: SLF001  no public way
    except Exception as error:  # noqa: BLE001  requests', Ray's and the token's errors alike
        raise UsageError(f"--address {address}: {_cause(error)}") from None
    here = Versions.here()
    Versions(here.musebar, there["ray_version"], here.python).check(here)
    return client


def submit(client: JobSubmissionClient, study: Study, home: Home) -> str:
    """Start the study's driver on the cluster; the job's id.

    Raises
    ------
    StudyError
        If the cluster takes no job.
    """
    location = home.path if "://" in str(home.path) else home.path.resolve()
    entrypoint = shlex.join(
        [
            "musebar",
            "--home",
            str(location),
            "study",
            "resume",
            study.name,
            "--join",
            "--client",
            str(Versions.here()),
        ]
    )
    study.ledger.set_state(study.name, StudyState.SUBMITTED)
    try:
        return str(
            client.submit_job(
                entrypoint=entrypoint,
                submission_id=f"musebar-{study.name}-{uuid.uuid4().hex[:8]}",
                metadata={"study": study.name},
            )
        )
    except (RuntimeError, ConnectionError) as error:
        study.ledger.set_state(study.name, StudyState.STOPPED)
        raise StudyError(f"the cluster took no job: {_cause(error)}") from None


def follow(
    client: JobSubmissionClient, job: str, study: Study, home: Home, echo: Callable[[str], object]
) -> None:
    """Print the job's log until it ends.

    Raises
    ------
    StudyError
        If it ended without finishing the study; its last line says why.
    KeyboardInterrupt
        When the user leaves; the job goes on.
    """
    last = ""

    def show(text: str) -> None:
        nonlocal last
        for line in text.splitlines():
            last = line.strip() or last
            echo(line)

    asyncio.run(_tail(client, job, show))
    while not (status := client.get_job_status(job)).is_terminal():
        time.sleep(POLL_SECONDS)
    state = study.ledger.read_state(study.name)
    if state is StudyState.STOPPED:
        raise StudyError(
            f"study '{study.name}' was stopped; go on with: "
            f"{home.command('study resume', study.name)} --address ADDRESS"
        )
    if state is StudyState.SUBMITTED:  # the job ended before its driver began
        study.ledger.set_state(study.name, StudyState.STOPPED)
    if str(status.value) != "SUCCEEDED":
        raise StudyError(f"job {job} ended as {status.value}: {last or 'it left no log'}")


async def _tail(client: JobSubmissionClient, job: str, show: Callable[[str], None]) -> None:
    """The log as it comes; where the connection breaks, what is missing of it at the end."""
    shown = 0
    try:
        async for text in client.tail_job_logs(job):
            shown += len(text)
            show(text)
    except (RuntimeError, OSError):
        while not client.get_job_status(job).is_terminal():
            await asyncio.sleep(POLL_SECONDS)
        show(client.get_job_logs(job)[shown:])


def _cause(error: BaseException) -> str:
    text = str(error).strip()
    if "ray[default]" in text:
        return (
            "sending jobs takes more of Ray than is installed: pip install 'musebar-study[cluster]'"
        )
    if "401" in text or "403" in text or "token" in text.lower():
        return (
            "the cluster wants its token: put it into ~/.ray/auth_token, or its path into "
            "RAY_AUTH_TOKEN_PATH, with RAY_AUTH_MODE=token"
        )
    if "onnect" in text:
        return "no cluster's dashboard answers there"
    return text.splitlines()[0] if text else type(error).__name__
