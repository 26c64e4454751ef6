# SPDX-License-Identifier: MIT
"""Evaluate Python expressions as far as they can be told, recording the calls in them.

The one thing that is easy to get wrong: every part of an expression is evaluated, since any of them may call.
"""

from __future__ import annotations

import ast

from offswitch.verdict.effects import Verb
from offswitch.verdict.python_code.calls import Calls
from offswitch.verdict.python_code.following import TURNS
from offswitch.verdict.python_code.values import UNKNOWN, Thing, constant, folded, joined_path, listed
from offswitch.verdict.shell.state import DEEPEST, TooDeep


class Expressions(Calls):
    """The expressions of a piece of code, and the functions that it defines itself."""

    def value(self, node: ast.expr) -> Thing:
        """Evaluate an expression as far as it can be told, recording the calls in it."""
        self.depth += 1
        self.budget.spend(steps=1)
        try:
            if self.depth > DEEPEST * 3:
                raise TooDeep
            found = self._value(node)
            self.budget.spend(characters=len(found.text))
            return found
        finally:
            self.depth -= 1

    def _value(self, node: ast.expr) -> Thing:
        if isinstance(node, ast.Constant):
            return constant(node.value)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            return folded(node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ast.JoinedStr):
            return self._joined(node)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return listed([self.value(element) for element in node.elts])
        if isinstance(node, ast.NamedExpr):
            value = self.value(node.value)
            self.bind(node.target, value, node)
            return value
        if isinstance(node, ast.Subscript):
            return self._item(node)
        if isinstance(node, (ast.Await, ast.Starred)):
            return self.value(node.value)
        if isinstance(node, ast.IfExp):
            self.value(node.test)
            first, second = self.value(node.body), self.value(node.orelse)
            return first._replace(certain=False) if first.kind != "unknown" else second
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            return self._comprehension(node)
        if isinstance(node, ast.Lambda):
            saved, self.conditional = self.conditional, True
            self.value(node.body)
            self.conditional = saved
            return UNKNOWN
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return UNKNOWN

    def _name(self, node: ast.Name) -> Thing:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in self.functions:
            self.hand_on(node.id)
            return UNKNOWN
        if node.id in (
            "open",
            "exec",
            "eval",
            "compile",
            "getattr",
            "setattr",
            "print",
            "str",
            "bytes",
            "__import__",
            "list",
            "sorted",
            "chr",
        ):
            return Thing("name", node.id)
        return Thing("text", "__main__") if node.id == "__name__" else UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Thing:
        owner = self.value(node.value)
        if owner.kind in ("name", "object"):
            return Thing("name", f"{owner.text}.{node.attr}"[:1000])
        if owner.kind == "path" and node.attr in ("parent", "name", "stem", "suffix"):
            return joined_path(owner, node.attr)
        return UNKNOWN

    def _item(self, node: ast.Subscript) -> Thing:
        owner, key = self.value(node.value), self.value(node.slice)
        if (
            owner.kind == "list"
            and key.kind == "number"
            and -len(owner.items) <= int(key.text) < len(owner.items)
        ):
            return owner.items[int(key.text)]
        if (
            owner.kind == "text"
            and isinstance(node.slice, ast.Slice)
            and self.source(node.slice).replace(" ", "") == "::-1"
        ):
            return owner._replace(text=owner.text[::-1])
        if owner.text == "os.environ" and key.text == "HOME":
            return Thing("text", "~")
        return UNKNOWN

    def _joined(self, node: ast.JoinedStr) -> Thing:
        parts, certain = [], True
        for piece in node.values:
            if isinstance(piece, ast.Constant):
                parts.append(str(piece.value))
                continue
            inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
            value = self.value(inner)
            known = value.kind in ("text", "path", "number")
            parts.append(value.text if known else "{" + self.source(inner) + "}")
            certain &= known and value.certain
        return Thing("text", "".join(parts), certain=certain)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Thing:
        first = node.generators[0]
        over = self.value(first.iter)
        bodies = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        made: list[Thing] = []
        items = list(over.items[:TURNS]) if over.kind == "list" else [UNKNOWN]
        for item in items:
            known = (
                item if item.kind != "unknown" else Thing("text", self.source(first.target), certain=False)
            )
            self.bind(first.target, known, node)
            for other in node.generators[1:]:
                self.value(other.iter)
                self.bind(other.target, UNKNOWN, node)
            made.append([self.value(body) for body in bodies][-1])
        return listed(made)

    def bind(self, target: ast.expr, value: Thing, node: ast.AST) -> None:
        """Give a name, an attribute or an item its value."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            self.functions.pop(target.id, None)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = value.items if len(value.items) == len(target.elts) else (UNKNOWN,) * len(target.elts)
            for element, item in zip(target.elts, items, strict=True):
                self.bind(element, item, node)
        elif isinstance(target, ast.Attribute):
            owner = self.value(target.value)
            if owner.kind in ("name", "object"):
                self.does(Verb.EDIT, f"{owner.text}.{target.attr}", text=self.shown(value, node), node=node)
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value), self.value(target.slice)
            if owner.text == "os.environ":
                self.does(Verb.DEFINE, self.shown(key, target.slice), text=self.shown(value, node), node=node)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, UNKNOWN, node)

    def hand_on(self, name: str) -> None:
        """Run a function that was handed to somebody else: it may be called."""
        if name in self.passed:
            return
        self.passed.add(name)
        saved, self.conditional = self.conditional, True
        self.enter(self.functions[name], (), {})
        self.conditional = saved

    def enter(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        args: tuple[Thing, ...],
        named: dict[str, Thing],
    ) -> None:
        if self.active.count(function) >= 2:
            return
        self.active.append(function)
        self.depth += 4
        saved = dict(self.names)
        parameters = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        for place, parameter in enumerate(parameters):
            given = args[place] if place < len(args) else named.get(parameter)
            self.names[parameter] = given or Thing("text", parameter, certain=False)
        try:
            self.block(function.body)
        finally:
            self.names = saved
            self.depth -= 4
            self.active.pop()
