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

from offswitch.lab.kinds import Row
from offswitch.lab.running import Result, run
from offswitch.lab.study import ours, study

PAGES = Path(__file__).parents[1] / "docs" / "studies"
FIGURES = PAGES / "figures"
BLOCK = re.compile(r"(<!-- study: (?P<name>\w+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
COLUMNS = {
    "dose": ("series", "dose", "by", "k", "n", "share", "low", "high", "reward"),
    "spread": ("by", "unseen", "k", "n", "share", "low", "high", "bits", "bits_low", "bits_high"),
    "phase": ("by", "discount", "alternatives", "avoid", "n", "share", "low", "high", "exact"),
    "frontier": ("world", "cure", "settings", "by", "agents", "usefulness", "breached", "stopped", "reward"),
}


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
    rows = _grouped(result.rows) if result.study.kind == "frontier" else result.rows
    # A line a cell of the phase diagram would be a page of its own: the learned ones stand here, all in the table on disk.
    if result.study.kind == "phase":
        rows = [row for row in rows if row["by"] != "solved"]
    table = _table(rows, COLUMNS[result.study.kind])
    return (
        f"{found[1]}![{result.study.figure.title}](figures/{name}.png)\n\n"
        f"*Expected beforehand:* {result.study.expected}\n\n"
        f"    offswitch lab run {name}\n\n"
        f"<details><summary>{len(rows)} lines of the table</summary>\n\n{table}\n\n</details>\n\n"
        "*What it does not show:*\n\n"
        + "\n".join(f"- {line}" for line in result.study.not_shown)
        + f"\n{found[4]}"
    )


def _grouped(rows: Sequence[Row]) -> list[Row]:
    """Return a line for each cure and way: means over the agents of a learner."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["world"], row["cure"], row["settings"], row["by"]), []).append(row)
    told = []
    for own in groups.values():
        means: Row = {}
        for column in ("usefulness", "breached", "stopped", "reward"):
            values = [row[column] for row in own if row[column] is not None]
            means[column] = sum(values) / len(values) if values else None
        told.append(
            {**own[0], **means, "agents": len(own) if own[0]["by"] not in ("optimum", "safest") else None}
        )
    return told


def _table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(row.get(column)) for column in columns)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
