"""TODO transcript.py"""

from __future__ import annotations
