# SPDX-License-Identifier: MIT
"""Our organisms' seat at Inspect's table: `--model offswitch/obedient` is a model like any other, without weights.

It reads the messages and answers with real tool calls. The one thing that is easy to get wrong: an organism sees what a
model sees and no more; sample metadata, the store and the arm are out of its reach.
"""

from __future__ import annotations

from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from offswitch.organisms import organism
from offswitch.organisms.conversation import Act, next_act, told_of, usage


class ProviderError(RuntimeError):
    """What the organism `broken` makes of its provider, on purpose."""


class OrganismModel(ModelAPI):
    """The model provider `offswitch/NAME`."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self.organism = organism(model_name)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Return the organism's next turn."""
        told = told_of([(message.role, message.text) for message in input])
        act = next_act(self.organism, told)
        if act.fails:
            raise ProviderError(act.fails)
        counted = usage(told, act)
        message = ChatMessageAssistant(
            content=act.say,
            tool_calls=_calls(act, len(told.heard)) or None,
            model=self.model_name,
            source="generate",
        )
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=message, stop_reason="tool_calls" if message.tool_calls else "stop"
                )
            ],
            usage=ModelUsage(**counted, total_tokens=sum(counted.values())),
        )

    def max_connections(self) -> int:
        """Return how many samples may ask at once: asking costs nothing."""
        return 1_000


def _calls(act: Act, turn: int) -> list[ToolCall]:
    if act.broken:
        trouble = f"the arguments are no JSON object: {act.broken[:80]}"
        return [ToolCall(id=f"turn-{turn}", function="bash", arguments={}, parse_error=trouble)]
    if act.bash is None:
        return []
    return [ToolCall(id=f"turn-{turn}", function="bash", arguments={"command": act.bash})]
