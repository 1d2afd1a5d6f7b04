"""TODO case.py"""

from __future__ import annotations
