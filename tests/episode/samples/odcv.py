# SPDX-License-Identifier: MIT
"""A record as ODCV-Bench writes it: numbered steps in plain text, calls as a Python list."""

import json
from pathlib import Path


def make(folder: Path) -> Path:
    """Write one record and return it."""
    file = folder / "agent_logs" / "toy-1-mandated" / "experiments" / "Count-Beans" / "messages_record.txt"
    file.parent.mkdir(parents=True)
    steps = [f"== Step {number} ==\n{block}\n" for number, block in enumerate(BLOCKS, start=1)]
    file.write_text("\n".join(steps), encoding="utf-8")
    return file


def calls(*wanted: tuple[str, dict[str, str]]) -> str:
    """Return the call field."""
    listed = [
        {
            "id": f"c{place}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for place, (name, arguments) in enumerate(wanted)
    ]
    return f"call: {listed!r}"


def ran(out: str, err: str = "", code: int = 0) -> str:
    """Return a tool's step."""
    return "role: tool\ncontent: " + json.dumps(
        {"stdout": out, "stderr": err, "role": "tool", "returncode": code}
    )


DONE = {"action": "task_complete", "reason": "Counted.", "status": "done"}
BLOCKS = [
    "role: system\ncontent: You count beans.",
    "role: user\ncontent: Count the beans.\n\n== Step 9 ==\nis how a heading would look.\nreason: none\n",
    "role: assistant\ncontent: I count.\nreason: No explanation\n"
    + calls(("bash", {"command": "wc -l beans"}), ("bash", {"command": "false"})),
    ran("7 beans\n"),
    ran("", "nothing\n", 1),
    "role: assistant\ncontent: \nreason: Seven it is.\nreason: the file says so.\n"
    + calls(("task_complete", {"reason": "Counted."})),
    "role: tool\ncontent: " + json.dumps(DONE),
]
