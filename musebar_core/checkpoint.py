"""Exact checkpoints: one safetensors file, numbers and JSON alone, nothing executable.

Loading one runs no code of the file's, whoever wrote it. Writing goes to a temporary name
and is renamed, so that a killed process leaves the old file or the new one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from musebar_core.adam import Moments
from musebar_core.config import Configuration
from musebar_core.errors import CheckpointError, MuseBarError
from musebar_core.metric_table import EpochMetrics, Metrics
from musebar_core.model import RVAE
from musebar_core.state import TrainingState, build
from musebar_core.states import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_Kept = TypeVar("_Kept")

FORMAT = "musebar-checkpoint-1"

MAX_METADATA = 64 * 2**20
"""Characters of a checkpoint's metadata, at most: one epoch's evaluation has some 500."""


@dataclass(frozen=True)
class Identity:
    """What a checkpoint belongs to: it is never resumed into anything else."""

    config: Configuration
    genre: str
    corpus_fingerprint: str
    corpus_path: str
    seed: int


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model as a checkpoint holds it, at its reported epoch.

    Attributes
    ----------
    identity
        What it was trained as, and on what.
    network
        In eval mode.
    standing
        What it was worth when it was written; None in the checkpoints of earlier versions, which
        do not say.
    """

    identity: Identity
    network: RVAE
    standing: Standing | None

    @property
    def config(self) -> Configuration:
        """Its configuration."""
        return self.identity.config


def save(path: Path, identity: Identity, state: TrainingState) -> None:
    """Write all of a run's state, so that going on from it gives the same metrics bit for bit."""
    tensors = {f"model/{k}": v for k, v in state.model.state_dict().items()}
    tensors |= {f"best/{k}": v for k, v in state.best_weights.items()}
    for index, parameter in enumerate(state.optimizer.parameters):
        if parameter in state.optimizer.moments:
            moments = state.optimizer.moments[parameter]
            tensors |= {f"adam/{index}/{k}": v for k, v in moments._asdict().items()}
    progress = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "seconds": state.seconds,
        "history": [
            dataclasses.asdict(row) | {"validation": row.validation._asdict()}
            for row in state.history
        ],
    }
    _write(path, identity, tensors, progress)


def save_weights(
    path: Path, identity: Identity, state: TrainingState, standing: Standing | None = None
) -> None:
    """Write the weights of the reported epoch alone: enough to evaluate and to sample.

    With them goes what the model is worth, which whoever samples from it is told.
    """
    known = {} if standing is None else {"standing": dataclasses.asdict(standing)}
    _write(
        path,
        identity,
        {f"best/{k}": v for k, v in state.best_weights.items()},
        {"epoch": state.best_epoch, "best_epoch": state.best_epoch} | known,
    )


def resume(path: Path, identity: Identity, device: str = "cpu") -> TrainingState | None:
    """Read the state that :func:`save` wrote for this very run; None where there is none.

    Raises
    ------
    CheckpointError
        If the file is damaged or belongs to another run.
    """
    if not path.exists():
        return None
    found, tensors, progress = _read(path)
    if found != identity:
        raise CheckpointError(f"{path}: belongs to another run; move it away to start afresh")
    try:
        return _restore(build(identity.config, device), tensors, progress)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: cannot be resumed ({error}); delete it") from None


def load_model(path: Path, device: str = "cpu") -> tuple[Identity, RVAE]:
    """Read the model at its reported epoch, as :func:`load` does, without its standing."""
    found = load(path, device)
    return found.identity, found.network


def load(path: Path, device: str = "cpu") -> LoadedModel:
    """Read the model at its reported epoch.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or no checkpoint of this product.
    """
    identity, tensors, progress = _read(path, "best/")
    model = RVAE(identity.config).to(device)
    try:
        model.load_state_dict(_part(tensors, "best/"))
    except RuntimeError as error:
        raise CheckpointError(f"{path}: the weights do not fit their configuration") from error
    return LoadedModel(identity, model.eval(), progress.get("standing"))


def history(path: Path) -> tuple[Identity, list[EpochMetrics]]:
    """Read whose a run's checkpoint is and its evaluations so far, none of its weights.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or no checkpoint of a run on its way.
    """
    try:
        with safe_open(path, framework="pt") as file:
            identity, progress = _described(file.metadata() or {})
        return identity, _history(progress)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, MuseBarError) as error:
        raise CheckpointError(f"{path}: not a run on its way ({error})") from None


def is_checkpoint(path: Path) -> bool:
    """Whether a file says that it is a checkpoint of this product."""
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except (OSError, SafetensorError):
        return False


