"""Records of one genre, written by hand: who was proposed when, and what the seeds measured."""

from __future__ import annotations

from study.ledger.record import Origin, OriginKind, Proposal, SeedRun
from study.spec.sections import CONFIRMATION_SEED, Phase
from tests.study.search.toystudy import FAILED, done, empty

CHANCE = Origin(OriginKind.CHANCE, "the sampler had nothing new to ask for")


def book(spec, *generations, genre="low", genres=("low",)):
    """A record with these generations of a genre, each a text of names of one letter."""
    record = empty(spec, genres)
    for number, names in enumerate(generations):
        propose(record, genre, number, names)
    return record


def propose(record, genre, number, names):
    record.generations[genre, number] = tuple(Proposal(name, {}, CHANCE) for name in names)


def result(nll, mi=1.0, *, undertrained=False, collapsed=False):
    """A done run's, or a failed one's for None. A BCE above 500 is no better than Markov's."""
    if nll is None:
        return FAILED
    bce = 900.0 if undertrained else nll - 2.0
    return done(nll=nll, mi_lower=mi, bce=bce, kl=2.0, elbo=-nll, collapsed=collapsed)


def searched(record, name, *nlls, genre="low", **rest):
    """End a configuration's search runs, from the first seed on."""
    for seed, nll in enumerate(nlls):
        record.ended[SeedRun(genre, name, seed, Phase.SEARCH)] = result(nll, **rest)


def confirmed(record, name, *nlls, genre="low", first=0, phase=Phase.CONFIRM, **rest):
    """End a configuration's confirmation runs, from a seed on."""
    for seed, nll in enumerate(nlls, start=CONFIRMATION_SEED + first):
        record.ended[SeedRun(genre, name, seed, phase)] = result(nll, **rest)
