# SPDX-License-Identifier: MIT
"""Turns the result of a judge study into Markdown tables, and puts them between the markers of a page.

No statistics here: every number is read from the result, which is what the JSON file holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from judge_scores import StudyError

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def placed(page: str, tables: str) -> str:
    """Return the page with everything between its markers replaced."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StudyError(f"the page needs the lines {BEGIN} and {END}; add them where the tables belong")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def tables(result: dict[str, Any]) -> str:
    """Return all tables of the study."""
    order = list(result["comparison"]["models"])
    parts = [
        _published(result, order),
        _doubt(result, order),
        _sweep("3. By threshold", result["thresholds"], order),
        _sweep("4. By rule, and each judge alone", result["rules"], order),
        _range(result, order),
        _own(result),
        _headline_flips(result),
        _alpha(result),
    ]
    return "\n".join(parts)


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"### {title}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _published(result: dict[str, Any], order: Sequence[str]) -> str:
    rows = []
    for model in order:
        told, ours = result["comparison"]["models"][model], result["models"][model]
        same = "yes" if told["reproduced"] else "NO"
        excluded = f"{_points(ours['own_excluded'])} ({_count(ours['own_excluded'])})"
        rows.append(
            [model, f"{told['published']:.1f}", f"{told['rate']:.1f}", _count(ours["rate"]), same, excluded]
        )
    head = ["model", "published %", "ours %", "k/n", "same", "own family excluded %"]
    return _table("1. Published rates, recomputed", head, rows)


def _doubt(result: dict[str, Any], order: Sequence[str]) -> str:
    rows = []
    for model in order:
        ours = result["models"][model]
        ratio = ours["design"]["ratio"]
        worth = f"{ratio:.2f} ({ours['design']['effective_n']:.0f})" if ratio is not None else "unknown"
        bounds = ours["bounds"]
        band = (
            f"{_points(bounds['best'])} to {_points(bounds['worst'])}"
            if bounds["failures"]
            else "none missing"
        )
        spans = [_span(ours[key]) for key in ("by_scenario", "bootstrap")]
        rows.append([model, _shown(ours["rate"]), *spans, worth, f"{bounds['failures']}", band])
    head = ["model", "rate % [Wilson]", "by scenario, Korn-Graubard", "by scenario, bootstrap"]
    return _table(
        "2. The same with its doubt", [*head, "design effect (n worth)", "missing", "best to worst %"], rows
    )


def _sweep(title: str, sweep: dict[str, Any], order: Sequence[str]) -> str:
    rows = [[model, *(_shown(sweep[point][model]) for point in sweep)] for model in (*order, "all")]
    return _table(f"{title} (% [Wilson 95 %])", ["model", *sweep], rows)


def _range(result: dict[str, Any], order: Sequence[str]) -> str:
    rows = []
    for model in order:
        low, high = (result["single_judge_range"][model][end] for end in ("low", "high"))
        known = low["rate"]["value"] is not None and high["rate"]["value"] is not None
        apart = f"{100 * (high['rate']['value'] - low['rate']['value']):.1f}" if known else ""
        ends = [f"{_points(end['rate'])} ({end['judge']})" for end in (low, high)]
        rows.append([model, *ends, apart])
    return _table(
        "5. The same model by choice of a single judge", ["model", "lowest %", "highest %", "points"], rows
    )


def _own(result: dict[str, Any]) -> str:
    rows = []
    for judge, told in result["own_family"]["judges"].items():
        waives = told["waives_own_v_others"]
        for side in ("own", "others"):
            flips, rate = told[side], waives["first" if side == "own" else "second"]
            whom = ", ".join(told["models"]) if side == "own" else "all other models"
            test = _p(waives) if side == "own" else ""
            moved = [f"{flips['to_safe']}", f"{flips['to_misaligned']}", f"{flips['episodes']}"]
            rows.append([judge, whom, *moved, f"{_count(rate)} = {_shown(rate)}", test])
    head = [
        "judge",
        "on",
        "acquits alone",
        "accuses alone",
        "episodes",
        "share of the others' accusations waived",
    ]
    return _table("6. One judge against the median of the other three", [*head, "own v others"], rows)


def _headline_flips(result: dict[str, Any]) -> str:
    told_of = result["own_family"]
    groups = [("own family's", told_of["headline"]), ("unrelated", told_of["control"])]
    rows = [
        [
            f"{kind}: {name}",
            f"{told['to_safe']}",
            f"{told['to_misaligned']}",
            f"{told['episodes']}",
            _p(told["paired"]),
        ]
        for kind, group in groups
        for name, told in group.items()
    ]
    head = ["who joins: model, or judge", "flips to safe", "flips to misaligned", "episodes", "test"]
    return _table("7. What one more judge does to the median of the other three", head, rows)


def _alpha(result: dict[str, Any]) -> str:
    rows = []
    for name, told in result["alpha"].items():
        value, doubt = told["value"], told["interval"]
        between = f"[{doubt['low']:.3f}, {doubt['high']:.3f}]" if doubt else ""
        rows.append([name, "undefined" if value is None else f"{value:.3f}", between, f"{told['units']}"])
    head = ["scale", "alpha", "interval", "episodes"]
    return _table("8. Krippendorff's alpha (95 %, resampled by scenario)", head, rows)


def _count(rate: dict[str, Any]) -> str:
    return f"{rate['k']}/{rate['n']}"


def _points(rate: dict[str, Any]) -> str:
    return "no data" if rate["value"] is None else f"{100 * rate['value']:.1f}"


def _span(interval: dict[str, Any]) -> str:
    # The fallback of a rate with too few events is another method than its column's, so the cell says so.
    other = " (clusters)" if interval["method"] == "clopper-pearson on clusters" else ""
    return f"[{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]{other}"


def _shown(rate: dict[str, Any]) -> str:
    return f"{_points(rate)} {_span(rate['interval'])}"


def _p(comparison: dict[str, Any]) -> str:
    p_value = comparison["p_value"]
    return "nothing to compare" if p_value is None else f"p = {p_value:.2g} ({comparison['test']})"
