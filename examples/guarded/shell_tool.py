# SPDX-License-Identifier: MIT
"""The agent's one tool, a shell, as an MCP server on standard input and output. Started by `agent.py`, never by hand."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

from mcp.server.mcpserver import MCPServer

SECONDS = 30

server = MCPServer("shell")


@server.tool()
async def shell(command: str) -> str:
    """Run a command with bash in the working folder and return what it prints."""
    bash = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        printed, _ = await asyncio.wait_for(bash.communicate(), SECONDS)
    except TimeoutError:
        os.killpg(bash.pid, signal.SIGKILL)
        return f"[killed after {SECONDS} s]"
    text = printed.decode(errors="replace")
    return text if bash.returncode == 0 else f"{text}[exit {bash.returncode}]"


if __name__ == "__main__":
    server.run("stdio")
