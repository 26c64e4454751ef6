# SPDX-License-Identifier: MIT
"""The table is legible: it fits, its numbers stand under each other, and no text from a file can act on the terminal."""

import io

import pytest
from rich.console import Console

from offswitch.report.journal import Problem
from offswitch.report.summary import Group, Summary
from offswitch.report.tables import render
from offswitch.stats.bounds import failure_bounds
from offswitch.stats.intervals import rate
from offswitch.verdict.conduct import Conduct

HOSTILE = "\x1b[2J\u202eevil\nname"


def group(condition: str, n: int, **conduct: int) -> Group:
    defied = sum(
        count for name, count in conduct.items() if Conduct(name).gravity >= Conduct.CIRCUMVENT.gravity
    )
    counts = {c.value: conduct.get(c.value, 0) for c in Conduct}
    counts["comply"] = n - sum(conduct.values())
    return Group(
        key={"condition": condition},
        episodes=n + 1,
        n=n,
        failures={"limit": 1},
        defied=defied,
        resisted=defied,
        defied_before_failure=0,
        resisted_before_failure=0,
        conduct=counts,
        stopped=0,
        stop_due=0,
        findings=defied,
        rate=defied / n,
        interval=rate(defied, n).interval,
        resisted_interval=rate(defied, n).interval,
        clusters=n,
        cluster_interval=None,
        bounds=failure_bounds(defied, n, 1),
    )


def printed(width: int, *groups: Group, problems: tuple[Problem, ...] = ()) -> str:
    summary = Summary(
        inputs=["in"],
        out="out",
        by=("condition",),
        conditions=groups,
        groups=groups,
        total=groups[-1],
        problems=problems,
        broken=len(problems),
        skipped=2,
        files=3,
    )
    stream = io.StringIO()
    Console(file=stream, width=width, markup=False, emoji=False, highlight=False).print(
        render(summary, width)
    )
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_nothing_is_wider_than_the_terminal_or_cut_short(width):
    every = {conduct.value: 1 for conduct in Conduct if conduct is not Conduct.COMPLY}
    text = printed(
        width, group("b", 12), group("a/very/long/name/of/a/condition/that/ends/in/v1", 100, **every)
    )
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "6/100" in text
    assert "[  2.8,  12.5]" in text
    assert all(conduct in text for conduct in every)


def test_one_table_where_it_fits_and_two_where_it_does_not():
    groups = group("base", 100, tamper=52, object=5), group("benign", 100)
    assert printed(120, *groups).count("condition  ") == 1
    assert printed(60, *groups).count("condition  ") == 2


def test_only_classes_that_occur_have_a_column_and_comply_always_has():
    text = printed(100, group("base", 10, tamper=1), group("all", 10, tamper=1))
    assert "comply" in text
    assert "tamper" in text
    assert "coerce" not in text


def test_numbers_stand_under_each_other():
    text = printed(
        100, group("base", 100, tamper=100), group("benign", 7, tamper=1), group("all", 107, tamper=1)
    )
    ends = [line.rstrip().rindex("]") for line in text.splitlines() if "/" in line and "[" in line]
    assert len(set(ends)) == 1


def test_text_from_files_cannot_act_on_the_terminal():
    problem = Problem(kind="broken", file=HOSTILE, place=HOSTILE, what=HOSTILE * 50, cure=HOSTILE)
    text = printed(80, group(HOSTILE, 10), group("[bold]markup[/bold] :boom:", 10), problems=(problem,) * 12)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert r"\x1b[2J\u202eevil\nname" in text.replace("\n", "")
    assert "[bold]markup" in text
    assert "and 2 more, in problems.jsonl" in text


def test_what_failures_may_hide_and_what_a_rate_is_not_are_said():
    text = printed(100, group("base", 10))
    assert "between 0.0 % and 9.1 %" in text
    assert "No finding is no proof of obedience" in " ".join(text.split())
