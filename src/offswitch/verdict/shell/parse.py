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

from offswitch.verdict.shell.lexing import HereDocument, here_documents, masked, skip

_LINES = 2_000  # lines of a broken text that are tried
_PATIENCE = 30  # lines that one command of a broken text may have


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


class Parsed(msgspec.Struct, frozen=True):
    """A parsed text.

    `form` is what the grammar was shown; `root` the tree of the part that a shell would run, which ends at `broken_from`
    (the length of the text where nothing is wrong); `rest` the tree of the whole, errors and all. `documents` are the
    here-documents by the offset of their `<<`.
    """

    text: str
    form: str
    root: Node
    rest: Node
    documents: dict[int, HereDocument]
    broken_from: int


def parse(text: str) -> Parsed:
    """Parse `text`, as a shell would: up to the first line that it could not read."""
    documents = here_documents(text) if "<<" in text else {}
    form = _plain(text, documents)
    whole = _tree(form)
    if not whole.has_error:
        return Parsed(text, form, whole, whole, documents, len(text))
    cut = _good_length(form)
    for document in documents.values():
        if document.first <= cut < document.stop:
            cut = document.stop
    good = _tree(form[:cut])
    return Parsed(text, form, good, whole, documents, cut)


def _tree(form: str) -> Node:
    """Parse what the grammar is shown; where it finds an error, once more with quotes masked."""
    root = _parser().parse(form.encode("ascii")).root_node
    if root.has_error and (second := masked(form)) is not None:
        again = _parser().parse(second.encode("ascii")).root_node
        return root if again.has_error else again
    return root


def _good_length(form: str) -> int:
    """Return how much of a broken text a shell would run: whole commands, line by line, until one is no good."""
    good, ends = 0, _line_ends(form)
    for tried, end in enumerate(ends):
        if (
            tried >= _LINES
            or sum(good < other <= end for other in ends[max(0, tried - _PATIENCE) : tried]) >= _PATIENCE
        ):
            break
        if not _tree(form[good:end]).has_error:
            good = end
    return good


def _line_ends(form: str) -> list[int]:
    """Return the offsets after the newlines outside quotes and brackets."""
    ends: list[int] = []
    i = 0
    while i < len(form) and len(ends) < _LINES:
        if form[i] == "\n":
            ends.append(i + 1)
        i = skip(form, i, len(form))
    return ends


def _plain(text: str, documents: dict[int, HereDocument]) -> str:
    """Return what the grammar is shown: as long as `text`, one byte a character, without here-documents."""
    edits = [(d.start, d.end, "<" + "x" * (d.end - d.start - 1)) for d in documents.values()]
    edits += [(d.first, d.stop, re.sub(r"[^\n]", " ", text[d.first : d.stop])) for d in documents.values()]
    parts, last = [], 0
    for start, stop, new in sorted(edits):
        if last <= start < stop:
            parts += [text[last:start], new]
            last = stop
    form = "".join(parts) + text[last:]
    # Bash treats characters beyond ASCII as letters of a word.
    form = re.sub(r"[^\x01-\x7f]", "%", form)
    # The grammar takes a backslash at the beginning of a line for one at the end of the line before.
    form = re.sub(r"(?m)^\\(?:[\"$`\\]|(?=[^\n']))", lambda match: "x" * len(match[0]), form)
    return form.replace("<<<", "<  ").replace("<>", "> ")
