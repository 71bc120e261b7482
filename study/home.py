"""Where studies live: one folder a study under HOME, with its spec, ledger, runs and report."""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from musebar_core.errors import UnknownNameError, UsageError
from study import specfile
from study.ledger import Ledger

if TYPE_CHECKING:
    from study.spec import StudySpec

SPEC_FILE = "study.yaml"
DEFAULT_HOME = "studies"


@dataclass(frozen=True)
class Study:
    """One study on disk, with its ledger open."""

    name: str
    folder: Path
    ledger: Ledger


@dataclass(frozen=True)
class Home:
    """A folder of studies and corpora."""

    path: Path

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
    def corpora(self) -> Path:
        """Where corpora are built that a study did not bring built."""
        return self.path / "corpora"

    def names(self) -> list[str]:
        """Names of the studies, newest first."""
        if not self.path.is_dir():
            return []
        files = sorted(self.path.glob(f"*/{SPEC_FILE}"), key=lambda f: (-f.stat().st_mtime_ns, f))
        return [file.parent.name for file in files]

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
        spec = specfile.restore(yaml.safe_load(file.read_text()))
        return Study(spec.name, file.parent, _open_ledger(spec, file.parent))

    def create(self, spec: StudySpec) -> Study:
        """Record a new study; one of the same name and spec is opened instead.

        The ledger's row comes first: of two that create at once, the database lets one win. The
        spec's file comes last: whoever sees it finds a ledger to read.

        Raises
        ------
        UsageError
            If the name is taken by another spec, or the folder cannot be written.
        """
        if spec.name in self.names():
            study = self.open(spec.name)
            self._same_or_raise(study, spec)
            return study
        folder = self.path / spec.name
        content = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            study = Study(spec.name, folder, _open_ledger(spec, folder))
            if not study.ledger.create(spec):
                self._same_or_raise(study, spec)
            # mkstemp: read by its owner alone, for a ledger URL may hold a password
            handle, temporary = tempfile.mkstemp(prefix=f".{SPEC_FILE}.", dir=folder)
            with os.fdopen(handle, "w") as file:
                file.write(content)
            Path(temporary).replace(folder / SPEC_FILE)
        except OSError as error:
            raise UsageError(
                f"cannot write to the home '{self.path}' ({error.strerror}): "
                "name another with --home DIR"
            ) from None
        return study

    def _same_or_raise(self, study: Study, asked: StudySpec) -> None:
        recorded = study.ledger.read(study.name).spec
        _same_or_raise(recorded, asked, self.command("study resume", study.name))


def _open_ledger(spec: StudySpec, folder: Path) -> Ledger:
    if spec.storage.ledger == "sqlite":
        return Ledger.in_folder(folder)
    return Ledger(spec.storage.ledger)


def _same_or_raise(recorded: StudySpec, asked: StudySpec, resume: str) -> None:
    old, new = recorded.identity(), asked.identity()
    for section, value in new.items():
        if old[section] == value:
            continue
        changed, before, after = section, old[section], value
        if isinstance(value, dict):
            key = next(k for k in value if before.get(k) != value[k])
            changed, before, after = f"{section}.{key}", before.get(key), value[key]
        raise UsageError(
            f"study '{asked.name}' exists with another spec: {changed} was {before!r} and is now "
            f"{after!r}; give this one another --name, or resume that one with: {resume}"
        )
