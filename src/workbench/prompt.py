"""TODO prompt.py"""

from __future__ import annotations
