from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musebar_core.metric_table import Metrics
from musebar_core.metrics import active_units, measure, mutual_information
from musebar_core.objective import kl


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def gaussian_channel(n, length, signal, noise):
    """Posteriors whose mutual information with x is known: mu ~ N(0, signal), fixed variance."""
    mu = torch.randn(n, length, generator=generator(5), dtype=torch.float64) * math.sqrt(signal)
    logvar = torch.full((n, length), math.log(noise), dtype=torch.float64)
    return mu, logvar, length / 2 * math.log(1 + signal / noise)


@pytest.mark.parametrize(("length", "signal"), [(1, 1.0), (2, 4.0), (8, 0.5), (4, 2.0)])
def test_the_bracket_holds_the_known_information_of_a_gaussian_channel(length, signal):
    mu, logvar, known = gaussian_channel(2048, length, signal, noise=1.0)
    found = mutual_information(mu, logvar, generator())
    slack = 0.1  # N is finite: both ends are estimates
    assert found.lower - slack <= known <= found.upper + slack
    assert found.upper == pytest.approx(known, abs=slack)
    assert found.lower == pytest.approx(known, abs=slack)


def test_posteriors_far_apart_carry_exactly_log_n():
    mu = torch.arange(16.0)[:, None] * 1000
    found = mutual_information(mu, torch.zeros(16, 1), generator())
    assert found.lower == pytest.approx(math.log(16))
    assert found.cap == pytest.approx(math.log(16))
    assert found.upper >= found.lower


def test_one_shared_posterior_far_from_the_prior_carries_nothing():
    mu, logvar = torch.full((64, 3), 3.0), torch.zeros(64, 3)
    found = mutual_information(mu, logvar, generator())
    assert kl(mu, logvar).mean().item() == pytest.approx(13.5)
    assert found.lower == pytest.approx(0, abs=1e-9)
    assert found.upper == pytest.approx(0, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 40), st.integers(1, 6), st.floats(0, 5), st.floats(-4, 2), st.integers(0, 99))
def test_lower_never_passes_log_n_nor_upper_the_kl(n, length, spread, logvar, seed):
    mu = torch.randn(n, length, generator=generator(seed)) * spread
    logvars = torch.full((n, length), logvar) + torch.randn(n, length, generator=generator(seed))
    found = mutual_information(mu, logvars, generator(seed))
    assert found.lower <= math.log(n) + 1e-9
    assert 0 <= found.upper <= kl(mu.double(), logvars.double()).mean().item() + 1e-9


def test_few_snippets_of_many_near_certain_dimensions_have_a_bracket():
    mu = torch.randn(20, 100, generator=generator(), dtype=torch.float64)
    found = mutual_information(mu, torch.full((20, 100), -36.0), generator())
    assert math.isfinite(found.upper)
    assert found.lower == pytest.approx(math.log(20))


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.3, 1.0, 2.0])
def test_the_bracket_is_not_inverted_by_chance(spread):
    mu = spread * torch.randn(200, 4, generator=generator(1), dtype=torch.float64)
    logvar = 0.3 * torch.randn(200, 4, generator=generator(2), dtype=torch.float64)
    found = [mutual_information(mu, logvar, generator(seed)) for seed in range(3, 33)]
    assert all(one.lower <= one.upper for one in found)
    assert np.std([one.lower for one in found]) < 0.01  # 0.03 of the plain mean


@pytest.mark.parametrize("logvar", [-1.0, -20.0])  # by products, and difference by difference
def test_the_lower_bound_is_that_of_every_draw_and_snippet(logvar):
    noise = torch.randn(4000, 5, 2, generator=generator(), dtype=torch.float64)
    mu, deviation = torch.arange(10.0).view(5, 2).double(), math.exp(logvar / 2)
    z = (mu + deviation * noise)[:, :, None]  # of each posterior, before all
    densities = torch.distributions.Normal(mu, deviation).log_prob(z).sum(dim=3)
    own = densities.diagonal(dim1=1, dim2=2)
    plain = (own - torch.logsumexp(densities, dim=2)).mean() + math.log(5)
    found = mutual_information(mu, torch.full((5, 2), logvar), noise=noise)
    assert found.lower == pytest.approx(float(plain), abs=6e-3)  # 3 of its errors


def test_the_pairs_are_taken_in_blocks_without_a_difference(monkeypatch):
    mu, logvar, _ = gaussian_channel(100, 3, 1.0, 1.0)
    whole = mutual_information(mu, logvar, generator())
    monkeypatch.setattr("musebar_core.metrics._PAIR_BLOCK", 100 * 3 * 7)
    assert mutual_information(mu, logvar, generator()).lower == pytest.approx(whole.lower)


