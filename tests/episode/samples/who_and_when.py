# SPDX-License-Identifier: MIT
"""A team's history as Who&When keeps it, with labels on who went wrong and when."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write one history and return it."""
    file = folder / "Teams" / "1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(TEAM, indent=1), encoding="utf-8")
    return file


TEAM = {
    "is_correct": False,
    "question": "How many legs have three spiders?",
    "question_ID": "q-1",
    "ground_truth": "TWENTY-FOUR",
    "history": [
        {
            "role": "assistant",
            "name": "Counter",
            "content": "Your task: How many legs have three spiders? Use code.",
        },
        {"role": "user", "name": "Coder", "content": "We run this.\n```python\nprint(3 * 6)\n```\nand see."},
        {
            "role": "user",
            "name": "Computer_terminal",
            "content": "exitcode: 0 (execution succeeded)\nCode output: 18\n",
        },
        {"role": "user", "name": "Counter", "content": "It is 18."},
        {"role": "user", "name": "Computer_terminal", "content": "There is no code for me to execute."},
        {"role": "user", "name": "Counter", "content": "TERMINATE"},
    ],
    "mistake_agent": "Coder",
    "mistake_step": "1",
    "mistake_reason": "LABEL-CANARY",
    "system_prompt": {"Coder": "You write code."},
}
