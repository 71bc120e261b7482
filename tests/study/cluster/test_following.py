"""A study's job sent and followed, by a client of the test's own: what is asked, said, recorded.

A real cluster's answers are those of ``test_jobs.py``.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from musebar_core.errors import StudyError, UsageError
from study.cluster import jobs
from study.cluster.jobs import Versions
from study.home.studies import Home
from study.ledger.record import StudyState

ADDRESS = "http://head:8265"


class Client:
    """Answers as a cluster would, and remembers what it was asked."""

    def __init__(self, *states, log=(), breaks_at=None, error=RuntimeError):
        self.states, self.log, self.breaks_at = list(states), list(log), breaks_at
        self.error = error
        self.submitted, self.looks, self.over = [], 0, False

    def submit_job(self, **asked):
        self.submitted.append(asked)
        return asked["submission_id"]

    def get_job_status(self, job):
        self.looks += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self.over = state in {"SUCCEEDED", "FAILED", "STOPPED"}
        return SimpleNamespace(value=state, is_terminal=lambda: self.over)

    def get_job_logs(self, job):
        return "".join(self.log if self.over else self.log[: self.breaks_at])

    async def tail_job_logs(self, job):
        for number, text in enumerate(self.log):
            if number == self.breaks_at:
                raise self.error("the connection broke")
            yield text


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "studies")


@pytest.fixture
def study(home, tiny_spec):
    made = home.create(tiny_spec())
    yield made
    made.ledger.close()


@pytest.fixture
def waits(monkeypatch):
    """Seconds that were waited, none of which pass."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    monkeypatch.setattr(jobs, "time", SimpleNamespace(sleep=found.append))
    monkeypatch.setattr(jobs.asyncio, "sleep", sleep)
    return found


@pytest.mark.parametrize("name", ["musebar", "ray", "python"])
def test_each_part_of_the_versions_has_to_be_the_same(name):
    same = {"musebar": "1", "ray": "2", "python": "3.11"}
    Versions(**same).check(Versions(**same))
    with pytest.raises(UsageError, match=f"^{name} is there on the client and "):
        Versions(**same).check(Versions(**same | {name: "there"}))


def test_of_a_python_the_first_two_numbers_count():
    major, minor, _ = platform.python_version_tuple()
    assert Versions.here().python == f"{major}.{minor}"


def test_only_a_ledger_in_a_file_is_out_of_a_clusters_reach():
    for ledger in ("sqlite", "sqlite:////a/b.sqlite"):
        with pytest.raises(UsageError, match=f"^--address {ADDRESS}: study 'tiny' keeps"):
            jobs.check_shared("tiny", ledger, ADDRESS)
    jobs.check_shared("tiny", "postgresql+psycopg://me@host/db", ADDRESS)


@pytest.fixture
def dashboard(monkeypatch):
    """What the cluster's dashboard answers, or raises."""
    asked = []

    def answers(version):
        def request(method, path):
            asked.append((method, path))
            if isinstance(version, Exception):
                raise version
            return SimpleNamespace(json=lambda: {"ray_version": version})

        def client(address):
            asked.append(address)
            return SimpleNamespace(_do_request=request)

        monkeypatch.setattr("ray.job_submission.JobSubmissionClient", client)
        return asked

    return answers


@pytest.mark.parametrize("address", [ADDRESS, "https://head"])
def test_a_cluster_of_the_same_ray_is_connected_to(dashboard, address):
    asked = dashboard(Versions.here().ray)
    assert jobs.connect(address) is not None
    assert asked == [address, ("GET", "/api/version")]


def test_a_cluster_of_another_ray_is_refused(dashboard):
    dashboard("1.0.0")
    with pytest.raises(UsageError, match=r"^ray is .* on the client and 1\.0\.0 on the cluster"):
        jobs.connect(ADDRESS)


@pytest.mark.parametrize("address", ["head:8265", "ray://head:10001", "ftp://head", "auto"])
def test_an_address_that_is_no_dashboards_is_refused_unasked(dashboard, address):
    asked = dashboard(Versions.here().ray)
    with pytest.raises(UsageError, match=r"name the cluster's dashboard, as in http://HOST:8265"):
        jobs.connect(address)
    assert asked == []


TOKEN = (
    "the cluster wants its token: put it into ~/.ray/auth_token, or its path into "
    "RAY_AUTH_TOKEN_PATH, with RAY_AUTH_MODE=token"
)
SAID = [
    ("status code 401: no", TOKEN),
    ("status code 403: no", TOKEN),
    ("Invalid Token", TOKEN),
    ("Failed to connect to Ray", "no cluster's dashboard answers there"),
    ("Connection refused", "no cluster's dashboard answers there"),
    ("install ray[default] to connect", "pip install 'musebar-study[cluster]'"),
    ("  out of luck\nand more", "out of luck"),
    ("", "ValueError"),
]


