"""Whether this machine, and this folder, are fit for studies; and what to do where they are not."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from musebar.neighbours import PACKAGES
from musebar_core.errors import MuseBarError
from study.home import files
from study.home.studies import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from study.home.files import AnyPath

DISTRIBUTION = "musebar-study"

_LEAST_DISK = 128 * 2**20
_LITTLE_DISK = 2 * 2**30
_LEAST_MEMORY = 500 * 2**20
_LITTLE_MEMORY = 1536 * 2**20
"""Of a study on one slot: the driver and a worker of 500 MiB each, and Ray."""

_LEAST_YEAR = 2025
_CLOCK_SECONDS = 60.0

_OTHERS = ("ray", "torch", "numpy", "pandas", "optuna", "plotly", "click", "sqlalchemy", "pydantic")
"""Packages of others that a file of the user's may be called as."""

_PORTS = {8265: "Ray's dashboard", 8765: "`musebar report serve`"}


class State(StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
    """Worth knowing; studies run all the same."""
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes
    ----------
    name
        What was looked at.
    found
        What is there.
    advice
        What to do; empty where all is fine.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def checkup(home: AnyPath, folder: Path) -> Iterator[Finding]:
    """Look at everything, one finding after the other.

    Parameters
    ----------
    home
        Of studies.
    folder
        That the user stands in.
    """
    checks: dict[str, Callable[[], Finding]] = {
        "python": _python,
        "packages": _packages,
        "torch": _torch,
        "cuda": _cuda,
        "ray": _ray,
        "ports": _ports,
        "disk": lambda: _disk(home),
        "memory": _memory,
        "home": lambda: _home(home),
        "database": lambda: _database(home),
        "studies": lambda: _studies(home),
        "clock": lambda: _clock(home),
        "names": lambda: _names(folder),
    }
    for name, check in checks.items():
        try:
            yield check()
        except Exception as error:  # noqa: BLE001  a check that fails is a finding
            said = str(error).strip().splitlines()
            found = f"{type(error).__name__}: {said[0] if said else 'no more is known'}"
            yield Finding(name, State.BROKEN, found, "mend that; -v says where")


def _python() -> Finding:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    wanted = importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"]
    if sys.version.split()[0] not in SpecifierSet(wanted, prereleases=True):
        return Finding("python", State.BROKEN, found, f"use Python {wanted}")
    return Finding("python", State.FINE, found)


def _packages() -> Finding:
    """Whether all is installed that the product asks for."""
    missing, older = [], []
    for line in importlib.metadata.requires(DISTRIBUTION) or ():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            there = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(wanted.name)
        else:
            if there not in wanted.specifier:
                older.append(f"{wanted.name} {there} (wanted {wanted.specifier})")
    version = importlib.metadata.version(DISTRIBUTION)
    if missing or older:
        found = f"{DISTRIBUTION} {version} without {', '.join([*missing, *older])}"
        advice = f"install it again: python -m pip install --upgrade {DISTRIBUTION}"
        return Finding("packages", State.BROKEN, found, advice)
    return Finding("packages", State.FINE, f"{DISTRIBUTION} {version} and all that it needs")


def _torch() -> Finding:
    import torch

    threads = torch.get_num_threads()
    float((torch.ones(2, 2) @ torch.ones(2, 2)).sum())
    return Finding("torch", State.FINE, f"{torch.__version__}, {threads} threads")


def _cuda() -> Finding:
    import torch

    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        named = {torch.cuda.get_device_name(i) for i in range(count)}
        return Finding("cuda", State.FINE, f"{count} GPUs: {', '.join(sorted(named))}")
    if shutil.which("nvidia-smi") is None:
        return Finding("cuda", State.FINE, "no GPU here; studies run on CPUs")
    built = torch.version.cuda
    found = f"an NVIDIA driver, and torch {torch.__version__} sees no GPU"
    advice = (
        "see `nvidia-smi`: the driver may be older than torch's CUDA " + built
        if built
        else "install a torch with CUDA (https://pytorch.org/get-started/locally)"
    )
    return Finding("cuda", State.NOTE, found, advice)


def _ray() -> Finding:
    import ray

    running = os.environ.get("RAY_ADDRESS")
    found = f"{ray.__version__}"
    if running:
        advice = "unset it, where studies are to run on a Ray of their own"
        return Finding("ray", State.NOTE, f"{found}; RAY_ADDRESS is {running}", advice)
    return Finding("ray", State.FINE, found)


def _ports() -> Finding:
    """Whether processes of this machine can talk to each other; who has the ports with a name."""
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.settimeout(5)
        client.connect(server.getsockname())
    taken = [f"{port} ({use})" for port, use in _PORTS.items() if _is_taken(port)]
    if taken:
        found = f"taken: {', '.join(taken)}"
        return Finding("ports", State.NOTE, found, "name another with --port, or --address")
    return Finding("ports", State.FINE, "processes here can talk to each other")


def _is_taken(port: int) -> bool:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _disk(home: AnyPath) -> Finding:
    places = {"temporary files": Path(tempfile.gettempdir())}
    if isinstance(home, Path):
        places["the home"] = _existing(home)
    free = {use: shutil.disk_usage(place).free for use, place in places.items()}
    found = ", ".join(f"{_size(count)} free for {use}" for use, count in free.items())
    least = min(free.values())
    if least < _LITTLE_DISK:
        state = State.BROKEN if least < _LEAST_DISK else State.NOTE
        return Finding("disk", state, found, "make room, or name others: --home DIR, TMPDIR=DIR")
    return Finding("disk", State.FINE, found)


def _memory() -> Finding:
    memory, cores = psutil.virtual_memory(), len(os.sched_getaffinity(0))
    found = f"{_size(memory.available)} of {_size(memory.total)} free, {cores} cores"
    if memory.available < _LITTLE_MEMORY:
        state = State.BROKEN if memory.available < _LEAST_MEMORY else State.NOTE
        return Finding("memory", state, found, "end other programs, or ask for fewer slots")
    return Finding("memory", State.FINE, found)


def _home(home: AnyPath) -> Finding:
    if not isinstance(home, Path):
        said = "is there" if home.exists() else "is empty, or not there yet"
        return Finding("home", State.FINE, f"{home} {said}")
    there = _existing(home)
    if not there.is_dir():
        advice = "name a folder with --home DIR, or MUSEBAR_HOME"
        return Finding("home", State.BROKEN, f"{there} is a file", advice)
    if not os.access(there, os.W_OK | os.X_OK):
        advice = "name another with --home DIR, or MUSEBAR_HOME"
        return Finding("home", State.BROKEN, f"{there} cannot be written", advice)
    if there != home.absolute():
        return Finding("home", State.FINE, f"{home} is made by the first launch")
    return Finding("home", State.FINE, f"{home}, {len(Home(home).names())} studies")


def _database(home: AnyPath) -> Finding:
    """Whether SQLite can be trusted where the home is."""
    if not isinstance(home, Path):
        found = "a home at a URL needs a database server"
        advice = "--set storage.ledger=postgresql+psycopg://user@host/database"
        return Finding("database", State.NOTE, found, advice)
    with (
        tempfile.TemporaryDirectory(prefix=".musebar-", dir=_existing(home)) as scratch,
        contextlib.closing(sqlite3.connect(Path(scratch) / "ledger.sqlite")) as db,
    ):
        (mode,) = db.execute("PRAGMA journal_mode=WAL").fetchone()
        db.execute("CREATE TABLE t (x)")
        db.commit()
    kind = files.filesystem(home)
    if mode != "wal" or kind.startswith(files.NETWORK):
        found = f"SQLite is not safe on the file system of {home} ({kind or 'unknown'})"
        advice = "name a home on a local disk, or a database with --set storage.ledger=URL"
        return Finding("database", State.BROKEN, found, advice)
    return Finding("database", State.FINE, f"SQLite {sqlite3.sqlite_version} works in the home")


def _studies(home: AnyPath) -> Finding:
    """Whether each study of the home can be read."""
    place, wrong = Home(home), {}
    names = place.names()
    for name in names:
        try:
            opened = place.open(name)
            opened.ledger.read_state(name)
            opened.ledger.close()
        except MuseBarError as error:
            wrong[name] = str(error)
    if wrong:
        name, said = next(iter(wrong.items()))
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        advice = "bring back what is missing, or delete its folder"
        return Finding("studies", State.BROKEN, f"{name}: {said}{more}", advice)
    return Finding("studies", State.FINE, f"{len(names)} can be read")


def _clock(home: AnyPath) -> Finding:
    now = time.time()
    told = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    if datetime.fromtimestamp(now, UTC).year < _LEAST_YEAR:
        advice = "set the clock: newest studies are told by it, and certificates are checked by it"
        return Finding("clock", State.BROKEN, told, advice)
    if isinstance(home, Path) and os.access(_existing(home), os.W_OK) and _existing(home).is_dir():
        with tempfile.NamedTemporaryFile(prefix=".musebar-", dir=_existing(home)) as file:
            off = Path(file.name).stat().st_mtime - now
        if abs(off) > _CLOCK_SECONDS:
            found = f"{told}, and the disk of the home says {off:+.0f} s"
            return Finding("clock", State.NOTE, found, "have both set their clocks by one server")
    return Finding("clock", State.FINE, told)


def _names(folder: Path) -> Finding:
    """Files of the user's that Python could take for a package that studies need."""
    hidden = [name for name in _OTHERS if _is_from(name, folder)]
    if hidden:
        found = f"{folder / hidden[0]} hides the package '{hidden[0]}'"
        return Finding("names", State.BROKEN, found, "rename it, or take it out of PYTHONPATH")
    beside = [place for name in (*PACKAGES, *_OTHERS) for place in _places(folder, name)]
    if beside and not _is_product(folder):
        found = f"in this folder: {', '.join(sorted(beside))}"
        advice = (
            "musebar passes them by; a notebook or `python -c` here takes them for packages: "
            "rename them"
        )
        return Finding("names", State.NOTE, found, advice)
    return Finding("names", State.FINE, "nothing in this folder is called as a package")


def _is_from(name: str, folder: Path) -> bool:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        return False
    return any(
        Path(found.origin) == folder / place for place in (f"{name}.py", f"{name}/__init__.py")
    )


def _places(folder: Path, name: str) -> list[str]:
    return [
        shown
        for shown, place in ((f"{name}.py", folder / f"{name}.py"), (f"{name}/", folder / name))
        if (place.is_file() if shown.endswith(".py") else place.is_dir())
    ]


def _is_product(folder: Path) -> bool:
    """Whether the folder holds the product's own source."""
    return all((folder / package / "__init__.py").is_file() for package in PACKAGES)


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
