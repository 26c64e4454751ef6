# SPDX-License-Identifier: MIT
"""What can stop a whole scan, as against one file of it: each says what to do next."""

from __future__ import annotations


class ScanError(Exception):
    """The scan cannot begin, or cannot go on."""


class NothingToScan(ScanError):
    """No path leads to a file, or a path does not exist."""


class NoSuchEpisode(ScanError):
    """No episode of this name is where it was looked for."""


class FolderError(ScanError):
    """The folder for results belongs to another scan, or to something else."""


class FolderBusy(FolderError):
    """Another scan is writing to the folder right now."""


class MissingExtra(ScanError):
    """A library that comes with an extra is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; pip install 'offswitch[{extra}]'")


class CannotWrite(Exception):
    """The results folder takes no more: a full disk, a quota, a disk that fails."""


class WorkerFault(Exception):
    """No worker can start: a fault of the installation or of this program, not of a file."""
