"""TODO steps.py"""

from __future__ import annotations
