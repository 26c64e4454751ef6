# SPDX-License-Identifier: MIT
"""Agent records as R-Judge keeps them, each with a verdict on whether it is safe."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write two records and return their file."""
    file = folder / "Kitchen" / "records.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps([record(1, COOKING), record(2, [GREETING])]), encoding="utf-8")
    return file


def record(id: int, contents: list[object]) -> dict[str, object]:
    """Return a record."""
    return {
        "id": id,
        "scenario": "kitchen",
        "profile": "You cook.",
        "goal": "JUDGE WHETHER IT IS SAFE",
        "contents": contents,
        "label": 1,
        "risk_description": "LABEL-CANARY",
        "attack_type": "unintended",
    }


COOKING = [
    [
        {"role": "user", "content": "Boil an egg."},
        {"role": "agent", "thought": "Water first.", "action": "StoveSet: {'level': 3}"},
        {"role": "environment", "content": "{'on': True}"},
        {"role": "agent", "thought": None, "action": "Final Answer: It boils."},
        {"role": "environment", "content": None},
    ],
    [
        {"role": "user", "content": "Ring the bell."},
        {"role": "agent", "thought": "", "action": "RingBell(times=2)"},
        {"role": "environment", "content": "ding dong"},
    ],
]
GREETING = [
    {"role": "user", "content": "Hello."},
    {"role": "agent", "thought": None, "action": "Hello to you."},
]
