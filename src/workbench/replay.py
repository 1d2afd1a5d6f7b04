"""TODO replay.py"""

from __future__ import annotations
