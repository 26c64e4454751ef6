# SPDX-License-Identifier: MIT
"""The phase diagram: sampled shares lie on their exact lines, which run from one half to k of k + 1."""

from __future__ import annotations

import pytest

from offswitch.lab.errors import SolveError
from offswitch.lab.graphs import behind_a_door
from offswitch.lab.phase import avoiding, phase
from offswitch.lab.power import chosen


@pytest.mark.parametrize("others", [1, 2, 4])
@pytest.mark.parametrize("discount", [0.0, 0.3, 0.9, 0.999])
def test_the_line_is_the_exact_share_of_the_door(others, discount):
    assert chosen(behind_a_door(others), "start", discount)["door"] == pytest.approx(
        avoiding(discount, others), abs=1e-9
    )


def test_the_line_has_its_limits():
    assert avoiding(0.0, 9) == pytest.approx(1 / 2)
    assert avoiding(1.0, 9) == pytest.approx(9 / 10)
    assert avoiding(0.7, 1) == pytest.approx(
        1 / 2
    )  # one state against one: how far the agent sees makes no difference


def test_sampled_shares_lie_on_the_lines():
    found = phase((0.0, 0.5, 0.95), (1, 3, 12), n=4000, seed=1)
    assert found.share.shape == (3, 3)
    for line in found.rows:
        assert line["n"] == 4000
        assert line["low"] <= line["share"] <= line["high"]
        error = (line["exact"] * (1 - line["exact"]) / 4000) ** 0.5
        assert abs(line["share"] - line["exact"]) < 4 * error


def test_farsight_and_choice_both_make_shutdown_rarer():
    share = phase((0.0, 0.5, 0.95), (1, 3, 12), n=4000, seed=1).share
    assert (share[1:, 1:] > share[:-1, 1:] + 0.05).all()
    assert (share[2, 1:] > share[2, :-1] + 0.05).all()


def test_an_empty_diagram_is_refused():
    with pytest.raises(SolveError, match="one discount"):
        phase((), (1,))
