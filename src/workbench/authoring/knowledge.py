"""Read Markdown files as sections, and search them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import JourneyError
from ..trace.blobs import PromptSection


def read_sections(path: Path, file: str, where: str, title: str) -> Iterable[PromptSection]:
    """Split Markdown at its headings, so that an edit changes the hash of one section only."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise JourneyError(
            f"{title}: {path.name} {reason}", where=where, hint=f"create {path.name} next to the code"
        ) from None
    below = len(Path(file).parts) - 1
    home = Path(*path.resolve().parts[-below - 1 :]) if below else Path(path.name)
    for root in path.resolve().parents:
        if root.name == "journeys":
            home = path.resolve().relative_to(root)
            break
    lines = text.splitlines()
    start, heading, fenced = 0, title, False
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else "#"
        if line.startswith("```"):
            fenced = not fenced
        if (line.startswith("#") and not fenced) or number == len(lines):
            body = "\n".join(lines[start:number]).strip()
            if body:
                yield PromptSection(heading, body, f"{home.as_posix()}:{start + 1}")
            start, heading = number, f"{title}: {line.lstrip('# ').strip()}"


def _words(text: str) -> set[str]:
    letters = "".join(c.lower() if c.isalnum() else " " for c in text)
    return {w[:-1] if len(w) > 3 and w.endswith("s") else w for w in letters.split() if len(w) > 2}


class KnowledgeIndex:
    """Sections with their words, to be searched by question."""

    def __init__(self, sections: Iterable[PromptSection]) -> None:
        self.sections = tuple(sections)
        self._bags = [(_words(s.title), _words(s.text)) for s in self.sections]
        self._rarity = Counter(word for _, bag in self._bags for word in bag)

    def search(self, question: str) -> list[dict[str, Any]]:
        """Return the two sections that share the rarest words with `question`, best first."""
        asked = _words(question)
        scored = []
        for section, (title, bag) in zip(self.sections, self._bags, strict=True):
            score = sum((2.0 if w in title else 1.0) / self._rarity[w] for w in sorted(asked & bag))
            if score > 0:
                scored.append((-score, section.source, section))
        scored.sort()
        return [{"title": s.title, "text": s.text, "source": s.source} for _, _, s in scored[:2]]
