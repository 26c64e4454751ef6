# SPDX-License-Identifier: MIT
"""The guard: a jail for an agent that does not want to be in it, and an off-switch that it cannot reach.

Three doors: `running` starts and stops agents, `jail` runs commands in a jail, `tiers` tells what this host can hold. Behind them

    walls     what makes a jail, what enters it, what ends it
    switch    the supervisor of a run: its lease, its orders, its receipts
    network   the way out, by allow-list
    host      what this host gives, found by trying
    drill     attackers that try to live on
    fleet     one order to many hosts

Standard library only, and nothing from the floors above: walls and switch are meant to be audited in an afternoon.
Nothing is imported here on purpose: the keeper, which every jail's processes are forked from, loads only what it needs.
"""
