"""What the keys of a spec mean, beside the settings of :mod:`musebar_core.settings`."""

from __future__ import annotations

from dataclasses import dataclass

from musebar_core.setting import PAPER
from study.spec.sections import Sampler
from study.statistics.purposes import Purpose


@dataclass(frozen=True)
class Meaning:
    """Of one key.

    Attributes
    ----------
    text
        What it is, in a line.
    unit
        Empty where it has none.
    source
        Where the default comes from, where that is another's work.
    """

    text: str
    unit: str = ""
    source: str = ""


MEANINGS: dict[str, Meaning] = {
    "name": Meaning("the study's name, and its folder in the home; the file's where left out"),
    "about": Meaning("what it is for, in words; no part of what the study is"),
    "corpus.source": Meaning(
        "music21 (what music21 ships), a built corpus, or music: a folder with a folder a genre, a "
        "CSV file with columns file and genre, or the Lakh MIDI Dataset"
    ),
    "corpus.labels": Meaning("files of genre labels of the Lakh MIDI Dataset"),
    "corpus.genre_map": Meaning("YAML of genre: labels", source=PAPER),
    "corpus.match_scores": Meaning("Lakh's match_scores.json"),
    "corpus.tracks": Meaning("the Million Song Dataset's unique_tracks.txt"),
    "corpus.matches": Meaning("of several MIDI files of one track: best or all"),
    "corpus.genres": Meaning("genres to take; all where left out"),
    "corpus.songs_per_genre": Meaning("songs of a genre, at most", "songs"),
    "corpus.repeats": Meaning("repeats of scores are played, or every bar comes once, as written"),
    "corpus.include_overall": Meaning("a joint corpus of all genres besides", source=PAPER),
    "corpus.grid.steps_per_quarter": Meaning("steps a quarter note", "steps", PAPER),
    "corpus.grid.steps_per_bar": Meaning("steps a bar", "steps", PAPER),
    "corpus.grid.snippet_steps": Meaning("T, steps a snippet; whole bars", "steps", PAPER),
    "training.profile": Meaning("what supplies the defaults of model and training: paper, strong"),
    "search.protocol": Meaning(
        "grid: every configuration on all seeds; search: propose, then confirm the best"
    ),
    "search.methods": Meaning("run the four methods as fixed comparisons", source=PAPER),
    "search.space": Meaning("a space of the product's, or a YAML file of one's own"),
    "search.space_content": Meaning("the space's content; a study keeps it here"),
    "search.fixed": Meaning("parameters held at one value"),
    "search.choices": Meaning(
        "parameters whose values are replaced, or that are added: a list, or a range of numbers"
    ),
    "search.sampler": Meaning(f"who proposes: {', '.join(Sampler)}"),
    "search.configurations": Meaning("proposed for each genre", "configurations"),
    "search.generation": Meaning("proposed at a time; settled at launch", "configurations"),
    "search.finalists": Meaning("that go on to the confirmation seeds", "configurations"),
    "search.rungs": Meaning("confirmation seeds after which the surely worse are dropped", "seeds"),
    "search.purpose": Meaning(f"what the study is for: {', '.join(Purpose)}"),
    "search.rate": Meaning("for reconstruction: the most KL", "nats"),
    "search.transfer": Meaning("genres take over what wins in the joint corpus"),
    "search.order": Meaning("genres go side_by_side, or in_turn as studies of older versions"),
    "search.seed": Meaning("starts the sampler"),
    "seeds.search": Meaning("seeds of each configuration in the search", "seeds"),
    "seeds.confirm": Meaning("seeds of methods and finalists", "seeds", PAPER),
    "resources.slots": Meaning("trials at a time; auto: as many as there is room for", "trials"),
    "resources.cpus_per_trial": Meaning("CPUs of a trial", "CPUs"),
    "resources.gpus_per_trial": Meaning("GPUs of a trial, or the share of one; auto", "GPUs"),
    "resources.seeds_per_trial": Meaning(
        "seed runs of a trial, on a GPU as one program; auto: as fill it, else 1", "seed runs"
    ),
    "resources.max_attempts": Meaning("times that a run is tried before it has failed", "attempts"),
    "storage.ledger": Meaning("sqlite, in the study's folder, or a SQLAlchemy URL"),
    "storage.home": Meaning("folder or URL of studies, where no --home is given"),
    "storage.patience_seconds": Meaning("for which a database that is away is waited for", "s"),
    "storage.checkpoint_seconds": Meaning("between two checkpoints of a run, at least", "s"),
}
"""Of every key but the settings', in the order of a spec."""
