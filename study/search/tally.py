"""How far a study is, counted from its ledger: configurations, seed runs, time, what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from musebar_core.states import RunState
from study.search import promotion
from study.search.evidence import genres_of
from study.search.pace import elapsed, slots_lately, spans_of
from study.search.planner import Planner
from study.spec.sections import Phase, Protocol
from study.statistics.eligibility import mostly_undertrained, too_many_collapsed
from study.statistics.intervals import mean_over_seeds

if TYPE_CHECKING:
    from study.ledger.record import Record
    from study.ledger.result import SeedRunResult
    from study.search.evidence import GenreEvidence


_MISSING = "seeds missing"


@dataclass(frozen=True)
class Best:
    """The lowest mean validation BCE so far, over as many seeds as any configuration has.

    Once a configuration has all its confirmation seeds, only those that have them count; one that
    is mostly undertrained or collapsed counts where all are.

    Attributes
    ----------
    bce
        Nats per snippet.
    low, high
        Its 95% interval over seeds (Student's t); None for one seed.
    caveat
        Why it is no more than an intermediate one: ``undertrained``, ``collapsed`` or ``seeds
        missing``; empty for a best.
    """

    config_id: str
    phase: str
    bce: float
    low: float | None
    high: float | None
    seeds: int
    caveat: str = ""


@dataclass(frozen=True)
class Configurations:
    """Configurations of a genre.

    Attributes
    ----------
    proposed
        Proposed by the search, or of the grid, or fixed comparisons.
    racing
        Finalists that no rung has dropped and whose seeds have not all ended.
    done
        Those whose wanted seeds have all ended; ``failed`` with a seed that failed,
        ``undertrained`` with more than half of the done seeds no better than the Markov chain,
        ``collapsed`` with more than one in five collapsed.
    """

    proposed: int
    racing: int
    done: int
    failed: int
    undertrained: int
    collapsed: int


@dataclass(frozen=True)
class TransferTally:
    """What became of configurations that came from other genres, and of the genre's own.

    Attributes
    ----------
    proposed, finalists, won
        Transferred ones proposed, among the finalists, and best of the genre's search (0 or 1).
    best, best_own
        Lowest cost on the search seeds, as the purpose ranks them, of the transferred and of the
        genre's own; None before there is one.
    """

    proposed: int
    finalists: int
    won: int
    best: float | None
    best_own: float | None

    @property
    def gain(self) -> float | None:
        """How much better the best transferred one is than the best own; None if unknown."""
        if self.best is None or self.best_own is None:
            return None
        return self.best_own - self.best


@dataclass(frozen=True)
class GenreTally:
    """A genre so far.

    Attributes
    ----------
    planned, done, failed, undertrained, collapsed
        Seed runs: wanted so far (grows while a search proposes and confirms), ended with metrics,
        failed, and of the done those that do not beat the Markov chain, and trained ones that
        collapsed.
    intermediate
        While there is no best: what looks best of what has ended, whatever the runs are worth;
        see :attr:`Best.caveat`.
    pareto
        For a representation: config_ids of the search that none is better than in both NLL and
        mi_lower. Empty for other purposes.
    """

    planned: int
    done: int
    failed: int
    undertrained: int
    collapsed: int
    configurations: Configurations
    best: Best | None
    transfer: TransferTally | None
    intermediate: Best | None = None
    pareto: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """A study so far.

    Attributes
    ----------
    left
        Seed runs left, those of generations and finals to come among them: at most so many.
    device
        ``GPU`` or ``CPU``.
    device_hours, device_hours_left
        Spent on seed runs that ended; and, at their mean, for those left.
    elapsed_seconds
        From the first run's start to the last one's end, pauses included.
    slots_lately
        Runs at a time over the last ten minutes before the last result; None before one.
    """

    genres: dict[str, GenreTally]
    left: int
    device: str
    device_hours: float
    device_hours_left: float | None
    elapsed_seconds: float | None
    slots_lately: float | None


def tally(record: Record, planner: Planner | None = None) -> Tally:
    """Count; a plan that is kept anyway saves one from nothing."""
    planner = planner or Planner(record)
    by_genre: dict[str, Cells] = {}
    for run in planner.wanted:
        rows = by_genre.setdefault(run.genre, {}).setdefault((run.config_id, run.phase), [])
        ended = record.ended.get(run)
        rows.append(None if ended is None else _Ended(ended, record.run_state(run)))
    left = planner.left + _to_come(planner)
    resources = record.spec.resources
    gpus = resources.gpus_per_trial
    if gpus == "auto":  # the share it came to the record does not hold: a whole GPU at most
        gpus = float(any(e.device.startswith("cuda") for e in record.ended.values()))
    share = gpus or resources.cpus_per_trial
    seconds = [e.seconds or 0.0 for e in record.ended.values()]
    spans = list(spans_of(record.ended.values()))
    spent = sum(seconds) * share / 3600
    return Tally(
        genres={
            genre: _genre(record, planner.evidence.of(genre), by_genre.get(genre, {}))
            for genre in genres_of(record)
        },
        left=left,
        device="GPU" if gpus else "CPU",
        device_hours=spent,
        device_hours_left=spent / len(seconds) * left if seconds else None,
        elapsed_seconds=elapsed(spans),
        slots_lately=slots_lately(spans),
    )


def as_dict(counted: GenreTally) -> dict[str, object]:
    """Plain data for ``study status --json``."""
    content = asdict(counted)
    if counted.transfer is not None:
        content["transfer"]["gain"] = counted.transfer.gain
    return content


class _Ended(NamedTuple):
    """A seed run that has ended, and what it is; None where it failed."""

    result: SeedRunResult
    state: RunState | None


Cells = dict[tuple[str, Phase], list["_Ended | None"]]


def _genre(record: Record, found: GenreEvidence, cells: Cells) -> GenreTally:
    ended = [e for seeds in cells.values() for e in seeds if e is not None]
    done = [e for e in ended if e.result.done]
    best = _looks_best(record, cells)
    is_best = best is not None and not best.caveat
    return GenreTally(
        planned=sum(map(len, cells.values())),
        done=len(done),
        failed=len(ended) - len(done),
        undertrained=sum(e.state is RunState.UNDERTRAINED for e in done),
        collapsed=sum(e.state is RunState.COLLAPSED for e in done),
        configurations=_configurations(found, cells),
        best=best if is_best else None,
        intermediate=None if is_best else best,
        transfer=_transfer(record, found),
        pareto=_pareto(record, found),
    )


def _pareto(record: Record, found: GenreEvidence) -> tuple[str, ...]:
    front = promotion.pareto_set(found.all_searched, record.spec.search.aim)
    return tuple(r.config_id for r in front)


def _configurations(found: GenreEvidence, cells: Cells) -> Configurations:
    seeds: dict[str, list[_Ended | None]] = {}
    for (config_id, _), rows in cells.items():
        seeds.setdefault(config_id, []).extend(rows)
    still_racing = sum(None in cells.get((i, Phase.CONFIRM), ()) for i in found.race.racing)
    whole = {i: [e for e in rows if e is not None] for i, rows in seeds.items() if None not in rows}
    return Configurations(
        proposed=len(seeds),
        racing=still_racing,
        done=len(whole),
        failed=sum(not all(e.result.done for e in rows) for rows in whole.values()),
        undertrained=sum(_mostly_undertrained(rows) for rows in whole.values()),
        collapsed=sum(_mostly_collapsed(rows) for rows in whole.values()),
    )


def _mostly_undertrained(rows: list[_Ended]) -> bool:
    done = [e for e in rows if e.result.done]
    return mostly_undertrained(sum(e.state is RunState.UNDERTRAINED for e in done), len(done))


def _mostly_collapsed(rows: list[_Ended]) -> bool:
    done = [e for e in rows if e.result.done]
    return too_many_collapsed(sum(e.state is RunState.COLLAPSED for e in done), len(done))


def _looks_best(record: Record, cells: Cells) -> Best | None:
    """Find the lowest mean over as many seeds as any has; a best's caveat is empty.

    Full counts of confirmation seeds stand before all others, so that no lucky seed of a search
    beats a mean of several.
    """
    found = [one for cell, rows in cells.items() if (one := _measured(record, *cell, rows))]
    held = [one.best for one in found if one.confirmed] or [one.best for one in found]
    held = [one for one in held if one.caveat in {"", _MISSING}] or held
    most = max((one.seeds for one in held), default=0)
    held = [one for one in held if one.seeds == most]
    whole = [one for one in held if not one.caveat]
    return min(whole or held, key=lambda one: (one.bce, one.config_id), default=None)


class _Measured(NamedTuple):
    """The mean of a configuration in a phase; whether it has all its confirmation seeds."""

    best: Best
    confirmed: bool


def _measured(
    record: Record, config_id: str, phase: Phase, rows: list[_Ended | None]
) -> _Measured | None:
    done = [e for e in rows if e is not None and e.result.done]
    measured = [e.result.metrics.validation for e in done]
    values = [float(one.bce) for one in measured if one is not None]
    found = mean_over_seeds(dict(enumerate(values)))
    if found is None:
        return None
    whole = len(done) == len(record.spec.seeds_of(phase))
    low, high = found.interval or (None, None)
    caveat = _caveat(done, whole=whole)
    best = Best(config_id, phase, found.mean, low, high, found.n_seeds, caveat)
    return _Measured(best, whole and phase is not Phase.SEARCH)


def _caveat(done: list[_Ended], *, whole: bool) -> str:
    if _mostly_undertrained(done):
        return "undertrained"
    if _mostly_collapsed(done):
        return "collapsed"
    return "" if whole else _MISSING


def _transfer(record: Record, found: GenreEvidence) -> TransferTally | None:
    """None where nothing was transferred to the genre."""
    came = {p.config_id for p in found.proposals if p.transferred}
    if not came:
        return None
    costs = promotion.costs(found.all_searched, record.spec.search.aim)
    finalists = [p.config_id for p in found.promotions if p.promoted]

    def lowest(*, transferred: bool) -> float | None:
        return min((c for i, c in costs.items() if (i in came) is transferred), default=None)

    return TransferTally(
        proposed=len(came),
        finalists=len(came & set(finalists)),
        won=int(bool(finalists) and finalists[0] in came),
        best=lowest(transferred=True),
        best_own=lowest(transferred=False),
    )


def _to_come(planner: Planner) -> int:
    """Seed runs of generations and finals that are not planned yet, at most."""
    spec, count = planner.record.spec, 0
    if spec.search.protocol is Protocol.GRID:
        return 0
    full = spec.seeds.confirm
    for genre in genres_of(planner.record):
        found = planner.evidence.of(genre)
        if found.wanted:
            count += (spec.search.configurations - len(found.proposals)) * spec.seeds.search
        if found.search_complete:
            wanted = Counter(r.config_id for r in found.race.runs if r.phase is Phase.CONFIRM)
            count += sum(full - n for i in found.race.racing if (n := wanted[i]))
        else:
            count += spec.search.finalists * full
    return count
