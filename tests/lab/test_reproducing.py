# SPDX-License-Identifier: MIT
"""References and targets meet; a verdict follows from them alone; no value of a target stands in the code that computes it."""

import re
from pathlib import Path

import pytest

from offswitch.lab.errors import LabError
from offswitch.lab.reproducing import Reference, numbers, references, reproduced
from offswitch.lab.targets import TARGETS

FOLDER = Path(__file__).parents[2] / "src" / "offswitch" / "lab" / "targets"


def one(**fields):
    return Reference(target=1, quantity="q", about="a", source="s", **fields)


def test_all_targets_are_there_and_each_has_references():
    assert numbers() == tuple(range(1, 19))
    assert {reference.target for reference in references()} == set(numbers())


def test_a_verdict_follows_from_the_reference():
    assert one(reference=1.0, tolerance=0.1).holds(1.05)
    assert not one(reference=1.0, tolerance=0.1).holds(1.2)
    assert not one(reference=1.0, tolerance=0.1).holds(float("nan"))
    assert one(reference=True).holds(True)
    assert not one(reference=True).holds(1.0)
    assert one(at_least=0.4, at_most=0.6).holds(0.5)
    assert not one(at_least=0.4, at_most=0.6).holds(0.7)


def test_what_is_marked_exact_agrees_to_six_digits():
    for reference in references():
        if reference.exact and not isinstance(reference.reference, bool) and reference.reference is not None:
            assert reference.tolerance <= 1e-6


def test_a_target_that_is_none_is_refused():
    with pytest.raises(LabError, match="no target 99"):
        reproduced([99])


@pytest.mark.parametrize("number", ["1", "2", "3", "4", "5", "8"])
def test_quick_targets_come_out(number):
    assert [line.id for line in reproduced([int(number)]) if not line.ok] == []


def test_no_value_of_a_target_stands_in_the_code_that_computes_it():
    for number, where in TARGETS.items():
        code = (FOLDER / f"{where.partition(':')[0].rpartition('.')[2]}.py").read_text()
        code = re.sub(r'""".*?"""', "", code, flags=re.DOTALL)
        code = re.sub(r"#.*", "", code)
        # Whole numbers are levels, steps and counts of draws, and mean nothing by themselves.
        values = {
            f"{reference.reference:g}"
            for reference in references()
            if reference.target == int(number)
            and isinstance(reference.reference, float)
            and not reference.reference.is_integer()
        }
        found = [
            value for value in values if re.search(rf"(?<![\d.]){re.escape(value.lstrip('0'))}(?!\d)", code)
        ]
        assert not found, f"target {number}: {found}"
