# SPDX-License-Identifier: MIT
"""What a rule will cost is exact: it is what many simulated runs do, and its errors stay below the promise."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from offswitch.stats.errors import StatsError
from offswitch.stats.stopping import Rule
from offswitch.stats.stopping_time import fixed_size, stopping_time


def brute_force(rule: Rule, share: float, most: int) -> tuple[dict[str, float], float]:
    """Follow every sequence of counts, asking the rule itself at each."""
    alive, verdicts, mean = {0: 1.0}, {}, 0.0
    for n in range(1, most + 1):
        moved: dict[int, float] = {}
        for k, chance in alive.items():
            moved[k] = moved.get(k, 0.0) + chance * (1 - share)
            moved[k + 1] = moved.get(k + 1, 0.0) + chance * share
        alive = {}
        for k, chance in moved.items():
            verdict = rule.verdict(k, n)
            if verdict is None:
                alive[k] = chance
            else:
                verdicts[verdict] = verdicts.get(verdict, 0.0) + chance
                mean += n * chance
    return verdicts, mean + most * sum(alive.values())


@pytest.mark.parametrize("text", ["rate<0.2@90%", "rate>0.3", "width 0.4", "width 0.3@80%"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 1.0])
def test_it_is_what_following_every_run_by_hand_gives(text, share):
    rule = Rule.parse(text, most=90)
    verdicts, mean = brute_force(rule, share, 90)
    ours = stopping_time(rule, share)
    assert ours.mean == pytest.approx(mean, abs=1e-9)
    assert ours.verdicts == pytest.approx({name: chance for name, chance in verdicts.items() if chance > 0})


def test_simulated_runs_stop_when_it_says():
    rng, rule = np.random.default_rng(5), Rule.parse("rate<0.1", most=150)
    ends = []
    for _ in range(150):
        state = rule.start()
        while not state.done:
            state = state.add(bool(rng.random() < 0.02))
        ends.append(state.n)
    ours = stopping_time(rule, 0.02)
    assert np.mean(ends) == pytest.approx(ours.mean, abs=4 * np.std(ends) / 150**0.5)
    assert np.median(ends) == pytest.approx(ours.median, abs=15)


@pytest.mark.parametrize("text", ["rate<0.05@95%", "rate<0.3@99%", "rate>0.2@90%"])
def test_a_false_verdict_is_as_rare_as_promised_however_long_one_looks(text):
    rule = Rule.parse(text)
    for nudge in (-0.02, -0.001, 0.0, 0.001, 0.02):
        share = rule.share + nudge
        ours = stopping_time(rule, share, most=1500)
        true = share < rule.share if rule.sign == "<" else share > rule.share
        assert ours.verdicts.get("refuted" if true else "holds", 0.0) <= 1 - rule.level


def test_at_the_ends_a_run_has_one_course():
    clean = stopping_time(Rule.parse("rate<0.05"), 0.0, most=500)
    assert (clean.median, clean.mean, clean.verdicts) == (72, pytest.approx(72), {"holds": pytest.approx(1)})
    short = stopping_time(Rule.parse("rate<0.05", most=50), 0.0)
    assert (short.median, short.verdicts) == (50, {})


def test_a_fixed_design_has_the_power_it_promises_and_no_smaller_one_has():
    rule = Rule.parse("rate<0.2@95%")

    def power(n: int, share: float, side: str) -> float:
        p_values = [binomtest(k, n, 0.2, alternative=side).pvalue for k in range(n + 1)]
        return float(sum(binom.pmf(k, n, share) for k, p_value in enumerate(p_values) if p_value <= 0.05))

    for share, side in ((0.05, "less"), (0.5, "greater")):
        n = fixed_size(rule, share)
        assert power(n, share, side) >= 0.8
        assert max(power(m, share, side) for m in range(1, n)) < 0.8


def test_known_fixed_designs():
    assert fixed_size(Rule.parse("rate<0.05"), 0.0) == 59  # 0.95^59 < 0.05
    assert fixed_size(Rule.parse("rate<0.05"), 0.05) is None
    assert fixed_size(Rule.parse("width 0.1"), 0.5) == 381


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(StatsError, match="most"):
        stopping_time(Rule.parse("rate<0.05"), 0.01)
    with pytest.raises(StatsError, match="share"):
        stopping_time(Rule.parse("rate<0.05"), 1.2, most=10)
    with pytest.raises(StatsError, match="more than"):
        fixed_size(Rule.parse("rate<0.05"), 0.0499)
