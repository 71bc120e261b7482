from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
import ray
import yaml

from musebar_core.errors import UsageError
from study.cluster import kuberay, launcher
from study.cluster.clusterfile import ClusterFile, NodeType
from study.cluster.launcher import _to_fill_in, check

TOP = Path(__file__).parents[3]
SHIPPED = [TOP / "cluster.yaml", *sorted((TOP / "docs" / "clusters").glob("*.yaml"))]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_file_that_is_shipped_is_in_order(file):
    check(file)


def test_the_shipped_files_are_those_of_every_kind_of_cluster():
    clouds = {"cluster.yaml", "aws.yaml", "azure.yaml", "gcp.yaml"}
    names = clouds | {"on-premise.yaml", "kuberay-rayjob.yaml"}
    assert {file.name for file in SHIPPED} == names


def worker(content):
    return content["available_node_types"]["gpu_worker"]


def head(content):
    return content["available_node_types"]["head"]


LAUNCHER = {
    "a typo at the top": (lambda c: c.update(max_worker=3), "did you mean 'max_workers'"),
    "a typo in a node type": (lambda c: worker(c).update(min_worker=1), "gpu_worker.min_worker'"),
    "a typo of the provider's": (
        lambda c: c["provider"].update(regoin="x"),
        "did you mean 'region'",
    ),
    "a typo of the machine's": (
        lambda c: worker(c)["node_config"].update(InstanceTyp="x"),
        "did you mean 'InstanceType'",
    ),
    "minimum over maximum": (
        lambda c: worker(c).update(min_workers=9),
        "min_workers 9 is over max_workers 8",
    ),
    "more workers than the cluster": (
        lambda c: worker(c).update(max_workers=20),
        "over the cluster's max_workers 8",
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
        lambda c: c.update(
            head_start_ray_commands=[
                "ray start --head --port=6379 --dashboard-port=6379 --autoscaling-config=~/x"
            ]
        ),
        "are both 6379",
    ),
    "no port at all": (
        lambda c: c.update(
            head_start_ray_commands=["ray start --head --port=70000 --autoscaling-config=~/x"]
        ),
        "70000 is no port",
    ),
    "no autoscaling": (
        lambda c: c.update(head_start_ray_commands=["ray start --head --port=6379"]),
        "no worker is ever started",
    ),
    "no authentication": (
        lambda c: c.update(
            head_start_ray_commands=[
                "RAY_AUTH_MODE=disabled ray start --head --port=6379 --autoscaling-config=~/x"
            ]
        ),
        "could run code",
    ),
    "a value of the wrong kind": (lambda c: c.update(max_workers="many"), "max_workers: 'many'"),
    "commands that are no list": (lambda c: c.update(setup_commands="uv venv"), "setup_commands"),
    "a node type that is empty": (
        lambda c: c["available_node_types"].update(gpu_worker=None),
        "gpu_worker",
    ),
    "no provider": (lambda c: c.pop("provider"), "provider is missing"),
    "an unknown provider": (
        lambda c: c["provider"].update(type="asw"),
        "'asw': did you mean 'aws'",
    ),
    "no region": (lambda c: c["provider"].pop("region"), "provider.region is missing"),
    "an image left to Ray": (
        lambda c: worker(c)["node_config"].pop("ImageId"),
        "gpu_worker.node_config.ImageId is miss",
    ),
    "an old Python asked for": (
        lambda c: c.update(setup_commands=["uv venv --python 3.10 ~/venv"]),
        "setup_commands: Python 3.10: musebar needs 3.11",
    ),
    "an image's old Python": (
        lambda c: (
            worker(c)["node_config"].update(ImageId="base-py310"),
            c.update(setup_commands=["python3 -m venv ~/venv"]),
        ),
        "image base-py310 has Python 3.10, and setup_commands bring no other",
    ),
    "no token": (
        lambda c: c["file_mounts"].pop("~/.ray/auth_token"),
        "~/.ray/auth_token is missing",
    ),
    "no machine": (
        lambda c: worker(c)["node_config"].pop("InstanceType"),
        "node_config.InstanceType is miss",
    ),
}


