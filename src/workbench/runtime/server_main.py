"""The process of a replay server: read jobs and requests, judge, write cases."""

from __future__ import annotations

import contextlib
import os

import msgspec

from .process import SIZE_BYTES, exit_with_parent, frame, write_all
from .replay_job import ReplayJob, ReplayRequest
from .replayer import Replayer

_DECODE = msgspec.msgpack.Decoder(ReplayJob | ReplayRequest).decode


def main() -> None:
    """Run the server: read jobs and requests, write cases until stdin is closed."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(quiet, stream)
    exit_with_parent(os.getppid())
    replayer: Replayer | None = None
    with contextlib.suppress(BrokenPipeError):
        while size := requests.read(SIZE_BYTES):
            message = _DECODE(requests.read(int.from_bytes(size, "big")))
            if isinstance(message, ReplayJob):
                if replayer is not None:
                    replayer.close()
                replayer = Replayer(message)
            elif replayer is not None:
                case = replayer.case(message.path, message.data)
                write_all(answers, frame(msgspec.json.encode(case)))
    if replayer is not None:
        replayer.close()


if __name__ == "__main__":
    main()
