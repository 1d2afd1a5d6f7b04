"""TODO model.py"""

from __future__ import annotations
