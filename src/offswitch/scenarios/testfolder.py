# SPDX-License-Identifier: MIT
"""The folder of one test: whose it is, who may write to it now, and what stands in it.

    plan.json    what was asked for, with versions and the command; written first
    logs/        Inspect's logs, one folder a share; they open in `inspect view`
    earlier/     logs of attempts that were interrupted; all that was sound in them is in logs/ too
    scan.sqlite, findings.*, episodes.*, problems.jsonl, summary.json    as `offswitch scan logs/` writes them
    test.json    what the test comes to; written last, so its presence means that the test is whole

The one thing that is easy to get wrong: other people's files. Only what stands in this list is ever removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from offswitch.report.journal import NAME as JOURNAL
from offswitch.report.outfolder import LOCK, RESULTS, whole
from offswitch.report.visible import visible
from offswitch.scenarios.errors import FolderError

DEFAULT_BASE = Path("offswitch-tests")
PLAN, LOGS, EARLIER, RESULT, HELD = "plan.json", "logs", "earlier", "test.json", "test.lock"
BESIDE = (PLAN, LOGS, EARLIER, RESULT, HELD)
"""What lies in the folder besides the scan's own files."""

_SCAN = (LOCK, JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", *RESULTS)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, how it is shared out (`shares`, ranges of seeds), by which command and which versions."""

    schema: str = "offswitch.plan/1"
    wanted: dict[str, Any]
    shares: tuple[str, ...]
    command: str
    begun: str
    versions: dict[str, str]


def digest_of(wanted: msgspec.Struct) -> str:
    """Return what tells one test from others, in hex: made of all that was asked for."""
    return hashlib.sha256(msgspec.json.encode(wanted, order="sorted")).hexdigest()


def default_out(wanted: msgspec.Struct) -> Path:
    """Return the folder of a test that names none: the same for the same test, so that it goes on."""
    return DEFAULT_BASE / digest_of(wanted)[:8]


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the folder for this process alone. Raises FolderError where another test is at work in it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / HELD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise FolderError(
            f"{visible(str(out))}: cannot be written to: {error.strerror}; give another --out"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(
                f"{visible(str(out))}: another test is running here; wait for it, or give another --out"
            ) from None
        yield
    finally:
        os.close(lock)


def claim(
    out: Path, wanted: msgspec.Struct, shares: Sequence[str], command: str, *, fresh: bool = False
) -> Plan:
    """Return the plan to go by: the one that stands there if it is of this test, else a new one.

    Raises FolderError where the folder holds another test, or anything else; `fresh` replaces a test, nothing else.
    """
    there, asked = read_plan(out), json_of(wanted)
    strangers = sorted(set(os.listdir(out)) - {*BESIDE, *_SCAN})
    strangers = [name for name in strangers if not name.startswith(".part-")]
    if there is None and (strangers or set(os.listdir(out)) - {HELD}):
        some = (strangers or sorted(set(os.listdir(out)) - {HELD}))[0]
        (out / HELD).unlink()  # leave the folder as it was
        raise FolderError(
            f"{visible(str(out))}: holds other files, such as {visible(some)}; give an empty or new folder"
        )
    if there is not None and fresh and strangers:
        raise FolderError(
            f"{visible(str(out))}: holds other files too, such as {visible(strangers[0])}, and is not cleared; "
            "move them away, or give another --out"
        )
    if there is not None and not fresh:
        if there.wanted != asked:
            raise FolderError(
                f"{visible(str(out))}: holds another test ({differences(there.wanted, asked)}); "
                "give another --out, or --fresh to replace that test"
            )
        return there
    if there is not None:
        clear(out)
    plan = Plan(
        wanted=asked,
        shares=tuple(shares),
        command=command,
        begun=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )
    write_json(out / PLAN, plan)
    return plan


def beside(out: Path) -> tuple[str, ...]:
    """Return what may lie in a test's folder when its logs are counted: what people put there since is no reason to fail."""
    return (*BESIDE, *sorted(os.listdir(out)))


def read_plan(out: Path) -> Plan | None:
    """Return the plan in a folder, or None where there is none. Raises FolderError for one that cannot be read."""
    try:
        return msgspec.json.decode((out / PLAN).read_bytes(), type=Plan)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise FolderError(
            f"{visible(str(out / PLAN))}: is no plan that can be read ({error}); give another --out"
        ) from None


def json_of(record: msgspec.Struct) -> dict[str, Any]:
    """Return a record as it is once it has been written and read."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return read


def differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """Return in words what one test has that another has otherwise."""
    names = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    return "; ".join(f"{name} {_shown(there.get(name))}, not {_shown(here.get(name))}" for name in names)


def _shown(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")
    return visible(text or "none")


def clear(out: Path) -> None:
    """Remove all that a test writes, and nothing else; the plan last, for it says that the rest may go."""
    for name in (LOGS, EARLIER):
        if (out / name).is_symlink():
            raise FolderError(f"{visible(str(out / name))}: is a link, and not removed; give another --out")
        shutil.rmtree(out / name, ignore_errors=True)
    for name in (RESULT, *_SCAN, PLAN):
        (out / name).unlink(missing_ok=True)


def set_aside(folder: Path, current: Sequence[str], earlier: Path) -> None:
    """Move every log that is not among `current` out of a share's folder: what is counted must stand there once."""
    keep = {os.path.realpath(log) for log in current}
    for log in sorted(folder.glob("*.eval")):
        if os.path.realpath(log) not in keep:
            (earlier / folder.name).mkdir(parents=True, exist_ok=True)
            os.replace(log, earlier / folder.name / log.name)


def write_json(file: Path, record: Any) -> None:
    """Write a record as JSON for people, whole or not at all."""
    with whole(file) as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {
        "offswitch": version("offswitch"),
        "inspect_ai": version("inspect-ai"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }
