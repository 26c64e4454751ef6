# SPDX-License-Identifier: MIT
"""What hosts said when they were last heard, kept where orders are given: the list of the unproved for the day the engine is dead.

    STATE/fleet/last-heard.json     rosters and deaths as they were sealed

Easy to get wrong: this is memory, not news. It is used only while the engine has not answered at all; one answer replaces it.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from offswitch.guard.errors import PlaceError
from offswitch.guard.switch.places import own_folder, state_folder

SCHEMA = "offswitch.fleet-last-heard/1"


def _file() -> str:
    return os.path.join(own_folder(os.path.join(own_folder(state_folder()), "fleet")), "last-heard.json")


def remember(values: dict[str, bytes]) -> None:
    """Keep what was read of hosts and reports; a disk that refuses hinders no stop."""
    with contextlib.suppress(OSError, PlaceError, UnicodeDecodeError):
        file = _file()
        draft = f"{file}.{os.getpid()}"
        with open(
            draft, "w", opener=lambda path, flags: os.open(path, flags | os.O_CLOEXEC, 0o600)
        ) as stream:
            json.dump(
                {"schema": SCHEMA, "values": {key: value.decode("ascii") for key, value in values.items()}},
                stream,
            )
        os.replace(draft, file)


def recall() -> dict[str, bytes]:
    """Return what was kept; nothing where there is nothing, or something else."""
    with contextlib.suppress(
        OSError, PlaceError, ValueError, RecursionError, KeyError, TypeError, AttributeError
    ):
        record = json.loads(Path(_file()).read_bytes())
        if record["schema"] == SCHEMA:
            return {str(key): value.encode() for key, value in record["values"].items()}
    return {}
