# SPDX-License-Identifier: MIT
"""Walk the syntax tree of a shell text as the shell would run it: pipes, lists, branches, loops, functions, redirections.

Parsed with tree-sitter-bash. The one thing that is easy to get wrong: where the grammar gives up, the shell may or may
not; what follows is read as simple commands, none of it certain, and marked as unknown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.programs import run_program
from offswitch.verdict.shell.redirects import Redirect, apply_redirects, read_redirect
from offswitch.verdict.shell.state import DEEPEST, LOADERS, LONGEST, Field, Shell, TooDeep, Value
from offswitch.verdict.shell.words import document_of, fields_of, skip, text_of

_TURNS = 16  # times a loop body is read, once a value
_ARRAY = re.compile(r"\s*\((.*)\)\s*\Z", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+?=)", re.DOTALL)
_FILE_TESTS = frozenset({"-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-p", "-r", "-s", "-t", "-u", "-w", "-x", "-G", "-L", "-N", "-O", "-S", "-ef", "-nt", "-ot"})  # fmt: skip


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def run_text(shell: Shell, text: str, at: int = 0) -> str | None:
    """Read `text`, found at offset `at` of the command, as the shell would run it; return what it prints, if known."""
    if shell.depth >= DEEPEST * 3:
        raise TooDeep
    if len(text) > LONGEST:
        shell.does(Verb.UNKNOWN, text=text[LONGEST:])
        text = text[:LONGEST]
    tree = _parser().parse(_parsed_form(text))
    shell.depth += 1
    outer, shell.ends = shell.ends, {}
    try:
        return _Walk(shell, text, at).whole(tree.root_node)
    finally:
        shell.depth -= 1
        shell.ends = outer


def _parsed_form(text: str) -> bytes:
    """Return what the grammar is shown: as long as `text`, one byte a character, so that its offsets are ours."""
    # Bash treats characters beyond ASCII as letters of a word.
    plain = re.sub(r"[^\x01-\x7f]", "%", text)
    # The grammar loses here-strings after other redirections; `_Walk.redirect` puts them right.
    plain = re.sub(r"(?<=\s)0<<<", "   <", plain).replace("<<<", "  <")
    return plain.encode("ascii")


def _broken_from(root: Node, text: str) -> int:
    """Return the offset from which a shell would run nothing: the first line with an error, or its statement's."""
    bad = next((child for child in root.children if child.has_error or child.is_missing), None)
    if bad is None:
        return len(text) if not root.has_error else 0
    cut = text.rfind("\n", 0, bad.start_byte) + 1
    for child in root.children:
        if child.start_byte < cut < child.end_byte:
            cut = text.rfind("\n", 0, child.start_byte) + 1
    return cut


