"""A real Slurm of a test's own: munge, a controller and nodes, each on a machine of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil

from tests.conftest import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.namespaces import Machine, Network

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare")

CONFIGURATION = """\
ClusterName=musebar
SlurmctldHost=controller({controller})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SlurmdTimeout=10
KillWait=5
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str | None:
    """Why there can be no Slurm here; None where there can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(missing)} is not installed: make debian" if missing else None


class Slurm:
    """The first machines of a network are nodes, n1, n2 and so on; the last is the controller.

    A node has its own network, processes and name, so that what ends it, or ends all of Ray on it,
    ends nothing else.
    """

    def __init__(self, folder: Path, network: Network, env: dict[str, str]) -> None:
        self.folder = folder
        *nodes, self._controller = network.machines
        self._machines = {f"n{number}": machine for number, machine in enumerate(nodes, 1)}
        self._env = env | {"SLURM_CONF": str(folder / "slurm.conf"), "USER": "root"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Slurm:
        for name in ("munge", "state", *(f"spool-{name}" for name in self._machines)):
            (self.folder / name).mkdir(mode=0o711)
        hosts = {name: machine.address for name, machine in self._machines.items()}
        (self.folder / "hosts").write_text(
            "127.0.0.1 localhost\n"
            + "".join(f"{address} {name}\n" for name, address in hosts.items())
            + f"{self._controller.address} controller\n"
        )
        nodes = "\n".join(f"NodeName={n} NodeAddr={a} CPUs=1" for n, a in hosts.items())
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder, controller=self._controller.address, nodes=nodes
            )
        )
        # none is used, and the machines have none: it need not be looked for
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self._start_munge()
        self._start("controller", self._on(self._controller, "controller", "slurmctld", "-D"))
        for name in self._machines:
            self.start_node(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.kill(name)

    def start_node(self, name: str) -> None:
        """Start a node: a network, a name, and processes of its own."""
        self._start(name, self._on(self._machines[name], name, "slurmd", "-D", "-N", name))

    def kill(self, name: str) -> None:
        """End a machine as a power cut does: all that runs on it, at once."""
        process = self._running.pop(name)
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children():  # the first process of its own
                child.send_signal(signal.SIGKILL)
        process.kill()
        process.wait(timeout=30)

    def run(self, *command: str, timeout: float = 60) -> str:
        """Run a command of Slurm's on the controller's machine; what it printed."""
        done = subprocess.run(
            [*self._controller.inside, *command],
            env=self._env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr}{done.stdout}\n{self.said()}")
        return done.stdout

    def submit(self, script: Path) -> str:
        """Submit a script; the job's number."""
        return self.run("sbatch", "--parsable", str(script)).strip()

    def job(self, number: str) -> dict[str, str]:
        """What Slurm says of a job: JobState, Restarts and the rest."""
        told = self.run("scontrol", "show", "job", number, "--oneliner")
        return dict(re.findall(r"(\S+?)=(\S*)", told))

    def wait_for_nodes(self, seconds: float = PATIENCE) -> None:
        """Until all nodes are idle."""
        deadline = time.monotonic() + seconds
        while set(self.run("sinfo", "--noheader", "-N", "-o", "%t").split()) != {"idle"}:
            if time.monotonic() > deadline:
                raise RuntimeError(self.said())
            time.sleep(1)

    def said(self) -> str:
        """The ends of all logs, of Slurm's and of its jobs."""
        logs = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        return "\n".join(f"{log.name}:\n{log.read_text()[-2500:]}" for log in logs)

    def _on(self, machine: Machine, name: str, *command: str) -> list[str]:
        inside = (
            'hostname "$1"; mount --bind "$2" /etc/hosts; mkdir -p /tmp/ray; '
            'mount -t tmpfs tmpfs /tmp/ray; shift 2; exec "$@"'
        )
        own = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts"]
        place = [name, str(self.folder / "hosts")]
        return [*machine.inside, *own, "sh", "-c", inside, "sh", *place, *command]

    def _start_munge(self) -> None:
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        place = self.folder / "munge"
        self._start(
            "munge",
            [
                "munged",
                "--foreground",
                "--force",
                f"--key-file={key}",
                f"--socket={place / 'socket'}",
                f"--pid-file={place / 'pid'}",
                f"--log-file={self.folder / 'munge.log'}",
                f"--seed-file={place / 'seed'}",
            ],
        )
        deadline = time.monotonic() + 30
        while not (place / "socket").exists():
            if time.monotonic() > deadline:
                raise RuntimeError(self.said())
            time.sleep(0.1)

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.out").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=self._env,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