@pytest.mark.parametrize("slip", LAUNCHER)
def test_a_slip_in_a_launchers_file_is_named(changed, slip):
    change, expected = LAUNCHER[slip]
    assert expected in changed("docs/clusters/aws.yaml", change)


HEAD = "ray start --head --autoscaling-config=~/x"
PASSES = {
    "as many workers at least as at most": lambda c: worker(c).update(min_workers=8),
    "workers up to the cluster's own number": lambda c: worker(c).update(max_workers=8),
    "a type whose number is the cluster's": lambda c: worker(c).pop("max_workers"),
    "the lowest port and the highest": lambda c: c.update(
        head_start_ray_commands=[f"{HEAD} --port=1 --dashboard-port=65535"],
        worker_start_ray_commands=["ray start --address=$RAY_HEAD_IP:1"],
    ),
    "the port that Ray takes by itself": lambda c: c.update(
        head_start_ray_commands=[HEAD],
        worker_start_ray_commands=["ray start --address=$RAY_HEAD_IP:6379"],
    ),
    "commands that are Ray's own": lambda c: (
        c.pop("head_start_ray_commands"),
        c.pop("worker_start_ray_commands"),
    ),
    "the oldest Python": lambda c: c.update(setup_commands=["uv venv --python 3.11 ~/venv"]),
    "an old Python beside a new one": lambda c: c.update(
        setup_commands=["python3.9 -m pip install uv", "uv venv --python 3.12 ~/venv"]
    ),
    "a new Python beside an image's old one": lambda c: (
        worker(c)["node_config"].update(ImageId="base-py310"),
        c.update(setup_commands=["uv venv --python 3.11 ~/venv"]),
    ),
    "a token from the environment": lambda c: (
        c["file_mounts"].pop("~/.ray/auth_token"),
        c["setup_commands"].append("export RAY_AUTH_TOKEN=$(cat ~/t)"),
    ),
    "a word of the provider's that resembles none": lambda c: c["provider"].update(zzz="x"),
    "a word of the machine's that resembles none": lambda c: worker(c)["node_config"].update(
        HibernationOptions={}
    ),
    "a spot worker": lambda c: worker(c)["node_config"].update(
        InstanceMarketOptions={"MarketType": "spot"}
    ),
}


@pytest.mark.parametrize("change", PASSES)
def test_what_is_at_its_bounds_or_is_done_another_way_passes(told, change):
    told("docs/clusters/aws.yaml", PASSES[change])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda c: (worker(c).pop("max_workers"), worker(c).update(min_workers=9)),
            "gpu_worker: min_workers 9 is over max_workers 8",
        ),
        (
            lambda c: (
                worker(c).update(min_workers=5),
                c["available_node_types"].update(other=worker(c) | {"min_workers": 4}),
            ),
            "min_workers of all types are 9 together, over max_workers 8",
        ),
        (
            lambda c: (head(c).update(min_workers=1), worker(c).update(min_workers=8)),
            "min_workers of all types are 9 together, over max_workers 8",
        ),
        (
            lambda c: c.update(head_start_ray_commands=[f"{HEAD} --port=0"]),
            "--port=0 is no port",
        ),
        (
            lambda c: c.update(head_start_ray_commands=[f"{HEAD} --port=65536"]),
            "--port=65536 is no port",
        ),
        (
            lambda c: c.update(
                head_start_ray_commands=[HEAD],
                worker_start_ray_commands=["ray start --address=$RAY_HEAD_IP:6378"],
            ),
            "port 6378, but it listens at 6379",
        ),
        (
            lambda c: c.update(worker_start_ray_commands=["ray start"]),
            "--address=$RAY_HEAD_IP:PORT is missing",
        ),
        (
            lambda c: c.update(
                worker_start_ray_commands=[
                    "RAY_AUTH_MODE=disabled ray start --address=$RAY_HEAD_IP:6379"
                ]
            ),
            "could run code on it",
        ),
        (
            lambda c: c.update(head_start_ray_commands=["ray start --autoscaling-config=~/x"]),
            "'ray start' has no --head",
        ),
        (lambda c: c.pop("available_node_types"), "available_node_types is missing"),
        (
            lambda c: c.pop("head_node_type"),
            "head_node_type is missing: name one of gpu_worker, head",
        ),
    ],
)
def test_what_is_just_beyond_its_bounds_is_named(changed, change, expected):
    assert expected in changed("docs/clusters/aws.yaml", change)


