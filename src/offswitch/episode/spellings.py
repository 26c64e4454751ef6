# SPDX-License-Identifier: MIT
"""How models spell tool calls in text: one reader for each spelling. For `textcalls`, which decides what counts.

Hermes and Qwen (`<tool_call>{json}`), GLM (`<arg_key>`), Llama (`<function=n>`, bare JSON), blocks of `<invoke>`,
Mistral (`[TOOL_CALLS]`), fences, ReAct (`Action:`), and a Python-like call of a tool on offer.
The one thing that is easy to get wrong: the text is hostile. Every search goes forward once (`Search` remembers what
it found and what is not there), and what is parsed is paid for, so time grows with length, never faster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from offswitch.episode.errors import EpisodeError
from offswitch.episode.strictjson import loads

NAME_KEYS = ("name", "tool", "tool_name", "function", "recipient_name", "action", "api")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "kwargs", "params")
LONGEST_PYTHON = 100_000
_NAME = re.compile(r"[A-Za-z_][\w.\-/:]{0,127}\Z")
OPENER = re.compile(
    r"<tool_calls?>|<\|tool_calls?\|?>|<function_calls?>|<(?:antml:)?invoke\s|<function=|\[TOOL_CALLS\]|<\|python_tag\|>"
    r"|^[ \t]*```|^[ \t]*(?:\*\*)?Action:|^[ \t]*[A-Za-z_]\w{0,127}\(",
    re.MULTILINE,
)
_TAG = re.compile(r"<(?:antml:)?invoke\s|<function=")
_NEXT_VALUE = re.compile(r"</arg_value>\s*<arg_value>")
_INVOKED = ("</invoke>", "</" + "antml:invoke>")
_CLOSERS = (
    "</tool_call>",
    "</tool_calls>",
    "</function_call>",
    "</function_calls>",
    "<|/tool_call|>",
    "<|/tool_call>",
)
_FENCE_LABELS = {
    "",
    "json",
    "tool",
    "tools",
    "tool_call",
    "tool_calls",
    "tool_code",
    "tool_use",
    "function_call",
    "xml",
}
_NO_ACTION = {"", "none", "n/a", "finish", "final answer", "final_answer"}
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?\Z")


class Call(msgspec.Struct, frozen=True):
    """A call spelled in text; `raw` holds arguments that could not be read. `sure`: the markup has no other use."""

    tool: str
    arguments: dict[str, Any] = {}
    raw: str = ""
    spelled: str = ""
    sure: bool = True


class Search:
    """Forward searches in one text that never look twice for what is not there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: dict[str, tuple[int, int]] = {}  # sign -> (looked from, found at)
        self.left = 2 * len(text)  # Characters that may still be parsed as Python.

    def afford(self, length: int) -> bool:
        """Tell whether `length` characters may be parsed, and pay for them."""
        self.left -= length
        return self.left >= 0

    def find(self, sign: str, at: int) -> int:
        """Return where `sign` is next found from `at` on, -1 where it is not."""
        begun, found = self.seen.get(sign, (len(self.text) + 1, -1))
        if begun <= at and (found < 0 or at <= found):
            return found
        found = self.text.find(sign, at)
        self.seen[sign] = (at, found)
        return found

    def nearest(self, signs: Iterable[str], at: int) -> tuple[int, int]:
        """Return (start, end) of the first of `signs` from `at` on; the end of the text, twice, where none is."""
        found = [(start, start + len(sign)) for sign in signs if (start := self.find(sign, at)) >= 0]
        return min(found, default=(len(self.text), len(self.text)))


def read_at(search: Search, match: re.Match[str], offered: frozenset[str]) -> tuple[list[Call], int]:
    """Read what begins with the opener `match`: (calls, where it ends); no calls where it is text after all."""
    sign = match.group().strip()
    if sign.startswith("```"):
        return _fenced(search, match.end(), offered)
    if sign.endswith("Action:"):
        return _react(search, match.end())
    if sign.endswith("("):
        return _bare(search, match, offered)
    if sign == "[TOOL_CALLS]":
        return _mistral(search, match.end())
    if "invoke" in sign:
        return _tagged(search, match.start(), match.end(), _INVOKED)
    if sign.startswith("<function="):
        return _tagged(search, match.start(), match.end(), ("</function>",))
    if sign == "<|python_tag|>":
        start, end = search.nearest(("<|eom_id|>", "<|eot_id|>"), match.end())
        return _calls_in(search.text[match.end() : start]), end
    start, end = search.nearest(_CLOSERS, match.end())
    if start == len(search.text):  # Models cut off the closing tag; then the next opener ends the call.
        start, end = search.nearest((sign,), match.end())
        end = start
    return _calls_in(search.text[match.end() : start]), end


