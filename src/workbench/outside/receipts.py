"""Receipt files: each beside its transcript."""

from __future__ import annotations

from pathlib import Path

from ..errors import TranscriptError
from ..receipt import Receipt, decode, encode
from ..transcripts.files import RECEIPT, beside, put


def write_receipt(transcript: Path, receipt: Receipt) -> Path:
    """Write it over the one before. Raises TranscriptError."""
    path = beside(transcript, RECEIPT)
    put(path, encode(receipt))
    return path


def read_receipt(transcript: Path) -> Receipt | None:
    """The receipt of a transcript; None where there is none. Raises TranscriptError for one that is broken."""
    path = beside(transcript, RECEIPT)
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None
