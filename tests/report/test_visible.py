# SPDX-License-Identifier: MIT
"""Text from files cannot act on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.report.visible import cut, one_line, storable, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),  # bidi override
        ("a\u200bb", r"a\u200bb"),  # zero width
        ("a\rb\nc", r"a\rb\nc"),
        ("\x9b2J", r"\x9b2J"),  # one-byte CSI
        ("\U000e0041", r"\U000e0041"),  # tag character
        ("größer – 世界", "größer – 世界"),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(raw, shown):
    assert visible(raw) == shown


@given(st.text())
def test_no_text_survives_that_is_not_printable(text):
    assert visible(text).isprintable()
    assert all(line.isprintable() for line in visible(text, lines=True).split("\n"))


def test_line_ends_stay_where_lines_are_wanted():
    assert visible("a\r\n\tb\n\x07", lines=True) == "a\n    b\n\\x07"


def test_a_long_name_keeps_both_ends():
    assert cut("condition/" + "x" * 90 + "/v2", 20) == "condition/xx…xxxx/v2"
    assert len(one_line("\x1b" * 1000, 40)) == 40


@given(st.text(alphabet=st.characters(), max_size=20))
def test_whatever_a_file_says_can_be_stored(text):
    storable(text).encode("utf-8")


def test_lone_surrogates_can_be_stored():
    assert storable("a\udcff") == r"a\udcff"
