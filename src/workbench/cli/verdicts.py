"""TODO cli/verdicts.py"""

from __future__ import annotations
