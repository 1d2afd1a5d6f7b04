"""TODO talk.py"""

from __future__ import annotations
