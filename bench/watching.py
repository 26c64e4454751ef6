# SPDX-License-Identifier: MIT
"""Run a command and watch what it costs: wall time, and the memory of it and all its descendants together.

Memory is the sum of resident sets (pages shared between processes count once for each), sampled from /proc: an upper
estimate, except for peaks shorter than the pause between samples.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PAUSE = 0.02  # seconds between samples
PAGE = os.sysconf("SC_PAGE_SIZE")


def watch(command: Sequence[str | Path], pause: float = PAUSE, **options: object) -> dict[str, float | int]:
    """Run `command` to its end; return its wall time in seconds, peak memory in MB and exit code."""
    start, peak = time.monotonic(), 0
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )  # type: ignore[call-overload]
    while process.poll() is None:
        peak = max(peak, sum(resident(pid) for pid in family(process.pid)))
        time.sleep(pause)
    seconds = time.monotonic() - start
    return {"seconds": round(seconds, 2), "peak_mb": round(peak / 1e6, 1), "exit": process.returncode}


def family(pid: int) -> list[int]:
    """Return `pid` and its descendants."""
    members = [pid]
    for member in members:
        try:
            for task in Path(f"/proc/{member}/task").iterdir():
                members += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return members


def resident(pid: int) -> int:
    """Return the resident set of one process in bytes; 0 where it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def print_table(rows: Sequence[dict[str, object]]) -> None:
    """Print dictionaries with the same keys as an aligned table."""
    names = list(rows[0])
    cells = [names] + [[str(row[name]) for name in names] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
