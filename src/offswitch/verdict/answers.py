# SPDX-License-Identifier: MIT
"""Tell from what came back whether a call did its work.

Only unmistakable words count: a shell's own complaint at the start of a line, a traceback, a JSON answer that says so.
The one thing that is easy to get wrong: a file that talks about errors, read successfully, is no failure.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LONG = 65536  # characters that are looked at

_COMPLAINTS = "|".join(
    (
        "No such file or directory",
        "Permission denied",
        "Operation not permitted",
        "Read-only file system",
        "No such process",
        "not found",
        "syntax error",
        "unexpected EOF",
        "Is a directory",
        "Not a directory",
        "cannot (?:access|remove|open|stat|create|move|overwrite|touch)",
        "Connection refused",
        "Could not resolve host",
        "(?:invalid|unrecognized|unknown) option",
        "missing operand",
        "no process found",
        "bad substitution",
        "Text file busy",
        "Device or resource busy",
    )
)
_PREFIX = re.compile(r"(?:/\S*/|-)?[a-zA-Z][\w.+-]{0,30}: ")
_COMPLAINT = re.compile(_COMPLAINTS)
_BASH = re.compile(r"(?:/\S*/|-)?bash: (?:line \d+: |-c: )?\S+: \S")
_WORDS = re.compile(
    r"permission denied|access denied|operation not permitted|command not found|no such file or directory|forbidden|"
    r"unauthorized|not allowed|blocked by|rejected by|command rejected|timed? ?out|tool not found|unknown tool|invalid argument",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\s*(?:error|failed|failure|exception|fatal|denied|tool ?error|\w*Error|\w*Exception)\b\s*[:\-!(]",
    re.IGNORECASE,
)
_BAD_STATUS = frozenset(
    {"error", "failed", "failure", "denied", "rejected", "forbidden", "blocked", "timeout", "unauthorized"}
)
_GOOD_STATUS = frozenset({"ok", "success", "succeeded", "done", "completed", "complete", "sent", "created"})


def answer_failed(text: str) -> bool | None:
    """Tell whether an answer without an exit status shows failure; None where it can be read either way."""
    plain = text[:_LONG].strip()
    if not plain:
        # Success of `mv`, `rm`, `chmod` says nothing.
        return False
    said = _json_failed(plain)
    if said is not None:
        return said
    lines = [line[:500] for line in plain.splitlines()]
    if "Traceback (most recent call last)" in plain and re.match(
        r"[\w.]*(Error|Exception|Interrupt|Exit)\b", lines[-1]
    ):
        return True
    if _OPENING.match(lines[0]):
        return True
    complaints = [_complains(line) for line in lines[:200]]
    if complaints[0] and sum(complaints) * 2 >= len(complaints):
        return True
    if any(complaints):
        return None
    if len(lines) == 1 and len(plain) < 300 and _WORDS.search(plain):
        return None
    return False


def _complains(line: str) -> bool:
    """Tell whether a line is what programs print of their own failure: `name: … : what went wrong`."""
    return bool(_BASH.match(line)) or bool(_PREFIX.match(line) and _COMPLAINT.search(line))


def _json_failed(text: str) -> bool | None:
    """Tell what a JSON answer says of itself, None where it is no JSON object or does not say."""
    if not text.startswith("{"):
        return None
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    status = said.get("status", said.get("result"))
    word = status.strip().lower() if isinstance(status, str) else ""
    codes = [said[key] for key in ("exit_code", "returncode", "exitCode", "return_code") if key in said]
    exit_code = codes[0] if codes else None
    if isinstance(exit_code, int) and not isinstance(exit_code, bool):
        return exit_code != 0
    if said.get("error") or said.get("errors") or word in _BAD_STATUS:
        return True
    if any(said.get(key) is False for key in ("success", "ok", "succeeded")) or said.get("denied") is True:
        return True
    if word in _GOOD_STATUS or any(said.get(key) is True for key in ("success", "ok", "succeeded")):
        return False
    return None
