"""Where a home's files are: a local folder, or any URL that fsspec knows, behind one kind of path.

``s3://`` and ``gs://`` are read through pyarrow, which comes with the product; every other
protocol through fsspec's own implementation of it. What needs a real file (a corpus is mapped
into memory, a checkpoint is safetensors) is worked on in a local folder and copied whole.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import S3FileSystem
    from upath import UPath

    AnyPath: TypeAlias = Path | UPath
    """A file or folder, here or at a URL."""


OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory")
"""Protocols whose files appear when they are complete; elsewhere a file is renamed into place."""

NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "ceph", "fuse.ceph", "lustre", "fuse.glusterfs")
"""How the kinds of file systems begin that machines share over a network."""


def is_url(location: object) -> bool:
    """Whether a location is a URL, not a path of this machine."""
    return "://" in str(location)


def to_path(location: str | Path) -> AnyPath:
    """A path to work with, from what a user wrote.

    Raises
    ------
    UsageError
        If no library for the URL's protocol is installed, or a password stands in it.
    """
    if not is_url(location):
        return Path(location)
    try:
        parts = urlsplit(str(location))
    except ValueError as error:
        raise UsageError(f"'{location}' is no URL: {error}") from None
    if parts.password is not None:
        raise UsageError(
            f"the home {parts.scheme}://{parts.hostname}{parts.path} has a password in its URL, "
            "which would stand in the ledger and in messages: give it in the environment, as "
            f"FSSPEC_{parts.scheme.upper()}_PASSWORD"
        )
    from upath import UPath

    _register_arrow()
    try:
        path = UPath(str(location).rstrip("/"))
        _ = path.fs
    except (ImportError, ValueError) as error:
        raise UsageError(f"home '{location}': {error}") from None
    return path


def workspace(home: AnyPath, *parts: str) -> Path:
    """The local folder that stands for a folder of ``home``: itself, or one kept for this URL."""
    if isinstance(home, Path):
        return home.joinpath(*parts)
    base = os.environ.get("MUSEBAR_CACHE") or Path.home() / ".cache" / "musebar"
    return Path(base, hashlib.sha256(str(home).encode()).hexdigest()[:16], *parts)


def fetch(source: AnyPath, target: Path) -> Path:
    """Copy a file, or a folder with all in it, to this machine; it appears whole or not at all.

    Where another process was faster, its copy stays.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``source``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fetched = scratch / target.name
        _copy_in(source, fetched)
        with contextlib.suppress(FileExistsError):
            _rename(fetched, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def copied(source: AnyPath) -> Path:
    """``source`` itself where it is on this machine, else a fresh copy of it.

    The copy is in a temporary folder that goes when this process ends.
    """
    if isinstance(source, Path):
        return source
    folder = Path(tempfile.mkdtemp(prefix="musebar-copy-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return fetch(source, folder / source.name)


@contextlib.contextmanager
def written(target: AnyPath) -> Iterator[Path]:
    """A local folder to write into: ``target``, or one whose content is sent there at the end."""
    if isinstance(target, Path):
        yield target
        return
    with tempfile.TemporaryDirectory(prefix="musebar-write-") as scratch:
        folder = Path(scratch, target.name)
        yield folder
        publish(folder, target)


def publish(source: Path, target: AnyPath, last: str | None = None) -> None:
    """Copy a file, or a folder with all in it, from this machine.

    Parameters
    ----------
    last
        Name of the file that is written after all others of a folder: whoever sees it sees all.
    """
    if source.is_file():
        write_bytes(target, source.read_bytes())
        return
    found = [file for file in source.rglob("*") if file.is_file()]
    for file in sorted(found, key=lambda file: (file.name == last, file)):
        write_bytes(target.joinpath(*file.relative_to(source).parts), file.read_bytes())


def write_bytes(path: AnyPath, content: bytes) -> None:
    """Write a file whole or not at all, read by its owner alone where there are owners."""
    if isinstance(path, Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    elif path.protocol in OBJECT_STORES:
        path.write_bytes(content)  # an object appears when it is complete
    else:
        temporary_place = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary_place.write_bytes(content)
        path.fs.mv(temporary_place.path, path.path)


def is_folder(path: AnyPath) -> bool:
    """Whether a folder is there.

    Raises
    ------
    OSError
        If that cannot be told: ``is_dir`` of a URL takes a server that is away for no folder.
    """
    if isinstance(path, Path):
        return path.is_dir()
    try:
        return bool(path.fs.info(path.path)["type"] == "directory")
    except FileNotFoundError:
        return False


def filesystem(path: Path) -> str:
    """Kind of file system that a folder of this machine is on, as ``ext4``; "" if not known."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    place = path.resolve()
    found = [(len(at), kind) for at, kind in mounts if place.is_relative_to(at)]
    return max(found)[1] if found else ""


def remove(path: AnyPath) -> None:
    """Remove a file, and the two folders around it where nothing else is left in them."""
    path.unlink(missing_ok=True)
    if isinstance(path, Path):  # object storage has no empty folders
        with contextlib.suppress(OSError):
            path.parent.rmdir()
            path.parent.parent.rmdir()


def _rename(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # some systems have it so, others as EEXIST
            raise FileExistsError(str(target)) from None
        raise


def _copy_in(source: AnyPath, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        return
    if not source.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    target.mkdir()
    for inner in source.iterdir():
        _copy_in(inner, target / inner.name)


def _register_arrow() -> None:
    import fsspec

    for protocol in ("s3", "gs"):
        fsspec.register_implementation(protocol, _arrow_class(protocol), clobber=True)


def _arrow_class(protocol_: str) -> type[ArrowFSWrapper]:
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import fs

    class Arrow(ArrowFSWrapper):  # type: ignore[misc]
        """pyarrow's client of object storage, its settings from the usual environment."""

        protocol = protocol_
        root_marker = ""

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(path).removeprefix(f"{protocol_}://").rstrip("/")

        @classmethod
        def _parent(cls, path: str) -> str:
            return cls._strip_protocol(path).rpartition("/")[0]

        def __init__(self, **_: object) -> None:
            super().__init__(_s3() if protocol_ == "s3" else fs.GcsFileSystem())

    return Arrow


def _s3() -> S3FileSystem:
    from pyarrow.fs import S3FileSystem

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    # small files in one request: whole at once, and without a multipart upload to break off
    return S3FileSystem(endpoint_override=endpoint, allow_delayed_open=True)
