"""The further measures of a study's models, as a table beside its results."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import pandas as pd

from musebar_core.errors import StudyError
from study.home import corpora, files
from study.home.studies import MEASURES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from musebar_core.measures import Measures
    from study.home.files import AnyPath
    from study.home.studies import Study

SPLIT = "validation"


def measure(study: Study, seeds: int) -> Iterator[dict[str, object]]:
    """Measure the kept models of a study on validation, the first ``seeds`` of each configuration.

    Yields
    ------
    dict
        One row: the key of the seed run, and :func:`flat` of its measures.

    Raises
    ------
    StudyError
        If no model was kept, or the corpus is not where the study left it.
    """
    from musebar_core import checkpoint
    from musebar_core.measures import measures

    record = study.ledger.read(study.name)
    kept = [(run, e) for run, e in sorted(record.ended.items()) if e.checkpoint]
    if not kept or record.corpus_path is None:
        raise StudyError(f"study '{study.name}' keeps no models yet: let some runs end")
    corpus = corpora.load(record.corpus_path)
    first = {phase: record.spec.seeds_of(phase).start for phase in {run.phase for run, _ in kept}}
    for run, ended in kept:
        if run.seed - first[run.phase] >= seeds:
            continue
        identity, model = checkpoint.load_model(files.copied(study.folder / str(ended.checkpoint)))
        found = measures(identity.config, corpus.genre(run.genre), model, SPLIT)
        yield {"study": study.name, **run._asdict(), "phase": str(run.phase), **flat(found)}


def flat(measures: Measures) -> dict[str, float | None]:
    """Measures as columns: nested ones by their path, ``generated_note_density``."""
    values: dict[str, float | None] = {}
    for field in dataclasses.fields(measures):
        value = getattr(measures, field.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            values |= {f"{field.name}_{k}": v for k, v in dataclasses.asdict(value).items()}
        elif isinstance(value, tuple):
            for point in value:
                values |= {
                    f"rate_at_{point.share:g}": point.rate,
                    f"distortion_at_{point.share:g}": point.distortion,
                }
        else:
            values[field.name] = value
    return values


def write(study: Study, rows: list[dict[str, object]]) -> AnyPath:
    """Write the table into the study's folder."""
    path = study.folder / MEASURES_FILE
    path.write_bytes(pd.DataFrame(rows).to_parquet(index=False))
    return path


def read(folder: AnyPath) -> pd.DataFrame | None:
    """Read a study's table; None where nothing was measured."""
    path = folder / MEASURES_FILE
    return pd.read_parquet(io.BytesIO(path.read_bytes())) if path.is_file() else None
