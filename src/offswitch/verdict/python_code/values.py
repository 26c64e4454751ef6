# SPDX-License-Identifier: MIT
"""Values that can be told without running Python: texts, paths, lists, names of things in modules.

The one thing that is easy to get wrong: a text with one unknown piece is still worth having, but is not certain.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import posixpath
from typing import NamedTuple

_LONGEST = 256 * 1024  # characters of a folded text


class Thing(NamedTuple):
    """A value. `kind`: text, number, constant, path, file, list, name (of a thing in a module), object (made by it), unknown.

    `place` is, for a file that is written, the place of its effect in the list of effects.
    """

    kind: str
    text: str = ""
    items: tuple[Thing, ...] = ()
    certain: bool = True
    place: int = -1


UNKNOWN = Thing("unknown", certain=False)


def listed(items: list[Thing]) -> Thing:
    """Return a list of values."""
    return Thing("list", items=tuple(items), certain=all(item.certain for item in items))


def plain_text(thing: Thing) -> str:
    """Return a value as text; lists with blanks between their items."""
    if thing.kind == "list":
        return " ".join(plain_text(item) for item in thing.items[:1000])
    return thing.text


def joined_path(owner: Thing, name: str, args: tuple[Thing, ...] = ()) -> Thing:
    """Return what a path's attribute or method gives: `parent`, `joinpath`, `with_suffix`, `expanduser`."""
    certain = owner.certain and all(arg.certain for arg in args)
    parts = [owner.text, *(plain_text(arg) for arg in args)]
    if name in ("join", "joinpath"):
        return Thing("path", posixpath.join(*[part for part in parts if part] or [""]), certain=certain)
    if name == "parent":
        return Thing("path", posixpath.dirname(owner.text) or ".", certain=certain)
    if name == "name":
        return Thing("text", posixpath.basename(owner.text), certain=certain)
    if name == "stem":
        return Thing("text", posixpath.splitext(posixpath.basename(owner.text))[0], certain=certain)
    if name == "suffix":
        return Thing("text", posixpath.splitext(owner.text)[1], certain=certain)
    if name == "with_suffix" and args:
        return Thing("path", posixpath.splitext(owner.text)[0] + args[0].text, certain=certain)
    if name == "with_name" and args:
        return Thing("path", posixpath.join(posixpath.dirname(owner.text), args[0].text), certain=certain)
    if name in ("expanduser", "resolve", "absolute", "as_posix", "__str__"):
        return owner
    return UNKNOWN


def folded(operation: ast.operator | str, *things: Thing) -> Thing:
    """Apply an operator, a method of a text, or a known function of texts; `UNKNOWN` where it cannot be told."""
    certain = all(thing.certain for thing in things)
    if isinstance(operation, ast.Div) and things[0].kind == "path":
        return joined_path(things[0], "join", things[1:])
    if isinstance(operation, ast.Add):
        return _added(things[0], things[1], certain)
    if isinstance(operation, ast.Mult):
        return _repeated(things[0], things[1])
    if isinstance(operation, str) and things:
        return _method(operation, things, certain)
    return UNKNOWN


def _added(left: Thing, right: Thing, certain: bool) -> Thing:
    if left.kind == right.kind == "list":
        return listed([*left.items, *right.items][:10_000])
    if left.kind in ("text", "path") and right.kind == "text" and len(left.text) + len(right.text) < _LONGEST:
        return Thing("text", left.text + right.text, certain=certain)
    if left.kind == "text" or right.kind == "text":
        return (
            Thing("text", (left.text or "…") + (right.text or "…"), certain=False)
            if _short(left, right)
            else UNKNOWN
        )
    return UNKNOWN


def _short(*things: Thing) -> bool:
    return sum(len(thing.text) for thing in things) < _LONGEST


def _repeated(left: Thing, right: Thing) -> Thing:
    if left.kind == "text" and right.kind == "number" and 0 <= int(right.text) * len(left.text) < _LONGEST:
        return Thing("text", left.text * int(right.text), certain=left.certain)
    return UNKNOWN


