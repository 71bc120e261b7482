"""A study's results as Markdown: figures from its ledger, nothing typed by hand.

Aggregate figures alone: no path, no title, nothing of the music.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musebar_core import marks, yamlfile
from musebar_core.marks import Kind
from reports.answers.agreement import agreements
from reports.answers.effects import EFFECT_METRICS, by_name, effects
from reports.answers.methods import DEFAULT
from reports.answers.summaries import baseline_bce, genre_names, seeds_wanted, summaries
from reports.output.answers import answer_parts
from reports.output.claims import claims_parts, undertrained_note
from reports.words.labels import (
    BASELINES,
    COVERAGE,
    METHODS,
    bracket,
    collapsed,
    number,
    with_interval,
)
from reports.words.verdicts import signed
from study.results.columns import SeedRunState
from study.results.named import named_configurations
from study.results.tables import write_table
from study.spec.sections import EMBEDDED_SOURCE

if TYPE_CHECKING:
    import pandas as pd

    from reports.answers.effects import Effect
    from reports.answers.summaries import ConfigurationSummary, SplitSummary
    from study.results.tables import StudyTables

DEFAULT_REFERENCE = DEFAULT
"""Configuration that effects are measured against, where a study has it."""

FOLDER = "FOLDER"
"""Stands for the user's own path, wherever music or a corpus is named."""

PRIVATE_COLUMNS = ("node", "checkpoint", "failure")
"""Columns of the results that tell of the machine, not of the models."""


def section(tables: StudyTables, reference: str | None, measured: pd.DataFrame | None) -> str:
    """Write a study's section.

    Parameters
    ----------
    reference
        Named configuration that effects are measured against; None for none.
    measured
        Further measures of its runs, where there are any.
    """
    parts = [
        f"## {tables.name}",
        tables.spec.about.strip(),
        undertrained_note(tables),
        *claims_parts(tables),
        *answer_parts(tables),
        "### Scale",
        _scale(tables),
        _command(tables, reference),
        "### Results",
        _results(tables),
    ]
    if reference is not None:
        parts += [f"### Effects against {_label(reference)}", _effects(tables, reference)]
    if measured is not None:
        parts += [
            "### What they generate",
            _generated(tables, measured),
            "### Which measures agree with the mutual information",
            _agreement(tables, measured),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def update(text: str, name: str, content: str) -> str:
    """Put a section into a document: in place of the one of that name, or at the end.

    Its lines end as most of the document's do.
    """
    newline = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    begin, end = f"<!-- results of {name} -->", f"<!-- end of {name} -->"
    block = f"{begin}\n{content}\n{end}".replace("\n", newline)
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: block, text)
    return f"{text.rstrip()}{2 * newline}{block}{newline}".lstrip()


