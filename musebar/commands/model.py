"""``musebar train``, ``evaluate``, ``sample`` and ``interpolate``: single models, no study."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar_core.errors import UsageError
from study.home import files

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from musebar_core.checkpoint import Identity
    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import EpochMetrics, Metrics
    from study.home.files import AnyPath

_FILE = click.Path(path_type=Path)


class _ReadFile(click.ParamType[Path]):
    """A file or folder to read: of this machine, or fetched from a URL."""

    name = "path"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        del param, ctx
        try:
            return files.copied(files.to_path(value))
        except OSError as error:
            raise UsageError(f"{value}: cannot be read ({error})") from None


_READ = _ReadFile()
_COUNT = click.IntRange(min=1, max=1000)


def _finite(_: click.Context, parameter: click.Parameter, value: float) -> float:
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no finite number", param=parameter)
    return value


_TEMPERATURE = click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
    default=1.0,
    show_default=True,
    help="Below 1 bolder in its favourites, above 1 wilder.",
)
_TEMPO = click.option(
    "--tempo",
    type=click.FloatRange(min=10, max=400),
    callback=_finite,
    default=120.0,
    show_default=True,
    help="Quarter notes a minute.",
)


@click.command()
@click.option(
    "--config",
    "config_file",
    type=_FILE,
    required=True,
    help="A recommendation, as 'musebar recommend --format yaml' prints it.",
)
@click.option("--corpus", "corpus_path", type=_READ, help="A built corpus; by default its own.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads; default all.")
@click.option("--out", type=_FILE, help="The checkpoint; default HOME/trained/....safetensors.")
@click.pass_obj
def train(
    home: AnyPath,
    config_file: Path,
    corpus_path: Path | None,
    seed: int,
    threads: int | None,
    out: Path | None,
) -> None:
    r"""Train one configuration; Ctrl-C keeps a checkpoint that the same command goes on from.

    Prints the measured figures and, as its last line, the checkpoint's path.

    \b
    Examples:
      musebar train --config best.yaml --out best.safetensors
    """
    config, genre, recommended = _read_recommendation(config_file)
    corpus_path = corpus_path or recommended
    if corpus_path is None:
        raise UsageError(f"{config_file} names no corpus: name one with --corpus DIR")
    corpus = _load_corpus(corpus_path, genre, config)
    name = f"{genre}-{config.config_id}-seed{seed}.safetensors"
    out = out or files.workspace(home) / "trained" / name
    _check_out(out, _is_checkpoint, "checkpoint of MuseBar's")
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    _train(config, corpus, out, seed, corpus_path)


@click.command()
@click.argument("checkpoint_file", type=_READ, metavar="CHECKPOINT")
@click.option("--corpus", "corpus_path", type=_READ, help="A built corpus; by default its own.")
@click.option(
    "--measures",
    "further",
    is_flag=True,
    help="Also the further measures: seconds, on 128 snippets a split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(checkpoint_file: Path, corpus_path: Path | None, further: bool, as_json: bool) -> None:
    r"""Measure CHECKPOINT on the validation and test split of its genre.

    --measures adds an importance-weighted likelihood, the rate-distortion curve, what the code is
    worth, how smooth interpolations are, and how generated melodies compare with held-out songs.

    \b
    Examples:
      musebar evaluate best.safetensors
    """
    from musebar.models import load_model
    from musebar_core.evaluation import evaluate as measure

    identity, model = load_model(checkpoint_file)
    where = corpus_path or _corpus_of(identity, checkpoint_file)
    corpus = _load_corpus(where, identity.genre, identity.config)
    if corpus.fingerprint != identity.corpus_fingerprint:
        click.echo("note: this corpus is not the one the checkpoint was trained on", err=True)
    splits = {s: measure(identity.config, corpus, model, s) for s in ("validation", "test")}
    measured = {}
    if further:
        from musebar_core.measures import measures

        measured = {s: measures(identity.config, corpus, model, s) for s in splits}
    if as_json:
        click.echo(
            json.dumps(
                {
                    split: m._asdict()
                    | ({"measures": dataclasses.asdict(measured[split])} if further else {})
                    for split, m in splits.items()
                }
            )
        )
        return
    for split, metrics in splits.items():
        click.echo(f"{split:10}  {_metrics_line(metrics)}")
    for split, more in measured.items():
        from reports.words.measures import measures_lines

        click.echo(f"\n{split}, {more.n_snippets} snippets")
        click.echo("\n".join(measures_lines(more)))


@click.command()
@click.argument("checkpoint_file", type=_READ, metavar="CHECKPOINT")
@click.option("--out", type=_FILE, default=Path("sample.mid"), show_default=True)
@click.option(
    "-n", "count", type=_COUNT, default=4, show_default=True, help="Melodies, one after the other."
)
@click.option("--steps", type=click.IntRange(min=1), help="Length; default that of training.")
@_TEMPERATURE
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@_TEMPO
def sample(
    checkpoint_file: Path,
    out: Path,
    count: int,
    steps: int | None,
    temperature: float,
    seed: int,
    tempo: float,
) -> None:
    r"""Generate melodies from codes drawn from the prior, as a MIDI file.

    \b
    Examples:
      musebar sample best.safetensors --out tune.mid
    """
    from musebar import models

    _check_out(out, _is_midi, "MIDI file of MuseBar's")
    melodies = models.sample(
        checkpoint_file, count, steps=steps, temperature=temperature, seed=seed
    )
    _write_midi(melodies, checkpoint_file, out, tempo)


@click.command()
@click.argument("checkpoint_file", type=_READ, metavar="CHECKPOINT")
@click.option("--out", type=_FILE, default=Path("interpolation.mid"), show_default=True)
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=2, max=1000),
    default=8,
    show_default=True,
    help="Melodies, the two ends included.",
)
@_TEMPERATURE
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@_TEMPO
def interpolate(
    checkpoint_file: Path, out: Path, count: int, temperature: float, seed: int, tempo: float
) -> None:
    r"""Walk from one code drawn from the prior to another, as a MIDI file.

    \b
    Examples:
      musebar interpolate best.safetensors --out walk.mid
    """
    from musebar import models

    _check_out(out, _is_midi, "MIDI file of MuseBar's")
    melodies = models.interpolate(checkpoint_file, count, temperature=temperature, seed=seed)
    _write_midi(melodies, checkpoint_file, out, tempo)


def _train(
    config: Configuration, corpus: GenreCorpus, out: Path, seed: int, corpus_path: Path
) -> None:
    from musebar import models

    reached = 0

    def told(row: EpochMetrics) -> None:
        nonlocal reached
        reached = row.epoch
        click.echo(
            f"epoch {row.epoch}/{config.training.epochs}  train bce {row.train_bce:.1f}  "
            f"validation {_metrics_line(row.validation)}",
            err=True,
        )

    def resumed(epoch: int) -> None:
        nonlocal reached
        reached = epoch
        click.echo(f"going on from epoch {epoch}", err=True)

    try:
        trained = models.train(
            config,
            corpus,
            out,
            seed,
            corpus_path=corpus_path,
            on_epoch=told,
            on_resume=resumed,
        )
    except KeyboardInterrupt:
        click.echo(f"interrupted after epoch {reached}; the same command goes on", err=True)
        raise click.exceptions.Exit(130) from None
    outcome = trained.outcome
    click.echo(f"reported epoch {outcome.best_epoch} of {trained.epochs}, {outcome.seconds:.1f} s")
    click.echo(f"validation  {_metrics_line(outcome.validation)}")
    click.echo(f"test        {_metrics_line(outcome.test)}")
    click.echo(str(out))


def _write_midi(melodies: np.ndarray, checkpoint_file: Path, out: Path, tempo: float) -> None:
    from musebar.models import load_model
    from musebar_core.generation import REST, write_midi

    grid = load_model(checkpoint_file)[0].config.grid
    try:
        write_midi(melodies, out, grid.steps_per_quarter, tempo=tempo)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from None
    click.echo(f"{len(melodies)} melodies, {(melodies != REST).mean():.0%} of steps sounding")
    click.echo(str(out))


def _check_out(out: Path, is_ours: Callable[[Path], bool], kind: str) -> None:
    """Refuse, before any work, a place that cannot be written or holds something else."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.is_dir():
            raise UsageError(f"--out {out}: is a folder; name a file")
        if (out.exists() or out.is_symlink()) and not (out.is_file() and is_ours(out)):
            raise UsageError(f"--out {out}: exists and is no {kind}; name another file")
        if not os.access(out.parent, os.W_OK):
            raise UsageError(f"--out {out}: {out.parent} cannot be written; name another folder")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from None


