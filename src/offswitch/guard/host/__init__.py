# SPDX-License-Identifier: MIT
"""What this host gives: one part after the other, found by trying."""