def _method(name: str, things: tuple[Thing, ...], certain: bool) -> Thing:
    first, texts = things[0], [thing.text for thing in things]
    if name == "join" and first.kind == "text" and len(things) > 1 and things[1].kind == "list":
        text = first.text.join(plain_text(item) for item in things[1].items)
        return Thing("text", text, certain=certain) if len(text) < _LONGEST else UNKNOWN
    if name == "split" and first.kind == "text":
        pieces = first.text.split(texts[1] if len(texts) > 1 and texts[1] else None)[:1000]
        return listed([Thing("text", piece, certain=certain) for piece in pieces])
    if name == "chr" and first.kind == "number" and 0 <= int(first.text) < 0x110000:
        return Thing("text", chr(int(first.text)), certain=certain)
    if name in ("list", "sorted", "tuple", "set") and first.kind == "list":
        return first
    if first.kind not in ("text", "path"):
        return UNKNOWN
    if name in _SAME:
        return Thing("text", first.text, certain=certain)
    if name in _PLAIN and len(things) == 1:
        return Thing("text", getattr(first.text, name)(), certain=certain)
    if name == "replace" and len(texts) == 3 and all(t.kind == "text" for t in things) and texts[1]:
        made = (
            first.text.replace(texts[1], texts[2])
            if len(texts[2]) * len(first.text) < _LONGEST * 16
            else None
        )
        return Thing("text", made, certain=certain) if made is not None and len(made) < _LONGEST else UNKNOWN
    if name == "format":
        return _formatted(first.text, things[1:], certain)
    return _decoded(name, first.text, certain)


_SAME = frozenset(
    {
        "str", "bytes", "encode", "decode", "os.path.expanduser", "os.path.abspath", "os.path.realpath", "os.path.normpath",
        "os.fspath", "compile", "textwrap.dedent", "os.path.expandvars", "shlex.quote",
    }
)  # fmt: skip
_PLAIN = frozenset({"strip", "lower", "upper", "lstrip", "rstrip", "title", "capitalize", "swapcase"})


def _formatted(form: str, args: tuple[Thing, ...], certain: bool) -> Thing:
    if form.count("{}") != len(args) or form.count("{") != len(args):
        return Thing("text", form, certain=False)
    pieces = form.split("{}")
    text = "".join(piece + (plain_text(args[i]) if i < len(args) else "") for i, piece in enumerate(pieces))
    return Thing("text", text, certain=certain) if len(text) < _LONGEST else UNKNOWN


def _decoded(name: str, text: str, certain: bool) -> Thing:
    try:
        if name in ("base64.b64decode", "base64.standard_b64decode", "base64.decodebytes"):
            return Thing("text", base64.b64decode(text).decode("utf-8", "replace"), certain=certain)
        if name in ("bytes.fromhex", "binascii.unhexlify"):
            return Thing("text", bytes.fromhex(text).decode("utf-8", "replace"), certain=certain)
        if name == "codecs.decode":
            return Thing("text", codecs.decode(text, "rot13"), certain=False)
    except (ValueError, binascii.Error):
        return UNKNOWN
    if name in ("os.path.dirname", "os.path.basename"):
        part = posixpath.dirname(text) if name.endswith("dirname") else posixpath.basename(text)
        return Thing("text", part, certain=certain)
    if name == "shlex.split":
        return listed([Thing("text", piece, certain=certain) for piece in text.split()[:1000]])
    return UNKNOWN


def constant(value: object) -> Thing:
    """Return the value of a literal."""
    if isinstance(value, str):
        return Thing("text", value)
    if isinstance(value, bytes):
        return Thing("text", value.decode("utf-8", "replace"))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return Thing("number", str(value))
    return (
        Thing("constant", str(value)[:100])
        if not isinstance(value, int) or isinstance(value, bool)
        else UNKNOWN
    )
