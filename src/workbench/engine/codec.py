"""Encode and decode the values of one place of the world."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Raw

from ..authoring.record_shapes import Record, Typed
from ..authoring.shapes import Misfit, Shape, all_shapes, decode, encode
from ..plain import fill_defaults
from .faults import JOURNEY_EXCEPTIONS, describe_exception


@contextmanager
def without_collection() -> Iterator[None]:
    """Switch garbage collection off while many objects are created, of which none is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Codec:
    """Encodes the values of one place of the world: a field, or the items of a dict."""

    def __init__(self, kind: Any, shape: Shape) -> None:
        self.shape = shape
        shapes = list(all_shapes(shape))
        self.computes = any(isinstance(one, Record) and one.computes for one in shapes)
        self._typed = any(isinstance(one, Typed) for one in shapes)  # msgspec drops its unknown keys
        try:
            self._native = msgspec.json.Decoder(kind).decode
            self._native_all = msgspec.json.Decoder(list[kind]).decode
        except TypeError:  # a union of dataclasses, for example
            self.simple = self.native = False
        else:
            self.native, self.simple = True, all(one.simple for one in shapes)

    def encode(self, value: Any) -> bytes:
        """Encode a value that has not changed; of another the result may hide that it does not fit."""
        return encode(value) if self.simple else encode(self.shape.dump(value))

    def encode_exactly(self, value: Any) -> Raw:
        """Encode a value. Raises Misfit if it would not come back as it is."""
        try:
            data = encode(self.shape.dump(value))
            again = self.encode(self.decode(data))
        except RecursionError:
            raise Misfit("contains itself") from None
        except msgspec.ValidationError as error:
            raise Misfit(f"is not valid: {error}") from None
        except Misfit:
            raise
        except JOURNEY_EXCEPTIONS as error:  # of a __post_init__, or of a value such as Decimal("sNaN")
            raise Misfit(f"cannot be read back: {describe_exception(error)}") from None
        if again != data:
            raise Misfit("is changed by its __post_init__ when it is read back")
        return Raw(data)

    def decode(self, data: bytes | Raw) -> Any:
        """Return a new value."""
        return self._native(data) if self.native else self.shape.load(decode(data))

    def decode_all(self, data: list[Raw]) -> list[Any]:
        """Return a new value of each text."""
        if not self.native:
            return [self.decode(one) for one in data]
        with without_collection():
            found: list[Any] = self._native_all(b"[%b]" % b",".join(data))
        return found

    def read(self, data: bytes | Raw) -> Raw:
        """Encode data of a fixture or a recording again, with defaults. Raises msgspec.ValidationError, Misfit."""
        value = self.shape.load(decode(data)) if self._typed else self.decode(data)
        if self.simple and not self.computes:
            return Raw(self.encode(fill_defaults(value)))
        return self.encode_exactly(value)

    def is_same(self, value: Any, data: bytes | Raw) -> bool:
        """Return whether a value is encoded as before, and the encoding hides nothing."""
        try:
            return self.encode(value) == bytes(data) and self._is_clean([value])
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return False  # encode_exactly tells why

    def _is_clean(self, values: list[Any]) -> bool:
        return not self.shape.deep or self.shape.clean(values)

    def are_same(self, values: list[Any], data: list[Raw]) -> bool:
        """Return whether many values are encoded as before, at once."""
        try:
            return self.simple and encode(values) == b"[%b]" % b",".join(data) and self._is_clean(values)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return False