class _Walk:
    """One text being read; `at` is where it stands in the whole command."""

    def __init__(self, shell: Shell, text: str, at: int) -> None:
        self.shell, self.text, self.at = shell, text, at

    def whole(self, root: Node) -> str | None:
        """Run a whole text: a shell reads it line by line, and stops at the first line that is no good."""
        cut = _broken_from(root, self.text) if root.has_error else len(self.text)
        printed = self.statements(root, until=cut)
        if cut >= len(self.text) or self.shell.ended:
            return printed
        self.mark(cut, len(self.text))
        self.shell.does(Verb.UNKNOWN, text=self.text[cut:])
        # The grammar is no shell: what it cannot read may be good all the same.
        certain, self.shell.certain = self.shell.certain, False
        try:
            self.statements(root, since=cut)
        finally:
            self.shell.certain = certain
        return None

    def statements(self, node: Node, *, since: int = 0, until: int | None = None) -> str | None:
        """Run the statements under `node` in order; return what they print together."""
        printed: str | None = ""
        for child in node.named_children:
            if self.shell.ended:
                break
            if child.type in ("comment", "heredoc_body", "heredoc_end") or child.start_byte < since:
                continue
            if until is not None and child.start_byte >= until:
                break
            said = self._guarded(child)
            printed = None if said is None or printed is None else printed + said
        return printed

    def _guarded(self, node: Node) -> str | None:
        shell, depth = self.shell, self.shell.depth
        try:
            return self.visit(node)
        except TooDeep:
            self.shell, shell.depth = shell, depth
            shell.does(Verb.UNKNOWN, text=self.slice(node))
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
            self.words_under(node)
            return None
        finally:
            self.shell.depth -= 1

    def slice(self, node: Node) -> str:
        """Return the text of a node as it was written."""
        return self.text[node.start_byte : node.end_byte]

    def mark(self, start: int, stop: int) -> None:
        """Tell the shell which piece of the command is being run."""
        self.shell.here = (self.at + start, self.at + stop)

    def words_under(self, node: Node) -> None:
        """Expand words that are no command, for the commands substituted in them."""
        for child in node.named_children:
            if child.type in (
                "command_substitution",
                "process_substitution",
                "string",
                "concatenation",
                "expansion",
            ):
                text_of(self.shell, self.slice(child), self.at + child.start_byte)
            elif child.type not in ("comment",):
                self.visit(child)

    def command(self, node: Node, extra: list[Redirect] | None = None) -> str | None:
        """Run a simple command, with redirections found around it."""
        return self.simple([node], extra or [])

    def redirected(self, node: Node) -> str | None:
        """Run a command or a group with its redirections, here-documents among them."""
        bodies = [c for i, c in enumerate(node.children) if node.field_name_for_child(i) == "body"]
        others = [c for c in node.named_children if c not in bodies]
        if not bodies or bodies[0].type == "command":
            return self.simple([*bodies, *others], [])
        redirects, follows = self.redirects_of(others)
        return self.group(bodies[0], redirects, follows)

    def group(self, body: Node, redirects: list[Redirect], follows: list[Node]) -> str | None:
        """Run a compound command or list under redirections."""
        if body.type in ("list", "pipeline"):
            # The grammar hangs `a && b > f` wholly under the redirection; it belongs to the last command.
            return self._last_of(body, redirects, follows)
        shell = self.shell
        before = shell.stdin
        output = None
        apply_redirects(shell, [r for r in redirects if not r.writes], None)
        output = self.visit(body)
        shell.stdin = before
        output = apply_redirects(shell, [r for r in redirects if r.writes], output)
        return self.continued(follows, output)

    def _last_of(self, body: Node, redirects: list[Redirect], follows: list[Node]) -> str | None:
        parts = list(body.children)
        last = parts[-1]
        conditional = any(part.type in ("&&", "||") for part in parts)
        saved, before = self.shell.conditional, self.shell.stdin
        if body.type == "list":
            for part in parts[:-1]:
                if part.is_named and part.type != "comment":
                    self.visit(part)
            self.shell.conditional = saved or conditional
        else:
            self.shell.stdin = self._piped([p for p in parts[:-1] if p.is_named and p.type != "comment"])
        try:
            if last.type == "command":
                return self.simple([last], redirects, follows)
            return self.group(last, redirects, follows)
        finally:
            self.shell.conditional, self.shell.stdin = saved, before

    def redirects_of(self, nodes: list[Node]) -> tuple[list[Redirect], list[Node]]:
        """Read redirection nodes; also return what follows a here-document on its line (`<<E | tee f`)."""
        redirects: list[Redirect] = []
        follows: list[Node] = []
        for node in nodes:
            if node.type == "heredoc_redirect":
                redirects.append(self._here_document(node))
                for child in node.named_children:
                    if child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                        more, rest = self.redirects_of([child])
                        redirects += more
                        follows += rest
                    elif child.type not in (
                        "heredoc_start",
                        "heredoc_body",
                        "heredoc_end",
                        "file_descriptor",
                    ):
                        follows.append(child)
            else:
                redirects.append(self.redirect(node))
        return redirects, follows

    def redirect(self, node: Node) -> Redirect:
        """Read one redirection from its text; see `_parsed_form` for here-strings."""
        start = node.start_byte
        if self.text[max(start - 2, 0) : start + 1] == "<<<":
            start -= 2
        return read_redirect(self.text[start : node.end_byte], self.at + start)

    def _here_document(self, node: Node) -> Redirect:
        start = next((c for c in node.children if c.type == "heredoc_start"), None)
        body = next((c for c in node.children if c.type == "heredoc_body"), None)
        text = self.slice(body) if body else ""
        written = self.slice(start) if start else ""
        if self.slice(node).lstrip("0123456789").startswith("<<-"):
            text = re.sub(r"(?m)^\t+", "", text)
        if not re.search(r"['\"\\]", written) and body:
            field = document_of(self.shell, text, self.at + body.start_byte)
        else:
            field = Field(text)
        return Redirect("<<<", field.text, known=field.certain, document=True)

    def simple(self, nodes: list[Node], extra: list[Redirect], after: list[Node] | None = None) -> str | None:
        """Run one simple command given by its nodes: assignments, words, redirections, in the order of the text."""
        shell = self.shell
        shell.budget.spend(steps=1)
        parts, redirect_nodes = self._parts(nodes)
        redirects, follows = self.redirects_of(redirect_nodes)
        loose = [f for f in follows if f.type in _WORDS]
        spans = _merged(self.text, [(n.start_byte, n.end_byte) for n in parts + loose])
        for place, redirect in enumerate(redirects):
            words = redirect.surplus
            spans += [(s - self.at, e - self.at) for s, e in words]
            redirects[place] = redirect
        start = min([n.start_byte for n in nodes], default=0)
        self.mark(start, max([s[1] for s in spans] or [start], default=start))
        if redirects or redirect_nodes:
            self.mark(start, min(max(n.end_byte for n in nodes), start + 4096))
        assigned, rest = self._assignments(spans)
        fields: list[Field] = []
        for s, e in rest:
            fields.extend(fields_of(shell, self.text[s:e], self.at + s))
        before = shell.stdin
        apply_redirects(shell, [r for r in [*extra, *redirects] if not r.writes], None)
        output = self._run(fields, assigned)
        shell.stdin = before
        output = apply_redirects(shell, [r for r in [*redirects, *extra] if r.writes], output)
        return self.continued([f for f in follows if f.type not in _WORDS] + (after or []), output)

    def _run(self, fields: list[Field], assigned: dict[str, Value]) -> str | None:
        shell = self.shell
        if not fields:
            for name, value in assigned.items():
                assign(shell, name, value)
            return ""
        kept = {name: shell.variables.get(name) for name in assigned}
        for name, value in assigned.items():
            shell.variables[name] = value
            _note_loader(shell, name, value)
        output = run_program(shell, fields)
        for name, old in kept.items():
            if old is None:
                shell.variables.pop(name, None)
            else:
                shell.variables[name] = old
        return output

    def _parts(self, nodes: list[Node]) -> tuple[list[Node], list[Node]]:
        words: list[Node] = []
        redirects: list[Node] = []
        for node in nodes:
            if node.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                redirects.append(node)
                continue
            for child in node.children if node.type == "command" else [node]:
                if child.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                    redirects.append(child)
                elif child.type != "comment":
                    words.append(child)
        return words, redirects

    def _assignments(self, spans: list[tuple[int, int]]) -> tuple[dict[str, Value], list[tuple[int, int]]]:
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
        array = _ARRAY.match(self.text, start, stop)
        if array:
            items = list(old.items or () if old else ())
            for s, e in _split_words(self.text, start + 1, stop - 1):
                items.extend(fields_of(shell, self.text[s:e], self.at + s))
            first = items[0].text if items else ""
            return Value(first, all(item.certain for item in items), tuple(items))
        field = text_of(shell, self.text[start:stop], self.at + start)
        if old:
            field = Field(old.text + field.text, old.certain and field.certain)
        return Value(field.text, field.certain)

    def continued(self, follows: list[Node], output: str | None) -> str | None:
        """Run what stands behind a here-document on its line: a pipe into another command, or a list."""
        for node in follows:
            before = self.shell.stdin
            if node.type == "pipeline":
                self.shell.stdin = output
                output = self.pipeline(node)
                self.shell.stdin = before
            else:
                saved, self.shell.conditional = self.shell.conditional, True
                said = self.visit(node)
                self.shell.conditional = saved
                output = None if output is None or said is None else output + said
        return output

    def and_or(self, node: Node) -> str | None:
        """Run `a && b`, `a || b`: the right side only if the left one ends so."""
        printed: str | None = ""
        shell, saved = self.shell, self.shell.conditional
        alternative = False
        for child in node.children:
            if child.type in ("&&", "||"):
                shell.conditional = True
                alternative = child.type == "||"
            elif child.is_named and child.type != "comment":
                said = self._alternative(child) if alternative else self.visit(child)
                printed = None if said is None or printed is None else printed + said
        shell.conditional = saved
        return printed

    def _alternative(self, node: Node) -> str | None:
        # What stands after `||` seldom happens: it must not overwrite what the shell knows.
        shell, outer = self.shell, self.shell
        self.shell = shell.sub()
        try:
            self.visit(node)
        finally:
            changed = self.shell
            self.shell = outer
        for name, value in changed.variables.items():
            _either(outer, name, value)
        outer.functions |= {
            name: body for name, body in changed.functions.items() if name not in outer.functions
        }
        return None

    def pipeline(self, node: Node) -> str | None:
        """Run the parts of a pipe in subshells, each reading what the one before prints."""
        return self._piped([child for child in node.named_children if child.type != "comment"])

    def _piped(self, parts: list[Node]) -> str | None:
        outer = self.shell
        stdin = outer.stdin
        for part in parts:
            self.shell = outer.sub()
            self.shell.stdin = stdin
            try:
                stdin = self.visit(part)
            finally:
                outer.files |= self.shell.files
                self.shell = outer
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
        printed_nothing = True
        for index, child in enumerate(node.children):
            if not child.is_named or child.type == "comment":
                continue
            field = node.field_name_for_child(index)
            if field == "condition":
                self.visit(child)
                continue
            if field == "value":
                text_of(shell, self.slice(child), self.at + child.start_byte)
                continue
            shell.conditional = True
            before = dict(shell.variables)
            printed_nothing &= self.visit(child) == ""
            shell.ended = False
            for name, value in before.items():
                _either(shell, name, value)
        shell.conditional = saved
        return "" if printed_nothing else None

    def case_item(self, node: Node) -> str | None:
        """Run the body of one arm of a `case`."""
        printed: str | None = ""
        for index, child in enumerate(node.children):
            if child.is_named and node.field_name_for_child(index) != "value":
                printed = None if self.visit(child) != "" else printed
        return printed

    def while_loop(self, node: Node) -> str | None:
        """Run `while` and `until`: the body may happen; `read` takes the first line that comes in."""
        shell, saved = self.shell, self.shell.conditional
        for index, child in enumerate(node.children):
            if not child.is_named:
                continue
            if node.field_name_for_child(index) == "body":
                shell.conditional = True
                lines = (shell.stdin or "").splitlines()[1:_TURNS]
                self.visit(child)
                for line in lines:
                    shell.stdin = line + "\n"
                    self._again(node)
            else:
                self.visit(child)
            shell.ended = False
        shell.conditional = saved
        return None

    def _again(self, node: Node) -> None:
        for child in node.named_children:
            self.visit(child)

    def for_loop(self, node: Node) -> str | None:
        """Run `for`: the body once for each value that is known."""
        shell, saved = self.shell, self.shell.conditional
        name_node = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        values: list[Field] = []
        spans = [
            (c.start_byte, c.end_byte)
            for i, c in enumerate(node.children)
            if node.field_name_for_child(i) == "value"
        ]
        for s, e in _merged(self.text, spans):
            values.extend(fields_of(shell, self.text[s:e], self.at + s))
        if not name_node or not body:
            return None
        name = self.slice(name_node)
        if not spans:
            values = list(shell.positional)
        printed: str | None = ""
        for value in values[:_TURNS]:
            shell.variables[name] = Value(value.text, value.certain)
            said = self.visit(body)
            printed = None if said is None or printed is None else printed + said
            shell.conditional = saved
            shell.ended = False
        if len(values) > _TURNS:
            shell.variables[name] = Value("$" + name, False)
            self.visit(body)
            printed = None
        shell.conditional = saved
        return printed

    def function(self, node: Node) -> str | None:
        """Remember a function; it shadows a command of its name."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name and body:
            self.mark(node.start_byte, node.end_byte)
            written = self.slice(name)
            self.shell.does(Verb.DEFINE, written, text=self.slice(body), program="function", language="sh")
            self.shell.functions[written] = (self.slice(body), self.at + body.start_byte)
        return ""

    def declaration(self, node: Node) -> str | None:
        """Run `export`, `declare`, `local`, `readonly`: as a command whose words may be assignments."""
        spans = _merged(self.text, [(c.start_byte, c.end_byte) for c in node.children])
        self.mark(node.start_byte, node.end_byte)
        fields: list[Field] = []
        for s, e in spans:
            match = _ASSIGNMENT.match(self.text, s, e)
            if match:
                value = self.value(match, e)
                self.shell.variables[match[1]] = value
                fields.append(Field(f"{match[1]}={value.text}", value.certain))
            else:
                fields.extend(fields_of(self.shell, self.text[s:e], self.at + s))
        return run_program(self.shell, fields)

    def assignment(self, node: Node) -> str | None:
        """Run `X=…` on its own."""
        self.mark(node.start_byte, node.end_byte)
        for part in node.named_children if node.type == "variable_assignments" else [node]:
            match = _ASSIGNMENT.match(self.text, part.start_byte, part.end_byte)
            if match:
                assign(self.shell, match[1], self.value(match, part.end_byte))
        return ""

    def test(self, node: Node) -> str | None:
        """Run `[ … ]` or `[[ … ]]`: it reads the files it asks about."""
        self.mark(node.start_byte, node.end_byte)
        fields: list[Field] = []
        for s, e in _split_words(self.text, node.start_byte, node.end_byte):
            fields.extend(fields_of(self.shell, self.text[s:e], self.at + s))
        for operator, operand in itertools.pairwise(fields):
            if operator.text in _FILE_TESTS and operand.text not in ("]", "]]", "&&", "||"):
                self.shell.does(
                    Verb.READ, self.shell.path(operand.text), program="test", certain=operand.certain
                )
        return ""

    def error(self, node: Node) -> str | None:
        """Read what the grammar could not: nothing in it is certain."""
        shell, saved = self.shell, self.shell.certain
        shell.certain = False
        try:
            for start, stop in _simple_commands(self.text, node.start_byte, node.end_byte):
                fields: list[Field] = []
                for s, e in _split_words(self.text, start, stop):
                    fields.extend(fields_of(shell, self.text[s:e], self.at + s))
                self.mark(start, stop)
                if fields:
                    self._run(fields, {})
        finally:
            shell.certain = saved
        return None


def assign(shell: Shell, name: str, value: Value) -> None:
    """Give a shell variable its value."""
    if shell.conditional:
        old = shell.variables.get(name)
        shell.variables[name] = value
        if old:
            _either(shell, name, old)
    else:
        shell.variables[name] = value
    _note_loader(shell, name, value)


def _note_loader(shell: Shell, name: str, value: Value) -> None:
    # Variables that decide which code runs under a name, or what is kept of it.
    if name in LOADERS:
        shell.does(Verb.DEFINE, name, text=value.text, program="assignment", certain=value.certain)


def _either(shell: Shell, name: str, other: Value) -> None:
    """Note that a variable may hold `other` instead."""
    now = shell.variables.get(name)
    if now is None:
        shell.variables[name] = other
    elif now.text != other.text and other.text not in now.others:
        shell.variables[name] = now._replace(others=(*now.others, other.text)[:4])


_WORDS = frozenset(
    {
        "word",
        "string",
        "raw_string",
        "ansi_c_string",
        "concatenation",
        "number",
        "simple_expansion",
        "expansion",
        "command_substitution",
        "process_substitution",
        "translated_string",
        "arithmetic_expansion",
        "brace_expression",
    }
)


def _merged(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join pieces that stand side by side without a space: the grammar cuts some words in two."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if start == stop:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _split_words(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of text into words at blanks outside quotes and brackets."""
    begun: int | None = None
    i = start
    while i < stop:
        char = text[i]
        if char in " \t\n;|&":
            if begun is not None:
                yield begun, i
                begun = None
            i += 1
            continue
        begun = i if begun is None else begun
        i = skip(text, i, stop)
    if begun is not None:
        yield begun, stop


def _simple_commands(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of text into simple commands at separators outside quotes and brackets."""
    begun, i = start, start
    while i < stop:
        if text[i] in "\n;|&(){}":
            if begun < i:
                yield begun, i
            begun = i = i + 1
        else:
            i = skip(text, i, stop)
    if begun < stop:
        yield begun, stop


_TRANSPARENT = frozenset(
    ["program", "compound_statement", "do_group", "elif_clause", "else_clause", "negated_command"]
)
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
