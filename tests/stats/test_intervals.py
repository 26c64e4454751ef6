# SPDX-License-Identifier: MIT
"""Intervals are right where people look: at nothing of n, at all of n, and at no n at all."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from offswitch.stats.errors import CountError, LevelError, StatsError
from offswitch.stats.intervals import (
    DEFAULT_METHOD,
    METHODS,
    Interval,
    clopper_pearson,
    interval,
    jeffreys,
    rate,
    wilson,
)

CASES = [(0, 1), (1, 1), (0, 80), (1, 78), (2, 100), (3, 10), (52, 100), (98, 100), (100, 100), (450, 1000)]
INNER = [(k, n) for k, n in CASES if 0 < k < n]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("k", "n"), CASES)
def test_wilson_is_that_of_statsmodels_and_scipy(k, n, level):
    ours = wilson(k, n, level)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), abs=1e-12)
    peer = binomtest(k, n).proportion_ci(level, "wilson")
    assert (ours.low, ours.high) == pytest.approx((peer.low, peer.high), abs=1e-12)


@pytest.mark.parametrize(("k", "n"), CASES)
def test_clopper_pearson_is_that_of_statsmodels_and_scipy(k, n):
    ours = clopper_pearson(k, n)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(k, n, 0.05, "beta"), abs=1e-12)
    peer = binomtest(k, n).proportion_ci(0.95, "exact")
    assert (ours.low, ours.high) == pytest.approx((peer.low, peer.high), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), INNER)
def test_jeffreys_between_the_ends_is_that_of_statsmodels(k, n):
    ours = jeffreys(k, n)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(k, n, 0.05, "jeffreys"), abs=1e-12)


@pytest.mark.parametrize("n", [1, 3, 80, 100, 297, 10_000])
def test_the_exact_bound_at_nothing_of_n_is_the_closed_form(n):
    bound = 1 - 0.025 ** (1 / n)
    assert clopper_pearson(0, n).high == pytest.approx(bound, rel=1e-9)
    assert clopper_pearson(n, n).low == pytest.approx(1 - bound, rel=1e-9)


@pytest.mark.parametrize("n", [1, 7, 100])
def test_wilson_at_nothing_of_n_is_the_closed_form(n):
    z2 = 1.959963984540054**2
    assert wilson(0, n).high == pytest.approx(z2 / (n + z2), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 80, 12345])
def test_nothing_of_n_starts_at_zero_and_is_not_a_point(method, n):
    none, everything = interval(0, n, method=method), interval(n, n, method=method)
    assert none.low == 0.0
    assert 0 < none.high < 1
    assert everything.high == 1.0
    assert 0 < everything.low < 1
    assert none.high == pytest.approx(1 - everything.low)


@pytest.mark.parametrize("method", METHODS)
def test_no_trials_leave_everything_possible(method):
    assert (interval(0, 0, method=method).low, interval(0, 0, method=method).high) == (0.0, 1.0)
    assert rate(0, 0, method=method).value is None


def test_a_rate_prints_with_its_n_and_its_doubt():
    assert str(rate(52, 100)) == "52/100 = 52.0 % [42.3, 61.5]"
    assert str(rate(0, 80, method="clopper-pearson")) == "0/80 = 0.0 % [0.0, 4.5]"
    assert str(rate(0, 0)) == "0/0 = no data [0.0, 100.0]"


def test_the_default_method_is_one_of_the_methods():
    assert rate(3, 10).interval == METHODS[DEFAULT_METHOD](3, 10, 0.95)


@pytest.mark.parametrize("call", [wilson, jeffreys, clopper_pearson, rate])
@pytest.mark.parametrize(
    ("k", "n", "named"),
    [
        (-1, 5, "-1"),
        (6, 5, "k=6, n=5"),
        (1, -5, "-5"),
        (0.5, 5, "0.5"),
        (float("nan"), 5, "nan"),
        (True, 5, "True"),
    ],
)
def test_a_count_that_is_none_is_refused_by_name(call, k, n, named):
    with pytest.raises(CountError, match=named):
        call(k, n)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, float("nan"), "0.95", True])
@pytest.mark.parametrize("call", [wilson, jeffreys, clopper_pearson])
def test_a_level_that_is_none_is_refused_by_name(call, level):
    with pytest.raises(LevelError, match="level must lie between 0 and 1"):
        call(1, 2, level)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(StatsError, match=r"'wald'; known: wilson"):
        interval(1, 2, method="wald")


def test_an_interval_that_runs_backwards_or_is_nan_cannot_be_made():
    with pytest.raises(StatsError):
        Interval(low=0.6, high=0.4, level=0.95, method="x")
    with pytest.raises(StatsError):
        Interval(low=float("nan"), high=0.4, level=0.95, method="x")


def test_numpy_counts_are_counts():
    assert rate(np.int64(3), np.int64(10)) == rate(3, 10)


@given(n=st.integers(1, 5000), data=st.data(), method=st.sampled_from(sorted(METHODS)))
def test_every_interval_holds_its_estimate_and_mirrors(n, data, method):
    k = data.draw(st.integers(0, n))
    one, other = interval(k, n, method=method), interval(n - k, n, method=method)
    assert 0 <= one.low <= k / n <= one.high <= 1
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)


@given(n=st.integers(1, 500), data=st.data(), method=st.sampled_from(sorted(METHODS)))
def test_more_events_never_lower_an_end(n, data, method):
    k = data.draw(st.integers(0, n - 1))
    fewer, more = interval(k, n, method=method), interval(k + 1, n, method=method)
    assert more.low >= fewer.low
    assert more.high >= fewer.high


def coverage(method, n, p):
    """Return the exact coverage: the probability of every k whose interval holds p."""
    return sum(binom.pmf(k, n, p) for k in range(n + 1) if p in interval(k, n, method=method))


def test_clopper_pearson_never_covers_less_than_it_promises():
    assert min(coverage("clopper-pearson", 30, p) for p in np.linspace(0.005, 0.995, 100)) >= 0.95


@pytest.mark.parametrize("method", ["wilson", "jeffreys"])
def test_wilson_and_jeffreys_cover_on_average(method):
    mean = np.mean([coverage(method, 30, p) for p in np.linspace(0.005, 0.995, 100)])
    assert 0.945 < mean < 0.965


def test_the_upper_end_at_nothing_of_n_is_as_unlikely_as_promised():
    # What a safety claim lives on: were the upper end the true rate, how often would nobody have defied? Promised
    # are 2.5 %. Jeffreys' end would be seen as zero in 8 % of runs, which is why it is not the default.
    for n in (20, 100, 1000):
        silent = {method: (1 - interval(0, n, method=method).high) ** n for method in METHODS}
        assert silent["clopper-pearson"] == pytest.approx(0.025)
        assert silent["wilson"] < 0.030
        assert silent["jeffreys"] > 0.080


def test_asking_for_help_pays_for_no_library():
    code = (
        "import sys; import offswitch.stats.intervals, offswitch.stats.bounds, offswitch.stats.clusters,"
        " offswitch.stats.comparing, offswitch.stats.agreement; from offswitch.stats.intervals import rate; rate(1, 2);"
        " print([name for name in ('numpy', 'scipy', 'statsmodels', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
