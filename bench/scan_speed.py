# SPDX-License-Identifier: MIT
"""How fast a scan is, and what it takes, beside two floors measured in the same run.

Command: python bench/scan_speed.py [DATA] (default: OFFSWITCH_DATA, else ../shared/data)

- `offswitch scan` of everything in DATA, with one worker and with one a core;
- `json.load` of the JSON and JSON Lines files in DATA, in plain Python: no less can be done by reading them;
- `offswitch scan` of the Inspect logs alone, and Inspect Scout running a scanner that does nothing over the same logs
  (one process: several cost it a fixed 45 s).

Each is run `--repeat` times in turn, and the fastest counts: the machine may be busy. Prints a table and one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from watching import print_table, watch

ROOT = Path(__file__).parents[1]
OFFSWITCH = Path(sys.executable).with_name("offswitch")
READ_ALL = """
import json, sys
documents = 0
for name in sys.stdin.read().split("\\0"):
    with open(name, encoding="utf-8") as file:
        if name.endswith(".jsonl"):
            for line in file:
                json.loads(line)
                documents += 1
        else:
            json.load(file)
            documents += 1
print(documents)
"""
EMPTY_SCANNER = """
import sys
from inspect_scout import Result, Scanner, Transcript, scan, scanner, transcripts_from

@scanner(messages="all", events="all")
def nothing() -> Scanner[Transcript]:
    async def look(transcript: Transcript) -> Result:
        return Result(value=None)
    return look

if __name__ == "__main__":
    status = scan([nothing()], transcripts=transcripts_from(sys.argv[1]), scans=sys.argv[2], max_processes=1,
                  display="none")
    sys.exit(0 if status.complete else 1)
"""


def main() -> int:
    """Measure everything in turn, `--repeat` times, and print the fastest of each."""
    options = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        runs = list(measured(options.data, Path(scratch), options.repeat))
    print_table(runs)
    print(json.dumps({"command": f"python bench/scan_speed.py --repeat {options.repeat}", "runs": runs}))
    return 0 if all(run["exit"] in (0, 3) for run in runs) else 1


def arguments() -> argparse.Namespace:
    """Read the command line."""
    default = os.environ.get("OFFSWITCH_DATA", ROOT.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path(default))
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


def measured(data: Path, scratch: Path, repeat: int):
    """Yield one row a contender."""
    files = sorted(file for kind in ("*.json", "*.jsonl") for file in data.rglob(kind))
    logs = scratch / "logs"
    logs.mkdir()
    for log in data.rglob("*.eval"):
        shutil.copy(log, logs)
    (scratch / "names").write_text("\0".join(map(str, files)))
    (scratch / "empty_scanner.py").write_text(EMPTY_SCANNER)
    cores = len(os.sched_getaffinity(0))
    contenders = {
        "json.load, all JSON files": lambda number: read_all(scratch),
        "offswitch scan, all, 1 worker": lambda number: scan(data, scratch / f"one{number}", 1),
        f"offswitch scan, all, {cores} workers": lambda number: scan(data, scratch / f"all{number}", cores),
        "offswitch scan, Inspect logs, 1 worker": lambda number: scan(logs, scratch / f"logs{number}", 1),
        "Inspect Scout, Inspect logs, empty scanner": lambda number: scout(logs, scratch / f"scout{number}"),
    }
    best: dict[str, dict] = {}
    for number in range(repeat):
        for name, run in contenders.items():
            row = {"what": name, **run(number)}
            if name not in best or row["seconds"] < best[name]["seconds"]:
                best[name] = row
    yield from best.values()


def read_all(scratch: Path) -> dict:
    """Parse every JSON document in plain Python."""
    with (scratch / "names").open() as names:
        cost = watch([sys.executable, "-c", READ_ALL], stdin=names)
    return {"episodes": "", "per_s": "", **cost}


def scan(data: Path, out: Path, jobs: int) -> dict:
    """Scan, and count what was read."""
    cost = watch([OFFSWITCH, "scan", data, "--out", out, "--jobs", str(jobs)])
    episodes = json.loads((out / "summary.json").read_text())["total"]["episodes"]
    return {"episodes": episodes, "per_s": round(episodes / cost["seconds"]), **cost}


def scout(logs: Path, out: Path) -> dict:
    """Run Scout in a process of its own."""
    cost = watch([sys.executable, out.parent / "empty_scanner.py", logs, out], cwd=out.parent)
    return {"episodes": "", "per_s": "", **cost}


if __name__ == "__main__":
    sys.exit(main())
