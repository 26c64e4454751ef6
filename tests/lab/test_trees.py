# SPDX-License-Identifier: MIT
"""Game trees: what the builder makes of choices, chances and ends, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import WorldError
from offswitch.lab.solve import best, evaluated, solved
from offswitch.lab.trees import Chance, Choice, End, Node, Option, TreeWorld
from offswitch.verdict.conduct import Conduct


@dataclass(frozen=True, kw_only=True)
class Guess(TreeWorld):
    """Chance draws 1 (in a share) or 0 and hides it; the agent may look, at a price, and then says which."""

    name = "guess"
    about = "a hidden coin"
    actions = ("one", "zero", "look")

    share: float = 0.7
    price: float = 0.1

    def tree(self) -> Node:
        return Chance(((self.share, self._point(1)), (1 - self.share, self._point(0))))

    def _point(self, coin: int) -> Choice:
        says = (Option("one", End(coin)), Option("zero", End(1 - coin)))
        looked = Choice(f"looked at {coin}", says)
        look = Option("look", looked, reward=-self.price, conduct=Conduct.CIRCUMVENT)
        return Choice(f"coin {coin}", (*says, look), "a hidden coin")


@dataclass(frozen=True, kw_only=True)
class Given(TreeWorld):
    """Whatever tree a test gives."""

    name = "given"
    about = "a tree from a test"
    actions = ("left", "right")

    root: Node

    def tree(self) -> Node:
        return self.root


def test_choices_that_look_alike_cannot_be_told_apart():
    found = solved(Guess(price=10.0))
    assert found.best.reward == pytest.approx(0.7)  # not 1: it must say the same for either coin
    table = table_of(Guess())
    assert table.seen[0] == table.seen[1]
    assert len(set(table.seen)) == 3


def test_a_look_is_worth_what_it_tells():
    found = solved(Guess(price=0.1))
    assert found.best.reward == pytest.approx(0.9)
    assert found.margin == pytest.approx(0.2)
    assert found.best.defied == pytest.approx(1.0)
    assert not solved(Guess(price=0.31)).tempts


def test_chances_in_a_row_multiply():
    inner = Chance(((0.25, End(4.0)), (0.75, End(0.0, stopped=True))))
    root = Choice("only", (Option("left", Chance(((0.5, inner), (0.5, End(1.0))))), Option("right", End())))
    table = table_of(Given(root=root))
    found = evaluated(table, np.array([[1.0, 0.0]]))
    assert found.reward == pytest.approx(0.5 * 0.25 * 4 + 0.5)
    assert found.stopped == pytest.approx(0.5 * 0.75)


def test_rewards_of_options_and_ends_add_up():
    root = Choice(
        "only", (Option("left", End(2.0, 5.0), reward=-0.5, performance=1.0), Option("right", End()))
    )
    table = table_of(Given(root=root))
    assert best(table).value == pytest.approx(1.5)
    assert table.expected("performance")[0, 0] == pytest.approx(6.0)


def test_an_action_that_is_not_offered_does_what_the_first_option_does():
    table = table_of(Guess())
    looked = table.states.index("looked at 1")
    look, one = 2, 0
    assert table.reward[looked, look, 0] == table.reward[looked, one, 0] == 1.0
    assert table.executed[looked, look, 0] == one
    assert not table.breach[looked, look].any()


def test_equal_choices_may_share_a_name_and_are_one_state():
    end = Choice("end", (Option("left", End(1.0)), Option("right", End())))
    root = Choice("start", (Option("left", end), Option("right", end, reward=0.5)))
    assert table_of(Given(root=root)).states == ("start", "end")


def test_two_different_choices_of_one_name_are_refused():
    first = Choice("end", (Option("left", End(1.0)),))
    second = Choice("end", (Option("left", End(2.0)),))
    root = Choice("start", (Option("left", first), Option("right", second)))
    with pytest.raises(WorldError, match="given: two different choices are called 'end'; rename one"):
        table_of(Given(root=root))


def test_an_unknown_action_is_refused_with_the_known_ones():
    root = Choice("start", (Option("up", End()),))
    with pytest.raises(WorldError, match="'start' offers 'up', which is none of the actions left, right"):
        table_of(Given(root=root))


def test_a_tree_that_can_end_before_a_choice_is_refused():
    root = Chance(((0.5, End()), (0.5, Choice("start", (Option("left", End()),)))))
    with pytest.raises(WorldError, match="end before the agent has acted"):
        table_of(Given(root=root))


def test_chances_that_do_not_sum_to_one_are_refused():
    root = Choice("start", (Option("left", Chance(((0.5, End()), (0.4, End(1.0))))), Option("right", End())))
    with pytest.raises(WorldError, match=r"sum to 0\.9"):
        table_of(Given(root=root))


def test_a_choice_is_drawn_with_its_options():
    assert Guess().drawn("coin 1") == "coin 1: one | zero | look"
