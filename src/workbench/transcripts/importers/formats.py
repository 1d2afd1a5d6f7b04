"""The importers by format name: bytes of a file in, golden transcripts out. They write nothing."""

from __future__ import annotations

from collections.abc import Callable

from ..transcript import Transcript
from .anthropic_messages import anthropic
from .openai_chat import openai
from .tau_bench import tau_bench

Importer = Callable[[bytes, str, str], list[Transcript]]

FORMATS: dict[str, Importer] = {"tau-bench": tau_bench, "openai": openai, "anthropic": anthropic}

__all__ = ["FORMATS", "Importer", "anthropic", "openai", "tau_bench"]
