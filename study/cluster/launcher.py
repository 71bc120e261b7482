"""Cluster files, checked before money is spent: Ray's cluster launcher's, KubeRay's, Slurm's."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from musebar_core.errors import UsageError, nearest
from musebar_core.yamlfile import read_mapping
from study.cluster import kuberay, slurm
from study.cluster.clusterfile import ClusterFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from musebar_core.yamlvalues import Plain

_PROVIDER_KEYS = {
    "aws": {
        "region",
        "availability_zone",
        "cache_stopped_nodes",
        "security_group",
        "use_internal_ips",
        "cloudwatch",
    },
    "gcp": {"region", "availability_zone", "project_id", "cache_stopped_nodes", "use_internal_ips"},
    "azure": {
        "location",
        "resource_group",
        "subscription_id",
        "availability_zone",
        "cache_stopped_nodes",
        "msi_name",
        "msi_resource_group",
        "subnet_mask",
        "tags",
        "unique_id",
        "use_external_head_ip",
        "use_internal_ips",
    },
    "local": {"head_ip", "worker_ips", "external_head_ip", "coordinator_address"},
}
"""What each provider reads beside Ray's own schema, which lets any key through."""

_NEEDED = {
    "aws": (("region",), ("InstanceType", "ImageId")),
    "gcp": (("region", "project_id"), ("machineType", "disks")),
    "azure": (("location", "resource_group"), ("azure_arm_parameters",)),
}
"""What each provider cannot do without, of itself and of a node: Ray finds out when it starts.

Where a node of AWS names no image, Ray takes one of Ubuntu 18.04, too old for torch.
"""

_NODE_KEYS = {
    "aws": {
        "InstanceType",
        "ImageId",
        "KeyName",
        "InstanceMarketOptions",
        "BlockDeviceMappings",
        "SubnetId",
        "SubnetIds",
        "SecurityGroupIds",
        "IamInstanceProfile",
        "Placement",
        "TagSpecifications",
        "NetworkInterfaces",
        "UserData",
        "EbsOptimized",
    },
    "gcp": {
        "machineType",
        "disks",
        "scheduling",
        "guestAccelerators",
        "metadata",
        "serviceAccounts",
        "networkInterfaces",
        "labels",
        "tags",
        "sourceMachineImage",
    },
    "azure": {"azure_arm_parameters", "tags"},
}
"""Keys of ``node_config`` by provider: one that is nearly one of them is a slip."""


def check(file: Path) -> list[str]:
    """Check a file of Ray's cluster launcher, KubeRay's RayJob or RayCluster, or Slurm's script.

    Returns
    -------
    list of str
        A line for each kind of node.

    Raises
    ------
    UsageError
        If anything in it is wrong; all that is wrong is named.
    """
    if _is_script(file):
        script = slurm.read(file.read_text(errors="replace"))
        problems, nodes = slurm.check(script)
        return _told(file, problems, nodes, script.lines)
    content = read_mapping(file, "cluster file")
    if "apiVersion" in content or "kind" in content:
        problems, nodes = kuberay.check(content)
    else:
        problems = list(dict.fromkeys(_problems(content)))
        nodes = [] if problems else _nodes(ClusterFile.model_validate(content))
    return _told(file, problems, nodes, content)


def _is_script(file: Path) -> bool:
    if not file.is_file():
        return False  # whoever reads it says so
    with file.open("rb") as opened:
        return opened.read(2) == slurm.FIRST_BYTES


def _told(
    file: Path, problems: list[str], nodes: list[str], content: Mapping[str, Plain] | list[str]
) -> list[str]:
    """Lines about a file; all that is wrong with it, where something is, as an error."""
    if problems:
        raise UsageError("\n".join(f"{file}: {problem}" for problem in problems))
    blanks = sorted(set(_to_fill_in(content)))
    return [*nodes, f"to fill in: {', '.join(blanks)}"] if blanks else nodes


def _problems(content: Mapping[str, Plain]) -> Iterator[str]:
    if not isinstance(content.get("provider"), dict):
        yield "provider is missing: a mapping with its type (aws, gcp, local, ...)"
        return
    known = list(_unknown_keys(content, _schema(), ""))
    yield from known
    if known:
        return  # the rest would repeat it in other words
    try:
        cluster = ClusterFile.model_validate(content)
    except ValidationError as error:
        for each in error.errors():
            where = ".".join(map(str, each["loc"]))
            yield f"{where}: {each['input']!r}: {each['msg'][0].lower()}{each['msg'][1:]}"
        return
    parts = (_provider_problems, _type_problems, _port_problems, _setup_problems)
    ours = [problem for part in parts for problem in part(cluster)]
    yield from ours
    if not ours and (refused := _ray_says(content)):
        yield refused


