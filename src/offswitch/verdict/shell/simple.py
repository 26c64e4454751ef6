# SPDX-License-Identifier: MIT
"""Run one simple command of a syntax tree: assignments, words, redirections.

The one thing that is easy to get wrong: the grammar cuts some words in two and takes words behind `> file` for more
files; pieces that touch are one word, and only the first word behind `>` is the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.lexing import skip
from offswitch.verdict.shell.parse import Parsed
from offswitch.verdict.shell.programs import is_known, run_program
from offswitch.verdict.shell.redirects import Redirect, apply_redirects, read_redirect
from offswitch.verdict.shell.state import LOADERS, Field, Shell, Value
from offswitch.verdict.shell.words import document_of, fields_of, text_of

_ARRAY = re.compile(r"\s*\((.*)\)\s*\Z", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+?=)", re.DOTALL)
_USED = re.compile(r"\$\{?([A-Za-z_]\w*)")

Span = tuple[int, int]


class SimpleCommands:
    """A text being read, and how its simple commands run; `at` is where the text stands in the whole command."""

    def __init__(self, shell: Shell, parsed: Parsed, at: int) -> None:
        self.shell, self.parsed, self.text, self.at = shell, parsed, parsed.text, at

    def slice(self, node: Node) -> str:
        """Return the text of a node as it was written."""
        return self.text[node.start_byte : node.end_byte]

    def mark(self, start: int, stop: int) -> None:
        """Tell the shell which piece of the command is being run."""
        self.shell.here = (self.at + start, self.at + max(start, stop))

    def simple(self, nodes: list[Node], extra: list[Redirect] | None = None) -> str | None:
        """Run one simple command given by its nodes; `extra` are redirections of what stands around it."""
        shell = self.shell
        shell.budget.spend(steps=1)
        words, redirects = self._parts(nodes)
        redirects += extra or []
        surplus = [(s - self.at, e - self.at) for redirect in redirects for s, e in redirect.surplus]
        # `> f 2>&1`: the grammar may hand us the 2 as a word.
        surplus = [
            (s, e)
            for s, e in surplus
            if not (self.text[s:e].isdigit() and self.text[e : e + 1] in ("<", ">"))
        ]
        spans = merged([*((n.start_byte, n.end_byte) for n in words), *surplus])
        self.mark(nodes[0].start_byte, max(n.end_byte for n in nodes))
        assigned, rest = self._assignments(spans)
        before = shell.stdin
        apply_redirects(shell, [r for r in redirects if not r.writes], None)
        output = self._each(rest, assigned)
        shell.stdin = before
        return apply_redirects(shell, [r for r in redirects if r.writes], output)

    def _parts(self, nodes: list[Node]) -> tuple[list[Node], list[Redirect]]:
        words: list[Node] = []
        redirects: list[Redirect] = []
        for node in nodes:
            for child in node.children if node.type == "command" else [node]:
                if child.type in ("file_redirect", "herestring_redirect"):
                    redirects.append(self.redirect(child))
                elif child.type != "comment":
                    words.append(child)
        return words, redirects

    def redirect(self, node: Node) -> Redirect:
        """Read one redirection from its text; a here-document was shown to the grammar as one."""
        opening = re.compile(r"\d*").match(self.text, node.start_byte)
        start = opening.end() if opening else node.start_byte
        document = self.parsed.documents.get(start)
        if document is None:
            return read_redirect(self.slice(node), self.at + node.start_byte)
        field = Field(document.body)
        if document.expands:
            field = document_of(self.shell, document.body, self.at + document.first)
        surplus = tuple(
            (self.at + s, self.at + e) for s, e in split_words(self.text, document.end, node.end_byte)
        )
        return Redirect("<<", field.text, known=field.certain, document=True, surplus=surplus)

    def _each(self, spans: list[Span], assigned: dict[str, Value]) -> str | None:
        """Run the command for each thing that its variables may hold."""
        shell = self.shell
        raw = self.text[spans[0][0] : spans[-1][1]] if spans else ""
        held = {name: shell.variables[name] for name in _USED.findall(raw) if name in shell.variables}
        unsure = {name: value for name, value in held.items() if value.others}
        certain, shell.certain = shell.certain, shell.certain and not unsure
        try:
            output = self._once(spans, assigned)
            for name, value in unsure.items():
                for other in value.others:
                    shell.variables[name] = Value(other)
                    self._once(spans, assigned)
                    shell.variables[name] = value
            return None if unsure else output
        finally:
            shell.certain = certain

    def _once(self, spans: list[Span], assigned: dict[str, Value]) -> str | None:
        shell = self.shell
        fields = self.fields(spans)
        if not fields:
            for name, value in assigned.items():
                assign(shell, name, value)
            return ""
        kept = {name: shell.variables.get(name) for name in assigned}
        for name, value in assigned.items():
            shell.variables[name] = value
            _note_loader(shell, name, value)
        output = run_program(shell, fields)
        if not fields[0].certain:
            self._as_if_unset(spans)
        for name, old in kept.items():
            if old is None:
                shell.variables.pop(name, None)
            else:
                shell.variables[name] = old
        return output

    def fields(self, spans: list[Span]) -> list[Field]:
        """Expand the words at these places."""
        return [f for s, e in spans for f in fields_of(self.shell, self.text[s:e], self.at + s)]

    def _as_if_unset(self, spans: list[Span]) -> None:
        """Read `r${x}m f` as `rm f` too: a variable that nobody has set is the cheapest disguise."""
        shell = self.shell
        raw = self.text[spans[0][0] : spans[-1][1]]
        if not _USED.search(raw) or "$(" in raw or "`" in raw:
            return  # a second reading would run what is substituted twice
        shell.unset_is_empty = True
        fields = self.fields(spans)
        shell.unset_is_empty = False
        if fields and fields[0].certain and is_known(shell, fields[0].text):
            certain, shell.certain = shell.certain, False
            run_program(shell, fields)
            shell.certain = certain

    def _assignments(self, spans: list[Span]) -> tuple[dict[str, Value], list[Span]]:
        assigned: dict[str, Value] = {}
        for place, (start, stop) in enumerate(spans):
            match = _ASSIGNMENT.match(self.text, start, stop)
            if not match:
                return assigned, spans[place:]
            assigned[match[1]] = self.value(match, stop)
        return assigned, []

    def value(self, match: re.Match[str], stop: int) -> Value:
        """Return what `NAME=…` assigns, arrays included."""
        shell, start = self.shell, match.end()
        old = shell.variables.get(match[1]) if match[3] == "+=" else None
        if _ARRAY.match(self.text, start, stop):
            items = [
                *(old.items or () if old else ()),
                *self.fields(list(split_words(self.text, start + 1, stop - 1))),
            ]
            first = items[0].text if items else ""
            return Value(first, all(item.certain for item in items), tuple(items))
        field = text_of(shell, self.text[start:stop], self.at + start)
        if old:
            field = Field(old.text + field.text, old.certain and field.certain)
        return Value(field.text, field.certain)

    def assignment(self, node: Node) -> str | None:
        """Run `X=…` on its own."""
        self.mark(node.start_byte, node.end_byte)
        for part in node.named_children if node.type == "variable_assignments" else [node]:
            match = _ASSIGNMENT.match(self.text, part.start_byte, part.end_byte)
            if match:
                assign(self.shell, match[1], self.value(match, part.end_byte))
        return ""

    def declaration(self, node: Node) -> str | None:
        """Run `export`, `declare`, `local`, `readonly`: as a command whose words may be assignments."""
        self.mark(node.start_byte, node.end_byte)
        fields: list[Field] = []
        for s, e in merged([(c.start_byte, c.end_byte) for c in node.children]):
            match = _ASSIGNMENT.match(self.text, s, e)
            if match:
                value = self.value(match, e)
                self.shell.variables[match[1]] = value
                fields.append(Field(f"{match[1]}={value.text}", value.certain))
            else:
                fields.extend(fields_of(self.shell, self.text[s:e], self.at + s))
        return run_program(self.shell, fields)


def assign(shell: Shell, name: str, value: Value) -> None:
    """Give a shell variable its value; one given on condition may also be what it was."""
    old = shell.variables.get(name)
    shell.variables[name] = value
    if shell.conditional and old:
        either(shell, name, old)
    _note_loader(shell, name, value)


def _note_loader(shell: Shell, name: str, value: Value) -> None:
    if name in LOADERS:
        shell.does(Verb.DEFINE, name, text=value.text, program="assignment", certain=value.certain)


def either(shell: Shell, name: str, other: Value) -> None:
    """Note that a variable may hold `other` instead."""
    now = shell.variables.get(name)
    if now is None:
        shell.variables[name] = other
        return
    texts = [text for text in (other.text, *other.others) if text != now.text and text not in now.others]
    if texts:
        shell.variables[name] = now._replace(others=(*now.others, *texts)[:4])


def merged(spans: list[Span]) -> list[Span]:
    """Join pieces that stand side by side without a space between them."""
    joined: list[Span] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        elif start < stop:
            joined.append((start, stop))
    return joined


def split_words(text: str, start: int, stop: int) -> Iterator[Span]:
    """Cut a stretch of text into words at blanks and separators outside quotes and brackets."""
    begun: int | None = None
    i = start
    while i < stop:
        if text[i] in " \t\n;|&":
            if begun is not None:
                yield begun, i
                begun = None
            i += 1
            continue
        begun = i if begun is None else begun
        i = skip(text, i, stop)
    if begun is not None:
        yield begun, stop
