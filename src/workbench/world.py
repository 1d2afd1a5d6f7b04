"""TODO world.py"""

from __future__ import annotations
