# SPDX-License-Identifier: MIT
"""A ratio's interval is right where logarithms fail: at nothing of n, and at all of n."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from offswitch.stats.ratios import chi_squared, koopman

COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    "counts", [(12, 100, 80, 100), (3, 40, 1, 40), (95, 100, 99, 100), (1, 1000, 997, 1000)]
)
def test_koopman_is_that_of_statsmodels(counts):
    ours = koopman(*counts)
    peer = confint_proportions_2indep(*counts, compare="ratio", method="score", correction=False)
    assert (ours.low, ours.high) == pytest.approx(peer, rel=1e-3)  # its own search is that coarse


def test_koopmans_own_example():
    # Koopman (1984): 36 of 40 and 16 of 80, 95 %.
    ours = koopman(36, 40, 16, 80)
    assert (ours.low, ours.high) == pytest.approx((2.94, 7.15), abs=0.01)


@given(COUNTS, COUNTS)
def test_the_ends_are_where_the_statistic_reaches_its_limit(one, two):
    ours = koopman(*one, *two)
    if min(one[1], two[1]) == 0:
        assert (ours.low, ours.high) == (0.0, math.inf)
        return
    assert (ours.low == 0) == (one[0] == 0)
    assert (ours.high == math.inf) == (two[0] == 0)
    for end in (ours.low, ours.high):
        if 0 < end < math.inf:
            assert chi_squared(*one, *two, end) == pytest.approx(3.841459, rel=1e-4)
    if two[0]:
        assert one[0] / one[1] / (two[0] / two[1]) in ours


@given(COUNTS, COUNTS)
def test_turning_the_ratio_round_turns_its_interval_round(one, two):
    ours, turned = koopman(*one, *two), koopman(*two, *one)
    if turned.low:
        assert ours.high == pytest.approx(1 / turned.low, rel=1e-6)
    else:
        assert ours.high == math.inf


@pytest.mark.parametrize(
    ("first", "second"), [(0.02, 0.9), (0.3, 0.95), (0.5, 0.5), (0.05, 0.2), (0.98, 0.99)]
)
def test_it_covers_the_true_ratio(first, second):
    # Exact coverage over all tables of 30 and 30; none is far below 95 %.
    n, covered = 30, 0.0
    ones, twos = (binom.pmf(np.arange(n + 1), n, share) for share in (first, second))
    for a in np.flatnonzero(ones > 1e-7).tolist():
        for b in np.flatnonzero(twos > 1e-7).tolist():
            covered += ones[a] * twos[b] * (first / second in koopman(a, n, b, n))
    assert covered > 0.925
