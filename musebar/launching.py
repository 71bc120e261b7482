"""Studies launched from Python: as ``musebar study launch`` does, here on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar.studies import Study
    from musebar_core.yamlvalues import Plain
    from study.home.studies import Study as Opened


def launch(
    spec: str | Path | Mapping[str, Plain],
    home: str | Path = "studies",
    *,
    name: str | None = None,
    overrides: Iterable[str] = (),
) -> Study:
    """Run a study to its end, and load it; one of the same name and spec is gone on with.

    Interrupted, the same call goes on. Progress is shown on stderr.

    Parameters
    ----------
    spec
        A preset's name, a YAML file, or what would stand in one, as a mapping.
    home
        Folder of studies and corpora.
    name
        The study's name, if not the spec's own.
    overrides
        Single values, as ``"training.epochs=50"``.

    Raises
    ------
    UsageError
        If the spec is wrong, or the name is taken by another one.
    StudyError
        If another driver holds the study, or none of its seed runs succeeded.
    """
    from musebar.studies import load
    from study.home import corpora, files
    from study.home.studies import Home
    from study.ledger.record import StudyState
    from study.run.dispatch import run_study
    from study.run.progress import Reporter
    from study.spec import specfile

    resolved = specfile.load(str(spec) if isinstance(spec, Path) else spec, overrides, name)
    corpora.check(resolved)
    place = Home(files.to_path(home))
    opened = place.create(resolved)
    if opened.ledger.read_state(opened.name) is not StudyState.FINISHED:
        with Reporter() as reporter:
            run_study(opened, place, reporter)
    require_success(opened)
    return load(home, opened.name)


def require_success(opened: Opened) -> int:
    """How many seed runs of a finished study failed; StudyError where all of them did."""
    from study.ledger.result import SeedRunState

    ended = opened.ledger.ended_counts(opened.name)
    failed = sum(n for (_, _, state), n in ended.items() if state is SeedRunState.FAILED)
    if failed and failed == sum(ended.values()):
        raise StudyError(
            f"study '{opened.name}' is finished, and none of its {failed} seed runs succeeded "
            f"({opened.ledger.commonest_failure(opened.name)}): mend that, and resume it with "
            "--retry-failed, or launch it again under another --name"
        )
    return failed
