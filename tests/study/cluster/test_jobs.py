"""Studies on a real Ray cluster: submitted, followed, left, stopped and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pandas as pd
import pytest

from musebar_core.errors import UsageError
from study.cluster.jobs import Versions, connect
from tests.conftest import PATIENCE, TINY, musebar_command
from tests.raynodes import Node, environment


def test_another_version_on_the_cluster_is_named_in_one_line():
    client = Versions("0.1.0", "2.60.0", "3.11")
    assert Versions.parse(str(client)) == client
    client.check(client)
    with pytest.raises(UsageError, match=r"^ray is 2\.60\.0 on the client and 2\.61\.0 on the clu"):
        Versions("0.1.0", "2.61.0", "3.11").check(client)


def test_an_installation_without_jobs_names_the_extra(monkeypatch):
    monkeypatch.setattr("ray.dashboard.modules.job.sdk.requests", None)  # as without ray[default]
    with pytest.raises(UsageError, match=r"pip install 'musebar-study\[cluster\]'"):
        connect("http://127.0.0.1:8265")


def test_a_cluster_needs_a_ledger_that_it_reaches(musebar, tiny):
    done = musebar("study", "launch", "search", *tiny(), "--address", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "storage.ledger=postgresql" in done.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1:8265", "http://HOST:8265"), ("http://127.0.0.1:9", "no cluster's dashboard")],
)
def test_an_address_where_no_cluster_is_is_a_usage_error(address, expected):
    from study.cluster import jobs

    with pytest.raises(UsageError, match=expected):
        jobs.connect(address)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, object_storage):
    """A head with two CPUs, its home in object storage, its token and the bucket's keys."""
    folder = tmp_path_factory.mktemp("cluster")
    env = environment(
        folder,
        **object_storage.environment,
        MUSEBAR_HOME="s3://bucket/studies",
        PGPASSFILE=str(folder / "pgpass"),
    )
    head = Node(env, num_cpus=2)
    try:
        head.wait_for_dashboard(env)
        yield head, env, folder
    finally:
        head.kill()


@pytest.fixture
def run(cluster):
    _, env, folder = cluster

    def start(*arguments, wait=True, **more):
        process = subprocess.Popen(
            [*musebar_command(), *map(str, arguments)],
            cwd=folder,
            env=env | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        if not wait:
            return process
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return start


def launch(music, cluster, url, name, **changes):
    from sqlalchemy import make_url

    parsed = make_url(url)
    plain = parsed._replace(password=None).render_as_string(hide_password=False)
    values = {
        "corpus.source": str(music),
        "storage.ledger": plain,
        "search.methods": "false",
        "corpus.genres": "[low]",
    }
    values = TINY | values | changes
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return ["study", "launch", "search", "--name", name, "--address", cluster.dashboard, *sets]


@pytest.fixture
def password(cluster, postgres, monkeypatch):
    """The cluster and the client find the database's password in a file, as libpq looks for it."""
    from tests.postgres import PASSWORD

    file = cluster[2] / "pgpass"
    file.write_text(f"127.0.0.1:{postgres.port}:*:musebar:{PASSWORD}\n")
    file.chmod(0o600)
    return PASSWORD


@pytest.mark.services
def test_a_study_runs_as_a_job_and_survives_its_client(
    run, cluster, music, postgres_url, password, tmp_path
):
    head = cluster[0]
    client = run(*launch(music, head, postgres_url, "one"), wait=False)
    said = ""
    for line in client.stderr:
        said += line
        if "runs at http" in line:
            break
    client.send_signal(signal.SIGINT)
    _, rest = client.communicate(timeout=60)
    assert client.returncode == 130, said + rest
    assert "left study 'one': it goes on at http" in rest
    watched = run("study", "watch", "one", "--interval", "0.5")
    assert watched.returncode == 0, watched.stderr
    state = json.loads(run("study", "status", "one", "--json").stdout)
    assert state["state"] == "finished", said + rest
    exported = run("study", "export", "one", "--out", tmp_path)
    assert exported.returncode == 0, exported.stderr
    results = pd.read_parquet(tmp_path / "results.parquet")
    assert (
        set(results.state),
        results.duplicated(["genre", "config_id", "seed", "phase"]).any(),
    ) == ({"undertrained"}, False)
    again = run("study", "resume", "one", "--address", head.dashboard)
    assert "is finished" in again.stdout
    for text in (said, rest, watched.stdout, exported.stdout, again.stdout):
        assert password not in text


@pytest.mark.services
def test_a_job_is_stopped_from_another_shell_and_resumed(
    run, cluster, music, postgres_url, password
):
    head = cluster[0]
    slow = {
        "training": "{profile: strong, epochs: 300, batch: 4, evaluate_every: 100, "
        "evaluation_snippets: 16}"
    }
    client = run(*launch(music, head, postgres_url, "two", **slow), wait=False)
    deadline = time.monotonic() + 240
    while client.poll() is None and time.monotonic() < deadline:
        status = run("study", "status", "two", "--json")
        genres = json.loads(status.stdout)["genres"] if status.returncode == 0 else {}
        if any(row["done"] for row in genres.values()):
            break
    assert run("study", "stop", "two").returncode == 0
    _, errors = client.communicate(timeout=PATIENCE)
    assert "study resume two" in errors
    assert json.loads(run("study", "status", "two", "--json").stdout)["state"] == "stopped"
    resumed = run("study", "resume", "two", "--address", head.dashboard)
    assert resumed.returncode == 0, resumed.stderr
    state = json.loads(run("study", "status", "two", "--json").stdout)
    assert state["state"] == "finished"


@pytest.mark.services
def test_a_client_without_the_token_is_told_so(
    run, cluster, music, postgres_url, password, tmp_path
):
    wrong = tmp_path / "token"
    wrong.write_text("f" * 48)
    os.chmod(wrong, 0o600)  # noqa: PTH101
    done = run(*launch(music, cluster[0], postgres_url, "three"), RAY_AUTH_TOKEN_PATH=str(wrong))
    assert done.returncode == 2
    assert "wants its token" in done.stderr
    assert "f" * 48 not in done.stderr


@pytest.mark.services
def test_a_study_that_is_submitted_is_stopped_before_it_trains(
    run, cluster, music, postgres_url, password
):
    client = run(*launch(music, cluster[0], postgres_url, "early"), wait=False)
    said = ""
    while "runs at http" not in said:
        line = client.stderr.readline()
        assert line, said
        said += line
    asked = run("study", "stop", "early").stdout
    assert "will stop as soon as it begins" in asked or "asked process" in asked
    rest = client.communicate(timeout=PATIENCE)[1]
    assert client.returncode == 1, said + rest
    assert "study 'early' was stopped; go on with: musebar" in rest
    state = json.loads(run("study", "status", "early", "--json").stdout)
    assert state["state"] == "stopped"
    assert not any(row["done"] for row in state["genres"].values())
