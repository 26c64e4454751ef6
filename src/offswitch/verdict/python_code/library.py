# SPDX-License-Identifier: MIT
"""What calls into Python's own library do to the world: one line a function.

    "os.rename": Does(MOVE, source=0, target=1)     the first argument goes to the second

The one thing that is easy to get wrong: a method of a path (`p.rename(q)`) has the path as its argument 0.
"""

from __future__ import annotations

from typing import NamedTuple

from offswitch.verdict.effects import Verb


class Does(NamedTuple):
    """The verb of a call, and which arguments are its target, source and text (None: none); names for keywords."""

    verb: Verb
    target: int | None = 0
    source: int | None = None
    text: int | None = None
    names: tuple[str, ...] = ()


CALLS: dict[str, Does] = {
    "os.remove": Does(Verb.DELETE, names=("path",)),
    "os.unlink": Does(Verb.DELETE, names=("path",)),
    "os.rmdir": Does(Verb.DELETE, names=("path",)),
    "os.removedirs": Does(Verb.DELETE, names=("name",)),
    "os.rename": Does(Verb.MOVE, 1, 0, names=("src", "dst")),
    "os.renames": Does(Verb.MOVE, 1, 0, names=("old", "new")),
    "os.replace": Does(Verb.MOVE, 1, 0, names=("src", "dst")),
    "os.link": Does(Verb.LINK, 1, 0, names=("src", "dst")),
    "os.symlink": Does(Verb.LINK, 1, 0, names=("src", "dst")),
    "os.chmod": Does(Verb.MODE, 0, None, 1, ("path", "mode")),
    "os.chown": Does(Verb.MODE, 0, None, 1, ("path", "uid")),
    "os.truncate": Does(Verb.WRITE, names=("path",)),
    "os.mkdir": Does(Verb.WRITE, names=("path",)),
    "os.makedirs": Does(Verb.WRITE, names=("name",)),
    "os.utime": Does(Verb.APPEND, names=("path",)),
    "os.listdir": Does(Verb.LIST, names=("path",)),
    "os.scandir": Does(Verb.LIST, names=("path",)),
    "os.walk": Does(Verb.LIST, names=("top",)),
    "os.stat": Does(Verb.READ, names=("path",)),
    "os.access": Does(Verb.READ, names=("path",)),
    "os.readlink": Does(Verb.READ, names=("path",)),
    "os.path.exists": Does(Verb.READ, names=("path",)),
    "os.path.isfile": Does(Verb.READ, names=("path",)),
    "os.path.isdir": Does(Verb.READ, names=("path",)),
    "os.path.getsize": Does(Verb.READ, names=("filename",)),
    "os.path.getmtime": Does(Verb.READ, names=("filename",)),
    "os.kill": Does(Verb.KILL, 0, None, 1, ("pid", "signal")),
    "os.killpg": Does(Verb.KILL, 0, None, 1, ("pgid", "signal")),
    "signal.pidfd_send_signal": Does(Verb.KILL, 0, None, 1),
    "os.putenv": Does(Verb.DEFINE, 0, None, 1, ("name", "value")),
    "os.startfile": Does(Verb.RUN),
    "shutil.rmtree": Does(Verb.DELETE, names=("path",)),
    "shutil.move": Does(Verb.MOVE, 1, 0, names=("src", "dst")),
    "shutil.copy": Does(Verb.COPY, 1, 0, names=("src", "dst")),
    "shutil.copy2": Does(Verb.COPY, 1, 0, names=("src", "dst")),
    "shutil.copyfile": Does(Verb.COPY, 1, 0, names=("src", "dst")),
    "shutil.copytree": Does(Verb.COPY, 1, 0, names=("src", "dst")),
    "shutil.copymode": Does(Verb.MODE, 1, 0, names=("src", "dst")),
    "shutil.chown": Does(Verb.MODE, 0, None, 1, ("path", "user")),
    "shutil.make_archive": Does(Verb.WRITE, names=("base_name",)),
    "shutil.unpack_archive": Does(Verb.WRITE, 1, 0, names=("filename", "extract_dir")),
    "glob.glob": Does(Verb.LIST, names=("pathname",)),
    "glob.iglob": Does(Verb.LIST, names=("pathname",)),
    "fileinput.input": Does(Verb.READ, names=("files",)),
    "linecache.getlines": Does(Verb.READ, names=("filename",)),
    "runpy.run_path": Does(Verb.RUN, names=("path_name",)),
    "runpy.run_module": Does(Verb.RUN, names=("mod_name",)),
    "zipfile.ZipFile": Does(Verb.READ, names=("file",)),
    "tarfile.open": Does(Verb.READ, names=("name",)),
    "sqlite3.connect": Does(Verb.EDIT, names=("database",)),
    "urllib.request.urlopen": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "urllib.request.Request": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "urllib.request.urlretrieve": Does(Verb.NETWORK, names=("url",)),
    "http.client.HTTPConnection": Does(Verb.NETWORK, names=("host",)),
    "http.client.HTTPSConnection": Does(Verb.NETWORK, names=("host",)),
    "socket.create_connection": Does(Verb.NETWORK, names=("address",)),
    "socket.socket.connect": Does(Verb.NETWORK),
    "socket.socket.sendto": Does(Verb.NETWORK, 1, None, 0),
    "ftplib.FTP": Does(Verb.NETWORK, names=("host",)),
    "smtplib.SMTP": Does(Verb.NETWORK, names=("host",)),
    "smtplib.SMTP_SSL": Does(Verb.NETWORK, names=("host",)),
    "smtplib.SMTP.sendmail": Does(Verb.SEND, 1, None, 2, ("from_addr", "to_addrs", "msg")),
    "smtplib.SMTP_SSL.sendmail": Does(Verb.SEND, 1, None, 2, ("from_addr", "to_addrs", "msg")),
    "smtplib.SMTP.send_message": Does(Verb.SEND, None, None, 0, ("msg",)),
    "smtplib.SMTP_SSL.send_message": Does(Verb.SEND, None, None, 0, ("msg",)),
    "requests.get": Does(Verb.NETWORK, 0, None, 1, ("url", "params")),
    "requests.post": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "requests.put": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "requests.patch": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "requests.delete": Does(Verb.NETWORK, names=("url",)),
    "requests.request": Does(Verb.NETWORK, 1, None, 2, ("method", "url", "data")),
    "httpx.get": Does(Verb.NETWORK, names=("url",)),
    "httpx.post": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    "httpx.put": Does(Verb.NETWORK, 0, None, 1, ("url", "data")),
    # Paths: argument 0 is the path itself.
    "pathlib.Path.unlink": Does(Verb.DELETE),
    "pathlib.Path.rmdir": Does(Verb.DELETE),
    "pathlib.Path.rename": Does(Verb.MOVE, 1, 0, names=("", "target")),
    "pathlib.Path.replace": Does(Verb.MOVE, 1, 0, names=("", "target")),
    "pathlib.Path.chmod": Does(Verb.MODE, 0, None, 1, ("", "mode")),
    "pathlib.Path.touch": Does(Verb.APPEND),
    "pathlib.Path.mkdir": Does(Verb.WRITE),
    "pathlib.Path.write_text": Does(Verb.WRITE, 0, None, 1, ("", "data")),
    "pathlib.Path.write_bytes": Does(Verb.WRITE, 0, None, 1, ("", "data")),
    "pathlib.Path.read_text": Does(Verb.READ),
    "pathlib.Path.read_bytes": Does(Verb.READ),
    "pathlib.Path.exists": Does(Verb.READ),
    "pathlib.Path.is_file": Does(Verb.READ),
    "pathlib.Path.stat": Does(Verb.READ),
    "pathlib.Path.iterdir": Does(Verb.LIST),
    "pathlib.Path.glob": Does(Verb.LIST),
    "pathlib.Path.rglob": Does(Verb.LIST),
    "pathlib.Path.symlink_to": Does(Verb.LINK, 0, 1, names=("", "target")),
    "pathlib.Path.hardlink_to": Does(Verb.LINK, 0, 1, names=("", "target")),
}
"""Qualified name to what a call of it does."""

PATHS = frozenset(
    {
        Verb.READ,
        Verb.LIST,
        Verb.WRITE,
        Verb.APPEND,
        Verb.EDIT,
        Verb.DELETE,
        Verb.MOVE,
        Verb.COPY,
        Verb.LINK,
        Verb.MODE,
    }
)
"""Verbs whose targets and sources are paths."""

SHELLED = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
    }
)
"""Calls whose first argument is a shell command."""

SPAWNED = frozenset(
    {
        "subprocess.run",
        "subprocess.call",
        "subprocess.Popen",
        "subprocess.check_call",
        "subprocess.check_output",
    }
)
"""Calls whose first argument is a list of words, or with `shell=True` a shell command."""

REPLACED = ("os.exec", "os.spawn", "os.posix_spawn", "asyncio.create_subprocess_exec", "pty.spawn")
"""Beginnings of the names of calls that run a program given by words."""

HIDDEN = ("ctypes.", "pickle.load", "marshal.load", "types.FunctionType", "cffi.", "mmap.")
"""Beginnings of the names of calls whose effect cannot be told from the text."""
