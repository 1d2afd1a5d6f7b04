"""TODO host.py"""

from __future__ import annotations
