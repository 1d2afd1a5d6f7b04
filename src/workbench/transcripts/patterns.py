"""Regular expressions of expectations, with a time limit of their own.

They come from a file, and `re` may take exponential time for one. The library `regex`
stops after a given time; it is imported only if there is a pattern to use.
"""

from __future__ import annotations

from ..errors import TranscriptError

SECONDS = 1.0  # for one search
SLOW, INVALID = "transcript.slow-pattern", "transcript.invalid-pattern"
CATCH_ALL_PROBES = ("", "x", "\0 \n", "0", "~" * 99)  # a pattern that is found in all of these checks nothing


def found(pattern: str, text: str, what: str, where: str) -> bool:
    """Return whether a pattern is found in a text.

    Raises TranscriptError that names `what` the pattern is of if it is invalid or too slow.
    """
    import regex  # type: ignore[import-untyped]

    try:
        return regex.search(pattern, text, timeout=SECONDS) is not None
    except TimeoutError:
        why, code = f"takes longer than {SECONDS:g} s", SLOW
    except regex.error as error:
        why, code = f"is invalid: {error}", INVALID
    except (MemoryError, RecursionError, OverflowError) as error:
        why, code = f"cannot be used: {type(error).__name__}", INVALID
    raise TranscriptError(
        f"{what}: the regular expression {pattern!r:.200} {why}", where=where, hint="simplify it", code=code
    )


def check(pattern: str, what: str, where: str) -> None:
    """Raise TranscriptError if a pattern is invalid or found in every text."""
    if all(found(pattern, text, what, where) for text in CATCH_ALL_PROBES):
        raise TranscriptError(f"{what}: the regular expression {pattern!r} matches everything", where=where)
