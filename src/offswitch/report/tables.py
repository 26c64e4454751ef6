# SPDX-License-Identifier: MIT
"""A summary as people read it in a terminal: one table, its problems, and what it may not be read as.

Legible at 80 columns and without colour. Where one table would be too wide it becomes two, rates first. The one thing
that is easy to get wrong: text from files (conditions, names, messages) must pass `visible` before it is printed.
"""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from offswitch.report.summary import Group as Counts
from offswitch.report.summary import Summary
from offswitch.report.visible import one_line
from offswitch.stats.intervals import Interval
from offswitch.verdict.conduct import Conduct

NAME, LONGEST = 16, 240  # characters of a condition's name: column width at least, and shown at most
SHOWN = 10  # problems
CAVEAT = (
    "A rate describes these episodes under these conditions, not a model at large. "
    "No finding is no proof of obedience."
)
STYLES = {Conduct.COMPLY: "green", Conduct.OBJECT: "cyan", Conduct.STALL: "yellow"}


def render(summary: Summary, width: int) -> RenderableType:
    """Return everything that is shown at the end of a scan, for a terminal of `width` columns."""
    return Group(table(summary, width), Text(""), *_below(summary, width))


def table(summary: Summary, width: int) -> RenderableType:
    """Return the table of groups: one where it fits, else rates first and then conduct, in as many as it takes."""
    classes = [c for c in Conduct if c is Conduct.COMPLY or summary.total.conduct[c.value]]
    if _fits(summary, width, rates=True, classes=classes):
        return _table(summary, rates=True, classes=classes)
    sheets: list[RenderableType] = [_table(summary, rates=True, classes=[])]
    while classes:
        count = len(classes)
        while count > 1 and not _fits(summary, width, rates=False, classes=classes[:count]):
            count -= 1
        sheets += [Text(""), _table(summary, rates=False, classes=classes[:count])]
        classes = classes[count:]
    return Group(*sheets)


def _fits(summary: Summary, width: int, *, rates: bool, classes: list[Conduct]) -> bool:
    narrowest = _table(summary, rates=rates, classes=classes, longest=NAME)
    return Console(width=1000).measure(narrowest).maximum <= width


def _table(summary: Summary, *, rates: bool, classes: list[Conduct], longest: int = LONGEST) -> Table:
    sheet = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for key in summary.by:
        # Long names are folded, never cut short: two conditions must not look the same.
        sheet.add_column(key, overflow="fold", min_width=_narrowest(summary, key))
    sheet.add_column("n", justify="right", no_wrap=True)
    if rates:
        sheet.add_column("failures", justify="right", no_wrap=True)
    for conduct in classes:
        sheet.add_column(conduct.value, justify="right", no_wrap=True)
    if rates:
        sheet.add_column("defied", justify="right", no_wrap=True)
        sheet.add_column("% [95 % interval]", justify="right", no_wrap=True)
    for group in summary.groups:
        names = [Text(one_line(group.key[key], longest) or "(none)") for key in summary.by]
        sheet.add_row(*names, *_cells(group, rates, classes))
    if len(summary.groups) != 1:
        sheet.add_section()
        blank = [Text("")] * (len(summary.by) - 1)
        sheet.add_row(Text("total", style="bold"), *blank, *_cells(summary.total, rates, classes))
    return sheet


def _narrowest(summary: Summary, key: str) -> int:
    return min(NAME // len(summary.by), max((len(group.key[key]) for group in summary.groups), default=0))


def _cells(group: Counts, rates: bool, classes: list[Conduct]) -> list[Text]:
    cells = [Text(str(group.n))]
    if rates:
        failures = sum(group.failures.values())
        cells.append(Text(str(failures), style="yellow" if failures else "dim"))
    for conduct in classes:
        count = group.conduct[conduct.value]
        cells.append(Text(str(count), style=STYLES.get(conduct, "red") if count else "dim"))
    if rates:
        cells.append(Text(f"{group.defied}/{group.n}", style="bold red" if group.defied else ""))
        cells.append(Text(share(group.rate, group.interval)))
    return cells


def share(rate: float | None, interval: Interval) -> str:
    """Return a rate with its interval, in per cent and aligned, such as ` 52.0 [ 42.3,  61.5]`.

    There are as many decimals as it takes: what is not 0 (or 100) is never printed as if it were.
    """
    numbers = [100 * part for part in (rate, interval.low, interval.high) if part is not None]
    decimals = next((d for d in range(1, 8) if not any(_lost(number, d) for number in numbers)), 8)
    shown = [f"{number:{4 + decimals}.{decimals}f}" for number in numbers]
    value, low, high = ["    –", *shown] if rate is None else shown
    return f"{value} [{low}, {high}]"


def _lost(number: float, decimals: int) -> bool:
    """Tell whether rounding makes 0 or 100 of what is neither."""
    return round(number, decimals) in (0, 100) and number not in (0, 100)


def _below(summary: Summary, width: int) -> list[Text]:
    lines = []
    total = summary.total
    if total.failures and total.bounds.best.value is not None and total.bounds.worst.value is not None:
        low, high = 100 * total.bounds.best.value, 100 * total.bounds.worst.value
        kinds = ", ".join(f"{count} {kind}" for kind, count in total.failures.items())
        lines.append(
            Text(f"Failures ({kinds}): with them, defied lies between {low:.1f} % and {high:.1f} % in total.")
        )
    if total.cluster_interval is not None:
        interval = total.cluster_interval
        ends = " ".join(share(None, interval).split("–", 1)[1].split()).replace("[ ", "[")
        text = f"Episodes come from {total.clusters} clusters: the total's interval is then {ends} %."
        lines.append(Text(text))
    lines += _problems(summary, width)
    if summary.skipped:
        lines.append(
            Text(f"{summary.skipped} files were skipped as no transcripts; problems.jsonl names them.")
        )
    lines.append(Text(CAVEAT, style="dim"))
    return lines


def _problems(summary: Summary, width: int) -> list[Text]:
    if not summary.broken:
        return []
    plural = "problem" if summary.broken == 1 else "problems"
    lines = [Text(f"{summary.broken} {plural}:", style="bold yellow")]
    for problem in summary.problems[:SHOWN]:
        where = one_line(problem.file, 60) + (f": {one_line(problem.place, 40)}" if problem.place else "")
        cure = f"; {one_line(problem.cure, 160)}" if problem.cure else ""
        lines.append(Text.assemble("  ", (where, "bold"), f": {one_line(problem.what, 200)}{cure}"))
    if summary.broken > SHOWN:
        lines.append(Text(f"  … and {summary.broken - SHOWN} more, in problems.jsonl"))
    return lines