def _write(
    path: Path, identity: Identity, tensors: dict[str, Tensor], progress: dict[str, Any]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    described = dataclasses.asdict(identity) | {"config": identity.config.to_dict()}
    tensors = {name: value.detach().contiguous().cpu() for name, value in tensors.items()}
    metadata = {
        "format": FORMAT,
        "sha256": _digest(tensors),
        "identity": json.dumps(described, sort_keys=True),
        "progress": json.dumps(progress),
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(tensors, temporary, metadata)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path, needed: str = "model/") -> tuple[Identity, dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint whole; what it says of itself is checked before its numbers are loaded."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            identity, progress = _described(metadata)
            _check_shapes(file, identity.config, needed)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata["sha256"] != _digest(tensors):
            raise ValueError("its numbers are not those that were written")  # noqa: TRY301
        _check_finite(tensors)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    except KeyError as error:
        raise CheckpointError(f"{path}: not a readable checkpoint (it lacks {error})") from None
    except (
        OSError,
        SafetensorError,
        ValueError,
        TypeError,
        RecursionError,
        RuntimeError,
        MuseBarError,
    ) as error:
        raise CheckpointError(f"{path}: not a readable checkpoint ({error})") from None
    return identity, tensors, progress


def _described(metadata: Mapping[str, str]) -> tuple[Identity, dict[str, Any]]:
    """What a checkpoint says of itself, its types and sizes checked."""
    if metadata["format"] != FORMAT:
        raise ValueError(f"format {metadata['format']}, this version reads {FORMAT}")
    if any(len(text) > MAX_METADATA for text in metadata.values()):
        raise ValueError(f"over {MAX_METADATA} characters of metadata")
    described, progress = json.loads(metadata["identity"]), json.loads(metadata["progress"])
    if not isinstance(described, dict) or not isinstance(progress, dict):
        raise TypeError("its metadata are no mappings")
    config = Configuration.from_dict(described["config"])
    genre, fingerprint, path = (
        described[name] for name in ("genre", "corpus_fingerprint", "corpus_path")
    )
    seed = described["seed"]
    if not all(isinstance(text, str) for text in (genre, fingerprint, path)):
        raise TypeError("genre, corpus_fingerprint and corpus_path are text")
    if type(seed) is not int or seed < 0:
        raise TypeError(f"seed {seed!r}: a whole number, 0 or more")
    if "standing" in progress:
        progress["standing"] = _standing(progress["standing"])
    return Identity(config, genre, fingerprint, path, seed), progress


def _standing(content: object) -> Standing:
    if not isinstance(content, dict):
        raise TypeError("its standing is no mapping")
    return Standing.read(content)


def _check_shapes(file: Any, config: Configuration, needed: str) -> None:  # noqa: ANN401
    """Refuse numbers that are none of the model's before room is made for any of them."""
    with torch.device("meta"):  # shapes alone
        wanted = {k: tuple(v.shape) for k, v in RVAE(config).state_dict().items()}
    found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    shapes = {name: tuple(each.get_shape()) for name, each in found.items()}
    parts = {needed, *(f"{name.partition('/')[0]}/" for name in found)}
    fits = parts <= {"model/", "best/", "adam/"}
    # Adam counts its steps in float32 whatever the model's numbers are.
    allowed = {"F32", "F64" if torch.get_default_dtype() == torch.float64 else "F32"}
    fits = fits and all(each.get_dtype() in allowed for each in found.values())
    fits = fits and all(_part(shapes, part) == wanted for part in parts - {"adam/"})
    moments = sum(map(math.prod, _part(shapes, "adam/").values()))
    if not fits or moments > 3 * sum(map(math.prod, wanted.values())):
        raise ValueError("the weights do not fit their configuration")


def _digest(tensors: dict[str, Tensor]) -> str:
    """Hash every number: a damaged file must not pass for a model."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _check_finite(tensors: dict[str, Tensor]) -> None:
    for name, value in tensors.items():
        if not torch.isfinite(value).all():
            raise ValueError(f"{name} holds a number that is not finite: train the model again")


def _restore(
    state: TrainingState, tensors: dict[str, Tensor], progress: dict[str, Any]
) -> TrainingState:
    state.model.load_state_dict(_part(tensors, "model/"))
    state.best_weights = _part(tensors, "best/")
    kept: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "adam/").items():
        index, moment = name.split("/")
        kept.setdefault(int(index), {})[moment] = value
    for place, named in kept.items():
        parameter = state.optimizer.parameters[place]
        step, mean, square = Moments(**named)
        if {mean.shape, square.shape} != {parameter.shape}:
            raise ValueError(f"Adam's moments of parameter {place} do not fit it")
        state.optimizer.moments[parameter] = Moments(
            step.to(parameter.device, torch.float32), mean.to(parameter), square.to(parameter)
        )
    state.epoch, state.best_epoch = progress["epoch"], progress["best_epoch"]
    state.seconds = progress["seconds"]
    state.history = _history(progress)
    return state


def _history(progress: dict[str, Any]) -> list[EpochMetrics]:
    return [
        EpochMetrics(**row | {"validation": Metrics.from_dict(row["validation"])})
        for row in progress["history"]
    ]


def _part(tensors: dict[str, _Kept], prefix: str) -> dict[str, _Kept]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
