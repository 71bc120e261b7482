"""The first page of a report: what was asked, what came out, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from musebar_core import yamlfile
from reports.answers.choice import Caution
from reports.answers.headline import Verdict
from reports.answers.methods import DEFAULT
from reports.answers.overview import overview, standing
from reports.answers.unchosen import NothingWorks
from reports.figures.overview import against_markov
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.pages.configuration import configuration_file
from reports.pages.listen import LISTEN
from reports.pages.methods import METHODS
from reports.pages.render import render, without_secrets
from reports.pages.shared import context, source
from reports.pages.site import Place, Site, StudyPage, Topic
from reports.pages.verdicts import claims_grid
from reports.words import labels
from reports.words.choice import shortfall_text, verdict_text
from reports.words.cost import hours_text
from reports.words.overview import facts, use_text
from reports.words.purposes import purpose_text
from reports.words.recommendation import longest_code_warning, train_command, warning, warnings
from reports.words.rivals import better_text
from reports.words.scale import small_scale
from reports.words.slugs import page_name, slug
from study.statistics.purposes import Purpose

if TYPE_CHECKING:
    from reports.answers.card import Card
    from reports.answers.cost import Hours
    from reports.answers.overview import GenreProgress, Scale, Standing
    from reports.answers.summaries import SplitSummary
    from reports.pages.view import Answers, GenreView, StudyView
    from study.results.tables import StudyTables


OVERVIEW = Topic("Overview", "index")


def overview_page(study: StudyView, site: Site) -> str:
    """Write the first page of a study's report."""
    tables = study.tables
    whole = overview(tables)
    # the storage says where a study is kept, not what it is
    spec = without_secrets(tables.spec.model_dump(mode="json", exclude={"storage"}))
    spec["corpus"]["path"] = without_secrets(tables.corpus_path)
    page: dict[str, Any] = {
        "about": without_secrets(tables.spec.about),
        "overview": whole,
        "hours": hours_text(whole.hours),
        "failed": hours_text(whole.failed_hours),
        "scale": scale_line(whole.scale),
        "smaller": small_scale(whole.scale),
        "genres": [_genre(study, one, site) for one in study.genres],
        "standings": _standings(study),
        "answer": _answer(study.genres),
        "claims": claims_grid(study),
        "methods": Place(METHODS).file if site.has(METHODS) else "",
        "progress": _progress(whole.progress),
        "corpora": _corpora(tables),
        "warnings": [(one.name, said) for one in study.genres if (said := _warnings(one.found))],
        "per_decision": _per_decision(study, whole.hours),
        "silent": sorted(study.silent.items()),
        "spec": yamlfile.dump(spec, width=100),
        "asked": asked_line(tables),
        "citation": _citation(study),
        "short": _short(study.genres),
    }
    return render("overview.html.j2", **(context(study, site, Place(OVERVIEW)) | page))


def _citation(study: StudyView) -> str:
    """A BibTeX entry of the study: its name, its music, its versions, the date of its data."""
    year = f"  year = {{{study.date[:4]}}},\n" if study.date else ""
    return (
        f"@misc{{musebar-{study.name},\n"
        f"  title = {{MuseBar study {study.name}}},\n"
        f"{year}"
        f"  note = {{{source(study, None)}}},\n"
        "}\n"
    )


def _genre(study: StudyView, genre: GenreView, site: Site) -> dict[str, Any]:
    """One genre's answer: verdict, sentence, what is settled, what it costs, the next command."""
    found, answer = genre.found, genre.found.answer
    shared = {"name": genre.name, "slug": slug(genre.name), "card": page_name(genre.name)}
    if answer is None:
        nothing = isinstance(found.missing, NothingWorks)
        said = "" if found.missing is None else shortfall_text(found.missing)
        return shared | {
            "verdict": str(Verdict.NOTHING_WORKS) if nothing else "none yet",
            "kind": "fails" if nothing else "open",
            "said": f"{said[:1].upper()}{said[1:]}.",
            "first": "",
            "facts": (),
            "command": "",
            "chosen": None,
        }
    return shared | {
        "verdict": verdict_text(answer.card.headline),
        "kind": "fails" if not answer.works else "holds" if answer.leading is None else "open",
        "said": use_text(answer, _standing(study, genre)),
        "first": "" if answer.leading is None else warnings(answer)[0],
        "facts": facts(answer),
        "command": train_command(answer),
        "chosen": answer.chosen,
        "called": labels.name_of(answer.chosen),
        "href": configuration_file(answer.chosen.config_id),
        "listen": f"{Place(LISTEN).file}#genre-{slug(genre.name)}"
        if site.has(LISTEN) and genre.name in study.music
        else "",
    }