@pytest.mark.parametrize(("words", "said"), SAID)
def test_what_a_cluster_refuses_with_is_said_in_a_line(dashboard, words, said):
    dashboard(ValueError(words))
    with pytest.raises(UsageError) as caught:
        jobs.connect(ADDRESS)
    assert str(caught.value).startswith(f"--address {ADDRESS}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_job_resumes_the_study_where_its_home_is(study, home):
    client = Client()
    job = jobs.submit(client, study, home)
    (asked,) = client.submitted
    assert shlex.split(asked["entrypoint"]) == [
        *("musebar", "--home", str(home.path.resolve()), "study", "resume", "tiny", "--join"),
        *("--client", str(Versions.here())),
    ]
    assert job == asked["submission_id"]
    assert re.fullmatch("musebar-tiny-[0-9a-f]{8}", job)
    assert asked["metadata"] == {"study": "tiny"}
    assert study.ledger.read_state("tiny") is StudyState.SUBMITTED


def test_a_home_beside_the_client_is_told_whole_and_one_at_a_url_as_it_is(
    study, home, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    client = Client()
    jobs.submit(client, study, Home(Path("studies")))
    jobs.submit(client, study, SimpleNamespace(path="s3://bucket/my studies"))
    told = [shlex.split(asked["entrypoint"])[2] for asked in client.submitted]
    assert told == [str(home.path.resolve()), "s3://bucket/my studies"]


@pytest.mark.parametrize("error", [RuntimeError("the queue is full"), ConnectionError("broken")])
def test_where_the_cluster_takes_no_job_the_study_is_not_submitted(study, home, error):
    client = Client()

    def refuse(**_):
        raise error

    client.submit_job = refuse
    with pytest.raises(StudyError, match=f"^the cluster took no job: {error}$"):
        jobs.submit(client, study, home)
    assert study.ledger.read_state("tiny") is StudyState.STOPPED


def followed(client, study, home):
    echoed = []
    jobs.follow(client, "job-1", study, home, echoed.append)
    return echoed


def test_a_job_is_followed_line_by_line_until_it_ends(study, home, waits):
    study.ledger.set_state("tiny", StudyState.FINISHED)
    client = Client("RUNNING", "RUNNING", "SUCCEEDED", log=["one\ntwo\n", "three\n"])
    assert followed(client, study, home) == ["one", "two", "three"]
    assert (waits, client.looks) == ([1.0, 1.0], 3)
    assert study.ledger.read_state("tiny") is StudyState.FINISHED


@pytest.mark.parametrize("error", [RuntimeError, ConnectionResetError])
def test_a_log_whose_connection_breaks_is_told_whole_once_the_job_has_ended(
    study, home, waits, error
):
    study.ledger.set_state("tiny", StudyState.FINISHED)
    client = Client(
        "RUNNING", "SUCCEEDED", log=["one\n", "two\n", "three\n"], breaks_at=2, error=error
    )
    assert followed(client, study, home) == ["one", "two", "three"]
    assert waits == [1.0]


@pytest.mark.parametrize(
    ("log", "last"),
    [(["begun\n", "no room\n", "  \n"], "no room"), ([], "it left no log")],
)
@pytest.mark.parametrize("state", ["FAILED", "STOPPED"])
def test_a_job_that_failed_says_its_last_line(study, home, waits, state, log, last):
    study.ledger.set_state("tiny", StudyState.RUNNING)
    with pytest.raises(StudyError, match=f"^job job-1 ended as {state}: {last}$"):
        followed(Client(state, log=log), study, home)
    assert study.ledger.read_state("tiny") is StudyState.RUNNING
    assert waits == []


def test_a_job_that_ended_before_its_driver_began_leaves_the_study_stopped(study, home, waits):
    study.ledger.set_state("tiny", StudyState.SUBMITTED)
    with pytest.raises(StudyError, match="ended as FAILED: no such file"):
        followed(Client("FAILED", log=["no such file\n"]), study, home)
    assert study.ledger.read_state("tiny") is StudyState.STOPPED


def test_a_study_that_was_stopped_says_how_to_go_on(study, home, waits):
    study.ledger.set_state("tiny", StudyState.STOPPED)
    with pytest.raises(StudyError) as caught:
        followed(Client("FAILED", log=["stopped\n"]), study, home)
    assert str(caught.value) == (
        "study 'tiny' was stopped; go on with: "
        f"{home.command('study resume', 'tiny')} --address ADDRESS"
    )


def test_versions_are_told_in_a_line_and_read_from_it():
    told = "musebar=0.1=a,ray=2.60.0,python=3.11"
    assert Versions.parse(told) == Versions("0.1=a", "2.60.0", "3.11")
    assert str(Versions.parse(told)) == told


def test_the_versions_here_are_those_of_the_packages():
    import ray

    here = Versions.here()
    assert (here.musebar, here.ray) == (
        importlib.metadata.version("musebar-study"),
        ray.__version__,
    )


def test_another_version_is_told_with_whose_it_is_and_what_to_do():
    with pytest.raises(UsageError) as caught:
        Versions("1", "2", "3.11").check(Versions("1", "9", "3.11"))
    assert str(caught.value) == (
        "ray is 9 on the client and 2 on the cluster: install the same on both"
    )


def test_a_ledger_that_no_cluster_reaches_is_told_with_one_that_it_does():
    with pytest.raises(
        UsageError, match=r"--set storage\.ledger=postgresql\+psycopg://user@host/da"
    ):
        jobs.check_shared("tiny", "sqlite", ADDRESS)
