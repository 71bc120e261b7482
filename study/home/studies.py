"""Where studies live: one folder a study under HOME, with its spec, ledger, runs and report."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core import yamlfile
from musebar_core.errors import StudyError, UnknownNameError, UsageError
from study.home import files
from study.ledger import lease
from study.ledger.database import check_kept, sqlite_file
from study.ledger.ledger import FILE_NAME, Ledger, public
from study.ledger.reading import Runs
from study.spec import specfile

if TYPE_CHECKING:
    from study.home.files import AnyPath
    from study.ledger.record import Record
    from study.spec.model import StudySpec

SPEC_FILE = "study.yaml"
MEASURES_FILE = "measures.parquet"
"""The table of further measures; one row a measured seed run, its key first."""
DEFAULT_HOME = "studies"


@dataclass(frozen=True)
class Study:
    """One study in its home, with its ledger open."""

    name: str
    folder: AnyPath
    ledger: Ledger

    @property
    def on_server(self) -> bool:
        """Whether its ledger is a server's, and not a file of this machine."""
        return self.ledger.database.on_server


@dataclass(frozen=True)
class Home:
    """A folder of studies and corpora, on this machine, a shared disk or at a URL."""

    path: AnyPath

    @property
    def musebar(self) -> str:
        """How a command line for the user begins: with ``--home`` where it is not the default."""
        if self.path == Path(DEFAULT_HOME):
            return "musebar"
        return f"musebar --home {shlex.quote(str(self.path))}"

    def command(self, command: str, name: str) -> str:
        """A command line about a study, for the user to go on with."""
        return f"{self.musebar} {command} {name}"

    @property
    def corpora(self) -> AnyPath:
        """Where corpora are kept that a study did not bring built."""
        return self.path / "corpora"

    def names(self) -> list[str]:
        """Names of the studies, newest first."""
        try:
            if not files.is_folder(self.path):
                return []
            found: list[AnyPath] = list(self.path.glob(f"*/{SPEC_FILE}"))
        except OSError as error:
            raise UsageError(f"cannot read the home '{self.path}': {_cause(error)}") from None
        return [file.parent.name for file in sorted(found, key=lambda f: (-_time(f), f.parent))]

    def open(self, name: str) -> Study:
        """Open a study.

        Raises
        ------
        UnknownNameError
            If there is none of that name here.
        """
        file = self.path / name / SPEC_FILE
        if name not in self.names():
            hint = (
                f"there is no study in '{self.path}'; 'musebar study launch quickstart' makes one"
            )
            raise UnknownNameError("study", name, self.names(), hint)
        spec = recorded(file)
        if spec.name != name:
            raise UsageError(
                f"{file.parent} holds study '{spec.name}', whose folder has another name now: "
                f"rename it back to '{spec.name}'"
            )
        _expect_ledger(spec, file.parent)
        return Study(spec.name, file.parent, _open_ledger(spec, file.parent))

    def record_of(self, spec: StudySpec) -> Record | None:
        """What there is of a study, without its results' curves; None where it is new.

        Raises
        ------
        UsageError
            If the name is taken by another spec.
        """
        if spec.name not in self.names():
            return None
        record = self.open(spec.name).ledger.read(spec.name, runs=Runs.FOR_PLANS)
        where = record.spec.model_copy(update={"resources": spec.resources})
        _same_or_raise(where, spec, self.command("study resume", spec.name))
        return record

    def create(self, spec: StudySpec) -> Study:
        """Record a new study; one of the same name and spec is opened instead.

        That one takes over where it is to run: all ``resources`` until one of its runs has ended,
        and then those that are no part of what a study is.

        The ledger's row comes first: of two that create at once, the database lets one win. The
        spec's file comes last: whoever sees it finds a ledger to read.

        Raises
        ------
        UsageError
            If the name is taken by another spec, or the folder cannot be written.
        """
        if spec.name in self.names():
            study = self.open(spec.name)
            self._take_up(study, spec)
            return study
        folder = self.path / spec.name
        content = yamlfile.dump(self.kept(spec))
        try:
            check_free(folder)
            folder.mkdir(parents=True, exist_ok=True)
            _make_room(spec)
            study = Study(spec.name, folder, _open_ledger(spec, folder))
            if not study.ledger.create(spec):
                self._take_up(study, spec)
            files.write_bytes(folder / SPEC_FILE, content.encode())
        except StudyError:
            _drop(folder)
            raise
        except OSError as error:
            raise UsageError(
                f"cannot write to the home '{self.path}' ({_cause(error)}): "
                "name another with --home DIR"
            ) from None
        return study

    def kept(self, spec: StudySpec) -> dict[str, object]:
        """The spec as its file holds it: a password only where its owner alone reads it."""
        return spec.model_dump(mode="json") if isinstance(self.path, Path) else public(spec)

    def _take_up(self, study: Study, asked: StudySpec) -> None:
        record = study.ledger.read(study.name, runs=Runs.NONE)
        where = {"resources": asked.resources}
        moved = record.spec.model_copy(update=where)
        resume = self.command("study resume", study.name)
        begun = study.ledger.ended_counts(study.name)
        _same_or_raise(record.spec if begun else moved, asked, resume)
        if record.spec.resources == asked.resources:
            return
        held = lease.holder(study.ledger, study.name)
        if held is not None and not held.gone:
            return  # a driver that lives has read its own already
        study.ledger.set_spec(moved)
        file = study.folder / SPEC_FILE
        if file.is_file():  # it alone may hold the ledger's password
            kept = recorded(file).model_copy(update=where)
            files.write_bytes(file, yamlfile.dump(self.kept(kept)).encode())


