"""TODO record.py"""

from __future__ import annotations
