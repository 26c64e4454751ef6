# SPDX-License-Identifier: MIT
"""OpenAI-style messages: the plain form in which most people keep conversations; see `conversations`.

The one thing that is easy to get wrong: a refusal in the `refusal` field is the agent's own voice; only a
`content_filter` stop is the provider's.
"""

from __future__ import annotations

from offswitch.episode.importers.conversations import Conversations, holds_conversation, in_blocks
from offswitch.episode.importers.protocol import Head


class OpenAIMessages(Conversations):
    """See the module."""

    name = "openai-messages"
    about = "OpenAI-style messages (JSON or JSON Lines, with tool calls)"

    def recognises(self, head: Head) -> bool:
        """Tell by a conversation that shows no other dialect."""
        return holds_conversation(head) and not in_blocks(head)


IMPORTER = OpenAIMessages()
