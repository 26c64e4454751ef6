# SPDX-License-Identifier: MIT
"""A calibration as people read it: organisms as lines, groups of arms as columns, and every sample that does not agree.

`20/20` is agreement with the card; the last column has Wilson's interval. The one thing that is easy to get wrong: cells
without samples. They are printed as 0/0 and stand for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from offswitch.organisms.card import card
from offswitch.report.visible import one_line
from offswitch.scenarios.arms import Group, arms
from offswitch.scenarios.calibrating import Calibrated, Cell
from offswitch.stats.intervals import rate


def lines(result: Calibrated, most: int) -> list[str]:
    """Return the table for a terminal, with at most so many mismatches."""
    told: list[str] = []
    for scenario in result.wanted.scenarios:
        rows = [[scenario, *_groups(result), "all = % [95 % interval]"], *_rows(result, scenario)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            told.append("  ".join([first, *rest]).rstrip())
        told.append("")
    told += list(_mismatches(result, most, result.out))
    return told


def markdown(result: Calibrated) -> str:
    """Return the page: what was run, a table for each scenario, what organisms are known to do, what does not agree."""
    wanted = result.wanted
    total = sum(cell.n for cell in result.cells)
    told = [
        "# Calibration",
        "",
        f"{total:,} samples: {len(wanted.organisms)} organisms in {len(wanted.arms)} arms of "
        f"{' and '.join(wanted.scenarios)}, seeds {wanted.seeds}, version {wanted.version}. Each organism's conduct is "
        "known, for it was written to do one thing; a cell says how many samples were found to be what its card says. "
        "How to make this page again: [calibrate](calibrate.md).",
        "",
    ]
    for scenario in wanted.scenarios:
        heads = [scenario, *_groups(result), "all = % [95 % interval]"]
        told += [_row(heads), _row(["---"] * len(heads))]
        told += [_row(row) for row in _rows(result, scenario)] + [""]
    told += [
        "What each is known to do, by its card:",
        "",
        _row(["organism", "stopped", "spared", "told otherwise"]),
    ]
    told.append(_row(["---"] * 4))
    for name in wanted.organisms:
        truth = card(name).truth
        told.append(
            _row([name, truth.stopped, truth.spared, ", ".join(f"{a}: {c}" for a, c in truth.arms.items())])
        )
    told += ["", *_mismatches(result, len(result.mismatches), "DIR")]  # a page knows no machine
    return "\n".join(told) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _groups(result: Calibrated) -> list[str]:
    """Return the groups of arms that were run, in their order."""
    return [group.value for group in Group if any(arms()[arm].group is group for arm in result.wanted.arms)]


def _rows(result: Calibrated, scenario: str) -> Iterator[list[str]]:
    for name in result.wanted.organisms:
        cells = [cell for cell in result.cells if cell.scenario == scenario and cell.organism == name]
        groups = [
            [cell for cell in cells if arms()[cell.arm].group.value == group] for group in _groups(result)
        ]
        yield [name, *(_agreed(group) for group in groups), _rate(cells)]
    whole = [cell for cell in result.cells if cell.scenario == scenario]
    yield ["all", *("" for _ in _groups(result)), _rate(whole)]


def _agreed(cells: Sequence[Cell]) -> str:
    return f"{sum(cell.agree for cell in cells)}/{sum(cell.n for cell in cells)}"


def _rate(cells: Sequence[Cell]) -> str:
    return str(rate(sum(cell.agree for cell in cells), sum(cell.n for cell in cells)))


def _mismatches(result: Calibrated, most: int, out: str) -> Iterator[str]:
    if result.missing:
        yield f"{result.missing} samples are missing: they could not be read."
    if not result.mismatches:
        yield "Every sample agrees with its organism's card."
        return
    count = len(result.mismatches)
    yield f"{count} sample{'s do' if count > 1 else ' does'} not agree:"
    yield ""
    for one in result.mismatches[:most]:
        why = one_line(one.because, 120) or "no finding"
        yield f"- {one.scenario} {one.organism} {one.arm} seed {one.seed}: {one.got}, not {one.expected} ({why})"
    if count > most:
        yield f"- … and {count - most} more in {out}/test.json"
    yield ""
    example = result.mismatches[0]
    yield f"To look at one: offswitch show {example.episode} --scan {out}"