def test_a_unit_is_active_when_its_mean_varies_by_more_than_a_hundredth():
    mu = torch.tensor([[0.0, 0.0, 5.0], [0.4, 0.1, 5.0]])  # variances 0.04, 0.0025, 0
    assert active_units(mu) == 1


def test_a_run_without_information_is_collapsed_whatever_its_kl():
    mu, logvar = torch.full((32, 2, 4), 2.0), torch.zeros(32, 2, 4)
    found = measure(torch.full((32,), 10.0), mu, logvar, torch.zeros(1, 32, 4))
    assert (found.bce, found.kl, found.elbo, found.active_units) == (10.0, 8.0, -18.0, 0)
    assert found.collapsed
    assert found.informative_share == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "deviation", "units", "nats", "collapsed"),
    [
        (0.05, 0.001, 0, 3.91, True),  # informative, yet no unit is active
        (0.2, 1.0, 1, 0.02, True),  # a unit is active, yet nearly uninformative
        (1.0, 0.78, 1, 0.49, True),
        (1.0, 0.76, 1, 0.50, False),
    ],
)
def test_a_run_is_collapsed_that_lacks_half_a_nat_or_an_active_unit(
    mean, deviation, units, nats, collapsed
):
    """Codes of +-mean have variance mean^2; mi_upper is then 1/2 log(1 + mean^2/deviation^2)."""
    mu = torch.tensor([mean, -mean] * 16, dtype=torch.float64)[:, None, None]
    logvar = torch.full_like(mu, 2 * math.log(deviation))
    found = measure(torch.zeros(32), mu, logvar, torch.zeros(1, 32, 1))
    assert found.active_units == units
    assert found.mi_upper == pytest.approx(nats, abs=0.01)
    assert found.collapsed is collapsed


def test_a_unit_of_variance_just_over_a_hundredth_is_active_and_one_at_it_is_not():
    """The variance divides by N: four snippets of +-s have s squared."""
    ends = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)[:, None]
    deviations = torch.tensor([0.0999, 0.1001, 0.11])
    assert active_units(ends * deviations) == 2


def test_the_bracket_of_two_snippets_is_what_a_hand_computes():
    """Means 0 and 2, unit variances, z at the means: densities 1 and exp(-2) of each other."""
    mu, logvar = torch.tensor([[0.0], [2.0]]), torch.zeros(2, 1)
    found = mutual_information(mu, logvar, noise=torch.zeros(1, 2, 1))
    assert found.lower == pytest.approx(math.log(2) - math.log(1 + math.exp(-2)))
    assert found.upper == pytest.approx(0.5 * math.log(2))  # a Gaussian of variance 1 + 1
    assert found.cap == pytest.approx(math.log(2))


def test_two_snippets_with_noise_of_a_known_draw_have_the_densities_of_it():
    """z at 0 + 1 * 1 of N(0, 1) and at 2 + e^1 * 0 of N(2, e^2)."""
    mu, logvar = torch.tensor([[0.0], [2.0]]), torch.tensor([[0.0], [2.0]])
    found = mutual_information(mu, logvar, noise=torch.tensor([[[1.0], [0.0]]]))
    own = [-0.5, -1.0]  # -(z - mu)^2 / 2 variance - logvar / 2
    other = [-0.5 * math.exp(-2) - 1.0, -0.5 * 4]
    mixed = [math.log((math.exp(a) + math.exp(b)) / 2) for a, b in zip(own, other, strict=True)]
    assert found.lower == pytest.approx((sum(own) - sum(mixed)) / 2)
    aggregate = 1.0 + (1 + math.exp(2)) / 2  # of the means, and the mean of the variances
    assert found.upper == pytest.approx(0.5 * (math.log(aggregate) - 1.0))


def test_a_single_snippet_carries_nothing():
    mu, logvar = torch.tensor([[3.0, -1.0]]), torch.tensor([[0.5, -2.0]])
    found = mutual_information(mu, logvar, generator())
    assert (found.lower, found.cap) == (pytest.approx(0, abs=1e-9), 0.0)
    assert found.upper == pytest.approx(0, abs=1e-9)


def test_kl_is_of_the_last_posterior_and_kl_bars_of_all():
    mu = torch.zeros(8, 2, 1)
    mu[:, 0] = 2.0  # the first posterior alone is away from the prior
    found = measure(torch.zeros(8), mu, torch.zeros_like(mu), torch.zeros(1, 8, 1))
    assert (found.kl, found.kl_bars) == (0.0, 1.0)
    assert found.informative_share is None


