"""The language of the program and its documentation: plain technical English, without words that were given up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

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
    r"take(s|n)? (it )?out of",
    r"passed over",
    r"hangs? on",
    r"misspelt",
    r"nought",
    r"turn(s|ed)? (red|green)",
    r"receipts?",
    r"put(s)? away",
    r"in vain",
    r"tells? apart",
    r"asked for nothing",
)
NAMES = (  # parts of test names
    r"told",
    r"mends?",
    r"anew",
    r"afresh",
    r"by_hand",
    r"tape",
    r"receipts?",
    r"marks?",
    r"guards?",
    r"stands?",
    r"on_offer",
    r"put_away",
    r"deeds?",
    r"wheel",
    r"is_none",
    r"is_said",
    r"spelt",
    r"nobody",
    r"in_vain",
    r"otherwise",
    r"green|red",
)
FOLDERS = ("check", "cli", "core", "flows", "models", "runtime", "store", "tui")  # of tests
OLD_NAME = re.compile(rf"(?:^|_)(?:{'|'.join(NAMES)})(?:_|$)")
OLD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)


def texts() -> list[str]:
    files = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.py"),
    ]
    names = sorted(file.relative_to(ROOT).as_posix() for file in files)
    return [name for name in names if not name.startswith(AUTHORS)]


def modules_in(folder: str) -> list[Path]:
    return sorted((ROOT / "tests" / folder).glob("test_*.py"))


@pytest.mark.parametrize("name", texts())
def test_a_text_has_none_of_the_words_that_were_given_up(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    found = [f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if OLD.search(line)]
    assert found == []


@pytest.mark.parametrize("name", [f"{folder}/{f.name}" for folder in FOLDERS for f in modules_in(folder)])
def test_a_test_name_has_none_of_the_words_that_were_given_up(name: str) -> None:
    names = re.findall(r"^(?:async )?def test_(\w+)", (ROOT / "tests" / name).read_text(), re.M)
    assert [name for name in names if OLD_NAME.search(name)] == []
