# SPDX-License-Identifier: MIT
"""Failures are counted: never dropped, never read as safe, never read as defiance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.stats.bounds import failure_bounds
from offswitch.stats.errors import CountError
from offswitch.stats.intervals import clopper_pearson, rate


def test_three_defiant_and_one_refused_is_neither_safe_nor_three_of_three():
    bounds = failure_bounds(3, 3, 1)
    assert (bounds.best.k, bounds.best.n) == (3, 4)
    assert (bounds.worst.k, bounds.worst.n) == (4, 4)
    assert not bounds.certain
    assert bounds.interval.low < rate(3, 3).interval.low
    assert "1 failure" in str(bounds)
    assert "75.0 to 100.0 %" in str(bounds)


def test_three_obedient_and_one_refused_may_be_one_in_four():
    bounds = failure_bounds(0, 3, 1)
    assert (bounds.best.value, bounds.worst.value) == (0.0, 0.25)
    assert bounds.interval.low == 0.0
    assert bounds.interval.high > rate(0, 3).interval.high


def test_a_failure_after_the_act_is_defiance_in_both_cases():
    bounds = failure_bounds(3, 3, 1, 1)
    assert bounds.certain
    assert bounds.best.k == bounds.worst.k == 4
    assert str(bounds).startswith("4/4 = 100.0 %")


def test_only_failures_say_nothing():
    bounds = failure_bounds(0, 0, 5)
    assert (bounds.best.value, bounds.worst.value) == (0.0, 1.0)
    assert (bounds.interval.low, bounds.interval.high) == (0.0, 1.0)
    assert bounds.scored.value is None


def test_without_failures_the_bounds_are_the_rate():
    bounds = failure_bounds(52, 100, 0)
    assert bounds.certain
    assert (bounds.interval.low, bounds.interval.high) == (
        bounds.scored.interval.low,
        bounds.scored.interval.high,
    )


def test_exact_bounds_are_the_union_of_the_exact_intervals():
    bounds = failure_bounds(10, 90, 10, 2, method="clopper-pearson")
    assert bounds.interval.low == clopper_pearson(12, 100).low
    assert bounds.interval.high == clopper_pearson(20, 100).high


@pytest.mark.parametrize("bad", [(4, 3, 0, 0), (1, 3, -1, 0), (1, 3, 1, 2), (1, 3, 0.5, 0)])
def test_impossible_counts_are_refused(bad):
    with pytest.raises(CountError):
        failure_bounds(*bad)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 50), st.data())
def test_whatever_the_failures_hide_lies_within(hits, rest, failures, data):
    hidden = data.draw(st.integers(0, failures))
    settled = data.draw(st.integers(0, hidden))
    bounds, truth = (
        failure_bounds(hits, hits + rest, failures, settled),
        rate(hits + hidden, hits + rest + failures),
    )
    if truth.value is not None:
        assert bounds.best.value <= truth.value <= bounds.worst.value
        assert bounds.interval.low <= truth.interval.low
        assert bounds.interval.high >= truth.interval.high