def recorded(file: AnyPath) -> StudySpec:
    """The spec that a study's folder holds."""
    if not file.is_file():
        raise UsageError(f"study {file}: is no file")
    try:
        return specfile.restore(yamlfile.read_mapping(file, "study"))
    except UsageError as error:
        said = str(error).removeprefix("spec: ")
        raise UsageError(said if str(file) in said else f"study {file}: {said}") from None


def _time(file: AnyPath) -> float:
    """When a file was changed; 0 where it has gone, or is not ours to see."""
    try:
        return float(file.stat().st_mtime)
    except OSError:
        return 0.0


def _open_ledger(spec: StudySpec, folder: AnyPath) -> Ledger:
    if spec.storage.ledger != "sqlite":
        check_kept(spec.storage.ledger)
        file = sqlite_file(spec.storage.ledger)
        if file is not None:
            _check_sqlite(files.filesystem(file.parent), file.parent)
        return Ledger(spec.storage.ledger)
    if isinstance(folder, Path):
        _check_sqlite(files.filesystem(folder), folder)
        return Ledger.in_folder(folder)
    raise UsageError(
        f"storage.ledger is 'sqlite', a file of one machine, but the home {folder.parent} is a "
        "URL: name a database, as in --set storage.ledger=postgresql+psycopg://user@host/database"
    )


def _expect_ledger(spec: StudySpec, folder: AnyPath) -> None:
    """Refuse a study whose ledger's file is not here: an empty one would be made in its place."""
    own = spec.storage.ledger == "sqlite" and isinstance(folder, Path)
    if own and not (folder / FILE_NAME).is_file():
        raise UsageError(
            f"the ledger of study '{spec.name}', {folder / FILE_NAME}, is gone, and with it what "
            f"ran: bring it back, or delete the folder {folder} to begin anew"
        )
    file = sqlite_file(spec.storage.ledger)
    if file is not None and not file.is_file():
        raise UsageError(
            f"the ledger of study '{spec.name}' is {file}, a file of the machine that drives it, "
            "and there is none here: ask on that machine"
        )


def _make_room(spec: StudySpec) -> None:
    """Make the folder of a ledger that is a file of this machine."""
    file = sqlite_file(spec.storage.ledger)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write the ledger '{file}' ({_cause(error)}): name another "
                "storage.ledger, or leave it at sqlite, in the study's folder"
            ) from None


def _check_sqlite(kind: str, folder: Path) -> None:
    """Refuse SQLite where its readers could not share memory, which its log needs."""
    if kind.startswith(files.NETWORK):
        raise UsageError(
            f"storage.ledger is 'sqlite', and {folder} is on a network file system ({kind}), where "
            "SQLite may lose what it wrote: name a database, as in --set "
            "storage.ledger=postgresql+psycopg://user@host/database, or a home on a local disk"
        )


_OF_STUDY = ("ledger.sqlite", f".{SPEC_FILE}.")
"""How the files begin that a study has before it has its spec."""

_TAKEN = ("corpora", "trained")
"""Folders of a home that are no studies."""


def check_free(folder: AnyPath) -> None:
    """Refuse a folder that is no study's, whatever is in it."""
    if folder.name in _TAKEN:
        raise UsageError(f"study '{folder.name}': a home has a folder of that name: name another")
    if not isinstance(folder, Path) or not folder.exists():
        return
    found = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else [folder.name]
    foreign = [name for name in found if not name.startswith(_OF_STUDY)]
    if foreign and SPEC_FILE not in found:  # with one it is a study that another made just now
        raise UsageError(
            f"{folder} is there and is no study (it holds {foreign[0]}): nothing was changed; "
            "give the study another --name"
        )


def _drop(folder: AnyPath) -> None:
    """Take away the folder of a study that no ledger took, where nothing is in it."""
    if isinstance(folder, Path):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _cause(error: OSError) -> str:
    return error.strerror or str(error).splitlines()[0]


def _same_or_raise(recorded: StudySpec, asked: StudySpec, resume: str) -> None:
    old, new = recorded.identity(), asked.settled_as(recorded).identity()
    for section, value in new.items():
        if old[section] == value:
            continue
        changed, before, after = section, old[section], value
        if isinstance(value, dict) and isinstance(before, dict):
            key = next(k for k in value if before.get(k) != value[k])
            changed, before, after = f"{section}.{key}", before.get(key), value[key]
        raise UsageError(
            f"study '{asked.name}' exists with another spec: {changed} was {before!r} and is now "
            f"{after!r}; give this one another --name, or resume that one with: {resume}"
        )
