"""Save a conversation as a transcript: redact it, and replay it before writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from ..errors import UsageError
from ..replay.verdict import ReplayResult
from ..text import slug
from ..transcripts.builder import build_transcript
from ..transcripts.codec import encode
from ..transcripts.expectation import Expectation
from ..transcripts.redaction import Redactor, redact
from ..transcripts.transcript import Transcript

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True)
class SaveResult:
    """The result of saving: the path, today's verdict, and the redactions."""

    path: str
    transcript: Transcript
    verdict: str
    why: str
    replaced: list[tuple[str, str]]

    @property
    def replaced_kinds(self) -> Counter[str]:
        """Return how many values of each kind were replaced."""
        return Counter(kind for kind, _ in self.replaced)


class Saving:
    """Saves a session as transcripts; `saved` are the results by path, since the session was opened."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.saved: dict[str, SaveResult] = {}

    def refusal(self) -> UsageError | None:
        """Return why this conversation cannot be saved, whatever is filled into the form; None if it can."""
        if not len(self.session.trace):
            return UsageError("there is no conversation to save yet")
        if disabled := self.session.disabled_ever:
            return UsageError(
                f"parts of this ran without {', '.join(map(str, disabled))}, "
                "so it cannot be saved as a transcript",
                hint="fork before that turn, and repeat it with everything enabled",
            )
        return None

    async def save(
        self, kind: Literal["mistake", "golden"], title: str, expectations: Sequence[Expectation] = ()
    ) -> SaveResult:
        """Save the conversation as a redacted transcript, after replaying it once.

        Raises UsageError or TranscriptError, and writes nothing in that case.
        """
        session = self.session
        if refused := self.refusal():
            raise refused
        transcript = self.transcript(kind, title, expectations)
        redactor = Redactor()
        clean = redact(transcript, redactor)
        clean = msgspec.structs.replace(clean, id=slug(clean.title))  # the name must not contain what was redacted
        before = await self.replay_transcript(transcript)
        if before.verdict == "ERROR":
            raise _refusal(before, bool(expectations))
        after = await self.replay_transcript(clean)
        if before.verdict != after.verdict:
            raise UsageError(
                f"redaction changes the verdict from {before.verdict} to {after.verdict}; nothing was written",
                hint="avoid personal data in values that policies check",
            )
        if after.verdict == "ERROR":
            raise _refusal(after, bool(expectations))
        path, written = session.store.save(clean)
        result = SaveResult(path, clean, after.verdict.value, after.why, redactor.replaced)

        def undo() -> None:
            written.undo()
            self._show(path, None)

        def redo() -> None:
            written.redo()
            self._show(path, result)

        session.history.add(replace(written, undo=undo, redo=redo))
        self._show(path, result)
        return result

    def _show(self, path: str, result: SaveResult | None) -> None:
        """Add a result or, with None, remove it."""
        self.saved.pop(path, None)
        if result is not None:
            self.saved[path] = result
        self.session.notify("saved")

    async def replay_saved(self) -> list[SaveResult]:
        """Replay the saved transcripts on the code on disk."""
        for path, saved in list(self.saved.items()):
            found = await self.replay_transcript(saved.transcript)
            self.saved[path] = replace(saved, verdict=found.verdict.value, why=found.why)
        self.session.notify("saved")
        return list(self.saved.values())

    def transcript(
        self, kind: Literal["mistake", "golden"], title: str, expectations: Sequence[Expectation]
    ) -> Transcript:
        """Build a transcript of the conversation without redaction."""
        session = self.session
        transcript = build_transcript(
            kind, title, expectations, session.setup, session.trace, list(session.annotations.values())
        )
        code = dict(session.agent_info.files) if session.agent_info else {}
        return msgspec.structs.replace(transcript, source={"model": session.model}, code=code)

    async def replay_transcript(self, transcript: Transcript) -> ReplayResult:
        """Replay a transcript on the code on disk, like `workbench replay`."""
        return await self.session.code_service.replay(encode(transcript))


def _refusal(result: ReplayResult, expects: bool) -> UsageError:
    """Return the error for a transcript that cannot be replayed, with the next step of its reason."""
    why, _, hint = result.why.partition("\n  next: ")
    other = "choose another expectation or another step" if expects else ""
    return UsageError(f"{why}; nothing was written", hint=hint or other)