def _schema() -> dict[str, Plain]:
    import ray

    path = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    schema: dict[str, Plain] = json.loads(path.read_text())
    return schema


def _unknown_keys(value: object, schema: Plain, where: str) -> Iterator[str]:
    """Every key that Ray's schema does not know, with the nearest that it does."""
    if not isinstance(value, dict) or not isinstance(schema, dict):
        return
    properties = _mapping(schema.get("properties"))
    patterns = _mapping(schema.get("patternProperties"))
    for key, inner in value.items():
        place = f"{where}{key}"
        if key in properties:
            yield from _unknown_keys(inner, properties[key], f"{place}.")
        elif patterns:
            yield from _unknown_keys(inner, next(iter(patterns.values())), f"{place}.")
        elif schema.get("additionalProperties") is False:
            yield f"unknown key '{place}'{nearest(str(key), properties)}"


def _mapping(value: Plain) -> dict[str, Plain]:
    return value if isinstance(value, dict) else {}


def _ray_says(content: Mapping[str, Plain]) -> str | None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    logging.getLogger("ray.autoscaler").setLevel(logging.ERROR)
    printed = io.StringIO()  # Ray's launcher prints beside what it raises
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            validate_config(prepare_config(copy.deepcopy(content)))
    except Exception as error:  # noqa: BLE001  Ray raises what its parts raise
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        where = ".".join(map(str, getattr(error, "absolute_path", ())))  # jsonschema's
        return f"{where}: {said}" if where else said
    return None


def _provider_problems(cluster: ClusterFile) -> Iterator[str]:
    provider, kind = cluster.provider, cluster.kind
    if kind not in _PROVIDER_KEYS and (hint := nearest(kind, _PROVIDER_KEYS)):
        yield f"unknown provider.type '{kind}'{hint}"
    for key in _NEEDED.get(kind, ((), ()))[0]:
        if not provider.get(key):
            yield f"provider.{key} is missing"
    of_ray = _mapping(_mapping(_mapping(_schema()["properties"])["provider"])["properties"])
    known = _PROVIDER_KEYS.get(kind, set()) | set(of_ray)
    for key in provider:
        if key not in known and (hint := nearest(key, known, 0.7)):
            yield f"unknown key 'provider.{key}'{hint}"
    for name, node in cluster.available_node_types.items():
        where = f"available_node_types.{name}.node_config"
        yield from _machine_problems(kind, node.node_config, where)


def _machine_problems(kind: str, config: Mapping[str, JsonValue], where: str) -> Iterator[str]:
    for key in _NEEDED.get(kind, ((), ()))[1]:
        if not config.get(key):
            yield f"{where}.{key} is missing"
    keys = _NODE_KEYS.get(kind, set())
    for key in config:
        if key not in keys and (hint := nearest(key, keys, 0.8)):
            yield f"unknown key '{where}.{key}'{hint}"


def _type_problems(cluster: ClusterFile) -> Iterator[str]:
    types, head = cluster.available_node_types, cluster.head_node_type
    if cluster.kind != "local" and not types:
        yield "available_node_types is missing: define the head and the workers"
    if types and head is None:
        yield f"head_node_type is missing: name one of {', '.join(types)}"
    elif types and head not in types:
        yield (
            f"head_node_type '{head}' is not among available_node_types"
            f"{nearest(str(head), types)} (known: {', '.join(types)})"
        )
    overall = cluster.max_workers
    for name, kind in types.items():
        low = kind.min_workers
        high = overall if kind.max_workers is None else kind.max_workers
        if high is not None and low > high:
            yield f"{name}: min_workers {low} is over max_workers {high}"
        if overall is not None and high is not None and high > overall:
            yield f"{name}: max_workers {high} is over the cluster's max_workers {overall}"
        if name == head and kind.is_spot:
            yield f"{name}: the head is a spot node, and the driver goes with it: take on-demand"
    least = sum(kind.min_workers for kind in types.values())  # Ray counts the head's, too
    if overall is not None and least > overall:
        yield f"min_workers of all types are {least} together, over max_workers {overall}"


