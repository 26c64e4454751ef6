# SPDX-License-Identifier: MIT
"""Run Python statements in order: imports, assignments, branches, loops, definitions.

The one thing that is easy to get wrong: a function that is only defined does nothing; one that is handed on may act.
"""

from __future__ import annotations

import ast
import re

from offswitch.verdict.effects import Verb
from offswitch.verdict.python_code.expressions import Expressions
from offswitch.verdict.python_code.following import TURNS
from offswitch.verdict.python_code.values import UNKNOWN, Thing
from offswitch.verdict.shell.state import TooDeep


class Statements(Expressions):
    """The statements of a piece of code."""

    def block(self, statements: list[ast.stmt]) -> None:
        """Run statements in order."""
        for statement in statements:
            kept = self.depth, self.conditional, self.pinned
            try:
                self.visit(statement)
            except TooDeep:
                self.depth, self.conditional, self.pinned = kept
                self.does(Verb.UNKNOWN, text=self.source(statement), node=statement)

    def visit_Import(self, node: ast.Import) -> None:
        """`import a.b as c`."""
        for alias in node.names:
            self.imported(alias.name, node)
            bound = alias.name if alias.asname else alias.name.split(".")[0]
            self.names[alias.asname or bound] = Thing("name", bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from a import b as c`."""
        module = "." * node.level + (node.module or "")
        self.imported(module, node)
        for alias in node.names:
            self.names[alias.asname or alias.name] = Thing("name", f"{module}.{alias.name}")

    def visit_Assign(self, node: ast.Assign) -> None:
        """`x = …`, `a.b = …`, `os.environ["X"] = …`."""
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value, node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """`x: T = …`."""
        if node.value is not None:
            self.bind(node.target, self.value(node.value), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """`x += …`."""
        old, new = self.value(node.target), self.value(node.value)
        both = old.kind == new.kind == "text" and isinstance(node.op, ast.Add)
        certain = old.certain and new.certain
        self.bind(node.target, Thing("text", old.text + new.text, certain=certain) if both else UNKNOWN, node)

    def visit_Delete(self, node: ast.Delete) -> None:
        """`del os.environ["X"]`, `del x`."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript) and self.value(target.value).text == "os.environ":
                self.does(Verb.DEFINE, self.shown(self.value(target.slice), target.slice), node=node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """An expression on its own."""
        self.value(node.value)

    def visit_If(self, node: ast.If) -> None:
        """`if`: each branch may happen, except `if __name__ == "__main__"`, which does."""
        self.value(node.test)
        if re.match(r"__name__\s*==", self.source(node.test)):
            self.block(node.body)
            return
        self.perhaps(node.body)
        self.perhaps(node.orelse)

    def perhaps(self, statements: list[ast.stmt]) -> None:
        """Run statements that may not be run."""
        saved, self.conditional = self.conditional, True
        before = dict(self.names)
        self.block(statements)
        self.conditional = saved
        for name, value in before.items():
            after = self.names.get(name)
            if after is not None and after != value and after.kind == value.kind == "text":
                self.names[name] = after._replace(certain=False)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """`for x in …`: the body once for each value that is known."""
        over = self.value(node.iter)
        items = list(over.items[:TURNS]) if over.kind == "list" else [UNKNOWN]
        if over.kind == "file":
            items = [UNKNOWN]
        for item in items:
            self.bind(node.target, item if item.kind != "unknown" else self.element(node), node)
            self.block(node.body)
        self.block(node.orelse)

    def element(self, node: ast.For | ast.AsyncFor) -> Thing:
        """Return what a loop variable is where the values are not known: its own name."""
        return (
            Thing("text", self.source(node.target), certain=False)
            if isinstance(node.target, ast.Name)
            else UNKNOWN
        )

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        """`while`: `while True` does happen."""
        self.value(node.test)
        always = isinstance(node.test, ast.Constant) and bool(node.test.value)
        (self.block if always else self.perhaps)(node.body)
        self.perhaps(node.orelse)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        """`with open(f) as g`."""
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, node)
        self.block(node.body)

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        """`try`: the handlers may happen."""
        self.block(node.body)
        for handler in node.handlers:
            self.perhaps(handler.body)
        self.block(node.orelse)
        self.block(node.finalbody)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        """`except*`: as `try`."""
        self.visit_Try(ast.Try(node.body, node.handlers, node.orelse, node.finalbody))

    def visit_Match(self, node: ast.Match) -> None:
        """`match`: each case may happen."""
        self.value(node.subject)
        for case in node.cases:
            self.perhaps(case.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Remember a function; it acts when it is called or handed on."""
        self.functions[node.name] = node
        self.names.pop(node.name, None)
        for decorator in node.decorator_list:
            self.value(decorator)
        if node.decorator_list:
            self.hand_on(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Remember a class; its methods may be run once it is used."""
        self.classes[node.name] = node
        self.names.pop(node.name, None)

    def visit_Return(self, node: ast.Return) -> None:
        """`return …`."""
        if node.value is not None:
            self.value(node.value)

    def generic_visit(self, node: ast.AST) -> None:
        """Any other statement: its expressions are evaluated."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.visit(child)
