"""Music of the recommended configurations, made from their checkpoints by the product itself.

Samples from the prior, reconstructions of test music, and a walk between two codes, each as
MIDI and as sound. The same checkpoint and corpus give the same files on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.errors import CheckpointError, MuseBarError
from musebar_core.playing import TEMPERATURE, TEMPO
from musebar_core.threads import computing_with
from reports.words.slugs import slug

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from musebar_core.checkpoint import Identity
    from musebar_core.corpus import GenreCorpus
    from musebar_core.generation import Note
    from musebar_core.model import RVAE
    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables

FOLDER = "listen"
"""Folder of the files within a report."""

SAMPLES, PAIRS, WALK = 3, 3, 5
"""Samples, originals with their reconstruction, and stations of the walk, a genre."""

QUARTERS, WALK_QUARTERS = 24, 4
"""Longest piece and longest station of the walk, in quarter notes: files stay small."""


@dataclass(frozen=True)
class Piece:
    """One melody with its files.

    Attributes
    ----------
    stem
        Name of its files without ``.mid`` and ``.wav``, in :data:`FOLDER`.
    title, about
        What it is; where it comes from.
    notes, steps
        Its notes and its length, in steps.
    """

    stem: str
    title: str
    about: str
    notes: tuple[Note, ...]
    steps: int


@dataclass(frozen=True)
class Music:
    """What one recommended configuration plays.

    Attributes
    ----------
    seed
        The seed whose checkpoint was used: that of the median validation BCE.
    pairs
        Original and reconstruction.
    missing
        Why there are no reconstructions; empty where there are.
    other
        The same codes from another configuration; None where there is none to be heard.
    """

    row: ConfigurationSummary
    seed: int
    samples: tuple[Piece, ...]
    pairs: tuple[tuple[Piece, Piece], ...]
    walk: Piece
    missing: str
    other: Other | None = None


@dataclass(frozen=True)
class Other:
    """What another configuration makes of the codes that the samples were decoded from.

    Attributes
    ----------
    samples
        One a sample of :attr:`Music.samples`, of the same draw from the prior: of codes of
        different length the shorter one is the beginning of the longer.
    """

    row: ConfigurationSummary
    seed: int
    samples: tuple[Piece, ...]


class SilentError(MuseBarError):
    """Nothing can be played, and why."""


def play(
    tables: StudyTables,
    row: ConfigurationSummary,
    study: Path,
    out: Path,
    against: ConfigurationSummary | None = None,
) -> Music:
    """Make the music of a configuration.

    Parameters
    ----------
    tables
        The study.
    row
        The configuration.
    study
        The study's folder, where its checkpoints are.
    out
        The report's folder; files go to ``out/listen``.
    against
        Another configuration of the genre, to decode the same codes.

    Raises
    ------
    SilentError
        If no checkpoint of it can be read here.
    """
    seed, path = _checkpoint(tables, row, study)
    identity, model = _load(path)
    maker = _Maker(identity, model, out / FOLDER, slug(row.genre), seed)
    with computing_with():
        pairs, missing = _pairs(maker)
        other = None if against is None else _other(tables, against, study, maker)
        return Music(row, seed, maker.samples(), pairs, maker.walk(), missing, other)


def _other(
    tables: StudyTables, row: ConfigurationSummary, study: Path, first: _Maker
) -> Other | None:
    """Decode the first one's codes by another; None where it has no checkpoint here."""
    try:
        seed, path = _checkpoint(tables, row, study)
        identity, model = _load(path)
    except SilentError:
        return None
    maker = _Maker(identity, model, first.folder, f"{first.name}-other", first.codes)
    return Other(row, seed, maker.samples())