def test_every_kind_of_node_is_told_with_its_number_and_what_it_has(told):
    def change(content):
        worker(content).pop("max_workers")
        worker(content).update(min_workers=2, resources={"CPU": 4, "GPU": 1})

    lines = told("docs/clusters/aws.yaml", change)
    assert lines[0] == "gpu_worker: 2 to 8 workers, spot, 4 CPU, 1 GPU"
    assert lines[1] == "head: the head, 0 CPU"
    assert lines[2].startswith("to fill in: ")


def test_ones_own_machines_are_told_by_their_addresses(told):
    def change(content):
        content["provider"].update(head_ip="192.0.2.1", worker_ips=["192.0.2.2", "192.0.2.3"])

    lines = told("docs/clusters/on-premise.yaml", change)
    assert lines[:2] == ["head: 192.0.2.1", "workers: 192.0.2.2, 192.0.2.3"]


SPOT = [
    ({"InstanceMarketOptions": {"MarketType": "spot"}}, True),
    ({"InstanceMarketOptions": {"MarketType": "capacity-block"}}, False),
    ({"scheduling": [{"preemptible": True}]}, True),
    ({"scheduling": {"preemptible": True}}, True),
    ({"scheduling": [{"automaticRestart": False}, {"preemptible": True}]}, True),
    ({"scheduling": []}, False),
    ({"scheduling": [{"automaticRestart": False}, {"provisioningModel": "SPOT"}]}, True),
    ({"scheduling": [{"preemptible": False}]}, False),
    ({"scheduling": [{"onHostMaintenance": "TERMINATE"}, {"provisioningModel": "spot"}]}, True),
    ({"scheduling": {"provisioningModel": "STANDARD"}}, False),
    ({"azure_arm_parameters": {"priority": "Spot"}}, True),
    ({"azure_arm_parameters": {"priority": "Regular"}}, False),
    ({"InstanceMarketOptions": "spot", "scheduling": "spot"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("config", "spot"), SPOT)
def test_a_machine_that_can_be_taken_away_is_told_by_its_providers_words(config, spot):
    assert NodeType(node_config=config).is_spot is spot


def test_the_images_of_a_file_are_of_containers_machines_and_boot_disks():
    disks = [{"initializeParams": {"sourceImage": "d"}}, {"boot": True}]
    file = ClusterFile(
        provider={"type": "gcp"},
        docker={"image": "a", "head_image": "b", "worker_image": None},
        available_node_types={"one": {"node_config": {"ImageId": "c", "disks": disks}}},
    )
    assert list(filter(None, file.images)) == ["a", "b", "c", "d"]


def test_ones_own_machines_are_started_by_the_head_too(changed):
    def change(content):
        content["head_start_ray_commands"] = ["ray start --head --port=6379"]

    assert "no worker is ever started" in changed("docs/clusters/on-premise.yaml", change)


def test_a_preemptible_head_on_google_is_named(changed):
    def change(content):
        head(content)["node_config"]["scheduling"] = [{"provisioningModel": "SPOT"}]

    assert "the head is a spot node" in changed("docs/clusters/gcp.yaml", change)


def test_an_old_python_in_a_boot_disks_image_is_named(changed):
    def change(content):
        disk = head(content)["node_config"]["disks"][0]
        disk["initializeParams"]["sourceImage"] = "family/common-cu124-debian-11-py310"
        content["setup_commands"] = ["python3 -m venv ~/venv"]

    said = changed("docs/clusters/gcp.yaml", change)
    assert said.count("debian-11-py310 has Python 3.10") == 1  # the workers' disks have it too


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("common-cu124-debian-11-py310", "3.10"),
        ("rayproject/ray:2.60.0-py39-gpu", "3.9"),
        ("rayproject/ray:2.60.0-py312-gpu", None),
        ("lab/python3.10-study", "3.10"),
        ("common-cu129-ubuntu-2204-nvidia-580", None),
        ("registry/numpy3100:1", None),
    ],
)
def test_a_python_that_is_too_old_is_told_by_an_images_name(image, python):
    assert kuberay.old_python(image) == python


