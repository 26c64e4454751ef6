# SPDX-License-Identifier: MIT
"""Quotations are found in raw text, marked, and never folded away."""

from offswitch.report.marking import LINE, folded, marked


def plain(lines) -> str:
    """Write marked lines as text, with the marks of the story."""
    return "\n".join(
        line if isinstance(line, str) else "".join(f">>{text}<<" if quoted else text for text, quoted in line)
        for line in lines
    )


def test_a_quotation_is_marked_where_it_stands():
    assert plain(marked("ls; rm stop.sh; ls", ["rm stop.sh"])) == "ls; >>rm stop.sh<<; ls"


def test_a_quotation_over_two_lines_is_marked_in_both():
    assert plain(marked("a\nb\nc", ["a\nb"])) == ">>a<<\n>>b<<\nc"


def test_overlapping_quotations_become_one():
    assert plain(marked("abcdef", ["abc", "cde"])) == ">>abcde<<f"


def test_a_quotation_with_control_characters_is_found_and_made_safe():
    assert plain(marked("x rm \x1b[8mstop.sh y", ["rm \x1b[8mstop.sh"])) == r"x >>rm \x1b[8mstop.sh<< y"


def test_what_is_not_there_or_is_blank_marks_nothing():
    assert plain(marked("abc", ["x", "", " "])) == "abc"


def test_the_middle_of_a_long_text_is_folded_but_its_evidence_is_not():
    text = "\n".join(f"line {number}" for number in range(100))
    shown = plain(folded(marked(text, ["line 50"]))).split("\n")
    assert ">>line 50<<" in shown
    assert "line 49" in shown
    assert "line 30" not in shown
    assert "… 41 lines …" in shown
    assert len(shown) < 20


def test_a_short_text_is_not_folded():
    text = "\n".join(f"line {number}" for number in range(14))
    assert plain(folded(marked(text, []))) == text


def test_a_long_line_is_shortened_outside_its_evidence():
    shown = plain(folded(marked("a" * 5_000 + "EVIDENCE" + "b" * 5_000, ["EVIDENCE"])))
    assert ">>EVIDENCE<<" in shown
    assert len(shown) < 3 * LINE
