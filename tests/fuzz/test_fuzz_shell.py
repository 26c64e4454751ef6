# SPDX-License-Identifier: MIT
"""Broken spellings of known commands: cut, spliced, repeated, wrapped. Longer runs: `atheris_shell.py`."""

import time
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.verdict.effects import Verb
from offswitch.verdict.python_code import python_effects
from offswitch.verdict.shell import shell_effects

CASES = tomllib.loads((Path(__file__).parents[1] / "verdict" / "shell_cases.toml").read_text("utf-8"))["case"]
COMMANDS = st.sampled_from([case["command"] for case in CASES])


@st.composite
def mangled(draw):
    """Cut two commands, put one into the other, and perhaps repeat a piece of it."""
    first, second = draw(COMMANDS), draw(COMMANDS)
    cut, start, stop = (draw(st.integers(0, 80)) for _ in range(3))
    text = first[:cut] + second[min(start, stop) : max(start, stop)] + draw(st.text(max_size=3)) + first[cut:]
    return text * draw(st.sampled_from([1, 1, 1, 3, 50]))


@given(mangled())
@settings(max_examples=400, deadline=None)
def test_a_mangled_command_is_read_soon_and_points_into_itself(command):
    begun = time.perf_counter()
    for read in (shell_effects, python_effects):
        for effect in read(command):
            assert 0 <= effect.start <= effect.stop <= len(command)
    assert time.perf_counter() - begun < 5


@given(COMMANDS, st.integers(0, 80))
@settings(max_examples=200, deadline=None)
def test_what_stands_before_a_broken_line_is_not_lost(command, cut):
    broken = f"rm -f first\n{command[:cut]}"
    assert (Verb.DELETE, "first") in [(effect.verb, effect.target) for effect in shell_effects(broken)]


@given(mangled())
@settings(max_examples=100, deadline=None)
def test_reading_twice_tells_the_same(command):
    assert shell_effects(command) == shell_effects(command)
