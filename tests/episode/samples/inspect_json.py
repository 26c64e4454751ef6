# SPDX-License-Identifier: MIT
"""Writes a small Inspect log in the JSON format."""

import importlib.util
import json
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "inspect_eval_sample", Path(__file__).with_name("inspect_eval.py")
)
inspect_eval = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(inspect_eval)


def make(folder: Path) -> Path:
    file = folder / "log.json"
    samples = [inspect_eval.sample("one"), inspect_eval.sample("two")]
    file.write_text(json.dumps({**inspect_eval.HEADER, "samples": samples}))
    return file
