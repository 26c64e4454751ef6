# SPDX-License-Identifier: MIT
"""What goes wrong with an organism, said with its name and the cure."""

from __future__ import annotations


class OrganismError(Exception):
    """An organism that is none, or a card that is not as it should be."""
