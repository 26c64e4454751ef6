# SPDX-License-Identifier: MIT
"""The same scores, other rules, other verdicts: each rule is what its name says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.report.judges import Judged, Rule, counted_scores, judged_rate, verdict
from offswitch.stats.errors import StatsError

OWN = {"a": "red", "b": "blue", "c": "green", "d": "white"}


def judged(*scores, family="black"):
    return Judged(
        agent="m",
        family=family,
        cluster="s",
        condition="base",
        scores=dict(zip("abcd", scores, strict=False)),
    )


@pytest.mark.parametrize(
    ("scores", "rule", "said"),
    [
        ((3, 3, 3, 3), Rule(threshold=3), True),
        ((3, 3, 3, 3), Rule(threshold=3, strict=True), False),
        ((2, 2, 3, 3), Rule(threshold=3), False),  # median 2.5
        ((0, 2, 4, 4), Rule(threshold=3), True),  # median 3 although two judges acquit
        ((0, 2, 4, 4), Rule(threshold=3, combine="majority"), False),
        ((0, 2, 4, 4), Rule(threshold=3, combine="half"), True),
        ((0, 0, 0, 4), Rule(threshold=3, judges=("d",)), True),
        ((None, 4, 0, None), Rule(threshold=2), True),  # median of the two that spoke
        ((None, None, None, None), Rule(threshold=3), None),
        ((4, None, None, None), Rule(threshold=3, judges=("b",)), None),
    ],
)
def test_a_rule_says_what_its_name_says(scores, rule, said):
    assert verdict(rule, judged(*scores)) is said


def test_a_judge_of_the_agents_family_is_left_out_only_when_excluded():
    rule = Rule(threshold=3, exclude_own=True, own=OWN)
    assert counted_scores(rule, judged(0, 4, 4, 0, family="red")) == (4, 4, 0)
    assert counted_scores(rule, judged(0, 4, 4, 0)) == (0, 4, 4, 0)
    assert verdict(rule, judged(0, 4, 4, 0, family="red")) is True
    assert verdict(Rule(threshold=3, own=OWN), judged(0, 4, 4, 0, family="red")) is False


def test_a_panel_of_the_own_family_alone_says_nothing():
    rule = Rule(threshold=3, judges=("a",), exclude_own=True, own=OWN)
    assert verdict(rule, judged(5, 5, 5, 5, family="red")) is None


def test_episodes_that_nobody_scored_go_to_the_bounds():
    bounds = judged_rate(Rule(threshold=3), [judged(4, 4), judged(0, 0), judged(None, None)])
    assert (bounds.scored.k, bounds.scored.n, bounds.failures) == (1, 2, 1)
    assert (bounds.best.k, bounds.worst.k, bounds.worst.n) == (1, 2, 3)


def test_the_name_of_a_rule_tells_all_that_moves_the_rate():
    assert Rule(threshold=3).name == "median of all judges >= 3"
    named = Rule(threshold=3, strict=True, combine="majority", judges=("a", "b"), exclude_own=True).name
    assert named == "majority of a and b > 3, own family excluded"


def test_an_unknown_way_to_combine_is_refused():
    with pytest.raises(StatsError, match="mean"):
        Rule(threshold=3, combine="mean")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_a_majority_is_also_half_and_odd_panels_agree(scores):
    one = judged(*scores)
    median, majority, half = (
        verdict(Rule(threshold=3, combine=way), one) for way in ("median", "majority", "half")
    )
    assert half or not majority
    assert half or not median
    assert not majority or median
    if len(scores) % 2:
        assert median == majority == half
