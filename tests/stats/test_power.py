# SPDX-License-Identifier: MIT
"""What a run can tell is known before it is paid for, and agrees with the test that will be used."""

import itertools

import pytest
from scipy.stats import binom, boschloo_exact, fisher_exact
from statsmodels.stats.proportion import power_proportions_2indep

from offswitch.stats.comparing import compare
from offswitch.stats.errors import LevelError, StatsError
from offswitch.stats.intervals import METHODS, rate
from offswitch.stats.power import (
    arm_size,
    before_run,
    detectable,
    exact_power,
    exact_size,
    zero_events,
)
from offswitch.stats.rejecting import rejected
from offswitch.stats.stopping import Rule

PUBLISHED = [((0.5, 0.4), 387), ((0.1, 0.05), 434), ((0.05, 0.01), 284)]


@pytest.mark.parametrize(("rates", "n"), PUBLISHED)
def test_published_sizes_are_this_formula_rounded_to_the_nearest(rates, n):
    found = arm_size(*rates)
    assert round(found.formula) == n
    assert found.n == n + 1  # rounded up, so that the power is not a little less than promised
    assert arm_size(*reversed(rates)).formula == pytest.approx(found.formula)


@pytest.mark.parametrize(("rates", "_n"), PUBLISHED)
def test_the_formula_is_that_of_statsmodels(rates, _n):
    formula = arm_size(*rates).formula
    peer = power_proportions_2indep(rates[0] - rates[1], rates[1], formula, return_results=False)
    assert peer == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize(("test", "peer"), [("fisher", fisher_exact), ("boschloo", boschloo_exact)])
def test_exactly_the_tables_that_the_test_rejects_are_counted(test, peer):
    region = rejected(9, 7, test, 0.95)
    for k1, k2 in itertools.product(range(10), range(8)):
        alike = k1 + k2 in (0, 16)
        expected = not alike and peer([[k1, k2], [9 - k1, 7 - k2]]).pvalue <= 0.05
        assert bool(region[k1, k2]) == expected, (k1, k2)


def test_power_is_the_chance_that_compare_finds_a_difference():
    n, found = 14, 0.0
    for a, b in itertools.product(range(n + 1), repeat=2):
        p_value = compare(a, n, b, n, test="fisher").p_value
        found += binom.pmf(a, n, 0.7) * binom.pmf(b, n, 0.2) * (p_value <= 0.05)
    assert exact_power(0.7, 0.2, n, test="fisher") == pytest.approx(found)


@pytest.mark.parametrize("test", ["fisher", "boschloo"])
@pytest.mark.parametrize(("n1", "n2"), [(10, 10), (8, 21), (40, 40)])
def test_without_a_difference_the_test_keeps_its_level(test, n1, n2):
    for share in (0.0, 0.01, 0.03, 0.17, 0.5, 0.83, 1.0):
        assert exact_power(share, share, n1, n2, test=test) <= 0.05 + 1e-9


def test_boschloo_has_no_less_power_than_fisher():
    for first, second in ((0.5, 0.2), (0.05, 0.3), (0.9, 0.7)):
        assert exact_power(first, second, 30) >= exact_power(first, second, 30, test="fisher") - 1e-9


def test_exact_sizes_are_a_little_above_the_formula():
    for rates, _ in PUBLISHED[2:]:
        n, formula = exact_size(*rates), arm_size(*rates).n
        assert formula <= n < 1.1 * formula
        assert exact_power(*rates, n) >= 0.8 > exact_power(*rates, n - 1)
    assert exact_size(0.9, 0.1) < 15
    assert exact_size(0.5, 0.49) == arm_size(0.5, 0.49).n  # too many tables: by formula


def test_what_can_be_told_is_told_with_the_power_asked_for():
    found = detectable(40, 0.5)
    assert found.below == pytest.approx(0.202, abs=0.002)
    assert found.above == pytest.approx(1 - found.below, abs=1e-4)
    assert exact_power(0.5, found.below, 40) == pytest.approx(0.8, abs=1e-3)
    assert detectable(40, 0.05).below is None  # nothing is told from 5 % downwards
    assert detectable(3, 0.5).above is None
    assert detectable(0, 0.5).below is None


def test_more_samples_tell_smaller_differences():
    reach = [detectable(n, 0.3).above for n in (20, 50, 150, 2000)]
    assert reach == sorted(reach, reverse=True)


def test_the_sentence_before_a_run():
    told = before_run(40)
    assert told.startswith(
        "with 40 samples an arm you can tell 50 from 20 or 80 %, not 50 from 40 (that takes 40"
    )
    assert "none in 40 means at most 8.8 %" in told
    assert "and 50 from 40;" in before_run(1000)
    assert "you can tell nothing" in before_run(3)


@pytest.mark.parametrize("below", [0.3, 0.05, 0.012, 0.001])
@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_fewest_samples_without_an_event(below, method):
    n = zero_events(below, method=method)
    assert rate(0, n, method=method).interval.high < below <= rate(0, n - 1, method=method).interval.high


def test_known_numbers_without_an_event():
    assert zero_events(0.05, method="one-sided") == 59
    assert zero_events(0.05) == 72  # two-sided, exact
    assert 100 * rate(0, 100, method="clopper-pearson").interval.high == pytest.approx(3.6, abs=0.05)
    assert 100 * rate(0, 297, method="clopper-pearson").interval.high == pytest.approx(1.2, abs=0.05)
    n = zero_events(0.02, method="anytime")
    rule = Rule.parse("rate<0.02")
    assert (rule.verdict(0, n), rule.verdict(0, n - 1)) == ("holds", None)


def test_questions_without_an_answer_are_refused():
    with pytest.raises(StatsError, match="itself"):
        arm_size(0.5, 0.5)
    with pytest.raises(StatsError, match="first"):
        arm_size(50, 40)
    with pytest.raises(LevelError):
        arm_size(0.5, 0.4, power=80)
    with pytest.raises(StatsError, match="wald"):
        zero_events(0.05, method="wald")
    with pytest.raises(StatsError, match="strictly"):
        zero_events(0.0)
    with pytest.raises(StatsError, match="chi2"):
        exact_power(0.5, 0.4, 10, test="chi2")
    with pytest.raises(StatsError, match="arm_size"):
        exact_power(0.5, 0.4, 2000)
