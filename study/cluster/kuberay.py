"""KubeRay's RayJob and RayCluster, checked against what the operator accepts.

The fields are those of the ``ray.io/v1`` custom resources; a pod's own fields are Kubernetes's
to check, but for what a study needs of them.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from musebar_core.errors import MuseBarError, UsageError, nearest
from study.spec import specfile
from study.spec.sections import ResourcesSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from musebar_core.yamlvalues import Plain

Port = Annotated[int, Field(ge=1, le=65535)]
Open = dict[str, JsonValue]
"""What is Kubernetes's to check."""
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class ContainerPort(_Open):
    """A port of a container."""

    containerPort: Port  # noqa: N815  Kubernetes's name, as all below
    name: str | None = None


class Container(_Open):
    """A container, as far as a study is concerned."""

    name: str
    image: str
    ports: list[ContainerPort] = []
    env: list[Open] = []
    resources: dict[str, Open] = {}


class PodSpec(_Open):
    """A pod, likewise."""

    containers: Annotated[list[Container], Field(min_length=1)]
    nodeSelector: dict[str, str] = {}  # noqa: N815
    tolerations: list[Open] = []


class PodTemplate(_Part):
    """A pod and its labels."""

    spec: PodSpec
    metadata: Open = {}


class HeadGroup(_Part):
    """``headGroupSpec``."""

    template: PodTemplate
    rayStartParams: dict[str, str] = {}  # noqa: N815
    serviceType: Literal["ClusterIP", "NodePort", "LoadBalancer"] | None = None  # noqa: N815
    headService: Open | None = None  # noqa: N815
    enableIngress: bool | None = None  # noqa: N815
    resources: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class WorkerGroup(_Part):
    """One of ``workerGroupSpecs``."""

    groupName: str  # noqa: N815
    template: PodTemplate
    replicas: Count | None = None
    minReplicas: Count = 0  # noqa: N815
    maxReplicas: Count = 2**31 - 1  # noqa: N815
    numOfHosts: Annotated[int, Field(ge=1)] = 1  # noqa: N815
    idleTimeoutSeconds: Count | None = None  # noqa: N815
    rayStartParams: dict[str, str] = {}  # noqa: N815
    scaleStrategy: Open | None = None  # noqa: N815
    suspend: bool | None = None
    resources: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class RayClusterSpec(_Part):
    """``spec`` of a RayCluster."""

    headGroupSpec: HeadGroup  # noqa: N815
    rayVersion: str | None = None  # noqa: N815
    workerGroupSpecs: list[WorkerGroup] = []  # noqa: N815
    enableInTreeAutoscaling: bool | None = None  # noqa: N815
    autoscalerOptions: Open | None = None  # noqa: N815
    authOptions: Open | None = None  # noqa: N815
    gcsFaultToleranceOptions: Open | None = None  # noqa: N815
    headServiceAnnotations: dict[str, str] | None = None  # noqa: N815
    upgradeStrategy: Open | None = None  # noqa: N815
    managedBy: str | None = None  # noqa: N815
    suspend: bool | None = None


class RayJobSpec(_Part):
    """``spec`` of a RayJob."""

    entrypoint: Annotated[str, Field(min_length=1)]
    rayClusterSpec: RayClusterSpec | None = None  # noqa: N815
    clusterSelector: dict[str, str] | None = None  # noqa: N815
    submissionMode: (  # noqa: N815
        Literal["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"] | None
    ) = None
    shutdownAfterJobFinishes: bool | None = None  # noqa: N815
    ttlSecondsAfterFinished: Count | None = None  # noqa: N815
    activeDeadlineSeconds: Annotated[int, Field(ge=1)] | None = None  # noqa: N815
    backoffLimit: Count | None = None  # noqa: N815
    runtimeEnvYAML: str | None = None  # noqa: N815
    entrypointNumCpus: Annotated[float, Field(ge=0)] | None = None  # noqa: N815
    entrypointNumGpus: Annotated[float, Field(ge=0)] | None = None  # noqa: N815
    entrypointResources: str | None = None  # noqa: N815
    submitterPodTemplate: PodTemplate | None = None  # noqa: N815
    submitterConfig: Open | None = None  # noqa: N815
    deletionStrategy: Open | None = None  # noqa: N815
    jobId: str | None = None  # noqa: N815
    metadata: dict[str, str] | None = None
    managedBy: str | None = None  # noqa: N815
    suspend: bool | None = None