def _standing(study: StudyView, genre: GenreView) -> Standing:
    return standing(study.tables, genre.name, genre.chosen, genre.compared)


def _standings(study: StudyView) -> Chart | None:
    """Every genre's choice against the Markov chain and the paper's default, on test."""
    found = [_standing(study, genre) for genre in study.genres]
    shown = [one for one in found if one.choice is not None or one.default is not None]
    if not shown:
        return None
    table = Table(
        id="standings",
        caption="Test BCE minus the Markov chain's, nats per snippet, with 95% intervals over "
        "seeds; under 0 is better.",
        columns=("genre", "recommended", "the paper's default"),
        rows=tuple(
            (Cell(one.genre), mean_cell(one.choice), mean_cell(one.default)) for one in shown
        ),
    )
    return chart(
        "fig-standings",
        "Test BCE against a Markov chain's, nats a snippet",
        "Left of the dashed line predicts unseen songs better than a first-order Markov chain; a "
        "difference of BCE alone does not price what the code carries. 95% intervals over seeds.",
        against_markov(shown),
        table,
    )


def _warnings(found: Answers) -> list[str]:
    """Say a genre's warnings but those that stand above already."""
    if found.answer is None:
        return []
    said = {Caution.SMALL_SCALE, Caution.UNFINISHED}  # of the study, and said once above
    if found.answer.leading is not None:
        said.add(found.answer.leading)  # stands in the answer itself
    own = (one for one in found.answer.cautions if one not in said)
    return [warning(one, found.answer) for one in own]


def _short(genres: tuple[GenreView, ...]) -> list[tuple[str, str]]:
    """Say what is too short for the longest code: the genres of which it is true, and what."""
    found: dict[str, list[str]] = {}
    for one in genres:
        if warning := longest_code_warning(one.rows, one.chosen):
            found.setdefault(warning, []).append(one.name)
    return [(", ".join(names), warning) for warning, names in found.items()]


def _cost(hours: Hours) -> Cell:
    return Cell(hours_text(hours), sum(hours.values())) if hours else Cell("-")


def _per_decision(study: StudyView, hours: dict[str, float]) -> str:
    """Say what one genre's recommendation cost; empty while there is none."""
    decided = sum(genre.chosen is not None for genre in study.genres)
    if not decided or not hours:
        return ""
    each = {device: one / decided for device, one in hours.items()}
    which = f"each of {decided:,} recommendations" if decided > 1 else "the one recommendation"
    return f"{hours_text(each)} for {which}."


def asked_line(tables: StudyTables) -> str:
    """Say in a sentence what the study was asked to do."""
    search, seeds = tables.spec.search, tables.spec.seeds
    confirm = labels.count(seeds.confirm, "seed")
    space = f"the space “{without_secrets(search.space)}”"
    if search.is_grid:
        return f"Every configuration of {space}, on {confirm}."
    configurations = labels.count(search.configurations, "configuration")
    text = f"{configurations} of {space} a genre, each on {labels.count(seeds.search, 'seed')}"
    text += f" to search; {_finalists(search.finalists, search.purpose)}"
    text += " and the paper's four methods" if search.methods else ""
    return f"{text} on {confirm} to confirm. Asked for {purpose_text(search.aim)}."


def _finalists(n: int, purpose: Purpose) -> str:
    best = "the best one" if n == 1 else f"the best {n}"
    anchored = purpose is Purpose.REPRESENTATION and n > 1
    return f"{best}, the one of lowest NLL among them," if anchored else best


def scale_line(scale: Scale) -> str:
    """Say how large the study is in one line."""

    def several(values: tuple[int, ...]) -> str:
        return f"{values[0]:,}" if len(values) == 1 else f"{values[0]:,} to {values[-1]:,}"

    parts = [
        f"T = {several(scale.snippet_steps)} steps a snippet",
        f"H = {several(scale.hidden)} units",
        f"{several(scale.epochs)} epochs",
        labels.count(scale.seeds, "seed"),
    ]
    if scale.songs is not None:
        parts.insert(3, f"{several(tuple(sorted(set(scale.songs))))} training songs a genre")
    return " · ".join(parts)