def test_the_oldest_python_is_the_packages_own():
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={kuberay.OLDEST_PYTHON}"


def test_what_is_to_be_filled_in_is_told():
    assert check(TOP / "cluster.yaml")[-1] == "to fill in: YOUR-AMI, YOUR-PROFILE"


def test_everything_of_a_rayjob_that_is_to_be_filled_in_is_told():
    assert check(TOP / "docs" / "clusters" / "kuberay-rayjob.yaml")[-1] == (
        "to fill in: YOUR-BUCKET, YOUR-DATABASE, YOUR-REGISTRY, YOUR-STUDY, YOUR-USER"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  resource_group: musebar\n", "", "provider.resource_group is missing"),
        ("  location:", "  locaton:", "did you mean 'location'"),
        ("azure_arm_parameters:", "azure_arm_parameter:", "did you mean 'azure_arm_parameters'"),
        ("vmSize: Standard_D4s_v3", "priority: Spot", "the head is a spot node"),
    ],
)
def test_slips_in_a_file_for_azure_are_named(tmp_path, old, new, problem):
    text = (TOP / "docs" / "clusters" / "azure.yaml").read_text()
    assert old in text
    (tmp_path / "azure.yaml").write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=problem):
        check(tmp_path / "azure.yaml")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("s3://BUCKET/studies", ["BUCKET"]),
        ("postgresql://USER@DATABASE/musebar", ["DATABASE", "USER"]),
        ("projects/<project id>/images", ["<project id>"]),
        ("your_ami YOUR_AMI", ["YOUR_AMI"]),
        ("change it: CHANGE-ME", ["CHANGE-ME"]),
        ("chown $USER ${BUCKET} --env=BUCKET=x $DATABASE", []),
        ("cat < a > b; BUCKETS MY_BUCKET IMAGE=3", []),
    ],
)
def test_placeholders_are_found_as_others_write_them(written, found):
    assert sorted(set(_to_fill_in({"deep": [written]}))) == found