def _checkpoint(tables: StudyTables, row: ConfigurationSummary, study: Path) -> tuple[int, Path]:
    """Find the checkpoint of the seed of median BCE: neither the luckiest nor the worst."""
    results = tables.results
    mine = results[
        (results["genre"] == row.genre)
        & (results["config_id"] == row.config_id)
        & (results["phase"] == row.phase)
        & results["checkpoint"].notna()
    ]
    kept = mine.sort_values(["validation_bce", "seed"])
    here = [
        (int(seed), study / str(path))
        for seed, path in zip(kept["seed"], kept["checkpoint"], strict=True)
    ]
    found = [(seed, path) for seed, path in here if path.is_file()]
    if not found:
        raise SilentError(f"no checkpoint of {row.config_id} is kept on this machine")
    return found[(len(found) - 1) // 2]


def _load(path: Path) -> tuple[Identity, RVAE]:
    from musebar_core.checkpoint import load_model

    try:
        return load_model(path)
    except CheckpointError:
        raise SilentError("its checkpoint cannot be read") from None


@dataclass(frozen=True)
class _Maker:
    """Decodes codes of one model into pieces; one stream of random numbers a piece.

    ``codes`` is the seed that codes are drawn from: two makers of one seed draw the same.
    """

    identity: Identity
    model: RVAE
    folder: Path
    name: str
    codes: int

    @property
    def per_quarter(self) -> int:
        return self.identity.config.grid.steps_per_quarter

    @property
    def steps(self) -> int:
        """Length of a piece: whole bars, at most :data:`QUARTERS` quarters."""
        grid = self.identity.config.grid
        longest = min(grid.snippet_steps, QUARTERS * grid.steps_per_quarter)
        return max(longest // grid.steps_per_bar, 1) * grid.steps_per_bar

    def samples(self) -> tuple[Piece, ...]:
        return tuple(
            self.piece(
                f"sample-{at}",
                f"Sample {at}",
                "A code drawn from the prior.",
                self.decode(self.prior(at), self.steps, f"sample {at}"),
            )
            for at in range(1, SAMPLES + 1)
        )

    def walk(self) -> Piece:
        import torch

        from musebar_core.generation import interpolation

        ends = torch.cat([self.prior("from"), self.prior("to")])
        steps = min(self.steps, WALK_QUARTERS * self.per_quarter)
        codes = interpolation(ends[0], ends[1], WALK)
        return self.piece(
            "walk",
            f"A walk in {WALK} stations",
            f"{WALK} codes evenly along the great circle between two codes drawn from the prior, "
            "one after the other, a bar of rest between them.",
            self.decode(codes, steps, "walk"),
        )

    def prior(self, what: int | str) -> Tensor:
        from musebar_core.randomness import Purpose, latent_noise, stream

        rng = stream(self.codes, Purpose.GENERATION, "listen", "prior", what)
        return latent_noise(rng, 1, self.identity.config.model.latent_length)

    def posterior(self, pitches: np.ndarray) -> Tensor:
        """Return the posterior means of snippets uint8 ``[N, T]``, ``[N, L]``."""
        import torch

        from musebar_core.model import piano_roll

        with torch.no_grad():
            roll = piano_roll(torch.from_numpy(pitches).long())
            return self.model.encode(roll)[0][:, -1]

    def decode(self, codes: Tensor, steps: int, what: str) -> np.ndarray:
        from musebar_core.generation import generate
        from musebar_core.randomness import Purpose, stream

        rng = stream(self.codes, Purpose.GENERATION, "listen", "notes", what)
        return generate(self.model, codes, steps, rng, TEMPERATURE)

    def piece(self, what: str, title: str, about: str, melodies: np.ndarray) -> Piece:
        """Write a piece's files; a single melody without the rest after it."""
        from musebar_core.generation import notes, one_line, write_midi
        from reports.music.audio import wav

        line = melodies[0] if len(melodies) == 1 else one_line(melodies, self.per_quarter)
        found, stem = tuple(notes(line)), f"{self.name}-{what}"
        write_midi(melodies, self.folder / f"{stem}.mid", self.per_quarter, tempo=TEMPO)
        seconds = 60 / TEMPO / self.per_quarter
        (self.folder / f"{stem}.wav").write_bytes(wav(found, len(line), seconds))
        return Piece(stem, title, about, found, len(line))


def _pairs(maker: _Maker) -> tuple[tuple[tuple[Piece, Piece], ...], str]:
    """Reconstruct test music; empty, and why, where its corpus is not at hand."""
    from musebar_core.corpus import Corpus

    path = Path(maker.identity.corpus_path)
    try:
        view = Corpus.load(path).genre(maker.identity.genre)
        if view.fingerprint != maker.identity.corpus_fingerprint:
            raise SilentError("the corpus is not the one that the model was trained on")
        titles, pitches = _test_snippets(view, maker)
    except (MuseBarError, OSError) as error:
        # a report is shown to others: no path of this machine
        said = error if isinstance(error, SilentError) else "its corpus cannot be read here"
        return (), f"No reconstructions: {said}."
    codes = maker.posterior(pitches)
    found = []
    for at, (title, snippet) in enumerate(zip(titles, pitches, strict=True), start=1):
        decoded = maker.decode(codes[at - 1 : at], maker.steps, f"reconstruction {at}")
        found.append(
            (
                maker.piece(
                    f"original-{at}", f"Original {at}", title, snippet[None, : maker.steps]
                ),
                maker.piece(
                    f"reconstruction-{at}",
                    f"Reconstruction {at}",
                    "Decoded from the mean of the original's posterior, free running.",
                    decoded,
                ),
            )
        )
    return tuple(found), ""


def _test_snippets(view: GenreCorpus, maker: _Maker) -> tuple[list[str], np.ndarray]:
    """Cut evenly strided windows of the test split, with the titles of their songs."""
    import numpy as np

    from musebar_core.corpus.snippets import windows

    listed = windows(view, "test", maker.identity.config.grid)
    n = min(PAIRS, len(listed))
    places = (np.arange(n, dtype=np.int64) * 2 + 1) * len(listed) // (2 * n)
    songs = np.searchsorted(np.cumsum(listed.counts), places, side="right")
    named = view.songs("test")
    titles = [named[int(at)].title or named[int(at)].source for at in songs]
    return titles, listed.take(places)
