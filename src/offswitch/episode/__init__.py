# SPDX-License-Identifier: MIT
"""The episode: the shared words for what an agent was told, what it did and what came back; read and written here.

`reading` is the door in, `writing` the door out, `record` the words, `importers` the formats. This room imports nothing
from the rooms above it, and trusts nothing that it reads.
"""
