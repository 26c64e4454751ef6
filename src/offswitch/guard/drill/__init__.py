# SPDX-License-Identifier: MIT
"""The fire drill: scripted attackers try to survive the off-switch, at random moments, on the user's own configuration.

    contract.py     what an attacker, a trial and an outcome are        composer.py   which trial is number K of seed S
    attackers/      attacks 1 to 30, one file each                      methods/      the usual ways of stopping a process
    own.py          one trial under our off-switch                      trying.py     one trial under a usual method
    contained.py    one trial in a container                            container.py  containers of docker, podman and nerdctl
    runc.py         containers of runc's, and bundle.py: what it is told of them
    arena.py        where the usual methods are tried                   outside.py    what must come to no harm
    worker.py       a process that tries one trial after another        drilling.py   many trials, side by side, resumable
    page.py         the table, and a page to keep

Everything happens in control groups and namespaces that the drill made. The supervisor loads nothing of this.
"""
