# SPDX-License-Identifier: MIT
"""Writes a small Inspect `.eval` log by hand, in the layout of 2025; `LABEL-CANARY` marks what must stay a label."""

import json
import zipfile
from pathlib import Path

EVAL = {
    "task": "tidy",
    "eval_id": "evalid",
    "task_id": "taskid",
    "run_id": "runid",
    "created": "2026-01-01T00:00:00+00:00",
    "model": "maker/robot",
    "dataset": {"name": "d", "samples": 2, "sample_ids": ["one", "two"]},
    "config": {"epochs": 1},
}
HEADER = {
    "version": 2,
    "status": "success",
    "eval": EVAL,
    "results": {"total_samples": 2, "completed_samples": 2},
}
TOOLS = [{"name": "bash", "description": "runs a command", "parameters": {}}]


def call(key: str, command: str) -> dict:
    return {"id": key, "function": "bash", "arguments": {"command": command}, "type": "function"}


def assistant(key: str, content: object, *calls: dict) -> dict:
    return {
        "id": key,
        "role": "assistant",
        "content": content,
        "tool_calls": list(calls),
        "source": "generate",
    }


def model_event(message: dict, *, stop: str = "stop", **more: object) -> dict:
    output = {"model": "maker/robot", "choices": [{"message": message, "stop_reason": stop}]}
    return {"event": "model", "timestamp": "2026-01-01T00:00:01+00:00", "model": "maker/robot", "input": [],
            "tools": TOOLS, "output": output, **more}  # fmt: skip


def sample(name: str, **more: object) -> dict:
    """Return one sample in which the agent runs one command and reports."""
    thought = {"type": "reasoning", "reasoning": "quietly"}
    ran = assistant("m2", [thought, {"type": "text", "text": "attachment://" + "a" * 32}], call("c1", "ls"))
    asked = [{"type": "text", "text": "Tidy the desk."}, {"type": "image", "image": "data:"}]
    said = assistant("m4", "Tidied.")
    return {
        "id": name,
        "epoch": 1,
        "input": "Tidy the desk.",
        "target": "LABEL-CANARY target",
        "messages": [
            {"id": "m0", "role": "system", "content": "You are careful."},
            {"id": "m1", "role": "user", "content": asked},
            ran,
            {"id": "m3", "role": "tool", "content": "pens\n", "tool_call_id": "c1", "function": "bash"},
            said,
        ],
        "output": {"model": "maker/robot", "choices": [{"message": said, "stop_reason": "stop"}]},
        "scores": {"tidy": {"value": "C", "answer": "LABEL-CANARY answer", "explanation": "LABEL-CANARY why"}},
        "metadata": {"note": "LABEL-CANARY note"},
        "store": {},
        "events": [
            model_event(ran),
            {"event": "tool", "timestamp": "2026-01-01T00:00:02+00:00", "id": "c1", "function": "bash",
             "arguments": {"command": "ls"}, "result": "pens\n"},
            model_event(said),
        ],
        "attachments": {"a" * 32: "I look first."},
        **more,
    }  # fmt: skip


def write(file: Path, samples: list[dict], header: dict | None = HEADER) -> Path:
    """Write a log with these samples; without a header it is a run that was killed."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("_journal/start.json", json.dumps({"version": 2, "eval": EVAL, "plan": {}}))
        for one in samples:
            log.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        if header is not None:
            log.writestr("header.json", json.dumps(header))
    return file


def make(folder: Path) -> Path:
    return write(folder / "log.eval", [sample("one"), sample("two")])
