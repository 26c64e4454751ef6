# SPDX-License-Identifier: MIT
"""A run stops when its claim is settled, is seldom wrong about it, and is not won by crashes or by haste."""

import heapq
import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.stats.errors import CountError, StatsError
from offswitch.stats.stopping import InOrder, Rule, Standing, State

LOW = Rule.parse("rate<0.05@95%")
HIGH = Rule.parse("rate>0.2@99%")
NARROW = Rule.parse("width 0.1")


def run(rule: Rule, samples) -> State:
    """Follow a rule: True and False are settled samples, None is a failure."""
    state = rule.start()
    for sample in samples:
        if state.done:
            break
        state = state.fail() if sample is None else state.add(sample)
    return state


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("rate<0.05@95%", ("rate", "<", 0.05, 0.95)),
        ("rate<=5%@0.95", ("rate", "<", 0.05, 0.95)),
        (" rate ≥ 20 % @ 99% ", ("rate", ">", 0.2, 0.99)),
        ("rate>.5", ("rate", ">", 0.5, 0.95)),
        ("width 0.1", ("width", "<", 0.1, 0.95)),
        ("width<=10%@99%", ("width", "<", 0.1, 0.99)),
        ("width0.1", ("width", "<", 0.1, 0.95)),
    ],
)
def test_a_rule_is_read_as_people_write_it(text, read):
    rule = Rule.parse(text)
    assert (rule.kind, rule.sign, rule.share, rule.level) == read
    assert Rule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        ("", 1, "'rate' or 'width'"),
        ("rte<5%", 1, "'rate' or 'width'"),
        ("rate 5%", 6, "'<' or '>'"),
        ("rate<5@95%", 6, "5% or 0.05"),
        ("rate<0", 6, "strictly between 0 and 1"),
        ("rate<nan", 6, "a number"),
        ("rate<-0.1", 6, "a number"),
        ("rate<5%@", 9, "95% or 0.95"),
        ("rate<5%@100%", 9, "strictly between 0 and 1"),
        ("rate<5% 95%", 9, "'@' and a level"),
        ("rate<5%@95% please", 13, "the end"),
        ("width>0.1", 6, "a number"),
        ("width", 6, "a number"),
        ("width 10", 7, "strictly between 0 and 1"),
    ],
)
def test_a_rule_that_cannot_be_read_names_the_place_and_the_cure(text, place, cure):
    with pytest.raises(StatsError) as refused:
        Rule.parse(text)
    assert cure in str(refused.value)
    assert "write it like rate<0.05@95%" in str(refused.value)
    assert f"at character {place}," in str(refused.value)


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.floats(0.5, 0.9999), st.sampled_from("<>"))
def test_a_rule_survives_being_printed(share, level, sign):
    rule = Rule(kind="rate", sign=sign, share=share, level=level)
    assert Rule.parse(str(rule)) == rule
    assert Rule.parse("rate<1e-3").share == 0.001


@given(st.text(alphabet="ratewidh<>=≤≥@%.0159 ", max_size=20))
def test_any_text_is_a_rule_or_an_error_of_ours(text):
    try:
        rule = Rule.parse(text)
    except StatsError:
        return
    assert Rule.parse(str(rule)) == rule


def test_rules_that_make_no_sense_are_refused():
    for wrong in ({"share": 1.0}, {"share": 0.5, "most": 0}, {"share": 0.5, "failures": "dropped"}):
        with pytest.raises(StatsError):
            Rule(kind="rate", **wrong)
    with pytest.raises(StatsError, match="narrower"):
        Rule(kind="width", sign=">", share=0.1)


def test_a_clean_agent_is_shown_clean_after_72_samples():
    # A fixed n of 59 would do, for one look; 72 allows a look after each sample.
    state = run(LOW, itertools.repeat(False))
    assert state.verdict() == "holds"
    assert state.stop.samples == 72
    assert state.stop.rate.interval.low == 0.0
    assert state.stop.rate.interval.high <= 0.05
    assert str(state) == "rate<0.05@95%: holds after 72 samples; 0/72 = 0.0 % [0.0, 5.0]"


def test_a_defiant_agent_refutes_the_claim_at_once():
    state = run(LOW, itertools.repeat(True))
    assert state.verdict() == "refuted"
    assert state.stop.samples <= 4
    assert state.stop.rate.interval.low >= 0.05
    assert run(HIGH, itertools.repeat(True)).verdict() == "holds"
    assert run(HIGH, itertools.repeat(False)).verdict() == "refuted"


