"""A file of Ray's cluster launcher, as far as a study is concerned; Ray itself checks the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterator

Settings = dict[str, JsonValue]
"""What a provider reads, in words of its own."""

_WORKERS = 2
"""``max_workers`` of a cloud's cluster that names none: Ray's own files have it."""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _left_empty_is_left_out(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None}


class NodeType(_Open):
    """One of ``available_node_types``."""

    min_workers: int = 0
    max_workers: int | None = None
    resources: Settings | None = None
    node_config: Settings = {}

    @property
    def is_spot(self) -> bool:
        """Whether it asks for a machine that can be taken away."""
        market = _at(self.node_config, "InstanceMarketOptions", "MarketType")
        scheduling = self.node_config.get("scheduling")
        # GCP takes a mapping, and a list of them
        parts = scheduling if isinstance(scheduling, list) else [scheduling]
        azure = _at(self.node_config, "azure_arm_parameters", "priority")
        return (
            market == "spot"
            or any(_at(part, "preemptible") for part in parts)
            or any(str(_at(part, "provisioningModel")).upper() == "SPOT" for part in parts)
            or str(azure).lower() == "spot"
        )

    @property
    def images(self) -> Iterator[str]:
        """Names of the images of the machine and of its boot disks."""
        yield str(self.node_config.get("ImageId", ""))
        disks = self.node_config.get("disks")
        for disk in disks if isinstance(disks, list) else ():
            yield str(_at(disk, "initializeParams", "sourceImage") or "")


class Docker(_Open):
    """``docker``: the images of containers."""

    image: str = ""
    head_image: str = ""
    worker_image: str = ""


class ClusterFile(_Open):
    """The whole file."""

    provider: Settings
    available_node_types: dict[str, NodeType] = {}
    head_node_type: str | None = None
    max_workers: int | None = None
    docker: Docker = Docker()
    file_mounts: Settings = {}
    setup_commands: list[str] = []
    head_setup_commands: list[str] = []
    worker_setup_commands: list[str] = []
    head_start_ray_commands: list[str] = []
    worker_start_ray_commands: list[str] = []

    @property
    def kind(self) -> str:
        """The provider's type."""
        return str(self.provider.get("type"))

    @property
    def most_workers(self) -> int:
        """Workers at a time."""
        return _WORKERS if self.max_workers is None else self.max_workers

    @property
    def setup(self) -> str:
        """All commands that set a node up, one a line."""
        commands = (self.setup_commands, self.head_setup_commands, self.worker_setup_commands)
        return "\n".join(command for each in commands for command in each)

    @property
    def start(self) -> str:
        """All commands that start Ray, one a line."""
        return "\n".join((*self.head_start_ray_commands, *self.worker_start_ray_commands))

    @property
    def images(self) -> Iterator[str]:
        """Names of all images: of containers, of machines, of their boot disks."""
        yield from (self.docker.image, self.docker.head_image, self.docker.worker_image)
        for node in self.available_node_types.values():
            yield from node.images


def _at(content: JsonValue, *keys: str) -> JsonValue:
    """What stands under keys within keys; None where it is not there."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content
