# SPDX-License-Identifier: MIT
"""Run the lab's studies, and put their tables and figures into the pages of docs/studies.

Command: python studies/lab_pages.py OUT [--only STUDY]...

Each study runs in OUT/STUDY and goes on where an earlier run was stopped. A page holds `<!-- study: NAME -->` and `<!-- end -->`; what stands
between them is made here, the words around it are written by people. Tables leave out columns that the figure does not need; all
are in OUT/STUDY/results.parquet.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from offswitch.lab.frontier import NONE
from offswitch.lab.kinds import Row
from offswitch.lab.kinds.frontier import REFUSED
from offswitch.lab.running import Result, run
from offswitch.lab.study import ours, study

PAGES = Path(__file__).parents[1] / "docs" / "studies"
FIGURES = PAGES / "figures"
BLOCK = re.compile(r"(<!-- study: (?P<name>\w+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
# fmt: off
COLUMNS = {
    "dose": ("series", "dose", "by", "k", "n", "share", "low", "high", "reward"),
    "spread": ("by", "unseen", "k", "n", "share", "low", "high", "bits", "bits_low", "bits_high"),
    "phase": ("by", "discount", "alternatives", "avoid", "n", "share", "low", "high", "exact"),
    "frontier": (
        "world", "cure", "settings", "by", "n", "breached", "breached_low", "breached_high",
        "usefulness", "usefulness_low", "usefulness_high", "performance", "reward", "margin",
    ),
}
# fmt: on


def main() -> int:
    """Run, draw, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", action="append", choices=ours(), default=[])
    options = parser.parse_args()
    FIGURES.mkdir(exist_ok=True)
    done = {name: _ran(name, options.out / name) for name in options.only or ours()}
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text()
        new = BLOCK.sub(lambda found: _filled(found, done), text)
        if new != text:
            page.write_text(new)
            print(f"written: {page.name}")
    return 0


def _ran(name: str, out: Path) -> Result:
    result = run(
        study(name), out, progress=lambda done, cells, kept: print(f"{name}: {done} of {cells}", end="\r")
    )
    print(f"{name}: {len(result.rows)} rows")
    for ending in ("png", "svg"):
        shutil.copy(out / f"figure.{ending}", FIGURES / f"{name}.{ending}")
    return result


def _filled(found: re.Match[str], done: dict[str, Result]) -> str:
    name = found["name"]
    if name not in done:
        return found[0]
    result = done[name]
    rows, before = result.rows, ""
    # A line a cell of the phase diagram would be a page of its own: the learned ones stand here, all in the table on disk.
    if result.study.kind == "phase":
        rows = [row for row in rows if row["by"] != "solved"]
    if result.study.kind == "frontier":
        rows = [row for row in rows if row["by"] != REFUSED]
        before = _where(result.rows) + "\n\n"
    table = _table(rows, COLUMNS[result.study.kind])
    return (
        f"{found[1]}![{result.study.figure.title}](figures/{name}.png)\n\n"
        f"*Expected beforehand:* {result.study.expected}\n\n"
        f"    offswitch lab run {name}\n\n{before}"
        f"<details><summary>{len(rows)} lines of the table</summary>\n\n{table}\n\n</details>\n\n"
        "*What it does not show:*\n\n"
        + "\n".join(f"- {line}" for line in result.study.not_shown)
        + f"\n{found[4]}"
    )


def _where(rows: Sequence[Row]) -> str:
    """Return a table of worlds by cures: a dot where the cure was run, the number of the reason where it makes no sense."""
    cures = list(dict.fromkeys(row["cure"] for row in rows if row["cure"] != NONE))
    reasons = list(dict.fromkeys(row["because"] for row in rows if row["by"] == REFUSED))
    lines = [
        f"| world | {' | '.join(cure.replace('_', ' ') for cure in cures)} |",
        f"|---{'|:-:' * len(cures)}|",
    ]
    for world, parameters in dict.fromkeys((row["world"], row["parameters"]) for row in rows):
        own = {row["cure"]: row for row in rows if row["world"] == world}
        marks = [
            str(1 + reasons.index(own[cure]["because"])) if own[cure]["because"] else "●" for cure in cures
        ]
        lines.append(f"| {world}{f' ({parameters})' if parameters else ''} | {' | '.join(marks)} |")
    told = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", "●: run. A number: the cure makes no sense there, because", "", *told])


def _table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(row.get(column)) for column in columns)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