@pytest.mark.parametrize("logvar", [-30.0, -50.0, -60.0])
def test_codes_however_sharp_are_told_apart_by_their_distance_in_their_own_variances(logvar):
    """Two pairs far from each other, whose members lie three standard deviations apart."""

    def lower(logvar):
        apart = 3 * math.exp(logvar / 2)
        mu = torch.tensor([[1.0], [1.0 + apart], [-1.0], [-1.0 - apart]], dtype=torch.float64)
        noise = torch.tensor([0.5, -0.5, 1.0, -1.5], dtype=torch.float64)[None, :, None]
        return measure(torch.zeros(4), mu[:, None], torch.full_like(mu, logvar)[:, None], noise)

    assert lower(logvar).mi_lower == pytest.approx(lower(-10.0).mi_lower, rel=1e-2)
    assert math.log(2) < lower(logvar).mi_lower < math.log(4)


@pytest.mark.parametrize("far", [0.5, 1.0, 2.0, 4.0])
def test_the_informative_share_is_the_upper_bound_over_the_kl(far):
    mu = torch.full((8, 1, 1), far)
    mu[::2] = -far
    found = measure(torch.zeros(8), mu, torch.full_like(mu, -2.0), torch.zeros(1, 8, 1))
    assert found.informative_share == pytest.approx(found.mi_upper / found.kl)
    assert 0 < found.informative_share < 1


def test_a_metric_that_was_not_recorded_was_not_measured():
    found = measure(torch.ones(2), torch.ones(2, 1, 3), torch.zeros(2, 1, 3), torch.zeros(1, 2, 3))
    recorded = found._asdict()
    assert Metrics.from_dict(recorded) == found
    del recorded["kl_bars"]
    assert Metrics.from_dict(recorded) == found._replace(kl_bars=None)


def plain_lower(noise, mu, logvar):
    """Mean over draws and snippets of log q(z|x) - log 1/N sum_j q(z|x_j), density by density."""
    deviation = (0.5 * logvar).exp()
    z = (mu + deviation * noise)[:, :, None]
    densities = torch.distributions.Normal(mu, deviation).log_prob(z).sum(dim=3)
    own = densities.diagonal(dim1=1, dim2=2)
    return float((own - torch.logsumexp(densities, dim=2)).mean()) + math.log(len(mu))


@pytest.mark.parametrize(("n", "controlled"), [(99, False), (100, True)])
def test_from_a_hundred_draws_on_what_is_known_of_them_corrects_their_mean(n, controlled):
    mu = torch.randn(n, 2, generator=generator(1), dtype=torch.float64)
    logvar = 0.3 * torch.randn(n, 2, generator=generator(2), dtype=torch.float64)
    noise = torch.randn(1, n, 2, generator=generator(3), dtype=torch.float64)
    found = mutual_information(mu, logvar, noise=noise).lower
    assert (abs(found - plain_lower(noise, mu, logvar)) > 1e-6) is controlled


def test_sixteen_draws_a_snippet_are_averaged_over():
    mu = torch.randn(20, 2, generator=generator(1), dtype=torch.float64)
    noise = torch.randn(16, 20, 2, generator=generator(4), dtype=torch.float64)
    drawn = mutual_information(mu, torch.zeros(20, 2), generator(4))
    assert drawn == mutual_information(mu, torch.zeros(20, 2), noise=noise)


def test_the_lower_bound_of_many_draws_is_the_plain_mean_whatever_the_codes_shape():
    """Control variates take away the error of the draws and leave what they are drawn of."""
    for spread, seed in ((0.3, 5), (1.0, 6), (3.0, 7)):
        mu = spread * torch.randn(12, 2, generator=generator(seed), dtype=torch.float64)
        logvar = 0.5 * torch.randn(12, 2, generator=generator(seed + 9), dtype=torch.float64)
        noise = torch.randn(4000, 12, 2, generator=generator(seed), dtype=torch.float64)
        found = mutual_information(mu, logvar, noise=noise)
        assert found.lower == pytest.approx(plain_lower(noise, mu, logvar), abs=0.01)


def test_where_the_codes_are_nearly_one_gaussian_the_bound_is_still_the_plain_mean():
    """Of variances far from 1, so that a wrong constant of a density would show."""
    mu = 0.05 * torch.randn(50, 2, generator=generator(1), dtype=torch.float64)
    for logvar in (-1.0, 0.5):
        log_variances = torch.full((50, 2), logvar, dtype=torch.float64)
        noise = torch.randn(200, 50, 2, generator=generator(2), dtype=torch.float64)
        found = mutual_information(mu, log_variances, noise=noise)
        assert found.lower == pytest.approx(plain_lower(noise, mu, log_variances), abs=2e-3)


def test_codes_that_are_nearly_one_gaussian_leave_hardly_an_error_of_the_draws():
    mu = 0.5 * torch.randn(50, 2, generator=generator(1), dtype=torch.float64)
    found = [mutual_information(mu, torch.zeros(50, 2), generator(seed)).lower for seed in range(9)]
    assert np.std(found) < 0.0008  # 0.0017 without the ratio to that Gaussian
