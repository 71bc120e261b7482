from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from musebar_core.errors import UsageError
from study.cluster import check

TOP = Path(__file__).parents[2]
SHIPPED = [TOP / "cluster.yaml", *sorted((TOP / "docs" / "clusters").glob("*.yaml"))]


@pytest.fixture
def changed(tmp_path):
    """A shipped file with one thing changed, checked."""

    def problem(file: str, change) -> str:
        content = yaml.safe_load((TOP / file).read_text())
        change(content)
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(content))
        with pytest.raises(UsageError) as caught:
            check(path)
        return str(caught.value)

    return problem


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_file_that_is_shipped_is_in_order(file):
    check(file)


def test_the_shipped_files_are_those_of_every_kind_of_cluster():
    names = {"cluster.yaml", "aws.yaml", "gcp.yaml", "on-premise.yaml", "kuberay-rayjob.yaml"}
    assert {file.name for file in SHIPPED} == names


def worker(content):
    return content["available_node_types"]["gpu_worker"]


def head(content):
    return content["available_node_types"]["head"]


LAUNCHER = {
    "a typo at the top": (lambda c: c.update(max_worker=3), "did you mean 'max_workers'"),
    "a typo in a node type": (lambda c: worker(c).update(min_worker=1), "gpu_worker.min_worker'"),
    "a typo of the provider's": (
        lambda c: c["provider"].update(regoin="x"), "did you mean 'region'"
    ),
    "a typo of the machine's": (
        lambda c: worker(c)["node_config"].update(InstanceTyp="x"), "did you mean 'InstanceType'"
    ),
    "minimum over maximum": (
        lambda c: worker(c).update(min_workers=9), "min_workers 9 is over max_workers 8"
    ),
    "more workers than the cluster": (
        lambda c: worker(c).update(max_workers=20), "over the cluster's max_workers 8"
    ),
    "an unknown head": (lambda c: c.update(head_node_type="haed"), "did you mean 'head'"),
    "a spot head": (
        lambda c: head(c)["node_config"].update(InstanceMarketOptions={"MarketType": "spot"}),
        "the head is a spot node",
    ),
    "ports that do not meet": (
        lambda c: c.update(worker_start_ray_commands=["ray start --address=$RAY_HEAD_IP:6380"]),
        "port 6380, but it listens at 6379",
    ),
    "a port taken twice": (
        lambda c: c.update(head_start_ray_commands=[
            "ray start --head --port=6379 --dashboard-port=6379 --autoscaling-config=~/x"]),
        "are both 6379",
    ),
    "no port at all": (
        lambda c: c.update(head_start_ray_commands=[
            "ray start --head --port=70000 --autoscaling-config=~/x"]),
        "70000 is no port",
    ),
    "no autoscaling": (
        lambda c: c.update(head_start_ray_commands=["ray start --head --port=6379"]),
        "no worker is ever started",
    ),
    "no authentication": (
        lambda c: c.update(head_start_ray_commands=[
            "RAY_AUTH_MODE=disabled ray start --head --port=6379 --autoscaling-config=~/x"]),
        "could run code",
    ),
    "a value of the wrong kind": (lambda c: c.update(max_workers="many"), "max_workers: 'many'"),
    "no provider": (lambda c: c.pop("provider"), "provider is missing"),
    "an unknown provider": (
        lambda c: c["provider"].update(type="asw"), "'asw': did you mean 'aws'"
    ),
    "no region": (lambda c: c["provider"].pop("region"), "provider.region is missing"),
    "no machine": (
        lambda c: worker(c)["node_config"].pop("InstanceType"), "node_config.InstanceType is miss"
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", LAUNCHER)
def test_a_slip_in_a_launchers_file_is_named(changed, slip):
    change, expected = LAUNCHER[slip]
    assert expected in changed("docs/clusters/aws.yaml", change)


def test_a_preemptible_head_on_google_is_named(changed):
    def change(content):
        head(content)["node_config"]["scheduling"] = [{"provisioningModel": "SPOT"}]

    assert "the head is a spot node" in changed("docs/clusters/gcp.yaml", change)


def test_all_that_is_wrong_is_named_at_once(changed):
    def change(content):
        worker(content)["min_workers"] = 9
        content["worker_start_ray_commands"] = ["ray start --address=$RAY_HEAD_IP:1"]

    assert (
        len(changed("cluster.yaml", change).splitlines()) == 3
    )  # one of them twice: by type, and in sum


def job(content):
    return content["spec"]


def group(content):
    return content["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]


def pod(content):
    return content["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]


KUBERAY = {
    "no entrypoint": (lambda c: job(c).pop("entrypoint"), "spec.entrypoint is missing"),
    "a typo of it": (
        lambda c: job(c).update(entrypont=job(c).pop("entrypoint")), "unknown key 'spec.entrypont'"
    ),
    "an old version": (lambda c: c.update(apiVersion="ray.io/v1alpha1"), "v1alpha1"),
    "another kind": (lambda c: c.update(kind="RayJbo"), "RayJbo"),
    "a typo": (
        lambda c: job(c).update(shutdownAfterJobFinish=True), "'shutdownAfterJobFinishes'"
    ),
    "a typo further down": (lambda c: group(c).update(maxReplica=1), "'maxReplicas'"),
    "minimum over maximum": (
        lambda c: group(c).update(minReplicas=9), "minReplicas 9 is over maxReplicas 8"
    ),
    "no containers": (lambda c: pod(c).update(containers=[]), "containers"),
    "no image": (lambda c: pod(c)["containers"][0].pop("image"), "image is missing"),
    "a spot head": (
        lambda c: pod(c).update(nodeSelector={"cloud.google.com/gke-spot": "true"}),
        "the head is a spot node",
    ),
    "a port out of range": (
        lambda c: pod(c)["containers"][0]["ports"].append({"containerPort": 0}), "containerPort"
    ),
    "a port named twice": (
        lambda c: pod(c)["containers"][0]["ports"].append({"containerPort": 8265}), "8265 twice"
    ),
    "a password in the open": (
        lambda c: pod(c)["containers"][0].update(env=[{"name": "PGPASSWORD", "value": "x"}]),
        "secretKeyRef",
    ),
    "another Ray": (
        lambda c: pod(c)["containers"][0].update(image="rayproject/ray:2.9.0"), "is not Ray 2.60.0"
    ),
    "no cluster": (lambda c: job(c).pop("rayClusterSpec"), "exactly one of"),
    "a number for a text": (
        lambda c: group(c).update(rayStartParams={"num-cpus": 4}), "rayStartParams.num-cpus"
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", KUBERAY)
def test_a_slip_in_a_manifest_is_named(changed, slip):
    change, expected = KUBERAY[slip]
    assert expected in changed("docs/clusters/kuberay-rayjob.yaml", change)
