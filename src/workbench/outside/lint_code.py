"""TODO outside/lint_code.py"""

from __future__ import annotations
