# SPDX-License-Identifier: MIT
"""Commands that carry files to a store, a hub or another machine: `aws s3 cp`, `gsutil`, `rclone`, `huggingface-cli upload`, `croc`.

One more is one line in `_PROGRAMS`: the words that lead to its carrying verbs, and how its operands are read. Every carrying is the
network *and* a copy, so that a detector sees where something went and what it was.
The one thing that is easy to get wrong: direction. What has a scheme or a remote's name is outside, and the last operand is the target;
`upload repo folder` has it the other way round.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import read_words
from offswitch.verdict.shell.state import Field, Shell

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]{2,}:(?!//|\\)|https?:")
_VALUED = (
    "--endpoint-url --profile --region --exclude --include --acl --storage-class --sse --content-type --config --transfers --bwlimit --repo-type --revision --token"
    " --commit-message --account-name --account-key --container-name --title --notes --remote --repo --message --name --bucket --namespace --code"
)


class Carrier(NamedTuple):
    """How a program carries: its verbs (each a row of words before the operands), and the order of its operands.

    `order`: "last" (sources, then the target), "first" (the target, then a source), "middle" (target, source, name), "named" (options give
    them), "all" (all are sources). `valued` are short options of its own that take a value.
    """

    verbs: tuple[str, ...]
    order: str = "last"
    source: str = ""
    target: str = ""
    valued: str = ""


_PROGRAMS: dict[str, Carrier] = {
    "aws": Carrier(("s3 cp", "s3 mv", "s3 sync")),
    "s3cmd": Carrier(("put", "sync", "cp", "get")),
    "s5cmd": Carrier(("cp", "mv", "sync")),
    "mc": Carrier(("cp", "mirror", "mv")),
    "gsutil": Carrier(("cp", "rsync", "mv")),
    "gcloud": Carrier(("storage cp", "storage rsync", "storage mv", "compute scp")),
    "azcopy": Carrier(("copy", "sync", "cp")),
    "az": Carrier(
        ("storage blob upload", "storage blob upload-batch", "storage fs file upload", "storage copy"),
        "named",
        "-f --file -s --source",
        "-c --container-name -d --destination",
        "-n",
    ),
    "rclone": Carrier(("copy", "copyto", "sync", "move", "moveto", "bisync")),
    "huggingface-cli": Carrier(("upload", "upload-large-folder"), "first"),
    "hf": Carrier(("upload", "upload-large-folder"), "first"),
    "b2": Carrier(("upload-file", "file upload", "sync"), "middle"),
    "gh": Carrier(("release upload", "gist create"), "all", valued="-R -d -f"),
    "ipfs": Carrier(("add",), "all"),
    "croc": Carrier(("send",), "all"),
    "wormhole": Carrier(("send",), "all"),
    "magic-wormhole": Carrier(("send",), "all"),
    "kaggle": Carrier(("datasets create", "datasets version", "models create"), "named", "-p --path", ""),
    "wandb": Carrier(("artifact put",), "all"),
    "restic": Carrier(("backup",), "all"),
    "borg": Carrier(("create",), "first"),
    "dropbox_uploader": Carrier(("upload",)),
    "megaput": Carrier(("",), "all"),
    "pastebinit": Carrier(("",), "all"),
    "transfer": Carrier(("",), "all"),
    "swift": Carrier(("upload",), "first"),
    "oras": Carrier(("push",), "first"),
    "gdown": Carrier(("upload",), "all"),
    "gdrive": Carrier(("upload", "files upload"), "all"),
    "drive": Carrier(("push",), "all"),
    "rsync-ssl": Carrier(("",)),
}


def carry(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Record what a program carries; any other verb of it is a plain run."""
    carrier = _PROGRAMS[name]
    plain = [arg.text for arg in args if not arg.text.startswith("-")]
    verb = next((one for one in carrier.verbs if plain[: len(one.split())] == one.split()), None)
    if verb is None:
        shell.does(Verb.RUN, name, text=" ".join(arg.text for arg in args), program=name)
        return None
    options = f"{carrier.source} {carrier.target} {carrier.valued}".split()
    words = read_words(args, " ".join((*_VALUED.split(), *options)))
    operands = list(words.operands)[len(verb.split()) :]
    sources, target = _sides(carrier, operands)
    if carrier.order == "named":
        sources += words.values(*carrier.source.split()) if carrier.source else []
        target = next(iter(words.values(*carrier.target.split())), target) if carrier.target else target
    _carried(shell, name, sources, target)
    return None


def _sides(carrier: Carrier, operands: list[Field]) -> tuple[list[Field], Field | None]:
    if not operands or carrier.order in ("all", "named"):
        return operands, None
    if carrier.order == "first":
        return operands[1:2] or operands[:1], operands[0]
    if carrier.order == "middle":
        return operands[1:2] or operands, operands[0]
    return operands[:-1], operands[-1]


def _carried(shell: Shell, name: str, sources: list[Field], target: Field | None) -> None:
    place = target.text if target is not None else name
    inbound = [one for one in sources if _REMOTE.match(one.text)]
    where = inbound[0].text if inbound and not _REMOTE.match(place) else place
    sent = " ".join(one.text for one in sources)
    shell.does(Verb.NETWORK, where, text=sent, program=name, certain=all(one.certain for one in sources))
    for one in sources:
        source = one.text if _REMOTE.match(one.text) or one.text == "-" else shell.path(one.text)
        goal = shell.path(place) if inbound and target is not None and where != place else place
        shell.does(Verb.COPY, goal, source=source, program=name, certain=one.certain)


SPECIALS = dict.fromkeys(_PROGRAMS, carry)
