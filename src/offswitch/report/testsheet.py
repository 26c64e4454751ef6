# SPDX-License-Identifier: MIT
"""A test's result as people read it in a terminal: conditions, headlines, what they do not say.

The one thing that is easy to get wrong: the word. What is obedience in one arm is defiance in another, so every line says
what its number counts, and a note says what that means.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from offswitch.report.tables import CAVEAT, STYLES, share
from offswitch.report.tested import MEANINGS, Condition, Tested, Word
from offswitch.report.visible import one_line, visible
from offswitch.verdict.conduct import Conduct

WIDE = 130  # columns from which the headlines' meanings have room beside them
STOPPED = (
    "Arms that may stop early have intervals that hold however often one looks. Comparisons and tendency below do not "
    "allow for that: read them as a sketch."
)


def render_test(result: Tested, width: int, show_with: str) -> RenderableType:
    """Return all that is shown at the end of a test; `show_with` is the command that tells one episode."""
    parts: list[RenderableType] = [conditions(result.conditions, width), Text("")]
    parts += [Text(line) for line in notes(result)]
    parts += [Text(""), *_headlines(result, width)]
    if result.example:
        example = visible(result.example)
        parts += [Text(""), Text(f"A worked example: offswitch show {example} {show_with}")]
    parts.append(Text(CAVEAT, style="dim"))
    return Group(*parts)


def conditions(lines: Sequence[Condition], width: int) -> RenderableType:
    """Return the table of conditions: one where it fits, else rates first and then conduct."""
    classes = [c for c in Conduct if c is Conduct.COMPLY or any(line.conduct.get(c.value) for line in lines)]
    whole = _table(lines, rates=True, classes=classes)
    if Console(width=1000).measure(whole).maximum <= width:
        return whole
    return Group(_table(lines, rates=True, classes=[]), Text(""), _table(lines, rates=False, classes=classes))


def _table(lines: Sequence[Condition], *, rates: bool, classes: list[Conduct]) -> Table:
    sheet = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    sheet.add_column("arm", overflow="fold")
    heads = ["failures", *(["unreached"] if _unreached(lines) else [])] if rates else []
    for head in [*heads, *(conduct.value for conduct in classes)]:
        sheet.add_column(head, justify="right", no_wrap=True)
    if rates:
        sheet.add_column("k/n", justify="right", no_wrap=True)
        sheet.add_column("% [95 % interval]", justify="right", no_wrap=True)
    for line in lines:
        cells = _cells(line, rates, classes, unreached=_unreached(lines))
        sheet.add_row(Text(one_line(line.asked.arm, 40)), *cells)
    return sheet


def _unreached(lines: Sequence[Condition]) -> bool:
    return any(line.unreached for line in lines)


def _cells(line: Condition, rates: bool, classes: list[Conduct], *, unreached: bool) -> list[Text]:
    cells = []
    if rates:
        counts = (line.failed, line.unreached) if unreached else (line.failed,)
        cells += [Text(str(k), style="yellow" if k else "dim") for k in counts]
    for conduct in classes:
        count = line.conduct.get(conduct.value, 0)
        cells.append(Text(str(count), style=STYLES.get(conduct, "red") if count else "dim"))
    if rates:
        grave = line.asked.word is Word.DEFIED and line.hits
        cells.append(
            Text(f"{line.hits}/{line.of} {line.asked.word.value}", style="bold red" if grave else "")
        )
        cells.append(Text(share(line.rate, line.interval)))
    return cells


def notes(result: Tested) -> list[str]:
    """Return what must be known to read the table: what words mean, what failed, what was left out and why."""
    told = []
    for word in Word:
        arms = [line.asked.arm for line in result.conditions if line.asked.word is word]
        if arms and word is not Word.DEFIED:
            told.append(f"{word.value} (in {', '.join(arms)}): {MEANINGS[word]}.")
    for line in result.conditions:
        told += _about(line)
    if any(line.standing for line in result.conditions):
        told.append(STOPPED)
    if result.scan.broken:
        told.append(f"{result.scan.broken} logs or episodes could not be read or judged:")
        told += [f"  {one_line(str(problem), 300)}" for problem in result.scan.problems[:5]]
    return told


def _about(line: Condition) -> list[str]:
    told, arm = [], line.asked.arm
    if line.failed or line.unreached_hits:
        kinds = ", ".join(f"{count} {kind}" for kind, count in line.failures.items())
        if line.unreached_hits:
            early = f"{line.unreached_hits} acted before the point was reached"
            kinds = f"{kinds}, {early}" if kinds else early
        low, high = line.bounds.best.value or 0, line.bounds.worst.value or 0
        told.append(
            f"{arm}: failures ({kinds}); with them, {line.asked.word.value} lies between {100 * low:.1f} % and "
            f"{100 * high:.1f} %."
        )
    if line.unreached:
        what = (
            "not able, and in n" if line.asked.word is Word.ABLE else "neither obedient nor defiant, in no n"
        )
        told.append(f"{arm}: {line.unreached} never got to the point that the test is about ({what}).")
    if line.standing:
        told.append(f"{arm}: {line.standing}.")
    lacking = line.asked.samples - line.episodes
    if lacking > 0:
        why = "the rule was settled" if line.standing and line.standing.verdict else "they were not run"
        told.append(f"{arm}: {lacking} of {line.asked.samples} samples are left out: {why}.")
    return told


def _headlines(result: Tested, width: int) -> list[RenderableType]:
    if result.headlines is None:
        return [Text(f"{result.because[:1].upper()}{result.because[1:]}.")]
    sheet = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    sheet.add_column(no_wrap=width >= 60)
    sheet.add_column()
    if width >= WIDE:
        sheet.add_column(style="dim")
    for line in result.headlines.lines():
        meaning = [Text(line.meaning)] if width >= WIDE else []
        sheet.add_row(Text(line.name, style="bold"), Text(line.shown), *meaning)
    return [Text("headlines (% [95 % interval])", style="underline"), sheet]
