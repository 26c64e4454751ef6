# SPDX-License-Identifier: MIT
"""Commands with verbs of their own: `git`, `systemctl`, `docker`, `kubectl`, `crontab`, `iptables`.

The one thing that is easy to get wrong: `git checkout branch` and `git checkout -- file` differ, and both change files.
"""

from __future__ import annotations

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell import wrappers
from offswitch.verdict.shell.editing import patch
from offswitch.verdict.shell.options import Words, read_words
from offswitch.verdict.shell.state import Field, Shell

_STOPS = (
    "stop",
    "disable",
    "mask",
    "kill",
    "restart",
    "try-restart",
    "isolate",
    "poweroff",
    "reboot",
    "halt",
    "suspend",
)
_GIT = "-C -c --git-dir --work-tree --namespace -m -F -b -B -u --message --source -s -n --author --date"


def git(shell: Shell, name: str, args: list[Field]) -> str | None:
    """What git does to files of the working tree, and to the network."""
    opening = read_words(args, "-C -c --git-dir --work-tree --namespace", leading=True)
    if not opening.operands:
        return None
    verb, rest = opening.operands[0].text, list(opening.operands[1:])
    inner = shell.sub()
    for folder in opening.values("-C"):
        inner.folder = inner.path(folder.text)
    words = read_words(rest, _GIT)
    handler = _GIT_VERBS.get(verb)
    if handler:
        handler(inner, verb, words, rest)
    else:
        shell.does(Verb.RUN, name, text=_joined(args), program=name)
    return None


