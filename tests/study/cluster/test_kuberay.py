"""Manifests of KubeRay's, and what they launch."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from study.cluster import kuberay

MANIFEST = Path(__file__).parents[3] / "docs" / "clusters" / "kuberay-rayjob.yaml"


def job(content):
    return content["spec"]


def group(content):
    return content["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]


def entrypoint(content, old, new=""):
    changed = job(content)["entrypoint"].replace(old, new)
    assert changed != job(content)["entrypoint"]
    job(content)["entrypoint"] = changed


def pod(content):
    return content["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]


KUBERAY = {
    "no entrypoint": (lambda c: job(c).pop("entrypoint"), "spec.entrypoint is missing"),
    "a typo of it": (
        lambda c: job(c).update(entrypont=job(c).pop("entrypoint")),
        "unknown key 'spec.entrypont'",
    ),
    "an old version": (lambda c: c.update(apiVersion="ray.io/v1alpha1"), "v1alpha1"),
    "another kind": (lambda c: c.update(kind="RayJbo"), "RayJbo"),
    "a typo": (lambda c: job(c).update(shutdownAfterJobFinish=True), "'shutdownAfterJobFinishes'"),
    "a typo further down": (lambda c: group(c).update(maxReplica=1), "'maxReplicas'"),
    "minimum over maximum": (
        lambda c: group(c).update(minReplicas=9),
        "minReplicas 9 is over maxReplicas 8",
    ),
    "no containers": (lambda c: pod(c).update(containers=[]), "containers"),
    "no image": (lambda c: pod(c)["containers"][0].pop("image"), "image is missing"),
    "a spot head": (
        lambda c: pod(c).update(nodeSelector={"cloud.google.com/gke-spot": "true"}),
        "the head is a spot node",
    ),
    "a port out of range": (
        lambda c: pod(c)["containers"][0]["ports"].append({"containerPort": 0}),
        "containerPort",
    ),
    "a port named twice": (
        lambda c: pod(c)["containers"][0]["ports"].append({"containerPort": 8265}),
        "8265 twice",
    ),
    "a password in the open": (
        lambda c: pod(c)["containers"][0].update(env=[{"name": "PGPASSWORD", "value": "x"}]),
        "secretKeyRef",
    ),
    "another Ray": (
        lambda c: pod(c)["containers"][0].update(image="rayproject/ray:2.9.0"),
        "is not Ray 2.60.0",
    ),
    "an image's old Python": (
        lambda c: pod(c)["containers"][0].update(image="rayproject/ray:2.60.0-py310"),
        "has Python 3.10: musebar needs 3.11",
    ),
    "slots that nobody can count": (
        lambda c: entrypoint(c, "--set resources.slots=8"),
        "at first none has room for a trial: add --set resources.slots=N",
    ),
    "CPUs of machines with GPUs": (
        lambda c: entrypoint(c, "--set resources.gpus_per_trial=auto"),
        "gpus_per_trial is 0, and every worker has GPUs",
    ),
    "GPUs of machines without": (
        lambda c: group(c)["template"]["spec"]["containers"][0]["resources"]["limits"].pop(
            "nvidia.com/gpu"
        ),
        "gpus_per_trial is auto, and no container has a limit of GPUs",
    ),
    "a typo in what is launched": (
        lambda c: entrypoint(c, "resources.slots", "resources.slot"),
        "spec.entrypoint: ",
    ),
    "a preset that is none": (
        lambda c: entrypoint(c, "launch search", "launch serach"),
        "did you mean 'search'",
    ),
    "a quote left open": (
        lambda c: entrypoint(c, "--join", "--join '"),
        "spec.entrypoint: No closing quotation",
    ),
    "a spec of the image's, asking for GPUs": (
        lambda c: (
            entrypoint(c, "launch search", "launch /specs/mine.yaml"),
            entrypoint(c, "gpus_per_trial=auto", "gpus_per_trial=0"),
        ),
        "gpus_per_trial is 0, and every worker has GPUs",
    ),
    "a spec of the image's, with a resource of the wrong kind": (
        lambda c: (
            entrypoint(c, "launch search", "launch /specs/mine.yaml"),
            entrypoint(c, "gpus_per_trial=auto", "cpus_per_trial=many"),
        ),
        "resources.cpus_per_trial: 'many': input should be a valid integer",
    ),
    "no cluster": (lambda c: job(c).pop("rayClusterSpec"), "exactly one of"),
    "a number for a text": (
        lambda c: group(c).update(rayStartParams={"num-cpus": 4}),
        "rayStartParams.num-cpus",
    ),
}


@pytest.mark.parametrize("slip", KUBERAY)
def test_a_slip_in_a_manifest_is_named(changed, slip):
    change, expected = KUBERAY[slip]
    assert expected in changed("docs/clusters/kuberay-rayjob.yaml", change)


GOES = {
    "workers from the start": lambda c: (
        entrypoint(c, "--set resources.slots=8"),
        group(c).update(minReplicas=2),
    ),
    "a spec of the image's, that may say more": lambda c: (
        entrypoint(c, "launch search", "launch /specs/mine.yaml"),
        entrypoint(c, "--set resources.gpus_per_trial=auto"),
        entrypoint(c, "--set resources.slots=8"),
    ),
    "CPUs alone": lambda c: (
        entrypoint(c, "gpus_per_trial=auto", "gpus_per_trial=0"),
        group(c)["template"]["spec"]["containers"][0]["resources"]["limits"].pop("nvidia.com/gpu"),
    ),
    "a container of another kind beside Ray's": lambda c: group(c)["template"]["spec"][
        "containers"
    ].append({"name": "logs", "image": "fluent/fluent-bit:3.0"}),
    "another program": lambda c: job(c).update(entrypoint="python train.py"),
}


@pytest.mark.parametrize("change", GOES)
def test_an_entrypoint_that_goes_with_its_nodes_is_in_order(told, change):
    told("docs/clusters/kuberay-rayjob.yaml", GOES[change])


def pods(content):
    """A manifest's containers: the head's and the workers'."""
    return pod(content)["containers"][0], group(content)["template"]["spec"]["containers"][0]