def write_data(tables: StudyTables, folder: Path) -> None:
    """Write what the section rests on: results.parquet, and the spec that makes it again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    results = tables.results.copy()
    for column in PRIVATE_COLUMNS:
        results[column] = None
    with tempfile.TemporaryDirectory(prefix=".musebar-", dir=folder.parent) as name:
        scratch = Path(name)
        write_table(results.astype(tables.results.dtypes), scratch / "results.parquet")
        text = yamlfile.dump(public_spec(tables))
        (scratch / "study.yaml").write_text(text, encoding="utf-8")
        marks.install(scratch, folder, Kind.EXPORT)


def public_spec(tables: StudyTables) -> dict[str, Any]:
    """The resolved spec without paths: ``--set corpus.source=...`` supplies the music."""
    spec = tables.spec.model_dump(mode="json", exclude={"storage", "resources"})
    if spec["corpus"]["source"] != EMBEDDED_SOURCE:
        spec["corpus"]["source"] = FOLDER
    return spec


def _scale(tables: StudyTables) -> str:
    spec = tables.spec
    grid, model, training = spec.corpus.grid, spec.model, spec.training
    embedded = spec.corpus.source == EMBEDDED_SOURCE
    music = "music21's embedded corpus" if embedded else "a folder of MIDI and MusicXML"
    counts = "; ".join(
        f"{row['genre']} {row['train_songs']:,} / {row['validation_songs']:,} / "
        f"{row['test_songs']:,} songs, {row['validation_snippets']:,} validation snippets"
        for row in tables.genres.to_dict("records")
    )
    done = int((tables.results["state"] != SeedRunState.FAILED).sum())
    planned = int(tables.planned["n_seeds"].sum()) if len(tables.planned) else 0
    partial = "" if done >= planned else f" **Partial: {done} of {planned} runs are done.**"
    seconds = tables.results["seconds"].dropna()
    return (
        f"Scale: {grid.snippet_steps} steps a snippet ({grid.steps_per_quarter} a quarter "
        f"note, {grid.steps_per_bar} a bar), {model.layers} LSTM layer(s) of "
        f"{model.hidden} units, latent length {model.latent_length}, {training.epochs:,} "
        f"epochs, {seeds_wanted(tables)} paired seeds, {done} runs of {seconds.mean():.0f} s on "
        f"average.{partial} The paper's scale: 240 steps, 2 layers of 512 units, latent length "
        f"100, 3,000 epochs. Music: {music}, train / validation / test: {counts}. {COVERAGE}"
    )


def _command(tables: StudyTables, reference: str | None) -> str:
    name = tables.name
    against = f" --reference {reference}" if reference not in {None, DEFAULT_REFERENCE} else ""
    source = tables.spec.corpus.source
    given = "" if source == EMBEDDED_SOURCE else f" --set corpus.source={FOLDER}"
    return (
        f"```sh\nmusebar study launch docs/results/{name}/study.yaml{given}\n"
        f"musebar report table {name}{against} --out docs/results.md\n```"
    )


def _results(tables: StudyTables) -> str:
    rows = [
        (
            "| genre | configuration | seeds | validation BCE | test BCE | test NLL | KL "
            "| MI, lower to upper | active units | collapsed |"
        ),
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for genre in genre_names(tables):
        validation, test = (baseline_bce(tables, genre, s) for s in ("validation", "test"))
        rows += [
            f"| {genre} | *{BASELINES[name]}* | | {number(bce)} | {_number(test.get(name))} "
            "| | | | | |"
            for name, bce in validation.items()
        ]
        rows += [_row(genre, name, row) for name, row in _rows(tables, genre).items()]
    return "\n".join(rows)


def _row(genre: str, name: str, row: ConfigurationSummary) -> str:
    measured = row.validation
    if measured is None:
        return f"| {genre} | {name} | {row.n_done} | | | | | | | |"
    seeds = f"{row.n_done}" if row.n_done >= row.n_planned else f"{row.n_done} of {row.n_planned}"
    return (
        f"| {genre} | {_label(name)} | {seeds} | {with_interval(measured.bce)} | "
        f"{with_interval(row.test.bce if row.test else None)} | "
        f"{with_interval(row.test.metric('nll') if row.test else None)} | "
        f"{number(measured.kl.mean)} | "
        f"{_information(measured)} | {number(measured.active_units.mean)} | "
        f"{collapsed(row)} |"
    )


def _information(split: SplitSummary) -> str:
    return f"{bracket(split.mi_lower, split.mi_upper)} (at most {number(split.mi_cap)})"


def _rows(tables: StudyTables, genre: str) -> dict[str, ConfigurationSummary]:
    if named_configurations(tables):
        return by_name(tables, genre)
    return {row.config_id: row for row in summaries(tables, genre)}


def _effects(tables: StudyTables, reference: str) -> str:
    found = effects(tables, reference)
    if not found:
        return f"No effects: no run of {_label(reference)} shares a seed with another."
    pairs: dict[tuple[str | None, str], dict[str, Effect]] = {}
    for one in found:
        pairs.setdefault((one.genre, one.name), {})[one.metric] = one
    rows = [
        (
            "On validation, seed by seed; all genres: the mean over them. p: exact two-sided "
            "sign-flip test, Holm-corrected over the configurations; single genres are shown, not "
            "tested. Configurations of different rate are compared by NLL, not by BCE."
        ),
        "",
        "| genre | configuration | BCE, nats | BCE, % | p | NLL, nats | p | MI lower, nats | p |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (genre, name), each in pairs.items():
        bce, nll, information = (each.get(metric) for metric in EFFECT_METRICS)
        rows.append(
            f"| {genre or 'all genres'} | {_label(name)} | {_effect(bce)} | {_percent(bce)} | "
            f"{_p(bce)} | {_effect(nll)} | {_p(nll)} | {_effect(information)} | {_p(information)} |"
        )
    return "\n".join(rows)


def _generated(tables: StudyTables, measured: pd.DataFrame) -> str:
    """One sentence a configuration and genre, and one for the held-out songs."""
    lines = [
        (
            "Melodies decoded from the prior, against held-out songs; means over the measured "
            "seeds. Divergence: Jensen-Shannon, bits, 0 is alike. Worth of the code: nats of BCE "
            "that a snippet's own code saves against another's."
        ),
        "",
    ]
    for genre in genre_names(tables):
        rows = measured[measured["genre"] == genre]
        if rows.empty:
            continue
        songs = rows.iloc[0]
        lines.append(
            f"- {genre}, held-out songs: {_character(songs, 'held_out')}; training songs diverge "
            f"by {number(songs['likeness_of_songs_pitch_classes'])} in pitch classes and "
            f"{number(songs['likeness_of_songs_intervals'])} in intervals."
        )
        for name, row in _rows(tables, genre).items():
            runs = rows[rows["config_id"] == row.config_id]
            if len(runs):
                mean = runs.mean(numeric_only=True)
                lines.append(
                    f"- {genre}, {_label(name)}: {_character(mean, 'generated')}; diverge by "
                    f"{number(mean['likeness_pitch_classes'])} in pitch classes and "
                    f"{number(mean['likeness_intervals'])} in intervals; worth of the code "
                    f"{number(mean['code_worth'])}; importance-weighted NLL "
                    f"{number(mean['importance_nll'])}."
                )
    return "\n".join(lines)


def _character(row: pd.Series, prefix: str) -> str:
    def of(name: str, spec: str) -> str:
        value = row.get(f"{prefix}_{name}")
        return "-" if value is None or value != value else format(float(value), spec)  # noqa: PLR0124

    return (
        f"range {of('pitch_range', '.1f')} semitones, {of('note_density', '.2f')} notes a bar, "
        f"{of('repetition', '.0%')} of bars repeat, {of('out_of_key', '.0%')} out of key, "
        f"{of('rest_share', '.0%')} rests"
    )


def _agreement(tables: StudyTables, measured: pd.DataFrame) -> str:
    found = agreements(tables, measured)
    genres = sorted({genre for one in found for genre in one.by_genre})
    rows = [
        (
            "Spearman's rank correlation with mi_lower over the configurations' means on "
            f"validation, {len(measured)} measured runs, at least "
            f"{min((one.n_configurations for one in found), default=0)} configurations a genre. "
            "1: ranks them alike; 0: has nothing to do with it; -1: the other way round."
        ),
        "",
        f"| measure | {' | '.join(genres)} | mean |",
        f"| --- |{' ---: |' * (len(genres) + 1)}",
    ]
    for one in found:
        cells = [_number(one.by_genre.get(genre)) for genre in genres]
        rows.append(
            f"| {one.measure.replace('_', ' ')} | {' | '.join(cells)} | {_number(one.mean)} |"
        )
    return "\n".join(rows)


def _effect(effect: Effect | None) -> str:
    return "-" if effect is None else signed(effect.difference)


def _percent(effect: Effect | None) -> str:
    if effect is None or effect.relative is None:
        return "-"
    low, high = effect.relative.interval or (None, None)
    text = f"{effect.relative.mean:+.1%}"
    return text if low is None or high is None else f"{text} [{low:+.1%}, {high:+.1%}]"


def _p(effect: Effect | None) -> str:
    return "" if effect is None or effect.adjusted is None else f"{effect.adjusted:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else number(value)


def _label(name: str) -> str:
    return METHODS.get(name, name.replace("_", " "))