def _port_problems(cluster: ClusterFile) -> Iterator[str]:
    head = " ".join(cluster.head_start_ray_commands)
    worker = " ".join(cluster.worker_start_ray_commands)
    ports = {f"--{flag}": int(number) for flag, number in _PORT.findall(head)}
    for flag, number in ports.items():
        if not 1 <= number <= 65535:
            yield f"head_start_ray_commands: {flag}={number} is no port (1 to 65535)"
    taken: dict[int, str] = {}
    for flag, number in ports.items():
        if number in taken:
            yield f"head_start_ray_commands: {taken[number]} and {flag} are both {number}"
        taken[number] = flag
    if head and "--head" not in head:
        yield "head_start_ray_commands: 'ray start' has no --head"
    if head and "--autoscaling-config" not in head:
        yield (
            "head_start_ray_commands: without --autoscaling-config=~/ray_bootstrap_config.yaml "
            "no worker is ever started"
        )
    asked = re.search(r"\$RAY_HEAD_IP:(\d+)", worker)
    if worker and asked is None:
        yield "worker_start_ray_commands: --address=$RAY_HEAD_IP:PORT is missing"
    elif asked and int(asked[1]) != ports.get("--port", 6379):
        yield (
            f"worker_start_ray_commands: workers look for the head at port {asked[1]}, "
            f"but it listens at {ports.get('--port', 6379)}"
        )
    if "RAY_AUTH_MODE=disabled" in head + worker:
        yield "RAY_AUTH_MODE=disabled: whoever reaches the head could run code on it"


def _setup_problems(cluster: ClusterFile) -> Iterator[str]:
    """What a node would lack: a Python that is new enough, or the cluster's token."""
    setup, start = cluster.setup, cluster.start
    named = [int(minor) for minor in _PYTHON.findall(setup)]
    oldest = kuberay.OLDEST_PYTHON
    if named and max(named) < int(oldest.split(".")[1]):
        yield f"setup_commands: Python 3.{max(named)}: musebar needs {oldest}"
    if not named:
        for image in cluster.images:
            if python := kuberay.old_python(image):
                yield (
                    f"image {image} has Python {python}, and setup_commands bring no other: "
                    f"musebar needs {oldest}"
                )
    mounts = cluster.file_mounts
    if "RAY_AUTH_MODE=token" in start and not (
        "~/.ray/auth_token" in mounts or "RAY_AUTH_TOKEN" in setup + start
    ):
        yield "file_mounts: ~/.ray/auth_token is missing, and RAY_AUTH_MODE=token wants it"


def _to_fill_in(value: Plain | Mapping[str, Plain] | list[str]) -> Iterator[str]:
    """Values that are the user's to name, as the shipped files and others write them."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _to_fill_in(inner)
    elif isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)


_PLACEHOLDER = re.compile(
    r"YOUR[-_][A-Z][A-Z_-]*[A-Z]"  # as the shipped files have them
    r"|<[A-Za-z][\w -]*>"
    r"|(?<![\w${-])(?:BUCKET|CHANGE[-_]?ME|DATABASE|IMAGE|PROJECT|REGISTRY|STUDY|USER(?=@))(?![\w=-])"
)
_PYTHON = re.compile(r"python[ =@]?3\.([0-9]+)")
_PORT = re.compile(r"--([a-z-]*port)[= ](\d+)")


def _nodes(cluster: ClusterFile) -> list[str]:
    if cluster.kind == "local":
        listed = cluster.provider.get("worker_ips") or ["none"]
        workers = ", ".join(map(str, listed if isinstance(listed, list) else [listed]))
        return [f"head: {cluster.provider.get('head_ip')}", f"workers: {workers}"]
    lines = []
    for name, kind in cluster.available_node_types.items():
        high = cluster.most_workers if kind.max_workers is None else kind.max_workers
        asked = kind.resources
        resources = ", ".join(f"{asked[k]} {k}" for k in asked) if asked else "what Ray finds there"
        spot = ", spot" if kind.is_spot else ""
        is_head = name == cluster.head_node_type
        role = "the head" if is_head else f"{kind.min_workers} to {high} workers"
        lines.append(f"{name}: {role}{spot}, {resources}")
    return lines
