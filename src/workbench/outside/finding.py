"""TODO outside/finding.py"""

from __future__ import annotations