def test_a_width_stops_when_the_interval_is_that_narrow():
    state = run(NARROW, itertools.cycle([True, False, False, False]))
    interval = state.stop.rate.interval
    assert state.verdict() == "narrow enough"
    assert interval.high - interval.low <= 0.1
    before = NARROW.standing(state.k - state.k // state.n, state.n - 1)
    assert before.verdict is None


def test_without_a_verdict_a_run_ends_at_the_most_it_may_spend():
    state = run(Rule.parse("rate<0.05", most=40), itertools.repeat(False))
    assert (state.verdict(), state.done, state.exhausted, state.n) == (None, True, True, 40)
    assert "undecided after 40 samples" in str(state)
    assert state.standing.rate.interval.high > 0.05


@given(st.lists(st.sampled_from([True, False, None]), max_size=120), st.sampled_from([LOW, HIGH]))
def test_the_verdict_is_what_the_one_sided_interval_says(samples, rule):
    state = rule.start()
    for sample in samples:
        state = state.fail() if sample is None else state.add(sample)
    now = state.standing
    interval = now.rate.interval
    if now.verdict is None:
        assert interval.low < rule.share < interval.high
    elif (now.verdict == "holds") == (rule.sign == "<"):
        assert interval.high <= rule.share + 1e-9
        assert interval.low == 0.0
    else:
        assert interval.low >= rule.share - 1e-9
        assert interval.high == 1.0
    assert now == rule.standing(state.k, state.n, state.failures)
    assert now.samples == len(samples)


def test_the_first_verdict_stays():
    state = run(LOW, itertools.repeat(False))
    for _ in range(60):
        state = state.add(True)
    assert state.verdict() == "holds"
    assert state.stop.samples == 72
    assert state.standing.verdict == "refuted"


def test_a_claim_is_not_won_by_crashing_samples():
    # An agent that defies in half of the samples, and breaks its harness each time it does.
    crashing = [None, False] * 200
    assert run(LOW, crashing).verdict() == "refuted" or run(LOW, crashing).verdict() is None
    assert run(Rule.parse("rate<0.05", failures="apart"), crashing).verdict() == "holds"


def test_nor_is_it_lost_by_them():
    # Failures count as defied for `holds` and as not defied for `refuted`: alone they show nothing either way.
    for rule in (LOW, HIGH, NARROW):
        assert run(rule, [None] * 500).verdict() is None
    assert run(LOW, [None, True] * 50).verdict() == "refuted"


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=150), st.sampled_from([LOW, HIGH])
)
def test_failures_never_add_evidence(samples, rule):
    # (defied, broken): whatever was hidden, a verdict with failures is also one without.
    hidden = rule.standing(
        sum(defied for defied, broken in samples if not broken),
        sum(not broken for _, broken in samples),
        sum(broken for _, broken in samples),
    )
    seen = rule.standing(sum(defied for defied, _ in samples), len(samples))
    assert hidden.verdict in (None, seen.verdict)


def test_failures_widen_a_width():
    plain, broken = NARROW.standing(10, 200), NARROW.standing(10, 200, 8)
    assert plain.rate.interval.high < broken.rate.interval.high
    assert NARROW.verdict(0, 100) == "narrow enough"
    assert NARROW.verdict(0, 100, 30) is None


def test_records_go_through_json():
    state = run(LOW, [False] * 80)
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state
    assert msgspec.json.decode(msgspec.json.encode(state.stop), type=Standing) == state.stop


@given(st.permutations(range(12)))
def test_results_leave_in_the_order_in_which_they_were_scheduled(places):
    buffer, out = InOrder(), []
    for place in places:
        buffer, ready = buffer.put(place, f"result {place}")
        out += ready
        assert len(out) == buffer.next
        assert len(out) + len(buffer.waiting) == places.index(place) + 1
    assert out == [f"result {place}" for place in range(12)]


def test_a_place_reports_once():
    buffer, _ = InOrder().put(1, "early")
    with pytest.raises(CountError, match="place 1"):
        buffer.put(1, "again")
    buffer, _ = buffer.put(0, "first")
    with pytest.raises(CountError, match="place 0"):
        buffer.put(0, "again")
    with pytest.raises(CountError, match="place"):
        buffer.put(-1, "before")
    assert InOrder().waiting == {}


def finished(rng, share: float, at_once: int):
    """Yield (place, defied) as they finish: `at_once` run side by side, and defying takes ten times as long."""
    running, scheduled = [], itertools.count()
    for now in itertools.count():
        while len(running) < at_once:
            place, defied = next(scheduled), bool(rng.random() < share)
            heapq.heappush(running, (now + rng.exponential(300.0 if defied else 30.0), place, defied))
        yield heapq.heappop(running)[1:]


def test_stopping_on_the_first_to_finish_is_biased_and_in_order_is_not():
    # At the threshold itself, 5 % of runs may win the claim. Those who count early finishers win far more.
    rng, rule, hasty, patient = np.random.default_rng(8), Rule.parse("rate<0.2", most=60), 0, 0
    for _ in range(150):
        early, ordered, buffer = rule.start(), rule.start(), InOrder()
        for place, defied in finished(rng, 0.2, at_once=40):
            early = early if early.done else early.add(defied)
            buffer, ready = buffer.put(place, defied)
            for one in ready:
                ordered = ordered if ordered.done else ordered.add(one)
            if early.done and ordered.done:
                break
        hasty += early.verdict() == "holds"
        patient += ordered.verdict() == "holds"
    assert patient / 150 < 0.09
    assert hasty / 150 > 0.3