def cluster_of(content):
    return content["spec"]["rayClusterSpec"]


def as_cluster(content):
    """The same nodes as a RayCluster's, that runs no job."""
    content["kind"] = "RayCluster"
    content["spec"] = cluster_of(content)


def without_slots(content, **resources):
    """Slots are what the nodes have room for, one worker of these resources among them."""
    entrypoint(content, "--set resources.slots=8")
    group(content).update(replicas=1)
    if resources:
        pods(content)[1]["resources"] = resources


BOUNDS = {
    "as many workers at least as at most": lambda c: group(c).update(minReplicas=8),
    "as many workers as at least": lambda c: group(c).update(minReplicas=2, replicas=2),
    "as many workers as at most": lambda c: group(c).update(replicas=8),
    "no worker from the start": lambda c: group(c).update(replicas=0),
    "the lowest port and the highest": lambda c: pods(c)[0].update(
        ports=[{"containerPort": 1}, {"containerPort": 65535}]
    ),
    "one port of two containers": lambda c: pods(c)[1].update(ports=[{"containerPort": 6379}]),
    "a password from a secret": lambda c: pods(c)[0].update(
        env=[{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]
    ),
    "a variable that is no secret": lambda c: pods(c)[0].update(env=[{"name": "A", "value": "b"}]),
    "an image of the Ray that is named": lambda c: pods(c)[1].update(
        image="rayproject/ray:2.60.0-py311-gpu"
    ),
    "an image of ones own": lambda c: pods(c)[1].update(image="lab/ray:2.9.0"),
    "no Ray named": lambda c: (
        cluster_of(c).pop("rayVersion"),
        pods(c)[1].update(image="rayproject/ray:2.9.0"),
    ),
    "a cluster without a job": as_cluster,
    "a cluster that is there already": lambda c: (
        c["spec"].pop("rayClusterSpec"),
        c["spec"].update(clusterSelector={"ray.io/cluster": "there"}),
    ),
    "a head that tolerates what is not spot": lambda c: pod(c).update(
        tolerations=[{"key": "nvidia.com/gpu", "value": "present"}]
    ),
}


@pytest.mark.parametrize("change", BOUNDS)
def test_a_manifest_at_its_bounds_or_written_another_way_passes(told, change):
    told("docs/clusters/kuberay-rayjob.yaml", BOUNDS[change])


BEYOND = {
    "fewer workers than at least": (
        lambda c: group(c).update(minReplicas=2, replicas=1),
        "gpu-workers: replicas 1 is not within 2 to 8",
    ),
    "more workers than at most": (
        lambda c: group(c).update(replicas=9),
        "gpu-workers: replicas 9 is not within 0 to 8",
    ),
    "fewer than none": (lambda c: group(c).update(minReplicas=-1), "minReplicas: -1"),
    "no host": (lambda c: group(c).update(numOfHosts=0), "numOfHosts: 0"),
    "no second": (lambda c: job(c).update(activeDeadlineSeconds=0), "activeDeadlineSeconds: 0"),
    "less than no CPU": (lambda c: job(c).update(entrypointNumCpus=-1), "entrypointNumCpus: -1"),
    "less than no GPU": (lambda c: job(c).update(entrypointNumGpus=-1), "entrypointNumGpus: -1"),
    "an empty entrypoint": (lambda c: job(c).update(entrypoint=""), "spec.entrypoint: ''"),
    "a port too high": (
        lambda c: pods(c)[1].update(ports=[{"containerPort": 65536}]),
        "containerPort: 65536",
    ),
    "two groups of one name": (
        lambda c: cluster_of(c)["workerGroupSpecs"].append(dict(group(c))),
        "workerGroupSpecs: two groups are called 'gpu-workers'",
    ),
    "a head on what may be taken away": (
        lambda c: pod(c).update(nodeSelector={"pool": "Preemptible"}),
        "headGroupSpec: the head is a spot node",
    ),
    "a head that tolerates spot": (
        lambda c: pod(c).update(tolerations=[{"key": "pool", "value": "spot"}]),
        "headGroupSpec: the head is a spot node",
    ),
    "a workers' port named twice": (
        lambda c: pods(c)[1].update(ports=[{"containerPort": 80}, {"containerPort": 80}]),
        "gpu-workers: container 'ray-worker' names port 80 twice",
    ),
    "a secret in the open": (
        lambda c: pods(c)[1].update(env=[{"name": "AWS_SECRET_KEY", "value": "x"}]),
        "gpu-workers: env AWS_SECRET_KEY stands in the open",
    ),
    "a token in the open": (
        lambda c: pods(c)[0].update(env=[{"name": "A"}, {"name": "WANDB_TOKEN", "value": "x"}]),
        "headGroupSpec: env WANDB_TOKEN stands in the open",
    ),
    "another Ray of a mirror": (
        lambda c: pods(c)[1].update(image="mirror:5000/rayproject/ray:2.61.0-gpu"),
        "gpu-workers: image mirror:5000/rayproject/ray:2.61.0-gpu is not Ray 2.60.0",
    ),
    "a second container's old Python": (
        lambda c: pod(c)["containers"].append({"name": "b", "image": "lab/py310"}),
        "headGroupSpec: image lab/py310 has Python 3.10",
    ),
    "no name": (lambda c: c.update(metadata={}), "metadata.name is missing"),
    "a cluster of ones own and one that is there": (
        lambda c: job(c).update(clusterSelector={"a": "b"}),
        "spec: give exactly one of rayClusterSpec and clusterSelector",
    ),
    "a slip of a cluster without a job": (
        lambda c: (as_cluster(c), c["spec"].update(rayVersio="2")),
        "unknown key 'spec.rayVersio': did you mean 'rayVersion'",
    ),
    "no version": (lambda c: c.pop("apiVersion"), "apiVersion is missing"),
    "no kind": (lambda c: c.pop("kind"), "kind is missing"),
    "a slip at the top": (
        lambda c: c.update(metadat={}),
        "unknown key 'metadat': did you mean 'metadata'",
    ),
}


@pytest.mark.parametrize("slip", BEYOND)
def test_what_is_beyond_a_manifests_bounds_is_named(changed, slip):
    change, expected = BEYOND[slip]
    assert expected in changed("docs/clusters/kuberay-rayjob.yaml", change)


def test_the_nodes_of_a_manifest_are_told_with_their_number(told):
    def change(content):
        pod(content)["containers"].append({"name": "log", "image": "fluent:1"})
        steady = dict(group(content), groupName="steady", minReplicas=1, maxReplicas=2)
        steady["template"] = {"spec": {"containers": pod(content)["containers"][:1]}}
        cluster_of(content)["workerGroupSpecs"].append(steady)
        as_cluster(content)

    image = "YOUR-REGISTRY/musebar-study:0.1.0"
    assert told("docs/clusters/kuberay-rayjob.yaml", change)[:-1] == [
        f"head: {image}, fluent:1",
        "gpu-workers: 0 to 8 workers, spot",
        "steady: 1 to 2 workers",
    ]


def test_a_group_without_bounds_has_those_of_kuberay(told):
    def change(content):
        group(content).pop("minReplicas", None)
        group(content).pop("maxReplicas")
        as_cluster(content)

    assert "gpu-workers: 0 to 2147483647 workers, spot" in told(
        "docs/clusters/kuberay-rayjob.yaml", change
    )


ROOM = {
    "one that is asked for": without_slots,
    "limits of just what a trial needs": lambda c: without_slots(
        c, limits={"cpu": "1", "nvidia.com/gpu": 1}
    ),
    "thousandths": lambda c: without_slots(c, limits={"cpu": "1000m", "nvidia.com/gpu": 1}),
    "CPUs that are not told": lambda c: without_slots(c, limits={"nvidia.com/gpu": 1}),
    "limits above what is requested": lambda c: without_slots(
        c, requests={"cpu": "500m"}, limits={"cpu": 2, "amd.com/gpu": 1}
    ),
    "what Ray is told of CPUs": lambda c: (
        without_slots(c, limits={"cpu": "500m", "nvidia.com/gpu": 1}),
        group(c).update(rayStartParams={"num-cpus": "1"}),
    ),
    "what Ray is told of GPUs": lambda c: (
        without_slots(c, limits={"cpu": "1"}),
        group(c).update(rayStartParams={"num-gpus": "1"}),
    ),
    "the group's own resources": lambda c: (
        without_slots(c, limits={"cpu": "500m"}),
        group(c).update(resources={"CPU": "1", "GPU": "1"}),
    ),
    "CPUs of the head": lambda c: (
        entrypoint(c, "--set resources.slots=8"),
        entrypoint(c, "gpus_per_trial=auto", "gpus_per_trial=0"),
        cluster_of(c).pop("workerGroupSpecs"),
        cluster_of(c)["headGroupSpec"].update(rayStartParams={}),
    ),
}


@pytest.mark.parametrize("change", ROOM)
def test_nodes_with_room_for_a_trial_are_known_by_all_that_tells_it(told, change):
    told("docs/clusters/kuberay-rayjob.yaml", ROOM[change])


NO_ROOM = {
    "workers that come later": lambda c: entrypoint(c, "--set resources.slots=8"),
    "a CPU less than a trial needs": lambda c: (
        without_slots(c, limits={"cpu": "1", "nvidia.com/gpu": 1}),
        entrypoint(c, "--join", "--join --set resources.cpus_per_trial=2"),
    ),
    "half a CPU": lambda c: without_slots(c, limits={"cpu": "500m", "nvidia.com/gpu": 1}),
    "GPUs that Ray is told are none": lambda c: (
        without_slots(c),
        group(c).update(rayStartParams={"num-gpus": "0"}),
        cluster_of(c)["headGroupSpec"].update(rayStartParams={"num-gpus": "1", "num-cpus": "0"}),
    ),
}


@pytest.mark.parametrize("change", NO_ROOM)
def test_slots_that_no_node_has_room_for_at_first_are_to_be_told(changed, change):
    said = changed("docs/clusters/kuberay-rayjob.yaml", NO_ROOM[change])
    assert "at first none has room for a trial: add --set resources.slots=N" in said
    assert len(said.splitlines()) == 1


COMMANDS = {
    "options by =": ("musebar study launch --name=x --set={gpus} x.yaml", True),
    "options by blank": ("musebar study launch --name x --address y --set {gpus} search", True),
    "a switch before": ("/venv/bin/musebar study launch --join search --set {gpus}", True),
    "a preset, whatever is given after": ("musebar study launch search other.yaml", True),
    "no spec": ("musebar study launch --set {gpus}", True),
    "a spec of the image's": ("musebar study launch x.yml --set {gpus}", True),
    "a spec of the image's that may ask for them": ("musebar study launch x.yaml", False),
    "a name like an option's": ("musebar study launch --name {gpus} x.yaml", False),
    "another command of it": ("musebar study resume search --set {gpus}", False),
    "another program": ("python launch search --set {gpus}", False),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_study_without_gpus_is_told_from_its_command_line(command):
    content = yaml.safe_load(MANIFEST.read_text())
    line, refused = COMMANDS[command]
    job(content)["entrypoint"] = line.format(gpus="resources.gpus_per_trial=0")
    group(content).update(replicas=1)
    problems, _ = kuberay.check(content)
    assert [p for p in problems if "every worker has GPUs" in p] == problems
    assert bool(problems) is refused


def test_cpus_beside_gpus_are_a_study_without_gpus_place(told):
    """One group of several without GPUs is enough; a head's GPUs are no worker's."""

    def change(content):
        entrypoint(content, "gpus_per_trial=auto", "gpus_per_trial=0")
        plain = dict(group(content), groupName="plain")
        plain["template"] = {"spec": {"containers": [dict(pods(content)[1], resources={})]}}
        cluster_of(content)["workerGroupSpecs"].append(plain)

    told("docs/clusters/kuberay-rayjob.yaml", change)


OPTIONAL = {
    "RayJob": {
        "submissionMode": "HTTPMode",
        "shutdownAfterJobFinishes": True,
        "ttlSecondsAfterFinished": 0,
        "activeDeadlineSeconds": 1,
        "backoffLimit": 0,
        "runtimeEnvYAML": "working_dir: a",
        "entrypointNumCpus": 0,
        "entrypointNumGpus": 0.5,
        "entrypointResources": "{}",
        "submitterPodTemplate": {"spec": {"containers": [{"name": "a", "image": "b"}]}},
        "submitterConfig": {"backoffLimit": 2},
        "deletionStrategy": {"onSuccess": {"policy": "DeleteCluster"}},
        "jobId": "a",
        "metadata": {"a": "b"},
        "managedBy": "kueue.x-k8s.io/multikueue",
        "suspend": False,
    },
    "rayClusterSpec": {
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {"idleTimeoutSeconds": 60},
        "authOptions": {"mode": "token"},
        "gcsFaultToleranceOptions": {"redisAddress": "a"},
        "headServiceAnnotations": {"a": "b"},
        "upgradeStrategy": {"type": "None"},
        "managedBy": "ray.io/kuberay-operator",
        "suspend": False,
    },
    "headGroupSpec": {
        "serviceType": "LoadBalancer",
        "headService": {"metadata": {}},
        "enableIngress": False,
        "resources": {"CPU": "0"},
        "labels": {"a": "b"},
    },
    "workerGroupSpecs": {
        "numOfHosts": 1,
        "idleTimeoutSeconds": 0,
        "scaleStrategy": {"workersToDelete": []},
        "suspend": False,
        "resources": {"CPU": "4"},
        "labels": {"a": "b"},
    },
}
"""Fields that ray.io/v1 has beside those of the shipped manifest."""
PLACES = {
    "RayJob": job,
    "rayClusterSpec": lambda c: job(c)["rayClusterSpec"],
    "headGroupSpec": lambda c: job(c)["rayClusterSpec"]["headGroupSpec"],
    "workerGroupSpecs": group,
}


@pytest.mark.parametrize(
    ("place", "field"), [(place, field) for place, fields in OPTIONAL.items() for field in fields]
)
def test_each_field_that_the_operator_takes_is_taken_and_of_its_kind(told, changed, place, field):
    told(
        "docs/clusters/kuberay-rayjob.yaml",
        lambda c: PLACES[place](c).update({field: OPTIONAL[place][field]}),
    )
    wrong = [] if isinstance(OPTIONAL[place][field], dict | str) else {}
    said = changed(
        "docs/clusters/kuberay-rayjob.yaml", lambda c: PLACES[place](c).update({field: wrong})
    )
    assert field in said


@pytest.mark.parametrize(
    ("place", "field", "words"),
    [
        (job, "submissionMode", ("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode")),
        (
            lambda c: job(c)["rayClusterSpec"]["headGroupSpec"],
            "serviceType",
            ("ClusterIP", "NodePort", "LoadBalancer"),
        ),
    ],
    ids=["submissionMode", "serviceType"],
)
def test_a_choice_is_one_of_the_operators_words(place, field, words):
    for word, is_one in [*((word, True) for word in words), ("Other", False)]:
        content = yaml.safe_load(MANIFEST.read_text())
        place(content)[field] = word
        problems, _ = kuberay.check(content)
        assert any(field in problem for problem in problems) is not is_one


def test_pods_and_containers_hold_more_than_a_study_looks_at(told):
    def change(content):
        pod(content).update(serviceAccountName="a", volumes=[])
        pods(content)[0].update(volumeMounts=[], livenessProbe={})
        pods(content)[0]["ports"].append({"containerPort": 80, "protocol": "TCP"})

    told("docs/clusters/kuberay-rayjob.yaml", change)


def test_groups_and_ports_that_stand_twice_are_named_in_their_order(changed):
    def change(content):
        for name in ("zeta", "alpha", "zeta", "alpha"):
            cluster_of(content)["workerGroupSpecs"].append(dict(group(content), groupName=name))
        pods(content)[0]["ports"] = [{"containerPort": port} for port in (90, 80, 90, 80)]

    said = changed("docs/clusters/kuberay-rayjob.yaml", change)
    assert said.index("called 'alpha'") < said.index("called 'zeta'")
    assert said.index("names port 80 twice") < said.index("names port 90 twice")
    assert said.count("called 'alpha'") == 1


def test_a_head_with_the_only_gpus_is_a_place_for_trials_that_want_one(told):
    def change(content):
        container = pods(content)[1]
        pods(content)[0]["resources"] = {"limits": {"nvidia.com/gpu": 1, "cpu": "4"}}
        cluster_of(content)["headGroupSpec"]["rayStartParams"] = {}
        container["resources"] = {"limits": {"cpu": "4"}}

    told("docs/clusters/kuberay-rayjob.yaml", change)


def test_workers_that_are_there_by_their_least_number_alone_have_room(told):
    def change(content):
        entrypoint(content, "--set resources.slots=8")
        group(content).update(replicas=None, minReplicas=1)

    told("docs/clusters/kuberay-rayjob.yaml", change)


def test_a_port_of_zero_is_none(changed):
    said = changed(
        "docs/clusters/kuberay-rayjob.yaml",
        lambda c: pods(c)[0].update(ports=[{"containerPort": 0}]),
    )
    assert "containerPort: 0: input should be greater than or equal to 1" in said
