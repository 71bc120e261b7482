"""Time to an answer: from ``launch`` to a recommendation, against a study written by hand.

    python -m benchmarks answer [FOLDER] [--set KEY=VALUE ...]

The preset ``quickstart`` on the music of FOLDER/GENRE, MIDI files; without FOLDER on its own music,
written as MIDI files before the clock runs. The product's commands are run as a user runs them, in
an empty home, so that nothing is read or built beforehand. Then :mod:`benchmarks.by_hand` reads the
same files and trains the same seed runs: the same settings, steps, batches, evaluations and
processor. What its runs measure is simpler; what it lacks is named there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import musebar
from musebar_core.corpus.split import SPLITS
from musebar_core.generation import write_midi
from study.run.stages import Stage
from study.spec import specfile

if TYPE_CHECKING:
    from collections.abc import Sequence

PRESET = "quickstart"

SETTINGS = (
    "genre",
    "seed",
    "latent_length",
    "regularizers",
    "annealing",
    "annealing_length",
    "input_dropout",
    "hidden",
    "epochs",
    "batch",
    "learning_rate",
    "evaluate_every",
    "evaluation_snippets",
    "snippet_steps",
    "steps_per_bar",
    "steps_per_quarter",
)
"""Columns of a study's results that make up a run by hand."""


def main() -> None:
    """Print both, and where their time went."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks answer")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or _written(Path(made, "music"))
        _compare(folder.resolve(), Path(made), asked.set)


def _compare(folder: Path, made: Path, overrides: Sequence[str]) -> None:
    genres = sorted(each.name for each in folder.iterdir() if each.is_dir())
    settings = [
        f"corpus.source={folder}",
        f"corpus.genres=[{','.join(genres)}]",
        "corpus.songs_per_genre=null",
        *overrides,
    ]
    home = made / "home"
    began = time.perf_counter()
    launch = _musebar(home, "study", "launch", PRESET, *(f"--set={each}" for each in settings))
    said = [_musebar(home, "recommend", genre).stdout for genre in genres]
    ours = time.perf_counter() - began
    study = musebar.load(home, PRESET)
    plan = study.results[list(SETTINGS)].astype({"batch": int})  # a word elsewhere: per_group
    path = made / "plan.json"
    path.write_text(plan.to_json(orient="records"))
    began = time.perf_counter()
    hand = _run("-m", "benchmarks.by_hand", str(folder), str(path))
    by_hand = time.perf_counter() - began
    theirs = json.loads(hand.stdout.splitlines()[-1])
    trained = float(study.results["seconds"].sum())
    print(f"{len(plan)} seed runs of {len(genres)} genres; seconds")
    print(f"{'':<28}{'the product':>12}{'by hand':>9}{'ratio':>7}")
    for name, own, other in (
        ("launch to recommendation", ours, by_hand),
        ("training, all runs", trained, theirs["trained"]),
    ):
        print(f"{name:<28}{own:>12.1f}{other:>9.1f}{other / own:>7.2f}")
    stages = next(line for line in launch.stderr.splitlines() if Stage.START in line)
    print(f"the product: {stages}")
    print("by hand: " + ", ".join(f"{name} {theirs[name]:.1f}" for name in ("read", "ray", "runs")))
    print(f"by hand, the lowest mean NLL: {theirs['best']}")
    print("", "the product says", *said, sep="\n")


def _written(folder: Path) -> Path:
    """Write the preset's own music as MIDI files, a folder a genre."""
    spec = specfile.load(PRESET).corpus
    genres = list(spec.genres or ())
    corpus = musebar.build_corpus(
        spec.source,
        folder / "corpus",
        spec.grid,
        genres=genres,
        songs_per_genre=spec.songs_per_genre,
    )
    for genre in genres:
        for split in SPLITS:
            for song in corpus.genre(genre).songs(split):
                path = folder / "midi" / genre / f"{song.id}.mid"
                write_midi(song.pitches[None], path, spec.grid.steps_per_quarter)
    return folder / "midi"


def _musebar(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run("-m", "musebar", "--home", str(home), *arguments)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, with what it printed."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


if __name__ == "__main__":
    main()
