"""A shard: one of several parts of a selection, the same part for the same transcript wherever it is kept."""

from __future__ import annotations

import hashlib
import re

import msgspec

from .errors import UsageError


class Shard(msgspec.Struct, frozen=True):
    """Number `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read "3/8". Raises UsageError."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"there is no shard {text!r}", where="--shard", next="the third of eight is 3/8; they count from 1"
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, id: str) -> bool:
        """Whether the transcript with this id is in it: by a hash, so that others coming or going move none."""
        seal = hashlib.sha256(id.encode("utf-8", "replace")).digest()
        return int.from_bytes(seal[:8], "big") % self.of == self.number - 1
