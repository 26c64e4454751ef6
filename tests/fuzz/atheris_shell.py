# SPDX-License-Identifier: MIT
"""Coverage-guided fuzzing of the shell and Python readers, where atheris is installed.

    pip install atheris
    python tests/fuzz/atheris_shell.py -max_total_time=60 -max_len=4096

The readers may find whatever they like in the text, but must not raise, must point into it, and must come back soon.
"""

import sys
import tempfile
import time
import tomllib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["offswitch"]):
    from offswitch.episode.record import Called
    from offswitch.verdict.python_code import python_effects
    from offswitch.verdict.shell import shell_effects
    from offswitch.verdict.toolcalls import effects_of

SECONDS = 5.0
CASES = Path(__file__).parents[1] / "verdict" / "shell_cases.toml"


def read_one(data: bytes) -> None:
    """Read one text with both readers."""
    text = data.decode("utf-8", "surrogateescape")
    begun = time.perf_counter()
    for read in (shell_effects, python_effects):
        for effect in read(text):
            assert 0 <= effect.start <= effect.stop <= len(text), effect
    effects_of(Called(tool="bash", arguments={"command": text}))
    assert time.perf_counter() - begun < SECONDS, "too slow"


def seeds(folder: Path) -> str:
    """Write the table of cases as seeds, one a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, case in enumerate(tomllib.loads(CASES.read_text("utf-8"))["case"]):
        (folder / f"case-{place}").write_text(case["command"], "utf-8")
    return str(folder)


if __name__ == "__main__":
    arguments = (
        sys.argv
        if any(not arg.startswith("-") for arg in sys.argv[1:])
        else [*sys.argv, seeds(Path(tempfile.mkdtemp()))]
    )
    atheris.Setup(arguments, read_one)
    atheris.Fuzz()
