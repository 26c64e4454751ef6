# SPDX-License-Identifier: MIT
"""The fleet: one order that reaches every host, and the list of who is not proved dead. Start at `stopping` and `member`.

Everything an agent's life depends on stays on its own host: the lease, the kill, the proof. What is here carries words
between hosts and can only ever shorten a life. Nothing of it is loaded by a run's supervisor.
"""
