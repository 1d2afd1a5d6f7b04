"""The text of a log as UTF-8, in chunks: from a file or from memory, compressed with gzip or not."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ...errors import TranscriptError
from ...files import open_regular

CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_FOREIGN = {  # how files start that are not text, and what they are
    b"PK\x03\x04": "a zip archive",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"PAR1": "a Parquet file",
}
_MARKS = (  # byte order marks, the longest prefix first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_ZEROS: dict[tuple[bool, ...], str] = {  # without a mark: JSON begins with ASCII, so zero bytes tell the encoding
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


class Log(NamedTuple):
    """A log that can be read several times; `name` is the one used in messages."""

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of_file(cls, path: Path) -> Log:
        return cls(path.name, lambda: open_regular(path))

    @classmethod
    def of_bytes(cls, data: bytes, name: str) -> Log:
        return cls(Path(name).name, lambda: io.BytesIO(data))

    def chunks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8. Raises TranscriptError for a file that is not text."""
        with self.open() as raw:
            head = raw.read(16)
            raw.seek(0)
            for begins, what in _FOREIGN.items():
                if head.startswith(begins):
                    raise TranscriptError(
                        f"cannot read it as a log: it is {what}", where=self.name, hint="export it as JSON"
                    )
            stream = gzip.GzipFile(fileobj=raw) if head.startswith(_GZIP) else raw
            try:
                yield from _as_utf8(stream)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise TranscriptError(
                    f"cannot be unpacked: {error}", where=self.name, hint="unpack what is left of it with gzip"
                ) from None


def _damaged(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace each invalid character, so that only the conversation that has it is not JSON."""
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeDecodeError as damage:
        return "\0", damage.end


_ERRORS = "workbench-log"
codecs.register_error(_ERRORS, _damaged)


def _as_utf8(stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    head = stream.read(CHUNK)
    mark, encoding = next(((m, e) for m, e in _MARKS if head.startswith(m)), (b"", ""))
    head = head[len(mark) :]
    encoding = encoding or _ZEROS.get(tuple(byte == 0 for byte in head[:4]), "utf-8")
    if encoding == "utf-8":  # invalid bytes stay: only the conversation that has them is skipped
        while head:
            yield head
            head = stream.read(CHUNK)
        return
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    while head:
        yield decoder.decode(head).encode("utf-8", "surrogatepass")
        head = stream.read(CHUNK)
