# SPDX-License-Identifier: MIT
"""A sequence's intervals hold at every look at once; a fixed-n interval, looked at in the same way, does not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln

from offswitch.stats.errors import CountError, LevelError, StatsError
from offswitch.stats.intervals import clopper_pearson, wilson
from offswitch.stats.sequences import (
    HALVES,
    Mixture,
    Sequence,
    Step,
    anytime,
    anytime_rate,
    evidence_above,
    evidence_below,
    tuned,
)

PLANS = [HALVES, tuned(0.05), tuned(0.8), Mixture(2.0, 3.0), Step(0.05)]
COUNTS = [(0, 1), (0, 30), (1, 30), (3, 10), (50, 100), (97, 100), (100, 100)]


@pytest.mark.parametrize("plan", [plan for plan in PLANS if isinstance(plan, Mixture)])
@pytest.mark.parametrize(("k", "n"), COUNTS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_the_evidence_is_the_integral_it_claims_to_be(plan, k, n, share):
    # Substituting q = share * x^2 takes the spike of the prior at 0 away.
    def bet(x: float, power: int) -> float:
        q = share * x * x
        prior = q ** (plan.a - 1) * (1 - q) ** (plan.b - 1) * 2 * share * x
        return prior * math.exp(power * (k * math.log(q / share) + (n - k) * math.log((1 - q) / (1 - share))))

    edge = [math.sqrt(min(k / n / share, 1.0))] if k else None
    whole, mixed = (
        quad(bet, 1e-9, 1, args=(power,), points=edge, limit=500, epsabs=0)[0] for power in (0, 1)
    )
    assert evidence_below(k, n, share, plan) == pytest.approx(math.log(mixed / whole), abs=1e-4)


@pytest.mark.parametrize("n", [1, 10, 100, 5000])
def test_at_nothing_of_n_the_bounds_have_closed_forms(n):
    # Step: (1 - q)^n / (1 - p)^n = 1 / alpha with q = p - size, solved for p; q = 0 where the step is longer than p.
    ratio, size = 20 ** (1 / n), 0.05
    bound = 1 - size / (ratio - 1) if 1 - 1 / ratio > size else 1 - 1 / ratio
    assert anytime(0, n, sides="upper", plan=Step(size)).high == pytest.approx(bound, abs=1e-9)
    # A uniform prior cut at p: the mean of (1 - q)^n is (1 - (1 - p)^(n+1)) / ((n + 1) p).
    high = anytime(0, n, sides="upper", plan=Mixture(1.0, 1.0)).high
    mean = (1 - (1 - high) ** (n + 1)) / ((n + 1) * high)
    assert mean == pytest.approx(20 * (1 - high) ** n, rel=1e-6)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.93])
def test_one_sample_multiplies_a_bet_by_one_on_average(plan, share):
    # Exactly at the rate tested: mean 1. Above it, less: a supermartingale, which is all that validity needs.
    for k, n in [(0, 0), (0, 7), (3, 9), (20, 40)]:
        now = math.exp(evidence_below(k, n, share, plan))
        event, none = (math.exp(evidence_below(k + more, n + 1, share, plan)) for more in (1, 0))
        assert share * event + (1 - share) * none == pytest.approx(now, rel=1e-9)
        higher = min(share + 0.05, 1.0)
        assert higher * event + (1 - higher) * none <= now * (1 + 1e-9)


@pytest.mark.parametrize("plan", PLANS)
def test_what_is_not_refuted_is_an_interval(plan):
    shares = np.linspace(0, 1, 2001)[1:-1]
    for k, n in [*COUNTS, (1, 2), (5, 1000), (400, 1000)]:
        evidence = np.array([float(evidence_below(k, n, share, plan)) for share in shares])
        for need in (math.log(2), math.log(20), math.log(1000)):
            refuted = evidence >= need
            assert not np.any(refuted[:-1] & ~refuted[1:])
            high = anytime(k, n, level=1 - math.exp(-need), sides="upper", plan=plan).high
            assert np.array_equal(refuted, shares >= high) or abs(shares - high).min() < 1e-9


@given(
    st.integers(0, 400), st.integers(0, 400), st.sampled_from(PLANS), st.sampled_from([0.5, 0.9, 0.95, 0.999])
)
def test_an_interval_holds_its_estimate_and_is_mirrored(k, more, plan, level):
    n = k + more
    ours = anytime(k, n, level=level, plan=plan)
    assert n == 0 or k / n in ours
    mirror = anytime(more, n, level=level, plan=plan.mirrored())
    assert (ours.low, ours.high) == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-9)
    assert (ours.low == 0) == (k == 0) or ours.low < 1e-6
    assert ours.high == 1 or k < n


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from(PLANS))
def test_more_events_never_lower_a_bound(k, more, plan):
    n = k + more
    here, there = anytime(k, n, plan=plan), anytime(k + 1, n, plan=plan)
    assert here.low <= there.low + 1e-9
    assert here.high <= there.high + 1e-9


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_a_promise_for_all_n_is_wider_than_one_for_this_n(k, n):
    ours, exact = anytime(k, n), clopper_pearson(k, n)
    assert ours.low <= exact.low
    assert exact.high <= ours.high


def test_nothing_of_n_is_not_nothing():
    assert anytime(0, 0).low == 0.0
    assert anytime(0, 0).high == 1.0
    assert anytime(0, 100).high == pytest.approx(0.0447, abs=5e-4)
    assert anytime(0, 100, sides="upper").high == pytest.approx(0.0372, abs=5e-4)
    assert anytime(100, 100, sides="lower").low == pytest.approx(1 - 0.0372, abs=5e-4)


def test_large_counts_and_high_levels_stay_in_order():
    for k, n in [(0, 10**7), (1, 10**7), (5 * 10**6, 10**7), (10**7 - 1, 10**7)]:
        for level in (0.5, 0.95, 1 - 1e-9):
            ours = anytime(k, n, level=level)
            assert 0 <= ours.low <= k / n <= ours.high <= 1
    assert anytime(500_000, 10**6).high - 0.5 < 0.0035


def missed_ever(share: float, rounds: int, looks: int, misses) -> float:
    """Return the share of runs in which some look misses `share`; `misses` tells it of counts and n."""
    rng = np.random.default_rng(20)
    counts = (rng.random((rounds, looks)) < share).cumsum(axis=1)
    return float(np.any(misses(counts, np.arange(1, looks + 1), share), axis=1).mean())


def sequence_misses(counts, n, share):
    both = np.maximum(evidence_below(counts, n, share), evidence_above(counts, n, share))
    return both >= math.log(40)


def wilson_misses(counts, n, share):
    return (counts - n * share) ** 2 > 1.959963984540054**2 * n * share * (1 - share)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
def test_the_sequence_keeps_its_promise_at_every_look_and_wilson_does_not(share):
    # 1,000 runs of 400 looks: 6.5 % is where 5 % would be by chance in one of 50.
    assert missed_ever(share, 1000, 400, sequence_misses) < 0.065
    assert missed_ever(share, 1000, 400, wilson_misses) > 0.15


def test_the_quick_ways_to_miss_are_those_of_the_intervals():
    for k, n in [(0, 5), (3, 50), (12, 50), (5, 5)]:
        for share in (0.01, 0.05, 0.2, 0.5):
            assert bool(sequence_misses(k, n, share)) == (share not in anytime(k, n))
            assert bool(wilson_misses(k, n, share)) == (share not in wilson(k, n))


def test_a_sequence_is_its_counts():
    watched = Sequence()
    for event in (True, False, False, True):
        watched = watched.add(event)
    assert (watched.k, watched.n) == (2, 4)
    assert watched.interval == anytime(2, 4)
    assert watched.rate == anytime_rate(2, 4)
    assert str(watched.rate).startswith("2/4 = 50.0 % [")


def test_a_tuned_plan_has_its_mean_at_the_threshold_and_stops_earlier():
    for share in (0.01, 0.05, 0.5, 0.9):
        plan = tuned(share)
        assert plan.a / (plan.a + plan.b) == pytest.approx(share)
        assert min(plan.a, plan.b) == 0.5
    assert evidence_above(30, 300, 0.05, tuned(0.05)) > evidence_above(30, 300, 0.05, HALVES)


def test_whole_priors_are_what_beta_functions_say():
    # At share near 1 the cut takes nothing away: the Krichevsky-Trofimov mixture itself.
    k, n, share = 3, 20, 1 - 1e-12
    plain = betaln(k + 0.5, n - k + 0.5) - betaln(0.5, 0.5) - k * math.log(share) - (n - k) * math.log(1e-12)
    assert evidence_below(k, n, share) == pytest.approx(plain, rel=1e-4)


def test_what_cannot_be_is_refused():
    with pytest.raises(CountError):
        anytime(3, 2)
    with pytest.raises(LevelError):
        anytime(1, 2, level=95)
    with pytest.raises(StatsError, match="left"):
        anytime(1, 2, sides="left")
    with pytest.raises(StatsError, match="prior"):
        Mixture(0.0, 1.0)
    with pytest.raises(StatsError, match="step"):
        Step(1.0)
    with pytest.raises(StatsError, match="threshold"):
        tuned(0.0)
