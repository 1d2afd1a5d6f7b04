"""TODO saving.py"""

from __future__ import annotations
