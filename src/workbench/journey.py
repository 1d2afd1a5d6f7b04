"""TODO journey.py"""

from __future__ import annotations