def test_all_that_is_wrong_is_named_at_once(changed):
    def change(content):
        worker(content)["min_workers"] = 9
        content["worker_start_ray_commands"] = ["ray start --address=$RAY_HEAD_IP:1"]

    assert (
        len(changed("cluster.yaml", change).splitlines()) == 3
    )  # one of them twice: by type, and in sum


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda c: worker(c).update(max_workers=9),
            "gpu_worker: max_workers 9 is over the cluster's max_workers 8",
        ),
        (
            lambda c: c.update(head_node_type="nothing like it"),
            "is not among available_node_types (known: gpu_worker, head)",
        ),
        (
            lambda c: c.update(
                head_start_ray_commands=[f"{HEAD} --port=6379", "x --dashboard-port 0"]
            ),
            "--dashboard-port=0 is no port (1 to 65535)",
        ),
        (
            lambda c: c.update(setup_commands=["uv venv --python=3.9 a", "python3.10 b"]),
            "setup_commands: Python 3.10: musebar needs 3.11",
        ),
        (
            lambda c: (
                c.update(setup_commands=[], docker={"worker_image": "lab/py39"}),
                c["file_mounts"].update({"~/.ray/auth_token": "~/t"}),
            ),
            "image lab/py39 has Python 3.9, and setup_commands bring no other",
        ),
        (
            lambda c: (c["file_mounts"].clear(), c.update(worker_start_ray_commands=[])),
            "file_mounts: ~/.ray/auth_token is missing, and RAY_AUTH_MODE=token wants it",
        ),
        (
            lambda c: c.update(max_workers="many"),
            "max_workers: 'many': input should be a valid integer",
        ),
        # what Ray alone knows is told in its words
        (
            lambda c: (c.pop("max_workers"), worker(c).update(min_workers=8, max_workers=100)),
            "The specified global `max_workers` is smaller than the sum of `min_workers`",
        ),
        (
            lambda c: c.update(docker={"image": "lab/study"}),
            "Must provide a container & image name",
        ),
        (lambda c: c.update(docker={"image": None}), "docker.image: None is not of type 'string'"),
        (lambda c: c.update(provider=["aws"]), "provider is missing: a mapping with its type"),
        (lambda c: c["provider"].update(region=""), "provider.region is missing"),
        (
            lambda c: head(c)["node_config"].update(ImageId=None),
            "available_node_types.head.node_config.ImageId is missing",
        ),
        (
            lambda c: c.update(docker={"imag": "x"}),
            "unknown key 'docker.imag': did you mean 'image'",
        ),
    ],
)
def test_more_that_is_beyond_its_bounds_is_named(changed, change, expected):
    assert expected in changed("docs/clusters/aws.yaml", change)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("max_workers"),
        lambda c: (worker(c).update(min_workers=7), head(c).update(min_workers=1, max_workers=1)),
        lambda c: c.update(setup_commands=["python3 -m venv a"]),
        lambda c: (
            c["file_mounts"].pop("~/.ray/auth_token"),
            c["worker_start_ray_commands"].insert(0, "export RAY_AUTH_TOKEN_PATH=/t"),
        ),
    ],
)
def test_more_that_is_at_its_bounds_passes(told, change):
    told("docs/clusters/aws.yaml", change)


@pytest.mark.parametrize(
    "file", ["docs/clusters/aws.yaml", "docs/clusters/azure.yaml", "docs/clusters/gcp.yaml"]
)
def test_a_file_that_does_not_say_how_many_workers_has_as_many_as_ray_starts(told, file):
    provider = yaml.safe_load((TOP / file).read_text())["provider"]["type"]
    rays_own = Path(ray.__file__).parent / "autoscaler" / provider / "defaults.yaml"
    most = yaml.safe_load(rays_own.read_text())["max_workers"]

    def change(content):
        content.pop("max_workers")
        worker(content).pop("max_workers")

    (line,) = [line for line in told(file, change) if line.startswith("gpu_worker: ")]
    assert line.startswith(f"gpu_worker: 0 to {most} workers")


def test_what_nodes_have_is_told_with_what_is_not_known(told):
    def change(content):
        content.update(max_workers=0)
        worker(content).pop("max_workers")
        worker(content)["node_config"].pop("InstanceMarketOptions")

    lines = told("docs/clusters/aws.yaml", change)
    assert lines[0] == "gpu_worker: 0 to 0 workers, what Ray finds there"


def test_a_file_whose_workers_are_none_starts_none(told):
    def change(content):
        content.update(max_workers=0)
        worker(content).update(max_workers=0)

    assert told("docs/clusters/aws.yaml", change)[0].startswith("gpu_worker: 0 to 0 workers")


def test_machines_of_ones_own_may_be_the_head_alone(told):
    def change(content):
        content["provider"].update(head_ip="192.0.2.1", worker_ips=[])
        content.update(max_workers=0)

    assert told("docs/clusters/on-premise.yaml", change)[:2] == [
        "head: 192.0.2.1",
        "workers: none",
    ]


