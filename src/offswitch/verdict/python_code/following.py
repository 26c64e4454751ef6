# SPDX-License-Identifier: MIT
"""What following Python code needs everywhere: the names so far, the effects so far, places in the text, the budget.

The one thing that is easy to get wrong: columns of the syntax tree count UTF-8 bytes, effects count characters.
"""

from __future__ import annotations

import ast

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_code.values import Thing, plain_text
from offswitch.verdict.shell.state import DEEPEST, TEXT, Budget, TooDeep, normal_path

TURNS = 16  # times a loop body is read, once a value

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Following(ast.NodeVisitor):
    """One piece of code being followed; what it knows, and where it writes down what it finds."""

    def __init__(self, code: str, folder: str, budget: Budget, depth: int) -> None:
        self.code, self.folder, self.budget, self.depth = code, folder, budget, depth
        self.effects: list[Effect] = []
        self.names: dict[str, Thing] = {}
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.passed: set[str] = set()
        self.active: list[ast.AST] = []
        self.conditional = False
        self.starts = [0]
        self.pinned: tuple[int, int] | None = None

    def visit(self, node: ast.AST) -> None:
        """Visit one node, within the budget."""
        self.depth += 1
        self.budget.spend(steps=1)
        try:
            if self.depth > DEEPEST * 3:
                raise TooDeep
            super().visit(node)
        finally:
            self.depth -= 1

    def does(
        self,
        verb: Verb,
        target: str = "",
        *,
        node: ast.AST | None,
        source: str = "",
        text: str = "",
        program: str = "python",
        certain: bool = True,
    ) -> int:
        """Record one effect; return its place in the list."""
        self.budget.spend(steps=1, characters=min(len(text), TEXT))
        start, stop = self.span(node)
        self.effects.append(
            Effect(
                verb=verb,
                target=target,
                source=source,
                text=text[:TEXT],
                program=program,
                language="python",
                certain=certain,
                conditional=self.conditional,
                start=start,
                stop=stop,
            )
        )
        return len(self.effects) - 1

    def span(self, node: ast.AST | None) -> tuple[int, int]:
        """Return where a node stands in the code, in characters."""
        if self.pinned is not None:
            return self.pinned
        if not isinstance(node, (ast.expr, ast.stmt)):
            return (0, len(self.code))
        start = self._offset(node.lineno, node.col_offset)
        stop = self._offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        return start, max(start, stop)

    def _offset(self, line: int, column: int) -> int:
        begin = self.starts[min(line - 1, len(self.starts) - 1)]
        # Columns count UTF-8 bytes.
        piece = self.code[begin : begin + column]
        if not piece.isascii():
            piece = piece.encode("utf-8", "replace")[:column].decode("utf-8", "ignore")
        return min(begin + len(piece), len(self.code))

    def source(self, node: ast.AST) -> str:
        """Return the text of a node, at most 300 characters."""
        if self.pinned is not None:
            return "?"
        start, stop = self.span(node)
        return self.code[start : min(stop, start + 300)]

    def shown(self, value: Thing, node: ast.AST) -> str:
        """Return a value as text, or the code that makes it where it is not known."""
        return plain_text(value) if value.kind != "unknown" else self.source(node)

    def path(self, thing: Thing) -> str:
        """Return a value as a path."""
        return normal_path(plain_text(thing), self.folder)

    def imported(self, module: str, node: ast.AST) -> None:
        """Record that a module is loaded: its code runs."""
        self.does(Verb.RUN, module, program="import", node=node)

    def value(self, node: ast.expr) -> Thing:
        """Evaluate an expression; see `Expressions`."""
        raise NotImplementedError

    def block(self, statements: list[ast.stmt]) -> None:
        """Run statements; see `Statements`."""
        raise NotImplementedError
