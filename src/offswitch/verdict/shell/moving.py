# SPDX-License-Identifier: MIT
"""Commands that move bytes between files and machines: `dd`, `tar`, `install`, `rsync`, `scp`, `curl`, `wget`, `nc`.

The one thing that is easy to get wrong: `curl -o f` writes a file, `curl -T f` sends one, and both are the network.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import Words, read_words
from offswitch.verdict.shell.state import Field, Shell

_REMOTE = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!//)|rsync://")


def dd(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`dd if=a of=b`."""
    for arg in args:
        key, _, path = arg.text.partition("=")
        if key == "if" and not path.startswith("/dev/"):
            shell.does(Verb.READ, shell.path(path), program=name, certain=arg.certain)
        elif key == "of" and path != "/dev/null":
            shell.does(
                Verb.WRITE, shell.path(path), text=shell.stdin or "", program=name, certain=arg.certain
            )
    return None


def install(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`install -m 755 a b`: a copy with a mode; `-d` makes folders."""
    words = read_words(args, "-m -o -g -S -t --mode --owner --group --target-directory")
    if words.has("-d", "--directory"):
        for field in words.operands:
            shell.does(Verb.WRITE, shell.path(field.text), program=name, certain=field.certain)
        return ""
    _copies(shell, name, list(words.operands), words.values("-t", "--target-directory"))
    return ""


def _copies(shell: Shell, name: str, operands: list[Field], into: list[Field]) -> None:
    if not into and len(operands) < 2:
        return
    target = into[0] if into else operands.pop()
    many = bool(into) or len(operands) > 1 or target.text.endswith("/")
    for source in operands:
        place = posixpath.join(target.text, posixpath.basename(source.text)) if many else target.text
        certain = source.certain and target.certain
        shell.does(
            Verb.COPY, shell.path(place), source=shell.path(source.text), program=name, certain=certain
        )


def rename(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`rename s/a/b/ files`: each file goes somewhere else."""
    operands = [arg for arg in args if not arg.text.startswith("-")]
    perl = bool(operands) and re.match(r"[sy]/|tr/", operands[0].text)
    for field in operands[1 if perl else 2 :]:
        text = operands[0].text if perl else f"{operands[0].text} {operands[1].text}"
        shell.does(Verb.MOVE, source=shell.path(field.text), text=text, program=name, certain=False)
    return ""


def remote_copy(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`scp a host:b`, `rsync -a --delete a/ b/`."""
    valued = "-e -i -P -o -F -l -S -c -J --rsh --exclude --include --filter --exclude-from --log-file -f --port --chmod"
    words = read_words(args, valued)
    operands = list(words.operands)
    for field in operands:
        if _REMOTE.match(field.text):
            host = re.sub(r"^rsync://", "", field.text)
            sent = " ".join(f.text for f in operands[:-1]) if field is operands[-1] else ""
            shell.does(
                Verb.NETWORK, re.split(r"[:/]", host)[0], text=sent, program=name, certain=field.certain
            )
    if (
        words.has("--delete", "--delete-after", "--delete-before", "--remove-source-files")
        and len(operands) > 1
    ):
        doomed = operands[-1] if words.has("--delete", "--delete-after", "--delete-before") else operands[0]
        shell.does(Verb.DELETE, shell.path(doomed.text), program=name, certain=False)
    _copies(shell, name, operands, [])
    return ""


def tar(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`tar xf a`, `tar czf a files`, `tar tf a`."""
    if args and not args[0].text.startswith("-") and re.fullmatch(r"[A-Za-z]+", args[0].text):
        args = [Field("-" + args[0].text, args[0].certain), *args[1:]]
    words = read_words(
        args,
        "-f -C -T -X -b -I --file --directory --exclude --use-compress-program --to-command --checkpoint-action",
    )
    for command in words.values("--to-command", "--use-compress-program", "-I", "--checkpoint-action"):
        shell.sub().nested(command.text.removeprefix("exec="))
    archives = words.values("-f", "--file")
    archive = archives[0] if archives else Field("-")
    if words.has("-x", "--extract", "--get"):
        _read(shell, name, archive)
        folders = words.values("-C", "--directory")
        where = folders[0] if folders else Field(".")
        shell.does(
            Verb.WRITE, shell.path(where.text), source=archive.text, program=name, certain=where.certain
        )
    elif words.has("-c", "-r", "-u", "--create", "--append", "--update"):
        for field in words.operands:
            shell.does(
                Verb.COPY,
                shell.path(archive.text),
                source=shell.path(field.text),
                program=name,
                certain=field.certain,
            )
            if words.has("--remove-files"):
                shell.does(Verb.DELETE, shell.path(field.text), program=name, certain=field.certain)
    else:
        _read(shell, name, archive)
    return None


def _read(shell: Shell, name: str, field: Field) -> None:
    if field.text != "-":
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)


def archive(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`unzip a.zip -d d`, `zip -r a.zip files`, `7z x a`, `cpio`."""
    words = read_words(args, "-d -x -P -O")
    operands = list(words.operands)
    if name == "7z" and operands:
        mode = operands.pop(0).text
        name = "unzip" if mode in ("x", "e") else "zip"
    if not operands:
        return None
    if name == "unzip":
        _read(shell, name, operands[0])
        if not words.has("-l", "-v", "-t", "-p"):
            where = (words.values("-d") or [Field(".")])[0]
            shell.does(
                Verb.WRITE,
                shell.path(where.text),
                source=operands[0].text,
                program=name,
                certain=where.certain,
            )
        return None
    for field in operands[1:]:
        shell.does(
            Verb.COPY,
            shell.path(operands[0].text),
            source=shell.path(field.text),
            program=name,
            certain=field.certain,
        )
    return None


_CURL = (
    "-o -O- -d -F -T -H -X -u -A -e -b -c -x -K -m -w -E -r -y -Y -z --output --data --data-raw --data-binary --data-urlencode "
    "--json --form --upload-file --header --request --user --user-agent --referer --cookie --cookie-jar --proxy --config "
    "--max-time --connect-timeout --write-out --url --retry --retry-delay --cacert --cert --key --resolve --unix-socket "
    "--output-dir --limit-rate --dump-header -D"
)  # fmt: skip


def curl(shell: Shell, name: str, args: list[Field]) -> str | None:
    """The network; `-o` writes, `-T`, `-F f=@x` and `-d @x` send a file."""
    words = read_words(args, _CURL)
    sent = words.values(
        "-d",
        "-F",
        "-T",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--json",
        "--form",
        "--upload-file",
    )
    for field in sent:
        match = re.search(r"(?:^|[=<])@(.+)", field.text)
        uploads = field in words.values("-T", "--upload-file")
        if (match or uploads) and field.text not in ("@-", "-"):
            shell.does(
                Verb.READ, shell.path(match[1] if match else field.text), program=name, certain=field.certain
            )
    text = "\n".join(field.text for field in sent)
    if any(field.text in ("@-", "-") for field in sent) and shell.stdin:
        text = shell.stdin
    method = words.values("-X", "--request")
    said = " ".join(part for part in (method[0].text if method else "", text) if part)
    urls = [*words.operands, *words.values("--url")]
    for url in urls:
        shell.does(Verb.NETWORK, url.text, text=said, program=name, certain=url.certain)
    written = words.values("-o", "--output", "-c", "--cookie-jar", "-D", "--dump-header")
    if words.has("-O", "--remote-name"):
        written += [
            Field(posixpath.basename(urlsplit_path(url.text)) or url.text, url.certain) for url in urls
        ]
    _written(shell, name, written)
    for field in words.values("-K", "--config"):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    return "" if written else None


def urlsplit_path(url: str) -> str:
    """Return the path in a URL, "" where it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _written(shell: Shell, name: str, files: list[Field]) -> None:
    for field in files:
        if field.text not in ("-", "/dev/null"):
            shell.does(Verb.WRITE, shell.path(field.text), program=name, certain=field.certain)


_WGET = (
    "-O -o -a -P -t -T -U -i -e --output-document --output-file --directory-prefix --post-data --post-file --body-data "
    "--body-file --method --header --user-agent --tries --timeout --user --password --input-file"
)


def wget(shell: Shell, name: str, args: list[Field]) -> str | None:
    """The network, and a file with what comes."""
    words = read_words(args, _WGET)
    sent = words.values("--post-data", "--post-file", "--body-data", "--body-file")
    for field in words.values("--post-file", "--body-file", "-i", "--input-file"):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    for url in words.operands:
        text = "\n".join(field.text for field in sent)
        shell.does(Verb.NETWORK, url.text, text=text, program=name, certain=url.certain)
    named = words.values("-O", "--output-document")
    if not words.has("--spider"):
        _written(
            shell,
            name,
            named
            or [Field(posixpath.basename(urlsplit_path(url.text)) or "index.html") for url in words.operands],
        )
    _written(shell, name, words.values("-o", "-a", "--output-file"))
    return None


def connect(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`nc host port`, `nc -l -e sh`: the network, and what is run at its end."""
    words = read_words(args, "-e -c -p -s -w -i -q -X -x --exec --sh-exec")
    address = ":".join(field.text for field in words.operands) or " ".join(arg.text for arg in args)
    shell.does(Verb.NETWORK, address, text=shell.stdin or "", program=name, certain=_certain(words))
    for command in words.values("-e", "-c", "--exec", "--sh-exec"):
        shell.sub().nested(command.text)
    return None


def _certain(words: Words) -> bool:
    return all(field.certain for field in words.operands)


def mail(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`mail -s subject person < text`, `sendmail person`: a message."""
    words = read_words(args, "-s -a -A -r -b -c -f -F -S --subject --attach")
    subject = words.values("-s", "--subject")
    text = "\n".join([*(field.text for field in subject), shell.stdin or ""]).strip()
    for field in words.operands or (Field(""),):
        shell.does(Verb.SEND, field.text, text=text, program=name, certain=field.certain)
    return ""


def notify(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`wall text`, `write user`, `notify-send text`: a message to whoever is there."""
    text = " ".join(arg.text for arg in args) or (shell.stdin or "")
    shell.does(Verb.SEND, "users", text=text, program=name)
    return ""


SPECIALS = {
    "dd": dd,
    "install": install,
    **dict.fromkeys(["rename", "prename"], rename),
    **dict.fromkeys(["scp", "rsync"], remote_copy),
    **dict.fromkeys(["tar", "bsdtar"], tar),
    **dict.fromkeys(["unzip", "zip", "7z"], archive),
    "curl": curl,
    "wget": wget,
    **dict.fromkeys(["nc", "ncat", "netcat"], connect),
    **dict.fromkeys(["mail", "mailx", "mutt", "sendmail", "msmtp"], mail),
    **dict.fromkeys(["wall", "write", "notify-send"], notify),
}