TYPOS = {
    "aws.yaml": (
        *("regio", "availability_zon", "cache_stopped_node", "security_grup", "use_internal_ip"),
        "cloudwach",
    ),
    "gcp.yaml": (
        *("regio", "availability_zon", "project_ids", "cache_stopped_node", "use_internal_ip"),
    ),
    "azure.yaml": (
        *("locatio", "resource_grup", "subscription_i", "availability_zon", "cache_stopped_node"),
        *("msi_nam", "msi_resource_grup", "subnet_mas", "tag", "unique_i"),
        *("use_external_head_i", "use_internal_ip"),
    ),
    "on-premise.yaml": ("head_i", "worker_ip", "external_head_i", "coordinator_addres"),
}


@pytest.mark.parametrize(("file", "key"), [(f, key) for f, keys in TYPOS.items() for key in keys])
def test_a_slip_in_each_key_of_a_provider_is_named(file, key):
    content = yaml.safe_load((TOP / "docs" / "clusters" / file).read_text())
    content["provider"][key] = "x"
    cluster = ClusterFile.model_validate(content)
    (said,) = launcher._provider_problems(cluster)
    assert said.startswith(f"unknown key 'provider.{key}': did you mean '{key[:3]}")


MACHINES = {
    "aws": (
        *("InstanceType", "ImageId", "KeyName", "InstanceMarketOptions", "BlockDeviceMappings"),
        *("SubnetId", "SubnetIds", "SecurityGroupIds", "IamInstanceProfile", "Placement"),
        *("TagSpecifications", "NetworkInterfaces", "UserData", "EbsOptimized"),
    ),
    "gcp": (
        *("machineType", "disks", "scheduling", "guestAccelerators", "metadata"),
        *("serviceAccounts", "networkInterfaces", "labels", "tags", "sourceMachineImage"),
    ),
    "azure": ("azure_arm_parameters", "tags"),
}


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, keys in MACHINES.items() for key in keys]
)
def test_a_slip_in_each_key_of_a_machine_is_named_and_the_key_itself_is_none(kind, key):
    needed = {"InstanceType", "ImageId", "machineType", "disks", "azure_arm_parameters"}
    whole = dict.fromkeys({*needed, key}, "x")

    def problems(config):
        said = launcher._machine_problems(kind, config, "node")
        return [each for each in said if key[:-1] in each]

    assert problems(whole) == []
    slip = f"{key[:-2]}{key[-1]}" if key != "tags" else "tagss"
    (said,) = launcher._machine_problems(kind, whole | {slip: "x"}, "node")
    assert said.startswith(f"unknown key 'node.{slip}': did you mean '{key[:5]}")


@pytest.mark.parametrize(
    "kind", ["aliyun", "vsphere", "kubernetes", "readonly", "spark", "external"]
)
def test_a_provider_of_rays_that_is_not_known_here_is_not_taken_for_a_slip(kind):
    cluster = ClusterFile.model_validate({"provider": {"type": kind}})
    assert list(launcher._provider_problems(cluster)) == []


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("aws.yaml", "region"),
        ("gcp.yaml", "region"),
        ("gcp.yaml", "project_id"),
        ("azure.yaml", "location"),
        ("azure.yaml", "resource_group"),
    ],
)
def test_what_a_provider_cannot_do_without_is_missed(changed, file, key):
    said = changed(f"docs/clusters/{file}", lambda c: c["provider"].pop(key))
    assert f"provider.{key} is missing" in said


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("aws.yaml", "InstanceType"),
        ("aws.yaml", "ImageId"),
        ("gcp.yaml", "machineType"),
        ("gcp.yaml", "disks"),
        ("azure.yaml", "azure_arm_parameters"),
    ],
)
def test_what_a_machine_cannot_do_without_is_missed(changed, file, key):
    said = changed(f"docs/clusters/{file}", lambda c: head(c)["node_config"].pop(key))
    assert f"available_node_types.head.node_config.{key} is missing" in said


def test_a_key_that_is_hardly_like_one_is_let_through(told):
    def change(content):
        content["provider"].update(zone="x")
        worker(content)["node_config"].update(InstanceInitiatedShutdown="stop", KeyPair="x")

    told("docs/clusters/aws.yaml", change)


