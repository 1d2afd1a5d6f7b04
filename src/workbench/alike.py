"""TODO alike.py"""

from __future__ import annotations