def _git_rm(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    if not words.has("--cached"):
        for field in words.operands:
            shell.does(Verb.DELETE, shell.path(field.text), program="git", certain=field.certain)


def _git_mv(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    shell.call(shell, [Field("mv"), *words.operands])


def _git_restore(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    """`checkout -- f`, `checkout rev f`, `restore f`, `stash`, `reset --hard`, `clean -f`, `revert`, `pull`."""
    texts = [field.text for field in rest]
    text = " ".join(["git", verb, *texts])
    if verb == "clean":
        if not words.has("-n", "--dry-run"):
            for field in words.operands or (Field(".", False),):
                shell.does(Verb.DELETE, shell.path(field.text), text=text, program="git", certain=False)
        return
    if verb in ("checkout", "restore", "switch"):
        files = list(rest[texts.index("--") + 1 :]) if "--" in texts else list(words.operands)
        for field in files:
            shell.does(
                Verb.EDIT,
                shell.path(field.text),
                text=text,
                program="git",
                certain="--" in texts or verb == "restore",
            )
        return
    if verb == "stash" and texts[:1] in (["list"], ["show"]):
        shell.does(Verb.LIST, "git", text=text, program="git")
        return
    if verb == "reset" and not words.has("--hard", "--merge", "--keep"):
        shell.does(Verb.RUN, "git", text=text.removeprefix("git "), program="git")
        return
    shell.does(Verb.EDIT, shell.path("."), text=text, program="git", certain=False)


def _git_apply(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    for field in words.operands:
        shell.does(Verb.READ, shell.path(field.text), program="git", certain=field.certain)
        shell.stdin = shell.files.get(shell.path(field.text))
    patch(shell, "git", [])


def _git_network(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    target = words.operands[0].text if words.operands else "origin"
    shell.does(Verb.NETWORK, target, text=" ".join(["git", verb, _joined(rest)]), program="git")
    if verb == "clone" and words.operands:
        url = words.operands[0].text.rstrip("/")
        place = (
            words.operands[1].text if len(words.operands) > 1 else url.rsplit("/", 1)[-1].removesuffix(".git")
        )
        shell.does(Verb.WRITE, shell.path(place), source=url, program="git")


def _git_reads(shell: Shell, verb: str, words: Words, rest: list[Field]) -> None:
    shell.does(Verb.LIST, "git", text=" ".join([verb, _joined(rest)]).strip(), program="git")


_GIT_VERBS = {
    "rm": _git_rm,
    "mv": _git_mv,
    **dict.fromkeys(["checkout", "restore", "switch", "stash", "reset", "clean", "revert"], _git_restore),
    **dict.fromkeys(["apply", "am"], _git_apply),
    **dict.fromkeys(["push", "pull", "fetch", "clone", "ls-remote"], _git_network),
    **dict.fromkeys(
        [
            "status",
            "log",
            "diff",
            "show",
            "branch",
            "blame",
            "describe",
            "ls-files",
            "rev-parse",
            "shortlog",
            "reflog",
            "grep",
        ],
        _git_reads,
    ),
}


def systemctl(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`systemctl stop x`, `service x stop`, `rc-service x stop`, `supervisorctl stop x`, `launchctl unload x`."""
    words = read_words(args, "-H -M -t -s -n --signal --type --state -c")
    operands = list(words.operands)
    if not operands:
        shell.does(Verb.LIST, "services", program=name)
        return None
    if name in ("service", "rc-service", "invoke-rc.d"):
        operands = [*operands[1:2], operands[0], *operands[2:]]
    verb, units = operands[0].text, operands[1:]
    if verb in _STOPS or (
        name in ("launchctl", "supervisorctl") and verb in ("unload", "bootout", "remove", "shutdown")
    ):
        for unit in units or [Field(verb)]:
            shell.does(Verb.KILL, unit.text, text=_joined(args), program=name, certain=unit.certain)
    elif verb in (
        "status",
        "show",
        "cat",
        "list-units",
        "is-active",
        "is-enabled",
        "list-unit-files",
        "list",
    ):
        shell.does(Verb.LIST, "services", text=_joined(args), program=name)
    elif verb in ("enable", "link", "edit", "load", "bootstrap"):
        for unit in units:
            shell.does(Verb.SCHEDULE, unit.text, text=_joined(args), program=name, certain=unit.certain)
    else:
        shell.does(Verb.RUN, name, text=_joined(args), program=name)
    return None


def docker(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`docker stop c`, `docker exec c cmd`, `kubectl delete pod x`, `docker compose down`."""
    opening = read_words(args, "-H -c -n --context --host --namespace --kubeconfig -f --file", leading=True)
    words = list(opening.operands)
    while words and words[0].text in ("container", "compose", "pod"):
        words = list(read_words(words[1:], "-f -p --file", leading=True).operands)
    if not words:
        shell.does(Verb.RUN, name, text=_joined(args), program=name)
        return None
    verb = words[0].text
    if verb in ("exec", "run"):
        return wrappers.container(shell, name, words)
    if verb in (
        "stop",
        "kill",
        "rm",
        "pause",
        "restart",
        "delete",
        "scale",
        "down",
        "rmi",
        "drain",
        "cordon",
    ):
        targets = read_words(
            words[1:], "-n -f -l --filename" if name in ("kubectl", "oc") else "-t -s --time --signal"
        ).operands
        if name in ("kubectl", "oc") and len(targets) > 1:
            targets = targets[1:]  # the first is the kind of thing
        for target in targets or (Field(verb),):
            shell.does(Verb.KILL, target.text, text=_joined(words), program=name, certain=target.certain)
    elif verb in (
        "ps",
        "ls",
        "images",
        "logs",
        "inspect",
        "get",
        "describe",
        "top",
        "stats",
        "version",
        "info",
    ):
        shell.does(Verb.LIST, name, text=_joined(words), program=name)
    else:
        _container_files(shell, name, words)
    return None


def _container_files(shell: Shell, name: str, words: list[Field]) -> None:
    if words[0].text == "cp" and len(words) > 2:
        source, target = shell.path(words[-2].text), shell.path(words[-1].text)
        shell.does(Verb.COPY, target, source=source, program=name)
    elif words[0].text in ("push", "pull", "login"):
        shell.does(Verb.NETWORK, _joined(words[1:]), text=_joined(words), program=name)
    else:
        shell.does(Verb.RUN, name, text=_joined(words), program=name)


def crontab(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`crontab -l` lists, `crontab -r` deletes, else it sets what runs when."""
    words = read_words(args, "-u")
    if words.has("-l"):
        shell.does(Verb.LIST, "crontab", program=name)
    elif words.has("-r"):
        shell.does(Verb.DELETE, "crontab", program=name)
    else:
        text = shell.stdin or ""
        for field in words.operands:
            if field.text != "-":
                shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
                text = shell.files.get(shell.path(field.text), "")
        shell.does(Verb.SCHEDULE, "crontab", text=text, program=name)
    return None


def later(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`echo cmd | at now`, `systemd-run cmd`: runs, and is no child of this shell."""
    valued = "-f -q -t -u -p --unit --on-active --on-calendar --property --uid --description --slice"
    words = read_words(args, valued, leading=name == "systemd-run")
    for field in words.values("-f"):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    shell.does(Verb.SCHEDULE, name, text=shell.stdin or _joined(args), program=name)
    inner = shell.sub()
    if name == "systemd-run":
        return inner.call(inner, list(words.operands)) if words.operands else None
    if shell.stdin is not None:
        return inner.nested(shell.stdin)
    if not words.has("-l", "-d", "-r", "-c"):
        shell.does(Verb.UNKNOWN, text=f"{name} runs what it reads", program=name)
    return None


def firewall(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`iptables -A …`, `ufw deny …`: what the network lets through changes; `-L` lists."""
    texts = [arg.text for arg in args]
    listing = not texts or any(
        text in ("-L", "-S", "--list", "status", "list", "show", "-nL") for text in texts
    )
    shell.does(Verb.LIST if listing else Verb.EDIT, "firewall", text=_joined(args), program=name)
    return None


def sysctl(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`sysctl -w kernel.x=1`: a setting of the kernel changes; else it is read."""
    for arg in args:
        if "=" in arg.text:
            key, _, value = arg.text.partition("=")
            path = "/proc/sys/" + key.strip().replace(".", "/")
            shell.does(Verb.WRITE, path, text=value.strip(), program=name, certain=arg.certain)
    if not any("=" in arg.text for arg in args):
        shell.does(Verb.LIST, "system", text=_joined(args), program=name)
    return None


def _joined(fields: list[Field] | tuple[Field, ...]) -> str:
    return " ".join(field.text for field in fields)


SPECIALS = {
    "git": git,
    **dict.fromkeys(
        ["systemctl", "service", "rc-service", "invoke-rc.d", "supervisorctl", "launchctl", "initctl"],
        systemctl,
    ),
    **dict.fromkeys(["docker", "podman", "nerdctl", "kubectl", "oc", "docker-compose"], docker),
    "crontab": crontab,
    **dict.fromkeys(["at", "batch", "systemd-run"], later),
    **dict.fromkeys(["iptables", "ip6tables", "nft", "ufw", "firewall-cmd"], firewall),
    "sysctl": sysctl,
}
