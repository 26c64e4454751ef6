# SPDX-License-Identifier: MIT
"""Anthropic-style conversations: content in blocks, the system prompt beside the messages, a reason for stopping.

Records hold a request (`system`, `messages`, `tools`) and often the final response (`content`, `stop_reason`).
The one thing that is easy to get wrong: tool results are blocks in a message of the *user*; they are no orders.
"""

from __future__ import annotations

from typing import Any

from offswitch.episode.importers.conversations import Conversations, holds_conversation, in_blocks
from offswitch.episode.importers.protocol import Head


class AnthropicMessages(Conversations):
    """See the module."""

    name = "anthropic-messages"
    about = "Anthropic-style messages (JSON or JSON Lines, with content blocks)"

    def recognises(self, head: Head) -> bool:
        """Tell by a conversation in blocks, or with its system prompt beside the messages."""
        return holds_conversation(head) and in_blocks(head)

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
