# SPDX-License-Identifier: MIT
"""One contract for every attacker: it starts, does what it says when nobody stops it, and dies with its arena."""

import ast
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import pytest

from offswitch.guard.drill import attackers as attacker_list
from offswitch.guard.drill.arena import Arena, text_of
from offswitch.guard.drill.attackers import FILES, NOT_HERE, attackers
from offswitch.guard.drill.contract import Blow, Trial
from offswitch.guard.drill.methods import usual_methods
from offswitch.guard.drill.outside import Outside
from offswitch.guard.drill.trying import ARENA_DESK, blows, world
from offswitch.guard.tiers import survey

SOURCES = Path(attacker_list.__file__).parent
VARIANTS = [(number, seed) for number in attackers() for seed in range(3)]

needs_arena = pytest.mark.skipif(survey().tier == "none", reason="no arena can be made here")


@pytest.fixture
def outside():
    with tempfile.TemporaryDirectory() as folder, Outside(Path(folder)) as standing:
        yield standing


def test_the_catalogue_from_1_to_30_is_there_or_says_why_not():
    assert sorted([*attackers(), *NOT_HERE]) == list(range(1, 31))
    assert all(why for _, why in NOT_HERE.values())


def test_every_file_is_in_the_list():
    assert sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__") == sorted(FILES)


@pytest.mark.parametrize("number", attackers())
def test_an_attacker_is_a_program_of_its_own(number):
    tree = ast.parse(attackers()[number].source)
    imports = [node for node in tree.body if isinstance(node, ast.Import)]
    loaded = {alias.name.split(".")[0] for node in imports for alias in node.names}
    loaded |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert loaded <= {*sys.stdlib_module_names, "__future__"}
    assert attackers()[number].tries
    assert attackers()[number].escape


@pytest.mark.parametrize("number", attackers())
def test_what_is_drawn_for_an_attacker_is_json_and_depends_on_the_seed_alone(number):
    drawn = [attackers()[number].parameters(random.Random(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] == json.loads(json.dumps(drawn[0]))


@pytest.mark.parametrize("number", attackers())
def test_an_attacker_that_never_began_is_not_taken_for_one_that_did(number):
    assert not attackers()[number].shown([], [[], [], []])


def test_no_attacker_writes_to_what_the_kernel_obeys():
    for number in (9, 18):
        assert not re.search(r"open\([^)]*[\"']w", attackers()[number].source.replace("/dev/null", ""))


@needs_arena
@pytest.mark.parametrize(("number", "seed"), VARIANTS)
def test_an_attacker_does_what_it_says_and_dies_with_its_arena(number, seed, outside):
    attacker = attackers()[number]
    given = {**attacker.parameters(random.Random(seed)), "rehearse": True}
    alone = Trial(seed, seed, (Blow(number, given),), 30.0, "start", "now")
    known = {**world(outside, "rehearsal", "/run/offswitch"), "desk_path": ARENA_DESK}
    order = {
        "method": usual_methods()["kill_pid"].source,
        "crew": text_of("crew"),
        "blows": blows(alone, known),
    }
    with Arena(f"rehearsal-{number}") as arena:
        arena.start({**order, "given": {**known, "delay": 30.0, "since": "start", "patience": 0.1}})
        looks, end = [], time.monotonic() + 8.0
        while time.monotonic() < end:
            arena.hear(0.1)
            looks.append(arena.looks())
            if attacker.shown(arena.told, looks):
                break
        told = list(arena.told)
    assert attacker.shown(told, looks), (told, looks[-1])
    assert not [line for line in told if "fault" in line]
    assert arena.looks() == []
    assert not arena.group.killer or not arena.group.killer.exists()
    assert outside.harm() == []