class RayResource(_Part):
    """A manifest."""

    apiVersion: Literal["ray.io/v1"]  # noqa: N815
    kind: Literal["RayJob", "RayCluster"]
    metadata: Open
    spec: Open


def check(content: Mapping[str, Plain]) -> tuple[list[str], list[str]]:
    """What is wrong with a manifest, and a line for each kind of node."""
    try:
        resource = RayResource.model_validate(content)
        if resource.kind == "RayJob":
            job = RayJobSpec.model_validate(resource.spec)
            cluster = job.rayClusterSpec
        else:
            job, cluster = None, RayClusterSpec.model_validate(resource.spec)
    except ValidationError as error:
        outer = () if error.title == "RayResource" else ("spec",)
        return [_explain(part, outer) for part in error.errors()], []
    problems = [] if resource.metadata.get("name") else ["metadata.name is missing"]
    if job and (job.rayClusterSpec is None) == (job.clusterSelector is None):
        problems.append("spec: give exactly one of rayClusterSpec and clusterSelector")
    if cluster is None:
        return problems, []
    problems += _problems(cluster)
    if job:
        problems += [f"spec.entrypoint: {p}" for p in _entrypoint_problems(job.entrypoint, cluster)]
    return problems, _nodes(cluster)


def _problems(cluster: RayClusterSpec) -> Iterator[str]:
    head = cluster.headGroupSpec.template.spec
    if _is_spot(head):
        yield "headGroupSpec: the head is a spot node, and the driver goes with it: take on-demand"
    names = [group.groupName for group in cluster.workerGroupSpecs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"workerGroupSpecs: two groups are called '{name}'"
    for group in cluster.workerGroupSpecs:
        low, high = group.minReplicas, group.maxReplicas
        if low > high:
            yield f"{group.groupName}: minReplicas {low} is over maxReplicas {high}"
        elif group.replicas is not None and not low <= group.replicas <= high:
            yield f"{group.groupName}: replicas {group.replicas} is not within {low} to {high}"
    pods = {"headGroupSpec": head} | {
        group.groupName: group.template.spec for group in cluster.workerGroupSpecs
    }
    for name, pod in pods.items():
        for container in pod.containers:
            yield from _container_problems(name, container, cluster.rayVersion)


def _container_problems(where: str, container: Container, version: str | None) -> Iterator[str]:
    ports = [port.containerPort for port in container.ports]
    for port in sorted({port for port in ports if ports.count(port) > 1}):
        yield f"{where}: container '{container.name}' names port {port} twice"
    image, _, tag = container.image.rpartition(":")
    if version and image.endswith("rayproject/ray") and not tag.startswith(version):
        yield f"{where}: image {container.image} is not Ray {version}, which rayVersion names"
    if python := old_python(container.image):
        yield f"{where}: image {container.image} has Python {python}: musebar needs {OLDEST_PYTHON}"
    for variable in container.env:
        name = str(variable.get("name", ""))
        if "value" in variable and any(word in name for word in ("PASSWORD", "SECRET", "TOKEN")):
            yield f"{where}: env {name} stands in the open: take it from a secret (secretKeyRef)"


OLDEST_PYTHON = "3.11"
"""The oldest Python that musebar runs on."""


def old_python(image: str) -> str | None:
    """The Python that an image's name tells, as in ``py310``, where it is too old; else None."""
    told = re.search(r"(?<![a-z])py(?:thon)?3[.-]?([0-9]{1,2})(?![0-9])", image)
    oldest = int(OLDEST_PYTHON.split(".")[1])
    return f"3.{told[1]}" if told and int(told[1]) < oldest else None


def _entrypoint_problems(entrypoint: str, cluster: RayClusterSpec) -> Iterator[str]:
    """Where the study that a job launches does not go with the nodes it gets."""
    try:
        asked = _resources(entrypoint)
    except (MuseBarError, ValueError) as error:  # shlex's are ValueErrors
        yield str(error)
        return
    head, groups = _has(cluster.headGroupSpec), [_has(g) for g in cluster.workerGroupSpecs]
    gpus, cpus = asked.gpus, asked.cpus
    if gpus == 0 and groups and all(has > 0 for _, has in groups):
        yield (
            "resources.gpus_per_trial is 0, and every worker has GPUs: "
            "add --set resources.gpus_per_trial=auto"
        )
    if gpus and not any(has > 0 for _, has in (head, *groups)):
        yield f"resources.gpus_per_trial is {gpus}, and no container has a limit of GPUs"
    at_first = [head] + [
        has
        for group, has in zip(cluster.workerGroupSpecs, groups, strict=True)
        if max(group.replicas or 0, group.minReplicas)
    ]
    room = any(c >= cpus and (not gpus or g > 0) for c, g in at_first)
    if asked.slots == "auto" and not room:
        yield (
            "resources.slots is 'auto', what the nodes that are there have room for, and at first "
            "none has room for a trial: add --set resources.slots=N"
        )


@dataclass(frozen=True)
class _Asked:
    """What of a spec's ``resources`` is known; None is not."""

    slots: int | Literal["auto"] | None = None
    cpus: int = 1
    gpus: float | Literal["auto"] | None = None

    @classmethod
    def of(cls, resources: ResourcesSpec, known: Collection[str]) -> _Asked:
        return cls(
            slots=resources.slots if "slots" in known else None,
            cpus=resources.cpus_per_trial,
            gpus=resources.gpus_per_trial if "gpus_per_trial" in known else None,
        )


def _resources(entrypoint: str) -> _Asked:
    """What is known of the resources of the study that a command line launches."""
    words = shlex.split(entrypoint)
    if "launch" not in words or not any(word.endswith("musebar") for word in words):
        return _Asked()
    source, overrides = None, []
    rest = iter(words[words.index("launch") + 1 :])
    for word in rest:
        option, _, value = word.partition("=")
        if option in {"--set", "--name", "--address"}:
            value = value or next(rest, "")
            overrides += [value] if option == "--set" else []
        elif not word.startswith("-"):
            source = source or word
    if source and not source.endswith((".yaml", ".yml")):
        return _Asked.of(specfile.load(source, overrides).resources, ResourcesSpec.model_fields)
    known: dict[str, Plain] = {}  # all there is of a file of the image's
    for override in overrides:
        specfile.override_value(known, override)
    try:
        resources = ResourcesSpec.model_validate(known.get("resources", {}))
    except ValidationError as error:
        raise UsageError(_explain(error.errors()[0], ("resources",))) from None
    return _Asked.of(resources, resources.model_fields_set)


def _has(group: HeadGroup | WorkerGroup) -> tuple[float, float]:
    """CPUs and GPUs of each node of a group, as Ray will see them; CPUs not told are enough."""
    container = group.template.spec.containers[0]
    told = container.resources.get("requests", {}) | container.resources.get("limits", {})
    gpus = sum(_number(value) for name, value in told.items() if name.endswith("gpu"))
    asked = {"CPU": _number(told.get("cpu", "inf")), "GPU": gpus}
    asked |= {name: _number(value) for name, value in (group.resources or {}).items()}
    asked |= {
        resource: _number(group.rayStartParams[name])
        for name, resource in (("num-cpus", "CPU"), ("num-gpus", "GPU"))
        if name in group.rayStartParams
    }
    return asked["CPU"], asked["GPU"]


def _number(quantity: object) -> float:
    """A quantity of Kubernetes's: ``4`` or ``500m``."""
    text = str(quantity)
    try:
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
    except ValueError:
        return float("inf")


def _is_spot(pod: PodSpec) -> bool:
    words = [f"{key}={value}" for key, value in pod.nodeSelector.items()]
    words += [f"{t.get('key')}={t.get('value')}" for t in pod.tolerations]
    return any("spot" in word.lower() or "preemptible" in word.lower() for word in words)


def _nodes(cluster: RayClusterSpec) -> list[str]:
    lines = ["head: " + ", ".join(c.image for c in cluster.headGroupSpec.template.spec.containers)]
    for group in cluster.workerGroupSpecs:
        spot = ", spot" if _is_spot(group.template.spec) else ""
        lines.append(f"{group.groupName}: {group.minReplicas} to {group.maxReplicas} workers{spot}")
    return lines


def _explain(error: ErrorDetails, outer: tuple[str, ...]) -> str:
    where = ".".join(str(part) for part in (*outer, *error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"unknown key '{where}'{nearest(str(error['loc'][-1]), sorted(_FIELDS))}"
    if error["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


_FIELDS = {
    field
    for model in (RayResource, RayJobSpec, RayClusterSpec, HeadGroup, WorkerGroup, PodTemplate)
    for field in model.model_fields
}
