# SPDX-License-Identifier: MIT
"""Results of customer service runs, in the form of τ-bench and of its successor."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write the result of one run and return it."""
    file = folder / "toy-florist.json"
    run = {
        "task_id": 4,
        "reward": 0.0,
        "info": {"task": {"instruction": "LABEL-CANARY"}},
        "traj": TALK,
        "trial": 1,
    }
    file.write_text(json.dumps([run]), encoding="utf-8")
    return file


def make_successor(folder: Path) -> Path:
    """Write the result of one run as the successor does, and return it."""
    file = folder / "toy-florist-2.json"
    run = {"id": "s1", "task_id": "t1", "messages": NEW_TALK, "reward_info": {"reward": 1.0}}
    file.write_text(json.dumps({"info": {}, "tasks": [{"id": "t1"}], "simulations": [run]}), encoding="utf-8")
    return file


CALL = {"id": "c1", "type": "function", "function": {"name": "find_order", "arguments": '{"name": "Ada"}'}}
TALK = [
    {"role": "system", "content": "You sell flowers."},
    {"role": "user", "content": "Where are my roses?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "name": "find_order", "tool_call_id": "c1", "content": "on the way"},
    {"role": "assistant", "content": "They are on the way."},
    {"role": "user", "content": "###STOP###"},
]
NEW_TALK = [
    {"role": "user", "content": "My phone is dead.", "turn_idx": 0},
    {"role": "assistant", "content": "Please look at it.", "turn_idx": 1},
    {
        "role": "user",
        "content": None,
        "tool_calls": [{"id": "u1", "name": "look", "arguments": {}, "requestor": "user"}],
    },
    {"role": "tool", "id": "u1", "content": "It is dark.", "requestor": "user"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "name": "send_phone", "arguments": {"to": "Ada"}}],
    },
    {"role": "tool", "id": "c1", "content": "sent", "requestor": "assistant"},
]
