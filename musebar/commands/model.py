"""``musebar train`` and ``evaluate``: single models, no study."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musebar import bounds
from musebar.commands.options import LOCAL
from musebar.commands.outputs import READ, check_out, corpus_of, load_corpus
from musebar_core import memory
from musebar_core.errors import UsageError
from musebar_core.threads import THREADS, computing_with
from study.home import files

if TYPE_CHECKING:
    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import EpochMetrics, Metrics
    from study.home.files import AnyPath


@click.command()
@click.option(
    "--config",
    "config_file",
    type=LOCAL,
    required=True,
    help="A recommendation, as 'musebar recommend --format yaml' prints it.",
)
@click.option("--corpus", "corpus_path", type=READ, help="A built corpus; by default its own.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(*bounds.THREADS),
    default=THREADS,
    show_default=True,
    help="CPU threads: one, as in a study, is as fast on a busy machine, and gives its numbers.",
)
@click.option("--out", type=LOCAL, help="The checkpoint; default HOME/trained/....safetensors.")
@click.pass_obj
def train(
    home: AnyPath,
    config_file: Path,
    corpus_path: Path | None,
    seed: int,
    threads: int,
    out: Path | None,
) -> None:
    """Train one configuration; Ctrl-C keeps a checkpoint that the same command goes on from.

    Prints the measured figures and, as its last line, the checkpoint's path.

    \b
    Examples:
      musebar train --config best.yaml --out best.safetensors
    """
    config, genre, recommended = _read_recommendation(config_file)
    corpus_path = corpus_path or recommended
    if corpus_path is None:
        raise UsageError(
            f"{config_file} names no corpus, as its study was imported: build one with 'musebar "
            "corpus build MUSIC --out DIR', and name it with --corpus DIR"
        )
    corpus = load_corpus(corpus_path, genre, config)
    name = f"{genre}-{config.config_id}-seed{seed}.safetensors"
    out = out or files.workspace(home) / "trained" / name
    check_out(out, _is_checkpoint, "checkpoint of MuseBar's")
    memory.keep()
    _train(config, corpus, out, seed, corpus_path, threads)


@click.command()
@click.argument("checkpoint_file", type=READ, metavar="CHECKPOINT")
@click.option("--corpus", "corpus_path", type=READ, help="A built corpus; by default its own.")
@click.option(
    "--measures",
    "further",
    is_flag=True,
    help="Also the further measures: seconds, on 128 snippets a split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(checkpoint_file: Path, corpus_path: Path | None, further: bool, as_json: bool) -> None:
    """Measure CHECKPOINT on the validation and test split of its genre.

    --measures adds an importance-weighted likelihood, the rate-distortion curve, what the code is
    worth, how smooth interpolations are, and how generated melodies compare with held-out songs.

    \b
    Examples:
      musebar evaluate best.safetensors
    """
    from musebar.models import load_model
    from musebar_core.evaluation import evaluate as measure

    found = load_model(checkpoint_file)
    identity, model = found.identity, found.network
    where = corpus_path or corpus_of(identity, checkpoint_file)
    corpus = load_corpus(where, identity.genre, identity.config)
    if corpus.fingerprint != identity.corpus_fingerprint:
        click.echo("note: this corpus is not the one the checkpoint was trained on", err=True)
    measured = {}
    with computing_with():
        splits = {s: measure(identity.config, corpus, model, s) for s in ("validation", "test")}
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


def _train(
    config: Configuration,
    corpus: GenreCorpus,
    out: Path,
    seed: int,
    corpus_path: Path,
    threads: int,
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

    if config.training.curve_is_partial:
        click.echo(
            f"evaluations on the way are of at most {config.training.curve_snippets} validation "
            "snippets, the figures at the end of all",
            err=True,
        )
    try:
        trained = models.train(
            config,
            corpus,
            out,
            seed,
            corpus_path=corpus_path,
            threads=threads,
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


def _is_checkpoint(file: Path) -> bool:
    from musebar_core.checkpoint import is_checkpoint

    return is_checkpoint(file)


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


def _metrics_line(metrics: Metrics) -> str:
    collapsed = "  collapsed" if metrics.collapsed else ""
    return (
        f"bce {metrics.bce:.1f}  kl {metrics.kl:.2f}  mi {metrics.mi_lower:.2f} to "
        f"{metrics.mi_upper:.2f} nats  {metrics.active_units} active{collapsed}"
    )
