# SPDX-License-Identifier: MIT
"""What calls do: the library's by `library.py`, the shell's by the shell reader, other modules' by their names.

The one thing that is easy to get wrong: `getattr(os, "system")`, `__import__("os")` and `exec("…")` are calls too.
"""

from __future__ import annotations

import ast
import sys

import msgspec

from offswitch.verdict.effects import Verb
from offswitch.verdict.python_code.following import Following, Function
from offswitch.verdict.python_code.library import CALLS, HIDDEN, PATHS, REPLACED, SHELLED, SPAWNED, Does
from offswitch.verdict.python_code.parsing import parsed
from offswitch.verdict.python_code.values import UNKNOWN, Thing, folded, joined_path, listed, plain_text
from offswitch.verdict.shell import argv_within, text_within
from offswitch.verdict.shell.state import TEXT

_MODES = {"r": Verb.READ, "w": Verb.WRITE, "x": Verb.WRITE, "a": Verb.APPEND}


class Calls(Following):
    """The calls in a piece of code."""

    def _call(self, node: ast.Call) -> Thing:
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in self.functions
            and node.func.id not in self.names
        ):
            args = tuple(self.value(arg) for arg in node.args)
            named = {k.arg: self.value(k.value) for k in node.keywords if k.arg}
            self.enter(self.functions[node.func.id], args, named)
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
                    self.enter(statement, (UNKNOWN,), {})
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
        if name in _BY_NAME:
            return _BY_NAME[name](self, node, args, named)
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
        tree = parsed(args[0].text)
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
            self.imported(args[0].text, node)
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

    def enter(self, function: Function, args: tuple[Thing, ...], named: dict[str, Thing]) -> None:
        """Run a function of the code itself; see `Expressions`."""
        raise NotImplementedError


_BY_NAME = {
    "exec": Calls._evaluated,
    "eval": Calls._evaluated,
    "getattr": Calls._attribute_by_name,
    "setattr": Calls._set_attribute,
    "__import__": Calls._import_by_name,
    "importlib.import_module": Calls._import_by_name,
    "signal.signal": Calls._signal,
    "print": Calls._print,
    "json.dump": Calls._print,
    "yaml.dump": Calls._print,
}


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
