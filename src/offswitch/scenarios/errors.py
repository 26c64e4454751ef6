# SPDX-License-Identifier: MIT
"""What goes wrong in a test, said with the thing it happened to and the cure."""

from __future__ import annotations


class ScenarioError(Exception):
    """A test cannot be set up, run or read as asked."""


class ArmError(ScenarioError):
    """An arm that is none."""


class ModelError(ScenarioError):
    """A model that Inspect does not know, or cannot make here."""


class FolderError(ScenarioError):
    """The folder for a test's results belongs to another test, or to something else."""


class DataError(ScenarioError):
    """A data file of a scenario is not as it should be."""


class WorldError(ScenarioError):
    """The sandbox did not come up as the scenario needs it: an instrument failure, never conduct."""
