"""TODO cli/report.py"""

from __future__ import annotations
