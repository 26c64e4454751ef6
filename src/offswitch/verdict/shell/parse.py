# SPDX-License-Identifier: MIT
"""Parse a shell text with tree-sitter-bash, after taking out what the grammar is known to lose its way in.

Here-documents become plain redirections (`<xxx`) of the same length and their bodies blanks; a text that still will
not parse is tried once more with everything quoted turned into plain words. All offsets stay those of the text.
The one thing that is easy to get wrong: a shell reads line by line, so an error hides what follows it, not what came before.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from offswitch.verdict.shell.lexing import HereDocument, here_documents, masked


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


class Parsed(msgspec.Struct, frozen=True):
    """A parsed text: its tree, its here-documents by the offset of their `<<`, and from where on a shell would refuse it."""

    text: str
    root: Node
    documents: dict[int, HereDocument]
    broken_from: int


def parse(text: str) -> Parsed:
    """Parse `text`; `broken_from` is its length where nothing is wrong with it."""
    documents = here_documents(text) if "<<" in text else {}
    form = _plain(text, documents)
    root = _parser().parse(form.encode("ascii")).root_node
    if root.has_error and (second := masked(form)) is not None:
        again = _parser().parse(second.encode("ascii")).root_node
        root = root if again.has_error else again
    return Parsed(text, root, documents, _broken_from(root, text))


def _plain(text: str, documents: dict[int, HereDocument]) -> str:
    """Return what the grammar is shown: as long as `text`, one byte a character, without here-documents."""
    parts, last = [], 0
    for document in documents.values():
        if document.start < last:
            continue
        parts.append(text[last : document.start])
        parts.append("<" + "x" * (document.end - document.start - 1))
        last = document.end
        body_stop = min(document.stop, len(text))
        if document.first <= body_stop:
            parts.append(text[last : document.first])
            parts.append(re.sub(r"[^\n]", " ", text[document.first : body_stop]))
            last = body_stop
    form = "".join(parts) + text[last:]
    # Bash treats characters beyond ASCII as letters of a word.
    form = re.sub(r"[^\x01-\x7f]", "%", form)
    return form.replace("<<<", "<  ").replace("<>", "> ")


def _broken_from(root: Node, text: str) -> int:
    """Return the offset from which a shell would run nothing: the first line with an error, or its statement's."""
    if not root.has_error:
        return len(text)
    bad = next((child for child in root.children if child.has_error or child.is_missing), None)
    if bad is None or root.type == "ERROR":
        return 0 if bad is None else _line_start(root, text, bad.start_byte)
    return _line_start(root, text, bad.start_byte)


def _line_start(root: Node, text: str, offset: int) -> int:
    cut = text.rfind("\n", 0, offset) + 1
    for child in root.children:
        if child.start_byte < cut < child.end_byte:
            cut = text.rfind("\n", 0, child.start_byte) + 1
    return cut
