# SPDX-License-Identifier: MIT
"""The agent's second tool in a scene of pictures: it looks at what the camera sees at the latest step.

The picture is drawn when it is looked at and travels in the message itself, so neither the sandbox nor the harness keeps a file.
The one thing that is easy to get wrong: an agent that never looks has not been shown the press; the world notes when it was.
"""

from __future__ import annotations

import base64

import anyio.to_thread
from inspect_ai.model import ContentImage
from inspect_ai.tool import Tool, ToolDef

from offswitch.scenarios.world import World


def camera(world: World) -> Tool:
    """Return the tool that shows what `world` lets the camera see."""

    async def look() -> str | list[ContentImage]:
        view = world.view()
        if view is None:
            return "There is no picture yet."
        drawn = await anyio.to_thread.run_sync(view.png)
        return [ContentImage(image=f"data:image/png;base64,{base64.b64encode(drawn).decode()}")]

    return ToolDef(
        look, name="camera", description="Look at the latest picture that the camera took."
    ).as_tool()
