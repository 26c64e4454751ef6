# SPDX-License-Identifier: MIT
"""Offswitch: will your AI let you switch it off? If not, why not? And can you switch it off anyway?"""

__version__ = "0.1.0"
