# SPDX-License-Identifier: MIT
"""Conversations in OpenAI's dialect, one a line, with labels beside them."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write two conversations and return their file."""
    file = folder / "chats.jsonl"
    rows = [
        {"id": place, "model": "toy-1", "messages": TALK, "tools": TOOLS, "did_lie": "LABEL-CANARY"}
        for place in (1, 2)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


TOOLS = [{"type": "function", "function": {"name": "add", "description": "Add numbers.", "parameters": {}}}]
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}
TALK = [
    {"role": "developer", "content": "You add."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "1 + 2?"}, {"type": "image_url", "image_url": {"url": "x"}}],
    },
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "3"},
    {"role": "assistant", "content": "3"},
]
