# SPDX-License-Identifier: MIT
"""Walk the syntax tree of a shell text as the shell would run it: pipes, lists, branches, loops, functions.

The one thing that is easy to get wrong: where the grammar gives up, the shell may or may not; what follows is unknown,
and what can still be made out in it is recorded as not certain.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from tree_sitter import Node

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.parse import parse
from offswitch.verdict.shell.programs import FILE_TESTS, run_program
from offswitch.verdict.shell.redirects import Redirect, apply_redirects
from offswitch.verdict.shell.simple import SimpleCommands, either, merged, split_words
from offswitch.verdict.shell.state import DEEPEST, LONGEST, Field, Shell, TooDeep, Value
from offswitch.verdict.shell.tail import simple_commands
from offswitch.verdict.shell.words import fields_of, text_of

_TURNS = 16  # times a loop body is read, once a value
_WORDS = ("command_substitution", "process_substitution", "string", "concatenation", "expansion", "word")


def run_text(shell: Shell, text: str, at: int = 0) -> str | None:
    """Read `text`, found at offset `at` of the command, as the shell would run it; return what it prints, if known."""
    if shell.depth >= DEEPEST * 3:
        raise TooDeep
    if len(text) > LONGEST:
        shell.does(Verb.UNKNOWN, text=text[LONGEST:])
        text = text[:LONGEST]
    shell.budget.spend(characters=len(text))
    shell.depth += 1
    try:
        return _Walk(shell, parse(text), at).whole()
    finally:
        shell.depth -= 1


class _Walk(SimpleCommands):
    """One text being read."""

    def whole(self) -> str | None:
        """Run the whole text: a shell reads it line by line, and stops at the first line that is no good."""
        cut = self.parsed.broken_from
        printed = self.statements(self.parsed.root)
        if cut >= len(self.text) or self.shell.ended:
            return printed
        self.mark(cut, len(self.text))
        self.shell.does(Verb.UNKNOWN, text=self.text[cut:])
        shell, certain, guessing = self.shell, self.shell.certain, self.shell.guessing
        shell.certain, shell.guessing = False, True
        try:
            self.statements(self.parsed.rest, since=cut)
        finally:
            shell.certain, shell.guessing = certain, guessing
        return None

    def statements(self, node: Node, *, since: int = 0) -> str | None:
        """Run the statements under `node` in order; return what they print together."""
        printed: str | None = ""
        for child in node.named_children:
            if self.shell.ended:
                break
            if child.type != "comment" and child.start_byte >= since:
                printed = _both(printed, self._guarded(child))
        return printed

    def _guarded(self, node: Node) -> str | None:
        shell = self.shell
        kept = shell.depth, shell.conditional, shell.stdin, shell.place, shell.certain
        try:
            return self.visit(node)
        except TooDeep:
            self.shell = shell
            shell.depth, shell.conditional, shell.stdin, shell.place, shell.certain = kept
            shell.does(Verb.UNKNOWN, text=self.slice(node))
            shell.budget.leave_unread(self.slice(node), self.at + node.start_byte, shell.place)
        return None

    def visit(self, node: Node) -> str | None:
        """Run one statement; return what it prints where that is known."""
        self.shell.depth += 1
        try:
            if self.shell.depth > DEEPEST * 3:
                raise TooDeep
            handler = _VISITS.get(node.type)
            if handler:
                return handler(self, node)
            if node.type in _TRANSPARENT:
                return self.statements(node)
            return self.words_under(node)
        finally:
            self.shell.depth -= 1

    def words_under(self, node: Node) -> str | None:
        """Expand words that are no command, for the commands substituted in them."""
        for child in node.named_children:
            if child.type in _WORDS:
                text_of(self.shell, self.slice(child), self.at + child.start_byte)
            elif child.type != "comment":
                self.visit(child)
        return None

    def command(self, node: Node) -> str | None:
        """Run a simple command."""
        return self.simple([node])

    def redirected(self, node: Node) -> str | None:
        """Run a command or a group with its redirections."""
        body = node.child_by_field_name("body")
        others = [child for child in node.named_children if child != body and child.type != "comment"]
        if body is None or body.type == "command":
            return self.simple([body, *others] if body else others)
        return self.group(body, [self.redirect(child) for child in others])

    def group(self, body: Node, redirects: list[Redirect]) -> str | None:
        """Run a compound command under redirections; those behind a list or pipe belong to its last command."""
        if body.type == "command":
            return self.simple([body], redirects)
        if body.type == "list":
            return self.and_or(body, redirects)
        if body.type == "pipeline":
            return self.pipeline(body, redirects)
        shell = self.shell
        before = shell.stdin
        self.mark(body.start_byte, body.end_byte)
        apply_redirects(shell, [r for r in redirects if not r.writes], None)
        output = self.visit(body)
        shell.stdin = before
        self.mark(body.start_byte, body.end_byte)
        return apply_redirects(shell, [r for r in redirects if r.writes], output)

    def and_or(self, node: Node, redirects: list[Redirect] | None = None) -> str | None:
        """Run `a && b`, `a || b`: the right side only if the left one ends so."""
        printed: str | None = ""
        shell, saved = self.shell, self.shell.conditional
        alternative = False
        parts = _flat(node)
        last = parts[-1]
        for child in parts:
            if child.type in ("&&", "||"):
                shell.conditional, alternative = True, child.type == "||"
            elif child.is_named and child.type != "comment":
                said = self._alternative(child, redirects) if alternative else None
                if not alternative:
                    said = self.group(child, redirects) if redirects and child == last else self.visit(child)
                printed = _both(printed, said)
        shell.conditional = saved
        return printed

    def _alternative(self, node: Node, redirects: list[Redirect] | None) -> str | None:
        # What stands after `||` seldom happens: it must not overwrite what the shell knows.
        outer = self.shell
        self.shell = outer.sub()
        try:
            self.group(node, redirects) if redirects else self.visit(node)
        finally:
            changed, self.shell = self.shell, outer
        for name, value in changed.variables.items():
            either(outer, name, value)
        outer.functions |= {
            name: body for name, body in changed.functions.items() if name not in outer.functions
        }
        return None

    def pipeline(self, node: Node, redirects: list[Redirect] | None = None) -> str | None:
        """Run the parts of a pipe in subshells, each reading what the one before prints."""
        outer = self.shell
        stdin, source = outer.stdin, outer.source
        parts = [child for child in node.named_children if child.type != "comment"]
        for part in parts:
            self.shell = outer.sub()
            self.shell.stdin, self.shell.source = stdin, source
            try:
                last = redirects and part == parts[-1]
                stdin = self.group(part, redirects or []) if last else self.visit(part)
            finally:
                outer.files |= self.shell.files
                self.shell = outer
            source = f"$({self.text[parts[0].start_byte : part.end_byte][:300]})"
        return stdin

    def subshell(self, node: Node) -> str | None:
        """Run a subshell: its variables and folder are forgotten."""
        outer = self.shell
        self.shell = outer.sub()
        try:
            return self.statements(node)
        finally:
            outer.files |= self.shell.files
            self.shell = outer

    def branch(self, node: Node) -> str | None:
        """Run an `if` or `case`: every branch may happen; variables may hold what any of them assigned."""
        shell, saved = self.shell, self.shell.conditional
        printed: str | None = ""
        before = dict(shell.variables)
        ends: list[dict[str, Value]] = []
        for index, child in enumerate(node.children):
            field = node.field_name_for_child(index)
            if not child.is_named or child.type == "comment":
                continue
            if field == "condition":
                self.visit(child)
            elif field == "value":
                text_of(shell, self.slice(child), self.at + child.start_byte)
            else:
                shell.conditional = True
                printed = "" if self.visit(child) == printed == "" else None
                shell.ended = False
                if child.type in ("else_clause", "elif_clause", "case_item"):
                    ends.append(dict(shell.variables))
                    shell.variables.update(before)
        for end in [before, *ends]:
            for name, value in end.items():
                either(shell, name, value)
        shell.conditional = saved
        return printed

    def case_item(self, node: Node) -> str | None:
        """Run the body of one arm of a `case`."""
        printed: str | None = ""
        for index, child in enumerate(node.children):
            if child.is_named and node.field_name_for_child(index) != "value":
                printed = _both(printed, self.visit(child))
        return printed

    def while_loop(self, node: Node) -> str | None:
        """Run `while` and `until`: the body may happen, after `while true` it does; `read` takes a line a turn."""
        shell, saved = self.shell, self.shell.conditional
        body = node.child_by_field_name("body")
        heads = [child for child in node.named_children if child != body and child.type != "comment"]
        always = re.match(r"while\s+(?:true|:|\[\s*1\s*\]|\(\(\s*1\s*\)\))\s*[;\n]", self.slice(node)[:200])
        lines = (shell.stdin or "").splitlines(keepends=True)[:_TURNS] or [""]
        for line in lines:
            if shell.stdin is not None:
                shell.stdin = line
            for head in heads:
                self.visit(head)
            shell.conditional = saved or not always
            if body:
                self.visit(body)
            shell.conditional = saved
            shell.ended = False
        return None

    def for_loop(self, node: Node) -> str | None:
        """Run `for`: the body once for each value that is known."""
        shell, saved = self.shell, self.shell.conditional
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if not variable or not body:
            return self.words_under(node)
        places = [c for i, c in enumerate(node.children) if node.field_name_for_child(i) == "value"]
        values = (
            self.fields(merged([(c.start_byte, c.end_byte) for c in places]))
            if places
            else [*shell.positional]
        )
        name = self.slice(variable)
        printed: str | None = ""
        for value in values[:_TURNS]:
            shell.variables[name] = Value(value.text, value.certain, whole=True)
            printed = _both(printed, self.visit(body))
            shell.conditional, shell.ended = saved, False
        if len(values) > _TURNS:
            shell.variables[name] = Value("", False)
            self.visit(body)
            printed = None
        return printed

    def function(self, node: Node) -> str | None:
        """Remember a function; it shadows a command of its name."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name and body:
            self.mark(node.start_byte, node.end_byte)
            written, text = self.slice(name), self.slice(body)
            self.shell.does(Verb.DEFINE, written, text=text, program="function", language="sh")
            self.shell.functions[written] = (text, self.at + body.start_byte)
        return ""

    def test(self, node: Node) -> str | None:
        """Run `[ … ]` or `[[ … ]]`: it reads the files it asks about."""
        self.mark(node.start_byte, node.end_byte)
        fields = self.fields(list(split_words(self.text, node.start_byte, node.end_byte)))
        for operator, operand in itertools.pairwise(fields):
            if operator.text in FILE_TESTS and operand.text not in ("]", "]]"):
                self.shell.does(
                    Verb.READ, self.shell.path(operand.text), program="test", certain=operand.certain
                )
        return ""

    def error(self, node: Node) -> str | None:
        """Make out simple commands in what the grammar could not read; the caller has said that nothing is certain."""
        form = self.parsed.form
        for start, stop in simple_commands(form, node.start_byte, node.end_byte):
            fields: list[Field] = []
            for s, e in split_words(form, start, stop):
                if form[s] not in "<>":
                    fields.extend(fields_of(self.shell, self.text[s:e], self.at + s))
            self.mark(start, stop)
            run_program(self.shell, fields)
        return None


def _flat(node: Node) -> list[Node]:
    """Return the parts of `a && b || c`, which the grammar nests to the left."""
    parts: list[Node] = []
    while node.type == "list":
        parts += reversed(node.children[1:])
        node = node.children[0]
    return [node, *reversed(parts)]


def _both(first: str | None, second: str | None) -> str | None:
    return None if first is None or second is None else first + second


_TRANSPARENT = ("program", "compound_statement", "do_group", "elif_clause", "else_clause", "negated_command")
_VISITS: dict[str, Callable[[_Walk, Node], str | None]] = {
    "command": _Walk.command,
    "redirected_statement": _Walk.redirected,
    "list": _Walk.and_or,
    "pipeline": _Walk.pipeline,
    "subshell": _Walk.subshell,
    "if_statement": _Walk.branch,
    "case_statement": _Walk.branch,
    "case_item": _Walk.case_item,
    "while_statement": _Walk.while_loop,
    "for_statement": _Walk.for_loop,
    "function_definition": _Walk.function,
    "declaration_command": _Walk.declaration,
    "unset_command": _Walk.declaration,
    "variable_assignment": _Walk.assignment,
    "variable_assignments": _Walk.assignment,
    "test_command": _Walk.test,
    "ERROR": _Walk.error,
}
