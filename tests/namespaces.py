"""Machines of a test's own: network namespaces on one bridge, each with an address and a link."""

from __future__ import annotations

import subprocess
import sys
import uuid


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


def why_not() -> str | None:
    """Why there can be no namespaces here; None where there can."""
    name = f"mb{uuid.uuid4().hex[:6]}"
    try:
        ip("netns", "add", name)
        ip("link", "add", f"{name}x", "type", "veth", "peer", "name", "eth0", "netns", name)
    except FileNotFoundError:
        return "iproute2 is not installed: make debian"
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not permitted here: {error.stderr.decode().strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return None


class Machine:
    """One namespace: an address, a loopback, and a link that can be cut."""

    def __init__(self, name: str, address: str, bridge: str) -> None:
        self.name, self.address = name, address
        ip("netns", "add", name)
        ip("link", "add", f"{name}v", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", f"{name}v", "master", bridge, "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")

    @property
    def inside(self) -> tuple[str, ...]:
        """How a command line begins that is to run on this machine."""
        return ("ip", "netns", "exec", self.name)

    def reaches(self, address: str) -> bool:
        """Whether a machine there answers, if only that nothing listens; a cut link is mute."""
        code = (
            "import socket, sys\n"
            "try: socket.create_connection((sys.argv[1], 9), timeout=2).close()\n"
            "except ConnectionRefusedError: pass\n"
            "except OSError: sys.exit(1)\n"
        )
        tried = [*self.inside, sys.executable, "-S", "-c", code, address]
        return subprocess.run(tried, check=False, timeout=60).returncode == 0

    def cut(self) -> None:
        ip("-n", self.name, "link", "set", "eth0", "down")

    def mend(self) -> None:
        ip("-n", self.name, "link", "set", "eth0", "up")


class Network:
    """So many machines on a bridge that nothing else is connected to."""

    def __init__(self, count: int) -> None:
        self._bridge = f"mb{uuid.uuid4().hex[:6]}"
        self._count = count
        self.machines: list[Machine] = []

    def __enter__(self) -> Network:
        ip("link", "add", self._bridge, "type", "bridge")
        ip("link", "set", self._bridge, "up")
        for number in range(1, self._count + 1):
            name = f"{self._bridge}n{number}"
            self.machines.append(Machine(name, f"10.77.0.{number}", self._bridge))
        return self

    def __exit__(self, *_: object) -> None:
        for machine in self.machines:
            subprocess.run(["ip", "netns", "del", machine.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)