def _answer(genres: tuple[GenreView, ...]) -> Table:
    columns = (
        "genre",
        "answer",
        "recommended",
        "test BCE",
        "Markov",
        "test MI",
        "collapsed",
        "tie set",
        "over the default",
        "cost",
        "configuration",
    )
    return Table(
        id="answer",
        caption="One line a genre. BCE, and that of a Markov chain beside it, in nats per "
        "snippet of the test split, which the choice did not see. MI in nats, from its lower to "
        "its upper bound. Tie set: how many configurations cannot be told from the best. Over the "
        "default: on how many seeds it is better on validation than the paper's own method, "
        "MuseBar-BOW, in what the purpose goes by.",
        columns=columns,
        rows=tuple(_answer_row(one.name, one.found, one.baselines["test"]) for one in genres),
    )


def _answer_row(genre: str, one: Answers, baselines: dict[str, float]) -> tuple[Cell, ...]:
    link = Cell(genre, href=page_name(genre))
    if one.answer is None:
        none = Verdict.NOTHING_WORKS if isinstance(one.missing, NothingWorks) else "none yet"
        return (link, Cell(str(none), warning=True), *(Cell("-"),) * 9)
    chosen = one.answer.chosen
    markov = baselines.get("markov")
    collapsed = labels.collapsed(chosen)
    return (
        link,
        Cell(verdict_text(one.answer.card.headline), warning=not one.answer.works),
        Cell(labels.brief(chosen), warning=one.answer.leading is not None),
        _bce(chosen.test),
        Cell("-") if markov is None else Cell(labels.number(markov), markov),
        _information(chosen.test),
        Cell(collapsed, chosen.collapsed, warning=chosen.is_collapsed),
        *_sureness(one.answer.card),
        _cost(one.answer.card.cost.hours),
        Cell(chosen.config_id),
    )


def _sureness(card: Card) -> tuple[Cell, Cell]:
    """Size of the tie set, and how often the choice beats the paper's default."""
    members, default = card.headline.members, card.default
    of = len(card.choice.pool)
    alone = card.ties.too_few_seeds and of > 1
    tied = "too few seeds" if alone else f"{len(members)} of {of}"
    if default is None:
        own = card.chosen.method == DEFAULT
        return Cell(tied, len(members)), Cell("itself" if own else "not known")
    better = default.improvement
    return Cell(tied, len(members)), Cell(better_text(better), better.share)


def _bce(split: SplitSummary | None) -> Cell:
    return Cell("-") if split is None else mean_cell(split.bce)


def _information(split: SplitSummary | None) -> Cell:
    if split is None:
        return Cell("-")
    return Cell(labels.bracket(split.mi_lower, split.mi_upper), split.mi_lower.mean)


def _progress(rows: tuple[GenreProgress, ...]) -> Table:
    return Table(
        id="progress",
        caption="Seed runs; planned so far, done, failed, and of those done undertrained (no "
        "better than the Markov chain) and collapsed. "
        "Cost is that of the runs that ended: wall time, times the CPUs or the share of a GPU "
        "that each held.",
        columns=("genre", "planned", "done", "failed", "undertrained", "collapsed", "cost"),
        rows=tuple(
            (
                Cell(row.genre, href=page_name(row.genre)),
                _count(row.planned),
                Cell(f"{row.done:,}", row.done, warning=row.done < row.planned),
                Cell(f"{row.failed:,}", row.failed, warning=row.failed > 0),
                Cell(f"{row.undertrained:,}", row.undertrained, warning=row.undertrained > 0),
                _count(row.collapsed),
                _cost(row.hours),
            )
            for row in rows
        ),
    )


def _corpora(tables: StudyTables) -> Table:
    names = (
        "train_songs",
        "validation_songs",
        "test_songs",
        "validation_snippets",
        "test_snippets",
    )
    return Table(
        id="corpora",
        caption="Songs a split, and N, the snippets evaluated; the fingerprint names the content.",
        columns=("genre", "fingerprint", *(name.replace("_", " ") for name in names)),
        rows=tuple(
            (
                Cell(str(row["genre"])),
                Cell(str(row["fingerprint"])[:12]),
                *(_count(int(row[name])) for name in names),
            )
            for row in sorted(tables.genres.to_dict("records"), key=lambda row: str(row["genre"]))
        ),
    )


def _count(n: int) -> Cell:
    return Cell(f"{n:,}", n)


PAGE = StudyPage(OVERVIEW, lambda _: True, overview_page)