def test_nodes_are_set_up_and_started_by_the_commands_of_all_lists():
    file = ClusterFile(
        provider={"type": "aws"},
        setup_commands=["a", "b"],
        head_setup_commands=["c"],
        worker_setup_commands=["d"],
        head_start_ray_commands=["e"],
        worker_start_ray_commands=["f"],
    )
    assert (file.setup, file.start) == ("a\nb\nc\nd", "e\nf")


@pytest.mark.parametrize("commands", ["head_setup_commands", "worker_setup_commands"])
def test_a_python_of_a_part_of_the_nodes_is_looked_at_too(changed, commands):
    def change(content):
        content.update({"setup_commands": [], commands: ["uv venv --python 3.10 ~/venv"]})

    said = changed("docs/clusters/aws.yaml", change)
    assert "setup_commands: Python 3.10: musebar needs 3.11" in said


def test_what_is_left_empty_is_left_out_and_its_default_stands():
    file = ClusterFile.model_validate(
        {"provider": {"type": "aws"}, "setup_commands": None, "docker": None, "max_workers": None}
    )
    assert (file.setup_commands, file.docker.image, file.most_workers) == ([], "", 2)


def test_a_file_of_another_shape_further_down_is_looked_through_all_the_same():
    odd = {"disks": {"a": "b"}, "InstanceMarketOptions": ["spot"]}
    node = NodeType(node_config=odd)
    assert list(filter(None, node.images)) == []
    assert not node.is_spot


@pytest.mark.parametrize("key", ["apiVersion", "kind"])
def test_a_manifest_is_known_by_either_of_its_first_two_keys(tmp_path, key):
    (tmp_path / "file.yaml").write_text(f"{key}: x\n")
    with pytest.raises(UsageError, match="spec is missing"):
        check(tmp_path / "file.yaml")


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the cluster file .*: No such file"):
        check(tmp_path / "none.yaml")


def test_what_ray_prints_is_not_shown(changed, capfd):
    changed("docs/clusters/aws.yaml", lambda c: c.update(docker={"image": "lab/study"}))
    assert capfd.readouterr() == ("", "")


def test_machines_of_ones_own_are_told_where_they_are_no_list(told):
    def change(content):
        content["provider"].update(head_ip="192.0.2.1", worker_ips=["192.0.2.2"])

    assert told("docs/clusters/on-premise.yaml", change)[1] == "workers: 192.0.2.2"
    file = ClusterFile(provider={"type": "local", "head_ip": "a", "worker_ips": "b"})
    assert launcher._nodes(file) == ["head: a", "workers: b"]


def test_of_three_ports_the_two_that_are_one_are_named(changed):
    ports = "--port=1 --dashboard-port=2 --object-manager-port=1"
    said = changed(
        "docs/clusters/aws.yaml", lambda c: c.update(head_start_ray_commands=[f"{HEAD} {ports}"])
    )
    assert "head_start_ray_commands: --port and --object-manager-port are both 1" in said


def test_a_key_that_is_not_known_is_named_once_and_in_our_words_alone(changed):
    said = changed("docs/clusters/aws.yaml", lambda c: c.update(max_worker=3))
    assert said.endswith("unknown key 'max_worker': did you mean 'max_workers'?")
    assert len(said.splitlines()) == 1


def test_ray_is_asked_without_a_change_of_the_file_and_what_it_logs_is_not_shown(
    monkeypatch, caplog
):
    def logs(config):
        logging.getLogger("ray.autoscaler._private").warning("of no account")
        config["max_workers"] = 0
        return config

    monkeypatch.setattr("ray.autoscaler._private.util.prepare_config", logs)
    content = yaml.safe_load((TOP / "docs" / "clusters" / "aws.yaml").read_text())
    launcher._ray_says(content)
    assert content["max_workers"] == 8
    assert caplog.messages == []
