# SPDX-License-Identifier: MIT
"""Tool calls that a model spelled out in its text instead of using the tool interface. For importers.

Models write calls in many ways, and whether anything ran does not show in the spelling. So a spelled call counts
only where something answers it, or where its name is that of a tool on offer; all else stays text.
The one thing that is easy to get wrong: the text is hostile. Every search here goes forward once (`str.find` on
segments that do not overlap, closers looked for only where one is left), so time grows with length, never faster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from offswitch.episode.errors import EpisodeError
from offswitch.episode.record import Called, Event, Returned, Said, Spelling, Who
from offswitch.episode.strictjson import loads

NAME_KEYS = ("name", "tool", "tool_name", "function", "recipient_name", "action", "api")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "kwargs", "params")
LONGEST_PYTHON = 100_000
MOST_FAILURES = 50  # Openers that open nothing; beyond them the reader goes on behind where they end.
_NAME = re.compile(r"[A-Za-z_][\w.\-/:]{0,127}\Z")
_OPENER = re.compile(
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
_RESPONSE = re.compile(
    r"\s*(?:<(tool_response|tool_result|function_results|function_result|observation|tool_output|output|result)s?\b[^>\n]{0,200}>"
    r"|\[TOOL_RESULTS?\]|(?:Observation|OBSERVATION|Tool (?:result|response|output)|Function (?:result|response)"
    r"|Result of [^\n:]{1,80}|exitcode)\s*:|\[(?:Tool|Function) (?:result|response|output)\b)",
    re.IGNORECASE,
)


class Text(msgspec.Struct, frozen=True):
    """A stretch of text that is no call."""

    text: str


class Call(msgspec.Struct, frozen=True):
    """A call spelled in text; `raw` holds arguments that could not be read. `sure`: the markup has no other use."""

    tool: str
    arguments: dict[str, Any] = {}
    raw: str = ""
    spelled: str = ""
    sure: bool = True


def split_calls(text: str, offered: Collection[str] = ()) -> list[Text | Call]:
    """Split `text` into what was said and what was called, in order; one `Text` where nothing is called.

    A bare Python-like call is one only when its name is in `offered`. Joining `Text.text` and `Call.spelled` gives
    the text back, except that the spelling of several calls in one block is kept with the first of them.
    """
    whole = _whole(text)
    if whole:
        return [msgspec.structs.replace(whole[0], spelled=text), *whole[1:]]
    pieces: list[Text | Call] = []
    done = at = failures = 0
    search = _Search(text)
    while match := _OPENER.search(text, at):
        start = match.start()
        calls, end = _read(search, match, frozenset(offered))
        if calls:
            if start > done:
                pieces.append(Text(text[done:start]))
            pieces += [msgspec.structs.replace(calls[0], spelled=text[start:end]), *calls[1:]]
            at = done = end
        else:
            failures += 1
            fence = "```" in match.group()  # What is shown in a fence is not looked into.
            at = max(end, match.end()) if fence or failures > MOST_FAILURES else match.end()
    if done < len(text):
        pieces.append(Text(text[done:]))
    return pieces


def with_spelled_calls(events: Iterable[Event], offered: Iterable[str] = ()) -> tuple[Event, ...]:
    """Turn the calls that the agent spelled out in `events` into `Called`, and their answers into `Returned`.

    A message that also calls through the tool interface has spelled nothing out: its text only repeats the call.
    """
    before = list(events)
    names = frozenset(offered) | {event.tool for event in before if isinstance(event, Called)}
    after: list[Event] = []
    skip = False
    for index, event in enumerate(before):
        if skip:
            skip = False
            continue
        if not (isinstance(event, Said) and event.who is Who.AGENT and not event.private):
            after.append(event)
            continue
        answer = before[index + 1] if index + 1 < len(before) else None
        responses = (
            responses_in(answer.text) if isinstance(answer, Said) and answer.who is not Who.AGENT else []
        )
        answered = bool(responses) or isinstance(answer, Returned)
        pieces = [Text(event.text)] if isinstance(answer, Called) else _accepted(event.text, names, answered)
        after += _events(event, pieces)
        if responses and any(isinstance(piece, Call) for piece in pieces):
            after += [Returned(text=text, time=event.time) for text in responses]
            skip = True
    return tuple(after)


def responses_in(text: str) -> list[str]:
    """Return the tool answers that a message consists of, [] where it is not shaped like tool answers."""
    match = _RESPONSE.match(text)
    if not match:
        return []
    tag = match.group(1)
    if not tag:
        return [text.strip()]
    blocks = re.split(rf"</?{re.escape(tag)}s?\b[^>\n]{{0,200}}>", text, flags=re.IGNORECASE)
    return [block.strip() for block in blocks if block.strip()] or [""]


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


def _accepted(text: str, names: frozenset[str], answered: bool) -> list[Text | Call]:
    pieces = split_calls(text, names)
    known = all(piece.sure and piece.tool in names for piece in pieces if isinstance(piece, Call))
    return pieces if answered or known else [Text(text)]


def _events(said: Said, pieces: Iterable[Text | Call]) -> Iterator[Event]:
    for piece in pieces:
        if isinstance(piece, Call):
            yield Called(
                tool=piece.tool,
                arguments=piece.arguments,
                raw=piece.raw,
                name=said.name,
                spelling=Spelling.TEXT,
                time=said.time,
            )
        elif piece.text.strip():
            yield msgspec.structs.replace(
                said, text=piece.text.strip() if piece.text != said.text else said.text
            )


class _Search:
    """Forward searches in one text that never look twice for what is not there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: dict[str, tuple[int, int]] = {}  # sign -> (looked from, found at)

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


def _read(search: _Search, match: re.Match[str], offered: frozenset[str]) -> tuple[list[Call], int]:
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
    search, calls, at = _Search(body), [], 0
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


def _tagged(search: _Search, opened: int, at: int, closers: tuple[str, ...]) -> tuple[list[Call], int]:
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


def _fenced(search: _Search, at: int, offered: frozenset[str]) -> tuple[list[Call], int]:
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
        return [], end
    return [msgspec.structs.replace(call, sure=label.startswith("tool"))], end


def _react(search: _Search, at: int) -> tuple[list[Call], int]:
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


def _mistral(search: _Search, at: int) -> tuple[list[Call], int]:
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


def _bare(search: _Search, match: re.Match[str], offered: frozenset[str]) -> tuple[list[Call], int]:
    """Read a call that stands alone on its line, or begins one and ends a later one within a blank line's reach."""
    line_end = search.nearest(("\n",), match.end())[0]
    if match.group().strip()[:-1] not in offered:
        return [], match.end()
    line = search.text[match.start() : line_end].strip()
    block_end = search.nearest(("\n\n",), match.end())[0]
    for text, end in ((line, line_end), (search.text[match.start() : block_end].strip(), block_end)):
        if text.endswith(")") and (call := python_call(text)):
            return [msgspec.structs.replace(call, sure=False)], end
    return [], line_end


def _whole(text: str) -> list[Call]:
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


_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?\Z")


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
