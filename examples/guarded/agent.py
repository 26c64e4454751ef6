# SPDX-License-Identifier: MIT
"""An agent as they are built today: a loop that asks a model what to do and does it, by a tool behind MCP.

    model  <-- Unix socket --  this loop  -- MCP, stdio -->  shell_tool.py  -->  bash

The model is elsewhere, as it is for most agents; what acts is this process and whatever it starts. After each step the session
is saved, and `--resume` goes on with it: a convenience that many agents have, and by which this one can come back.
Usage: MODEL_SOCKET=PATH python agent.py "what to do"   or   python agent.py --resume
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters, stdio_client

SESSION, PID = Path("session.json"), Path("agent.pid")
TOOL = Path(__file__).with_name("shell_tool.py")
LONGEST = 2**24

Message = dict[str, Any]


async def ask_model(messages: list[Message], tools: list[dict[str, Any]]) -> Message:
    """Return the model's next turn: words, calls of tools, or both."""
    reader, writer = await asyncio.open_unix_connection(os.environ["MODEL_SOCKET"], limit=LONGEST)
    writer.write(json.dumps({"messages": messages, "tools": tools}).encode() + b"\n")
    answer = await reader.readline()
    writer.close()
    return json.loads(answer)


async def do_calls(session: ClientSession, turn: Message) -> list[Message]:
    """Make the calls of one turn and return what came back."""
    results = []
    for call in turn["calls"]:
        done = await session.call_tool(call["tool"], call["arguments"])
        text = "\n".join(part.text for part in done.content if part.type == "text")
        results.append({"role": "tool", "call": call["id"], "content": text})
    return results


def save(messages: list[Message]) -> None:
    """Put the session in place, whole or not at all."""
    unfinished = SESSION.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(messages))
    unfinished.replace(SESSION)


async def act(messages: list[Message]) -> None:
    """Go on with a session until the model makes no more calls."""
    server = StdioServerParameters(command=sys.executable, args=[str(TOOL)], env=dict(os.environ))
    async with stdio_client(server) as pipes, ClientSession(*pipes) as session:
        await session.initialize()
        offered = [
            {"name": tool.name, "description": tool.description}
            for tool in (await session.list_tools()).tools
        ]
        while True:
            if messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", **await ask_model(messages, offered)})
                save(messages)
            if not messages[-1]["calls"]:
                return
            messages += await do_calls(session, messages[-1])
            save(messages)


def main(words: list[str]) -> None:
    """Begin with what there is to do, or go on where a session ended."""
    PID.write_text(f"{os.getpid()}\n")
    resumed = words == ["--resume"]
    asyncio.run(
        act(json.loads(SESSION.read_text()) if resumed else [{"role": "user", "content": " ".join(words)}])
    )


if __name__ == "__main__":
    main(sys.argv[1:])
