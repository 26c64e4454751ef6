# SPDX-License-Identifier: MIT
"""Differences come with an interval, tests are exact, and many tests are corrected."""

import itertools

import pytest
from scipy.stats import binom, boschloo_exact, fisher_exact
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from offswitch.stats.comparing import BOSCHLOO_CELLS, compare, compare_paired, holm, newcombe, newcombe_paired
from offswitch.stats.errors import CountError, StatsError

PAIRS = [(52, 100, 2, 100), (0, 20, 3, 20), (10, 10, 0, 10), (7, 34, 1, 34)]


@pytest.mark.parametrize("pair", PAIRS)
def test_newcombe_is_that_of_statsmodels(pair):
    ours = newcombe(*pair)
    peer = confint_proportions_2indep(*pair, method="newcomb", compare="diff")
    assert (ours.low, ours.high) == pytest.approx(peer, abs=1e-9)


def test_paired_newcombe_without_correlation_is_the_independent_one():
    # 8 * 18 == 12 * 12: the two answers are unrelated, so pairing changes nothing.
    paired, apart = newcombe_paired(8, 12, 12, 18), newcombe(20, 50, 20, 50)
    assert (paired.low, paired.high) == pytest.approx((apart.low, apart.high), abs=1e-12)


def test_answers_that_go_together_narrow_the_difference():
    together, apart = newcombe_paired(20, 12, 2, 66), newcombe(32, 100, 22, 100)
    assert together.high - together.low < apart.high - apart.low
    assert together.low > apart.low


def test_paired_newcombe_covers_the_difference():
    # Exact coverage over all tables of 12 pairs with cell probabilities .2, .3, .1, .4: difference .2.
    n, chances, covered = 12, (0.2, 0.3, 0.1, 0.4), 0.0
    for a, b, c in itertools.product(range(n + 1), repeat=3):
        d = n - a - b - c
        if d < 0:
            continue
        chance = binom.pmf(a, n, 0.2) * binom.pmf(b, n - a, 0.3 / 0.8) * binom.pmf(c, n - a - b, 0.1 / 0.5)
        covered += chance * (chances[1] - chances[2] in newcombe_paired(a, b, c, d))
    assert covered > 0.94


@pytest.mark.parametrize(("test", "peer"), [("boschloo", boschloo_exact), ("fisher", fisher_exact)])
@pytest.mark.parametrize("pair", PAIRS)
def test_exact_tests_are_those_of_scipy(test, peer, pair):
    k1, n1, k2, n2 = pair
    expected = min(peer([[k1, k2], [n1 - k1, n2 - k2]]).pvalue, 1.0)
    assert compare(*pair, test=test).p_value == pytest.approx(expected)


def test_boschloo_sees_what_fisher_misses():
    assert compare(0, 50, 5, 50).p_value < 0.05 < compare(0, 50, 5, 50, test="fisher").p_value


def test_a_table_too_large_for_boschloo_says_that_fisher_was_used():
    n = BOSCHLOO_CELLS
    assert compare(1, n, 20, n).test == "fisher"


def test_alike_on_both_sides_is_no_difference():
    assert compare(0, 10, 0, 90).p_value == 1.0
    assert compare(10, 10, 90, 90).p_value == 1.0


def test_an_empty_arm_leaves_nothing_to_compare():
    empty = compare(0, 0, 5, 10)
    assert (empty.difference, empty.p_value, empty.interval.low, empty.interval.high) == (
        None,
        None,
        -1.0,
        1.0,
    )
    assert "nothing to compare" in str(empty)


@pytest.mark.parametrize("cells", [(10, 8, 1, 20), (0, 5, 0, 0), (3, 0, 0, 3), (0, 3, 9, 1)])
def test_mcnemar_is_that_of_statsmodels(cells):
    a, b, c, d = cells
    if b + c:
        assert compare_paired(*cells).p_value == pytest.approx(mcnemar([[a, b], [c, d]], exact=True).pvalue)
    else:
        assert compare_paired(*cells).p_value == 1.0


def test_no_pairs_leave_nothing_to_compare():
    assert compare_paired(0, 0, 0, 0).p_value is None


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    table = [compare(52, 100, 2, 100), compare(5, 20, 1, 20), compare(4, 20, 5, 20), compare(0, 0, 1, 1)]
    first, second, third, empty = holm(table)
    assert first.adjusted == pytest.approx(3 * table[0].p_value)
    assert second.adjusted == pytest.approx(2 * table[1].p_value)
    assert third.adjusted >= second.adjusted
    assert empty.adjusted is None
    assert "Holm" in str(second)


def test_holm_of_nothing_is_nothing():
    assert holm([]) == ()
    assert holm([compare(0, 0, 1, 1)])[0].adjusted is None


def test_an_unknown_test_and_impossible_counts_are_refused():
    with pytest.raises(StatsError, match="chi2"):
        compare(1, 2, 1, 2, test="chi2")
    with pytest.raises(CountError, match="first_only"):
        compare_paired(1, -1, 0, 0)
    with pytest.raises(CountError):
        compare(3, 2, 0, 1)
