# SPDX-License-Identifier: MIT
"""Anthropic-style conversations: content in blocks, the system prompt beside the messages, a reason for stopping.

Records hold a request (`system`, `messages`, `tools`) and often the final response (`content`, `stop_reason`).
The one thing that is easy to get wrong: tool results are blocks in a message of the *user*; they are no orders.
"""

from __future__ import annotations

import re
from typing import Any

from offswitch.episode.importers.openai_messages import OpenAIMessages
from offswitch.episode.importers.protocol import Head

_BLOCK = re.compile(
    rb'"type"\s*:\s*"(?:\w{0,40}tool_use|\w{0,40}tool_result|thinking|redacted_thinking)"|"stop_reason"\s*:'
)


class AnthropicMessages(OpenAIMessages):
    """See the module; only recognition and the place of the final response differ from OpenAI's dialect."""

    name = "anthropic-messages"
    about = "Anthropic-style messages (JSON or JSON Lines, with content blocks)"

    def recognises(self, head: Head) -> bool:
        """Tell by a system prompt beside the messages, or by blocks that only this dialect has."""
        if not super().recognises(head):
            return False
        beside = "system" in head.keys and "messages" in head.keys
        return beside or "request.system" in head.inner or bool(_BLOCK.search(head.data))

    def answer(self, record: dict[str, Any]) -> list[Any]:
        """Return the final response: its own object, or `content` beside the messages that it answers."""
        if "messages" in record and isinstance(record.get("content"), list):
            return [
                {"role": "assistant", "content": record["content"], "stop_reason": record.get("stop_reason")}
            ]
        response = record.get("response")
        if isinstance(response, dict) and isinstance(response.get("content"), list | str):
            return [{"role": "assistant", **response}]
        return super().answer(record)


IMPORTER = AnthropicMessages()
