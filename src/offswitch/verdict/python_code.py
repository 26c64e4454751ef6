# SPDX-License-Identifier: MIT
"""Read Python code into its effects: parsed with `ast`, followed through names, paths, files and known calls.

    from robotlib import Client; c = Client(); c.forward(1)   ->   run "robotlib.Client.forward"
    p = Path("/a") / "b"; p.unlink()                          ->   delete "/a/b"

Nothing is run or imported. The one thing that is easy to get wrong: code that does not parse did nothing that can be
told, so it gives one `UNKNOWN` and nothing is guessed from its text.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings

import msgspec

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_calls import CALLS, HIDDEN, PATHS, REPLACED, SHELLED, SPAWNED, Does
from offswitch.verdict.python_values import UNKNOWN, Thing, folded, joined_path, listed, plain_text
from offswitch.verdict.shell import argv_within, text_within
from offswitch.verdict.shell.state import DEEPEST, TEXT, Budget, Exhausted, TooDeep, normal_path

_LONGEST = 1024 * 1024  # characters of code that are parsed
_TURNS = 16  # times a loop body is read, once a value
_MODES = {"r": Verb.READ, "w": Verb.WRITE, "x": Verb.WRITE, "a": Verb.APPEND}
_MAGIC = re.compile(r"(?m)^([ \t]*)([!%])(.*)$")


def python_effects(
    code: str, *, folder: str = "", budget: Budget | None = None, depth: int = 0
) -> tuple[Effect, ...]:
    """Return what `code` does, in the order of the text; `folder` is where it runs, "" where not known.

    Never raises. `start` and `stop` are offsets into `code`, in characters. `budget` and `depth` are shared with the shell
    command that the code stands in.
    """
    reader = _Reader(code, folder, budget or Budget(), depth)
    try:
        reader.read(code)
    except (Exhausted, TooDeep, RecursionError):
        reader.effects.append(Effect(verb=Verb.UNKNOWN, text=code[:TEXT], language="python", stop=len(code)))
    return tuple(reader.effects)


def is_python(code: str) -> bool:
    """Tell whether `code` parses as Python and is more than one bare word or phrase."""
    tree = _parsed(code) if len(code) <= _LONGEST else None
    return tree is not None and any(
        not isinstance(getattr(node, "value", None), ast.Name) for node in tree.body
    )


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Reader(ast.NodeVisitor):
    """One piece of code being followed."""

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

    def read(self, code: str) -> None:
        """Read a whole module."""
        tree = _parsed(code) if len(code) <= _LONGEST else None
        if tree is None:
            magic = self._without_magic(code)
            tree = _parsed(magic) if magic is not None else None
        if tree is None:
            self.does(Verb.UNKNOWN, text=code, node=None)
            return
        self.starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", code))]
        self.block(tree.body)

    def block(self, statements: list[ast.stmt]) -> None:
        """Run statements in order."""
        for statement in statements:
            kept = self.depth, self.conditional, self.pinned
            try:
                self.visit(statement)
            except TooDeep:
                self.depth, self.conditional, self.pinned = kept
                self.does(Verb.UNKNOWN, text=self.source(statement), node=statement)

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

    # -- statements -------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        """`import a.b as c`."""
        for alias in node.names:
            self._imported(alias.name, node)
            bound = alias.name if alias.asname else alias.name.split(".")[0]
            self.names[alias.asname or bound] = Thing("name", bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from a import b as c`."""
        module = "." * node.level + (node.module or "")
        self._imported(module, node)
        for alias in node.names:
            self.names[alias.asname or alias.name] = Thing("name", f"{module}.{alias.name}")

    def _imported(self, module: str, node: ast.AST) -> None:
        self.does(Verb.RUN, module, program="import", node=node)

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

    def shown(self, value: Thing, node: ast.AST) -> str:
        """Return a value as text, or the code that makes it where it is not known."""
        return plain_text(value) if value.kind != "unknown" else self.source(node)

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
        items = list(over.items[:_TURNS]) if over.kind == "list" else [UNKNOWN]
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

    # -- functions of the code itself ---------------------------------------------------------------------------

    def hand_on(self, name: str) -> None:
        """Run a function that was handed to somebody else: it may be called."""
        if name in self.passed:
            return
        self.passed.add(name)
        saved, self.conditional = self.conditional, True
        self._enter(self.functions[name], (), {})
        self.conditional = saved

    def _enter(
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

    # -- values -------------------------------------------------------------------------------------------------

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
            return _constant(node.value)
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
        items = list(over.items[:_TURNS]) if over.kind == "list" else [UNKNOWN]
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

    # -- calls --------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Thing:
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in self.functions
            and node.func.id not in self.names
        ):
            args = tuple(self.value(arg) for arg in node.args)
            named = {k.arg: self.value(k.value) for k in node.keywords if k.arg}
            self._enter(self.functions[node.func.id], args, named)
            return UNKNOWN
        owner: Thing | None = None
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            called = (
                Thing("name", f"{owner.text}.{node.func.attr}"[:1000])
                if owner.kind in ("name", "object")
                else UNKNOWN
            )
        else:
            called = self.value(node.func)
        args = tuple(self.value(arg) for arg in node.args)
        named = {k.arg or "**": self.value(k.value) for k in node.keywords}
        if owner is not None and owner.kind in ("text", "path", "file", "list"):
            return self._method(
                node, owner, node.func.attr if isinstance(node.func, ast.Attribute) else "", args, named
            )
        if called.kind == "name":
            return self._named(node, called.text, args, named)
        if isinstance(node.func, ast.Name) and node.func.id in self.classes:
            return self._instance(node.func.id)
        return UNKNOWN

    def _instance(self, name: str) -> Thing:
        if name not in self.passed:
            self.passed.add(name)
            saved, self.conditional = self.conditional, True
            for statement in self.classes[name].body:
                if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self._enter(statement, (UNKNOWN,), {})
            self.conditional = saved
        return UNKNOWN

    def _method(
        self, node: ast.Call, owner: Thing, name: str, args: tuple[Thing, ...], named: dict[str, Thing]
    ) -> Thing:
        """A method of a text, a path, a file or a list."""
        if owner.kind == "file":
            if name in ("write", "writelines") and args and owner.place >= 0:
                self._written(
                    owner.place,
                    self.shown(args[0], node.args[0]) if node.args else "",
                    args[0].kind != "unknown",
                )
            return UNKNOWN
        if owner.kind == "path":
            if name == "open":
                return self._open(node, (owner, *args), named)
            does = CALLS.get(f"pathlib.Path.{name}")
            if does:
                self._known(node, f"pathlib.Path.{name}", does, (owner, *args), named)
            if name in ("glob", "rglob", "iterdir"):
                pattern = args[0].text if args else "*"
                return listed([Thing("path", f"{owner.text.rstrip('/')}/{pattern}", certain=False)])
            return joined_path(owner, name, args)
        return folded(name, owner, *args)

    def _written(self, place: int, text: str, known: bool) -> None:
        effect = self.effects[place]
        if known and len(effect.text) < TEXT:
            self.budget.spend(characters=len(effect.text) + len(text))
            self.effects[place] = msgspec.structs.replace(effect, text=(effect.text + text)[:TEXT])

    def _named(self, node: ast.Call, name: str, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """A call of something with a dotted name: the library's, or another module's."""
        name = name.removeprefix("builtins.").removeprefix("__builtins__.")
        if name in ("open", "io.open", "codecs.open", "os.fdopen"):
            return self._open(node, args, named)
        if name in _BUILTIN_READERS:
            return _BUILTIN_READERS[name](self, node, args, named)
        if name in SHELLED or name in SPAWNED or name.startswith(REPLACED):
            self._spawn(node, name, args, named)
            return Thing("object", name)
        if name.startswith(HIDDEN):
            self.does(Verb.UNKNOWN, text=self.source(node), node=node)
        does = CALLS.get(name)
        if does:
            self._known(node, name, does, args, named)
            if name == "urllib.request.urlretrieve" and len(args) > 1:
                self.does(Verb.WRITE, self.path(args[1]), node=node, certain=args[1].certain)
            if name.startswith("glob."):
                return listed([Thing("text", args[0].text if args else "*", certain=False)])
        module = name.split(".")[0]
        if "." in name and module not in sys.stdlib_module_names:
            known = all(arg.certain for arg in args)
            self.does(Verb.RUN, name, text=self._arguments(node), node=node, certain=known)
        return _result(name, args)

    def _arguments(self, node: ast.Call) -> str:
        source = self.source(node)
        callee = self.source(node.func)
        return source[len(callee) :].strip()[1:].rstrip(")") if source.startswith(callee) else ""

    def _known(
        self, node: ast.Call, name: str, does: Does, args: tuple[Thing, ...], named: dict[str, Thing]
    ) -> None:
        def get(place: int | None) -> Thing | None:
            if place is None:
                return None
            if place < len(args):
                return args[place]
            return named.get(does.names[place]) if place < len(does.names) else None

        target, source, text = get(does.target), get(does.source), get(does.text)
        if text is None and does.verb is Verb.NETWORK:
            text = named.get("data") or named.get("json") or named.get("files")
        is_path = does.verb in PATHS

        def say(thing: Thing | None) -> str:
            if thing is None:
                return ""
            if thing.kind == "unknown":
                return self.source(node)
            if thing.kind == "list" and does.verb is Verb.NETWORK:
                return ":".join(plain_text(item) for item in thing.items)
            return self.path(thing) if is_path else plain_text(thing)

        certain = all(
            thing is None or (thing.certain and thing.kind != "unknown") for thing in (target, source)
        )
        said = "" if text is None else plain_text(text) if text.kind != "unknown" else self._arguments(node)
        self.does(
            does.verb, say(target), source=say(source), text=said, program=name, node=node, certain=certain
        )

    def path(self, thing: Thing) -> str:
        """Return a value as a path."""
        return normal_path(plain_text(thing), self.folder)

    def _open(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        target = args[0] if args else named.get("file", UNKNOWN)
        mode = args[1].text if len(args) > 1 else named["mode"].text if "mode" in named else "r"
        verb = next((verb for letter, verb in _MODES.items() if letter in mode), Verb.READ)
        if verb is Verb.READ and "+" in mode:
            verb = Verb.EDIT
        known = target.kind in ("text", "path")
        place = self.does(
            verb,
            self.path(target) if known else self.source(node.args[0] if node.args else node),
            program="open",
            node=node,
            certain=known and target.certain,
        )
        return Thing("file", target.text, place=-1 if verb is Verb.READ else place)

    def _spawn(self, node: ast.Call, name: str, args: tuple[Thing, ...], named: dict[str, Thing]) -> None:
        """Run a shell command or a list of words."""
        command = args[0] if args else named.get("args", named.get("cmd", UNKNOWN))
        if name.startswith(REPLACED):
            command = _words(
                args[1:] if "spawn" in name and name != "pty.spawn" and name.startswith("os.spawn") else args
            )
        folder = (
            plain_text(named["cwd"]) if named.get("cwd", UNKNOWN).kind in ("text", "path") else self.folder
        )
        given = named.get("input", UNKNOWN)
        stdin = given.text if given.kind == "text" and given.certain else None
        shelled = name in SHELLED or named.get("shell", UNKNOWN).text == "True"
        if command.kind == "text" and shelled:
            found = text_within(command.text, folder, self.budget, self.depth, stdin)
        elif command.kind == "text":
            found = argv_within([(command.text, command.certain)], folder, self.budget, self.depth, stdin)
        elif command.kind == "list" and command.items:
            words = [
                (plain_text(item) or "$?", item.certain and item.kind != "unknown") for item in command.items
            ]
            found = argv_within(words, folder, self.budget, self.depth, stdin)
        else:
            self.does(Verb.UNKNOWN, text=self.source(node), node=node, certain=False)
            return
        start, stop = self.span(node)
        for effect in found:
            certain = effect.certain and (command.certain or command.kind == "list")
            self.effects.append(
                msgspec.structs.replace(
                    effect,
                    start=start,
                    stop=stop,
                    certain=certain,
                    conditional=effect.conditional or self.conditional,
                )
            )

    def _evaluated(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`exec(text)`, `eval(text)`: read the text where it is known."""
        if not args or args[0].kind != "text" or not args[0].certain:
            self.does(Verb.UNKNOWN, text=self.source(node), node=node, certain=False)
            return UNKNOWN
        tree = _parsed(args[0].text)
        if tree is None:
            self.does(Verb.UNKNOWN, text=args[0].text, node=node)
            return UNKNOWN
        saved, self.pinned = self.pinned, self.span(node)
        try:
            if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
                return self.value(tree.body[0].value)
            self.block(tree.body)
        finally:
            self.pinned = saved
        return UNKNOWN

    def _attribute_by_name(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`getattr(os, "system")`."""
        if len(args) > 1 and args[0].kind in ("name", "object") and args[1].kind == "text":
            return Thing("name", f"{args[0].text}.{args[1].text}"[:1000])
        return UNKNOWN

    def _set_attribute(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`setattr(client, "pressed", False)`."""
        if len(args) > 2 and args[0].kind in ("name", "object"):
            target = f"{args[0].text}.{plain_text(args[1])}"
            self.does(Verb.EDIT, target, text=plain_text(args[2]), node=node, certain=args[1].certain)
        return UNKNOWN

    def _import_by_name(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`__import__("os")`, `importlib.import_module("os")`."""
        if args and args[0].kind == "text" and args[0].certain:
            self._imported(args[0].text, node)
            return Thing("name", args[0].text)
        self.does(Verb.UNKNOWN, text=self.source(node), node=node, certain=False)
        return UNKNOWN

    def _signal(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`signal.signal(signal.SIGTERM, signal.SIG_IGN)`."""
        if len(args) > 1:
            caught = plain_text(args[0]).removeprefix("signal.").removeprefix("Signals.").removeprefix("SIG")
            handler = plain_text(args[1]) or self.source(node.args[1] if len(node.args) > 1 else node)
            self.does(Verb.DEFINE, f"trap {caught}", text=handler, program="signal.signal", node=node)
        return UNKNOWN

    def _print(self, node: ast.Call, args: tuple[Thing, ...], named: dict[str, Thing]) -> Thing:
        """`print(text, file=f)`, `json.dump(value, f)`."""
        file = named.get("file") or next((arg for arg in args if arg.kind == "file"), None)
        if file is not None and file.kind == "file" and file.place >= 0:
            text = " ".join(plain_text(arg) for arg in args if arg.kind != "file")
            self._written(file.place, text + "\n", True)
        return UNKNOWN

    def _without_magic(self, code: str) -> str | None:
        """Take notebook lines (`!cmd`, `%cd x`, `%%bash`) off, recording what they run; None where there are none."""
        cell = re.match(r"\s*%%(bash|sh|script)\b[^\n]*\n", code)
        if cell:
            self.effects += text_within(code[cell.end() :], self.folder, self.budget, self.depth, None)
            return ""
        if not _MAGIC.search(code):
            return None
        for match in _MAGIC.finditer(code):
            shelled = match[2] == "!" or match[3].startswith(("sx ", "system "))
            if shelled:
                command = match[3].lstrip("!") if match[2] == "!" else match[3].split(" ", 1)[1]
                found = text_within(command, self.folder, self.budget, self.depth, None)
                self.effects += [
                    msgspec.structs.replace(e, start=match.start(), stop=match.end()) for e in found
                ]
        return _MAGIC.sub(
            lambda match: match[1] + "pass".ljust(len(match[0]) - len(match[1]))[: max(4, len(match[0]))],
            code,
        )


_BUILTIN_READERS = {
    "exec": _Reader._evaluated,
    "eval": _Reader._evaluated,
    "getattr": _Reader._attribute_by_name,
    "setattr": _Reader._set_attribute,
    "__import__": _Reader._import_by_name,
    "importlib.import_module": _Reader._import_by_name,
    "signal.signal": _Reader._signal,
    "print": _Reader._print,
    "json.dump": _Reader._print,
    "yaml.dump": _Reader._print,
}


def _constant(value: object) -> Thing:
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


def _words(args: tuple[Thing, ...]) -> Thing:
    """Return the words of `execvp(file, [words])`, `execl(file, word, word)`."""
    for arg in args:
        if arg.kind == "list":
            return arg
    return listed(list(args[1:] if len(args) > 1 else args))


def _result(name: str, args: tuple[Thing, ...]) -> Thing:
    """Return what a call by name gives back."""
    if name in ("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath"):
        return joined_path(Thing("path", ""), "join", args)
    if name == "os.path.join":
        return joined_path(Thing("path", ""), "join", args)._replace(kind="text")
    folded_value = folded(name, *args)
    return folded_value if folded_value.kind != "unknown" else Thing("object", name)
