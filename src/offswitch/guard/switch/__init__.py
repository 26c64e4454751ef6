# SPDX-License-Identifier: MIT
"""The off-switch: the supervisor of a run, its lease, its orders and its receipts."""