def _is_checkpoint(file: Path) -> bool:
    from musebar_core.checkpoint import is_checkpoint

    return is_checkpoint(file)


def _is_midi(file: Path) -> bool:
    from musebar_core.generation import MIDI_MARK

    with file.open("rb") as opened:
        start = opened.read(4096)
    return start[:4] == b"MThd" and MIDI_MARK.encode() in start


def _read_recommendation(file: Path) -> tuple[Configuration, str, Path | None]:
    from musebar_core.config import Configuration
    from musebar_core.yamlfile import read_mapping
    from reports.answers.headline import Verdict

    content = read_mapping(file, "recommendation")
    if content.get("config") is None and content.get("verdict") == str(Verdict.NOTHING_WORKS):
        raise UsageError(
            f"--config {file}: it recommends nothing, as nothing works yet for "
            f"'{content.get('genre')}'; `musebar recommend` says what to do next"
        )
    if not {"genre", "config"} <= set(content):
        raise UsageError(
            f"--config {file}: needs 'genre' and 'config'; "
            "'musebar recommend GENRE --format yaml' prints such a file"
        )
    corpus, config = content.get("corpus"), content["config"]
    path = corpus.get("path") if isinstance(corpus, dict) else corpus
    if not isinstance(config, dict) or not isinstance(path, str | None):
        raise UsageError(f"--config {file}: 'config' is a mapping, and 'corpus' a path")
    return Configuration.from_dict(config), str(content["genre"]), Path(path) if path else None


def _load_corpus(path: Path, genre: str, config: Configuration) -> GenreCorpus:
    from musebar_core.corpus import Corpus

    if not (path / "fingerprint").is_file():
        raise UsageError(f"{path}: not a built corpus; name one with --corpus DIR")
    corpus = Corpus.load(path)
    corpus.grid.check(config.grid)
    return corpus.genre(genre)


def _corpus_of(identity: Identity, file: Path) -> Path:
    """The corpus that a checkpoint names, on this machine: no address in a file is contacted."""
    named = identity.corpus_path
    if files.is_url(named):
        raise UsageError(
            f"{file} says that its corpus is at '{named}', and no address is asked that only a "
            "file names: give it, or a folder, with --corpus"
        )
    if not named:
        raise UsageError(f"{file} names no corpus: name one with --corpus DIR")
    return Path(named)


def _metrics_line(metrics: Metrics) -> str:
    collapsed = "  collapsed" if metrics.collapsed else ""
    return (
        f"bce {metrics.bce:.1f}  kl {metrics.kl:.2f}  mi {metrics.mi_lower:.2f} to "
        f"{metrics.mi_upper:.2f} nats  {metrics.active_units} active{collapsed}"
    )
