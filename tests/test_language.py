"""The language of the program and its documentation: plain technical English, without words that were given up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NOT_YET = (  # files that still contain such words
    "src/workbench/runtime/",
    "src/workbench/store/",
    "src/workbench/mutation/",
    "src/workbench/trials/",
    "src/workbench/files.py",
    "src/workbench/plain.py",
    "src/workbench/suggest.py",
    "src/workbench/text.py",
    "src/workbench/__main__.py",
    "src/workbench/__init__.py",
    "src/workbench/transcripts/files.py",
    "src/workbench/transcripts/pending.py",
    "src/workbench/transcripts/redaction.py",
    "src/workbench/engine/availability.py",  # texts that transcripts contain
    "src/workbench/engine/turn.py",
    "src/workbench/workspace/tour.py",  # the id of an action
    "docs/mutate.md",  # the table of operators is that of the program
)
AUTHORS = ("src/workbench/cli/template/journeys/", "docs/journeys.md")  # what an agent's own rules say

WORDS = (
    r"mend(ed|s|ing)?",
    r"anew",
    r"afresh",
    r"spelt",
    r"whoever",
    r"for ever",
    r"told apart",
    r"behind the engine's back",
    r"lies? beside",
    r"stands? (in|at|on|for itself)",
    r"is no (time|pattern|record|transcript|number|step|text|choice|report|object|UTF-8|JSON|URL)",
    r"that is none",
    r"as it stands",
    r"any many",
    r"so many",
    r"by chance",
    r"at the wheel",
    r"deeds?",
    r"exhibits?",
    r"on offer",
    r"handed in",
    r"written otherwise",
    r"a person's word",
    r"a file of its own",
    r"the engineer's back",
    r"what came of",
    r"where nobody",
    r"nobody (waits|asked|looks|minds|wants|listens)",
    r"says? not",
    r"turned round",
    r"to give away",
)
OLD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)


def texts() -> list[str]:
    files = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.py"),
    ]
    names = sorted(file.relative_to(ROOT).as_posix() for file in files)
    return [name for name in names if not name.startswith((*NOT_YET, *AUTHORS))]


@pytest.mark.parametrize("name", texts())
def test_a_text_has_none_of_the_words_that_were_given_up(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    found = [f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if OLD.search(line)]
    assert found == []
