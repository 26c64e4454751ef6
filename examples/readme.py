# SPDX-License-Identifier: MIT
"""Write what our commands print into the README, where a comment names the command.

A block runs from `<!-- made by: COMMAND -->` to `<!-- end -->`. With `--check` nothing is written, and the exit code
says whether each block is what its command prints now.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- made by: (?P<command>.+?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def printed(command: str) -> str:
    """Run one of our commands from the repository's root and return what it prints, as text without colour."""
    program, *words = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        if words[0] == "scan":
            words += ["--out", f"{folder}/out"]
        told = subprocess.run(
            [Path(sys.executable).with_name(program), *words],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
    if not told.stdout:
        raise SystemExit(f"{command}: printed nothing (exit code {told.returncode})\n{told.stderr}")
    return "\n".join(line.rstrip() for line in told.stdout.strip("\n").splitlines())


def filled(text: str) -> str:
    """Return the README's text with every block made again."""
    return BLOCK.sub(
        lambda block: (
            f"{block[1]}\n```text\n$ {block['command']}\n{printed(block['command'])}\n```\n\n{block[4]}"
        ),
        text,
    )


def main(check: bool) -> int:
    """Fill the README, or tell whether it is filled already."""
    text = README.read_text()
    fresh = filled(text)
    if not check:
        README.write_text(fresh)
    elif fresh != text:
        print("README.md shows what the commands no longer print; run `make examples`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv))
