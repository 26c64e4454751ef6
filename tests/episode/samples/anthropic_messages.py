# SPDX-License-Identifier: MIT
"""A request and its final response in Anthropic's dialect."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write one conversation and return its file."""
    file = folder / "talk.json"
    file.write_text(json.dumps(TALK, indent=1), encoding="utf-8")
    return file


TALK = {
    "model": "toy-1",
    "system": [{"type": "text", "text": "You add."}],
    "tools": [{"name": "add", "description": "Add numbers.", "input_schema": {}}],
    "messages": [
        {"role": "user", "content": "1 + 2?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Easy.", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "I add."},
                {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1, "b": 2}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "3"}],
                    "is_error": False,
                },
                {"type": "text", "text": "And?"},
            ],
        },
    ],
    "response": {"role": "assistant", "content": [{"type": "text", "text": "3"}], "stop_reason": "end_turn"},
}
