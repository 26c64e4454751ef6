# SPDX-License-Identifier: MIT
"""The lease: who may lengthen it, by how much, how often; and that whoever shortens never lengthens."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.guard.errors import RefusedError
from offswitch.guard.switch.lease import CHALLENGE_SECONDS, Lease, sealed_renewal

KEY, RUN, LINE = b"k" * 32, "run-1", 7


def a_lease(seconds=30.0):
    return Lease(RUN, seconds, KEY, now=100.0)


def renewal(lease, seconds=30.0, *, key=KEY, run=RUN, number="n1", now=100.0, line=LINE):
    lease.challenge(line, number, now)
    return sealed_renewal(key, run, number, seconds)


def test_a_fresh_sealed_renewal_is_accepted_and_counts_from_now():
    lease = a_lease()
    assert (
        lease.renew(LINE, 20.0, renewal(lease, 20.0), now=110.0 - CHALLENGE_SECONDS)
        == 130.0 - CHALLENGE_SECONDS
    )
    assert (lease.accepted, lease.refused) == (1, 0)


def test_a_renewal_is_good_once():
    lease = a_lease()
    seal = renewal(lease)
    lease.renew(LINE, 30.0, seal, now=101.0)
    with pytest.raises(RefusedError, match="no challenge"):
        lease.renew(LINE, 30.0, seal, now=102.0)


def test_an_old_renewal_does_not_answer_a_new_challenge():
    lease = a_lease()
    old = renewal(lease, number="n1")
    lease.renew(LINE, 30.0, old, now=101.0)
    lease.challenge(LINE, "n2", 102.0)
    with pytest.raises(RefusedError, match="not sealed"):
        lease.renew(LINE, 30.0, old, now=102.0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": b"x" * 32}, "not sealed"),
        ({"run": "run-2"}, "not sealed"),  # another run of the same name
        ({"seconds": 5.0}, "not sealed"),  # sealed for 5 s, asked for 30
    ],
)
def test_a_forged_or_borrowed_renewal_is_refused(change, why):
    lease = a_lease()
    seal = renewal(lease, **change)
    with pytest.raises(RefusedError, match=why):
        lease.renew(LINE, 30.0, seal, now=101.0)
    assert lease.until == 130.0
    assert lease.refused == 1


def test_a_challenge_belongs_to_one_line_and_dies_with_it():
    lease = a_lease()
    seal = renewal(lease, line=8)
    with pytest.raises(RefusedError, match="no challenge"):
        lease.renew(LINE, 30.0, seal, now=101.0)
    lease.forget(8)
    with pytest.raises(RefusedError, match="no challenge"):
        lease.renew(8, 30.0, seal, now=101.0)


def test_a_challenge_is_answered_soon_or_never():
    lease = a_lease()
    seal = renewal(lease)
    with pytest.raises(RefusedError, match="within 10 s"):
        lease.renew(LINE, 30.0, seal, now=100.1 + CHALLENGE_SECONDS)


def test_a_lease_that_is_over_cannot_be_renewed():
    lease = a_lease()
    seal = renewal(lease, now=130.0)
    with pytest.raises(RefusedError, match="is over"):
        lease.renew(LINE, 30.0, seal, now=130.0)


@pytest.mark.parametrize("seconds", [0, -1, 31, float("inf"), float("nan"), True, "30", [], {}])
def test_nobody_gets_more_than_the_length_of_the_lease(seconds):
    lease = a_lease()
    lease.challenge(LINE, "n1", 100.0)
    with pytest.raises(RefusedError, match="at most 30 s"):
        lease.renew(LINE, seconds, "00", now=101.0)


def test_a_run_without_a_lease_has_nothing_to_renew_but_can_be_given_an_end():
    lease = a_lease(None)
    with pytest.raises(RefusedError, match="no lease"):
        lease.renew(LINE, None, renewal(lease), now=101.0)
    assert lease.shorten(5.0, now=101.0) == 106.0


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 100)), min_size=1, max_size=8))
def test_shortening_never_lengthens_and_renewals_do_not_take_it_back(orders):
    lease, now, ceiling = a_lease(), 100.0, float("inf")
    for count, (later, seconds) in enumerate(orders):
        now += later
        before = lease.until
        assert lease.shorten(seconds, now) <= before
        ceiling = min(ceiling, now + seconds)
        with contextlib.suppress(RefusedError):
            lease.renew(LINE, 30.0, renewal(lease, number=f"n{count}", now=now), now=now)
        assert lease.until <= ceiling


@pytest.mark.parametrize("seconds", [-1, float("nan"), "soon", None, True])
def test_what_is_no_time_shortens_nothing(seconds):
    lease = a_lease()
    with pytest.raises(RefusedError):
        lease.shorten(seconds, now=101.0)
    assert lease.until == 130.0
