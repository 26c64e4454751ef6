# SPDX-License-Identifier: MIT
"""The jail's walls: what makes a jail, what enters it, and what ends it."""