def _calls_in(body: str) -> list[Call]:
    """Read the calls between a pair of tags, in whichever of the usual spellings they are."""
    body = body.strip()
    if body.startswith("```") and body.endswith("```"):
        body = body[3:-3].partition("\n")[2].strip()
    if body[:1] in ("{", "["):
        return _json_calls(body)
    if "<arg_key>" in body:
        return _glm(body)
    if body.startswith("<name>"):
        return _named(body)
    if "<function=" in body or "invoke" in body[:40]:
        return _tags_in(body)
    if "\n" not in body and _NAME.match(body):
        return [Call(body)]
    call = python_call(body)
    if call:
        return [call]
    name, _, rest = body.partition("\n")  # A name on its own line, then JSON.
    if not _NAME.match(name.strip()) or rest.strip()[:1] != "{":
        return []
    return [Call(name.strip(), *arguments_of(rest.strip()))]


def _tags_in(body: str) -> list[Call]:
    """Read the `<invoke name=...>` and `<function=...>` blocks of a group."""
    search, calls, at = Search(body), [], 0
    while match := _TAG.search(body, at):
        closers = ("</function>",) if "=" in match.group() else _INVOKED
        found, at = _tagged(search, match.start(), match.end(), closers)
        calls += found
    return calls


def _json_calls(text: str) -> list[Call]:
    value = _json(text)
    if value is None and "\n" in text:  # One object a line.
        value = [_json(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    calls = [call_in(item) for item in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call] if all(calls) else []


def _glm(body: str) -> list[Call]:
    """Read `name<arg_key>k</arg_key><arg_value>v</arg_value>...`; values may hold anything but the closing tag."""
    name, *pairs = body.split("<arg_key>")
    if not _NAME.match(name.strip()):
        return []
    arguments = {}
    for pair in pairs:
        key, _, rest = pair.partition("</arg_key>")
        value = rest.partition("<arg_value>")[2]
        value = value.rpartition("</arg_value>")[0] if "</arg_value>" in value else value
        first, *more = _NEXT_VALUE.split(value)  # A value whose key was forgotten.
        arguments[key.strip()] = _value(first)
        arguments |= {
            f"argument{len(arguments) + place}": _value(item) for place, item in enumerate(more, start=1)
        }
    return [Call(name.strip(), arguments)]


def _named(body: str) -> list[Call]:
    """Read `<name>n</name><arguments>{...}</arguments>`."""
    name, _, rest = body.removeprefix("<name>").partition("</name>")
    inner = rest.partition(">")[2].rpartition("</")[0].strip()
    return [Call(name.strip(), *arguments_of(inner))] if _NAME.match(name.strip()) else []


def _tagged(search: Search, opened: int, at: int, closers: tuple[str, ...]) -> tuple[list[Call], int]:
    """Read `<invoke name="n"> <parameter name="k">v</parameter> ...` and `<function=n> <parameter=k>v ...`."""
    start, end = search.nearest(closers, at)
    head, _, body = search.text[opened:start].partition(">")
    name = _attribute(head)
    if not _NAME.match(name):
        return [], end
    after = re.compile(r"\s*</(?:antml:)?(?:function_calls|tool_call)>").match(search.text, end)
    end = after.end() if after else end
    if "parameter" not in body:
        return [Call(name, *arguments_of(body.strip()))], end
    arguments = {}
    for piece in re.split(r"<(?:antml:)?parameter(?=[\s=])", body)[1:]:
        label, _, value = piece.partition(">")
        value = re.split(r"</(?:antml:)?parameter>", value)[0]
        arguments[_attribute(label)] = _value(value.removeprefix("\n").removesuffix("\n"))
    return [Call(name, arguments)], end


def _attribute(tag: str) -> str:
    """Return the name in `invoke name="n"`, `parameter name=n string="true"` or `function=n`."""
    value = tag.partition("=")[2].strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return value.split(maxsplit=1)[0] if value else ""


def _fenced(search: Search, at: int, offered: frozenset[str]) -> tuple[list[Call], int]:
    line_end = search.find("\n", at)
    if line_end < 0:
        return [], len(search.text)
    label = search.text[at:line_end].strip().lower()
    start, end = search.nearest(("\n```",), line_end)
    body = search.text[line_end:start].strip()
    if label in _FENCE_LABELS and body:
        if body[0] in "{[":
            sure = label.startswith(("tool", "function"))
            return [msgspec.structs.replace(call, sure=sure) for call in _json_calls(body)], end
        if body[0] == "<" and label != "":
            return _tags_in(body), end
    call = python_call(body) if label.startswith("tool") or body.partition("(")[0] in offered else None
    if not call or not (call.tool in offered or label.startswith("tool")):
        return [], end if start < len(search.text) else at  # A fence that is never closed hides nothing.
    return [msgspec.structs.replace(call, sure=label.startswith("tool"))], end


def _react(search: Search, at: int) -> tuple[list[Call], int]:
    """Read `Action: n` / `Action Input: v`, or `Action: n[v]`; the input ends before the next heading."""
    line_end = search.nearest(("\n",), at)[0]
    name = search.text[at:line_end].strip().strip("*`").strip()
    follows = re.compile(r"\s*(?:\*\*)?Action Input:(?:\*\*)?").match(search.text, line_end)
    if not follows:
        name, bracket, inner = name.partition("[")
        square = bool(bracket) and inner.endswith("]") and bool(_NAME.match(name))
        if not square or name.lower() in _NO_ACTION:
            return [], line_end
        return [Call(name, {"input": inner[:-1]}, sure=False)], line_end
    signs = ("\nObservation", "\nThought:", "\nAction:", "\nFinal Answer:", "\n**Observation", "\n**Thought")
    end = search.nearest(signs, follows.end())[0]
    given = search.text[follows.end() : end].strip().strip("`").strip().removeprefix("json\n")
    if name.lower() in _NO_ACTION or not _NAME.match(name):
        return [], end
    arguments, raw = arguments_of(given)
    return [Call(name, arguments if not raw else {"input": given}, sure=False)], end


def _mistral(search: Search, at: int) -> tuple[list[Call], int]:
    """Read `[TOOL_CALLS][{...}]` and `[TOOL_CALLS]name[ARGS]{...}`."""
    end = search.nearest(("[TOOL_CALLS]", "</s>"), at)[0]
    body = search.text[at:end].strip()
    if body[:1] in ("[", "{"):
        calls = _json_calls(body)
        cut = body.rfind("]") + 1
        return calls or (_json_calls(body[:cut]) if cut else []), end
    name, _, rest = body.partition("{")
    name = name.split("[")[0].strip()
    return ([Call(name, *arguments_of("{" + rest))] if _NAME.match(name) else []), end


def _bare(search: Search, match: re.Match[str], offered: frozenset[str]) -> tuple[list[Call], int]:
    """Read a call that stands alone on its line, or begins one and ends a later one within a blank line's reach."""
    line_end = search.nearest(("\n",), match.end())[0]
    if match.group().strip()[:-1] not in offered:
        return [], match.end()
    block_end = search.nearest(("\n\n",), match.end())[0]
    for end in dict.fromkeys((line_end, block_end)):
        if search.text[max(match.end(), end - 80) : end].rstrip().endswith(")") and search.afford(
            end - match.start()
        ):
            call = python_call(search.text[match.start() : end])
            if call:
                return [msgspec.structs.replace(call, sure=False)], end
    return [], line_end


def whole(text: str) -> list[Call]:
    """Read a message that is nothing but JSON calls, as Llama writes them."""
    body = text.strip()
    return _json_calls(body) if body[:1] in ("{", "[") and body[-1:] in ("}", "]") and '"' in body else []


def _value(text: str) -> Any:
    """Return what a parameter holds: JSON where it is an object, list, number or constant, else the text as it is."""
    body = text.strip()
    if body[:1] in ("{", "[") or body in ("true", "false", "null") or _NUMBER.match(body):
        value = _json(body)
        return text if value is None and body != "null" else value
    return text


def _json(text: str) -> Any:
    try:
        return loads(text)
    except EpisodeError:
        return None


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal; other expressions as their source, for nothing is ever evaluated."""
    try:
        value = ast.literal_eval(node)
        msgspec.json.encode(value)
    except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        return ast.unparse(node)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else ast.unparse(node)


def python_call(text: str) -> Call | None:
    """Read one Python-like call `name(a="b")`; None where it is anything else. Never runs anything."""
    if len(text) > LONGEST_PYTHON:
        return None
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call):
            return None
        name = ast.unparse(node.func)
        arguments = {f"argument{place}": _literal(value) for place, value in enumerate(node.args, start=1)}
        arguments |= {word.arg or "**": _literal(word.value) for word in node.keywords}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Call(name, arguments) if _NAME.match(name) else None


def python_value(text: str) -> Any:
    """Return the value of a Python literal as JSON knows it; raise `ValueError` where it is none."""
    try:
        return msgspec.json.decode(msgspec.json.encode(ast.literal_eval(text.strip())))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a Python literal: {type(error).__name__}") from None


def call_in(value: Any) -> Call | None:
    """Read a call from a JSON object that names a tool and its arguments; None where it is no such object."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        return call_in(value["function"])
    name = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    key = next((key for key in ARGUMENT_KEYS if key in value), None)
    if name is None or not _NAME.match(name.strip()) or (key is None and set(value) - {"name", "id", "type"}):
        return None
    arguments, raw = arguments_of(value.get(key) if key else None)
    return Call(name.strip(), arguments, raw)


def arguments_of(value: Any) -> tuple[dict[str, Any], str]:
    """Return (arguments, raw) of what a log holds as a call's arguments: an object, JSON text, or neither."""
    for _ in range(2):  # Some logs encode the encoded text once more.
        if value is None or value == "":
            return {}, ""
        if isinstance(value, dict):
            return value, ""
        if not isinstance(value, str):
            break
        text, value = value, _json(value)
        if not isinstance(value, dict | str):
            return {}, text
    return {}, value if isinstance(value, str) else msgspec.json.encode(value).decode()
