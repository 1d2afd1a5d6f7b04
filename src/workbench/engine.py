"""TODO engine.py"""

from __future__ import annotations
