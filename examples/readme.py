# SPDX-License-Identifier: MIT
"""Write what our commands print into the README and the pages, where a comment names the command.

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
PAGES = (ROOT / "README.md", ROOT / "docs" / "list.md")
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
    """Return a page's text with every block made again."""
    return BLOCK.sub(
        lambda block: (
            f"{block[1]}\n```text\n$ {block['command']}\n{printed(block['command'])}\n```\n\n{block[4]}"
        ),
        text,
    )


def main(check: bool) -> int:
    """Fill the pages, or tell which of them are stale."""
    stale = []
    for page in PAGES:
        text = page.read_text()
        fresh = filled(text)
        if fresh != text:
            stale.append(page.name)
            if not check:
                page.write_text(fresh)
    if check and stale:
        print(
            f"{', '.join(stale)}: the commands print something else now; run `make examples`", file=sys.stderr
        )
    return int(check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv))
