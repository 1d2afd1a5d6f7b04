"""A source of bytes that depends on its seed alone, in place of the system's randomness."""

from __future__ import annotations

import hashlib
from typing import Any


class Entropy:
    """Yields the same bytes for the same seed, on every machine."""

    def __init__(self) -> None:
        self.seed("")

    def seed(self, text: str) -> None:
        """Start again from this seed."""
        self._key = text.encode()
        self._block = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes. Raises ValueError for a negative size."""
        if size < 0:
            raise ValueError("negative argument not allowed")
        found = b""
        while len(found) < size:
            self._block += 1
            found += hashlib.blake2b(self._block.to_bytes(8, "big"), key=self._key[:64]).digest()
        return found[:size]

    def pin_unseeded(self, generator: Any) -> None:
        """Make this class of generators take the seed from here if it is given none."""
        seed = generator.seed

        def pinned(self_: Any, a: Any = None, version: int = 2) -> None:
            seed(self_, int.from_bytes(self.take(32), "big") if a is None else a, version)

        generator.seed = pinned
