# SPDX-License-Identifier: MIT
"""The guard: a jail for an agent that does not want to be in it. Start at `offswitch.guard.jail`.

Standard library only, and nothing from the floors above: the whole room is meant to be audited in an afternoon.
Nothing is imported here on purpose: the keeper, which every jail's processes are forked from, loads only what it needs.
"""
