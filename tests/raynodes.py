"""Ray nodes of a test's own, each a process group, on ports of their own and the loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from tests.conftest import PATIENCE
from tests.postgres import free_port

TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef"
QUICK = {
    # a lost node is noticed sooner than in production, a slow one is not taken for lost
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}


class Node:
    """``ray start --block``: a head where ``head`` is None, else a worker of that head."""

    def __init__(
        self,
        environment: dict[str, str],
        head: Node | None = None,
        ip: str = "127.0.0.1",
        prefix: tuple[str, ...] = (),
        dashboard: bool = True,
        **resources: float,
    ) -> None:
        # a short path: Ray's sockets lie in it, and their names may have 107 characters
        self.folder = Path(tempfile.mkdtemp(prefix="mbr", dir="/tmp"))
        self.ip = ip
        self.port = free_port() if head is None else head.port
        self.dashboard_port = free_port()
        self.log = self.folder / "log"
        place = (
            [f"--port={self.port}", "--head"]
            if head is None
            else [f"--address={head.ip}:{head.port}"]
        )
        if head is None:
            place += [
                "--dashboard-host=127.0.0.1",
                f"--dashboard-port={self.dashboard_port}",
                f"--include-dashboard={str(dashboard).lower()}",
                f"--temp-dir={self.folder}",
                f"--ray-client-server-port={free_port()}",
            ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "ray.scripts.scripts",
                    "start",
                    "--block",
                    "--disable-usage-stats",
                    f"--node-ip-address={ip}",
                    f"--object-store-memory={80 * 2**20}",
                    f"--dashboard-agent-listen-port={free_port()}",
                    f"--metrics-export-port={free_port()}",
                    *place,
                    *(f"--{name.replace('_', '-')}={value:g}" for name, value in resources.items()),
                ],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait_for_dashboard(self, environment: dict[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE
        token = Path(environment["RAY_AUTH_TOKEN_PATH"]).read_text()
        request = urllib.request.Request(
            f"{self.dashboard}/api/version", headers={"Authorization": f"Bearer {token}"}
        )
        while True:
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(self.log.read_text()[-3000:]) from None
                time.sleep(0.5)
            else:
                return

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def processes(self) -> list[psutil.Process]:
        """All processes of this node; no other node's, for each is a session of its own."""
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    @property
    def training(self) -> list[psutil.Process]:
        """Its processes that are in a seed run at this moment."""
        return training(self.processes)

    def kill(self) -> None:
        """End the node as a taken machine does: all at once, without a word."""
        processes = self.processes
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()  # so that none of them starts another
        for process in {*processes, *self.processes}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def training(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those in a seed run: Ray names a worker after the method that it is in, or its class alone.

    Tune makes the class that runs a subclass of its own, ``ResourceTrainable``.
    """
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if "".join(process.cmdline()[:1]).startswith("ray::ResourceTrainable.train"):
                found.append(process)
    return found


def gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    """Whether all of them have ended, waited for so long; one that nobody reaps has ended too."""
    deadline = time.monotonic() + seconds
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What nodes, drivers and clients of one cluster share: a token, and ``musebar`` on PATH."""
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    top = str(Path(__file__).parents[1])
    return (
        os.environ
        | QUICK
        | {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "PATH": path,
            "PYTHONPATH": top,
            "COLUMNS": "120",
            "OMP_NUM_THREADS": "1",
            "MUSEBAR_CACHE": str(folder / "cache"),
        }
        | more
    )
