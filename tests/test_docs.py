"""The documentation is true: its examples run, its links lead somewhere, its commands and tables are real."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import typer

from support.talking import talk_with
from workbench.cli.app import build
from workbench.mutation.operators import OPERATORS
from workbench.replay.exit_codes import Exit
from workbench.replay.verdict import Verdict
from workbench.runtime.loader import load
from workbench.store.config import SETTINGS, USER_SETTINGS, read_settings_file
from workbench.transcripts.expectation import EXPECTATION_KINDS
from workbench.transcripts.query import FILTERS
from workbench.tui import actions

ROOT = Path(__file__).parents[1]
JOURNEYS_PAGE = ROOT / "docs" / "journeys.md"
CODE_PAGE = ROOT / "docs" / "codebase.md"
REPLAY_PAGE = ROOT / "docs" / "replay.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "journeys").glob("*/*.md"))]

FENCE = re.compile(r"^```(.*?)\n(.*?)^```", re.M | re.S)
FILE = re.compile(r"^`([\w./-]+)`(?:, continued)?$|continues ([\w./-]+)")


def pages() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(ROOT).as_posix() for p in PAGES])


# docs/journeys.md


def write_examples(page: Path, folder: Path) -> list[str]:
    """Write every block that has a file's name above it; a second block of a file continues it."""
    written: list[str] = []
    text = page.read_text()
    for block in FENCE.finditer(text):
        above = text[: block.start()].rstrip().rsplit("\n", 1)[-1]
        named = FILE.search(block[1]) or FILE.search(above)
        if named is None:
            continue
        name = named[1] or named[2]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(block[2] + "\n\n")
        written.append(name)
    return written


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write_examples(JOURNEYS_PAGE, tmp_path)
    return tmp_path / "journeys"


def test_no_example_is_left_out(tmp_path: Path) -> None:
    python = [b for b in FENCE.finditer(JOURNEYS_PAGE.read_text()) if b[1].startswith("python")]
    written = write_examples(JOURNEYS_PAGE, tmp_path)
    assert len(python) == len([name for name in written if name.endswith(".py")]) >= 5


def test_the_agent_of_the_page_loads(library: Path) -> None:
    loaded = load(library, "library")
    assert [t.name for t in loaded.agent.all_tools()] == ["find_loan", "renew", "copies"]
    assert {p.hook for p in loaded.agent.all_policies()} == {
        "on_message",
        "before_tool",
        "after_tool",
        "before_reply",
    }
    assert all(p.rule and p.why for p in loaded.agent.all_policies())
    assert list(loaded.fixtures) == ["reader"]


def test_the_agent_of_the_page_renews_a_book(library: Path) -> None:
    conversation = talk_with("library", "reader", "renew my book", "L-17", "yes", root=library)
    assert conversation.calls == ["find_loan ok", "renew ok"]
    assert conversation.reply == "Done. The Wall is due on 2026-04-07."
    assert conversation.faults == []


def test_its_policies_do_what_the_page_says(library: Path) -> None:
    def blocked(*said: str) -> list[str]:
        return talk_with("library", "reader", *said, root=library).blocked_by

    assert blocked("renew my book L-18", "yes") == ["loans.nobody_waits"]
    assert blocked("renew my book L-90") == ["loans.own_loan"]
    conversation = talk_with("library", "reader", "renew my book L-17", "just do it anyway", "yes", root=library)
    assert conversation.decided("rewrite") == ["loans.four_weeks"]
    assert talk_with("library", "reader", "I want to complain", root=library).handed_off
    conversation = talk_with("library", "reader", "when are you open?", root=library)
    assert "Tuesday to Saturday" in conversation.reply
    assert "library/knowledge/hours.md:1" in conversation.reply


def test_the_tests_of_the_page_pass(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.parent)
    tests = [f for name, f in runpy.run_path("tests/test_loans.py").items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


# links and commands


@pages()
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} points to {target}"
        if heading:
            assert heading in headings(there), f"{page.name} points to {target}"


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = [line for line in FENCE.sub("", page.read_text()).splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in lines}


@pages()
def test_every_command_that_is_named_exists(page: Path) -> None:
    command = typer.main.get_command(build())
    known = set(command.commands)  # type: ignore[attr-defined]
    code = "\n".join(
        [*re.findall(r"`([^`\n]+)`", page.read_text()), *(b[2] for b in FENCE.finditer(page.read_text()))]
    )
    for name, rest in re.findall(r"(?:^|\| )workbench ([a-z]+)((?: [^\n|`]+)?)", code, re.M):
        assert name in known, f"{page.name} names the command {name}"
        named = command.commands[name]  # type: ignore[attr-defined]
        words = rest.split("#")[0].split()
        if words and hasattr(named, "commands"):
            assert words[0] in named.commands, f"{page.name}: there is no workbench {name} {words[0]}"
            named = named.commands[words[0]]
        options = {o for p in named.params for o in p.opts}
        for option in re.findall(r"(?<!\w)(--?[a-z][\w-]*)", re.sub(r"'[^']*'", "", rest)):
            assert option in {*options, "--help", "-h"}, f"{page.name}: workbench {name} has no {option}"


# docs/replay.md


def table(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    text = f"\n{page.read_text()}".split(f"\n{heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", text, re.M)
    assert rows, f"there is no table under {heading}"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[0].splitlines()[2:]]


def test_the_table_of_expectations_is_the_real_one() -> None:
    rows = {name.strip("`"): (needs, decided) for name, needs, decided, _ in table(REPLAY_PAGE, "## Expectations")}
    assert list(rows) == list(EXPECTATION_KINDS)
    for name, kind in EXPECTATION_KINDS.items():
        needs, decided = rows[name]
        assert decided == kind.decided_by, name
        assert set(kind.needs) <= set(re.findall(r"`(\w+)`", needs)), name


def test_the_table_of_exit_codes_is_the_real_one() -> None:
    rows = {int(number): name.strip("`") for number, name, _ in table(REPLAY_PAGE, "## Exit codes")}
    assert rows == {e.value: e.name for e in Exit}


def test_the_table_of_verdicts_is_the_real_one() -> None:
    assert [row[0].strip("`") for row in table(REPLAY_PAGE, "## Verdicts")] == [v.value for v in Verdict]


# docs/mutate.md


def test_the_table_of_operators_is_the_real_one() -> None:
    rows = [(name.strip("`"), about) for name, about in table(ROOT / "docs" / "mutate.md", "## The operators")]
    assert rows == [(name, operator.description) for name, operator in OPERATORS.items()]


# docs/false-passes.md


def test_every_false_pass_on_the_page_has_its_test() -> None:
    page = (ROOT / "docs" / "false-passes.md").read_text()
    rows = re.findall(r"^\| (.*?) \|", page, re.M)
    listed = [row for row in rows if row != "what could pass" and not row.startswith("---")]
    lines = [re.sub(r"\W+", "_", row.lower()) for row in listed]
    assert len(set(lines)) == len(lines)
    tests = {file: re.findall(r"^def test_(\w+)", file.read_text(), re.M) for file in ROOT.glob("tests/*/*.py")}
    false_passes = {name for file, found in tests.items() if file.name == "test_false_passes.py" for name in found}
    assert false_passes <= set(lines)
    names = [name for found in tests.values() for name in found]
    assert [
        line for line in lines if line not in false_passes and not any(n.startswith(line) for n in names)
    ] == []


# docs/review.md


def test_the_table_of_filters_is_the_real_one() -> None:
    rows = [(name.strip("`"), asks) for name, asks in table(ROOT / "docs" / "review.md", "## A queue is a query")]
    assert rows == list(FILTERS.items())


# docs/codebase.md


def test_the_page_of_the_code_names_every_package() -> None:
    packages = [row[0].strip("`") for row in table(CODE_PAGE, "## Packages")]
    source = ROOT / "src" / "workbench"
    assert sorted(packages) == sorted(p.parent.name for p in source.glob("*/__init__.py"))


def test_every_path_on_the_page_of_the_code_exists() -> None:
    page = FENCE.sub("", CODE_PAGE.read_text())
    paths = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", page)
    files = [path for path in paths if "/" in path or path.endswith(".py")]
    assert len(files) > 50
    outside = ("src", "journeys", "transcripts", "tests", "tools", ".workbench")
    for path in files:
        in_package = (ROOT / "src" / "workbench" / path).exists()
        assert in_package or (ROOT / path).exists() or path.startswith(".workbench/"), path
        assert in_package or path.split("/")[0] in outside, path


def test_every_function_on_the_page_of_the_code_is_in_the_file_named_with_it() -> None:
    page = FENCE.sub("", CODE_PAGE.read_text())
    named = re.findall(r"`([A-Za-z_.]+)` (?:\(|in )`([\w/]+\.py)`", page)
    assert len(named) > 20
    for name, file in named:
        source = (ROOT / "src" / "workbench" / file).read_text()
        for part in name.split("."):
            assert re.search(rf"(?:def|class) {part}\b|^{part}\b", source, re.M), f"{file} has no {name}"


def test_the_keys_on_the_page_of_the_screens_are_the_keys_of_the_screens() -> None:
    page = (ROOT / "docs" / "screens.md").read_text()
    assert page.split("<!-- keys -->\n")[1].split("<!-- /keys -->")[0] == actions.markdown() + "\n"


def test_the_example_of_the_settings_is_one() -> None:
    page = ROOT / "docs" / "configuration.md"
    rows = {name.strip("`"): where for name, where, _ in table(page, "# Settings")}
    assert list(rows) == list(SETTINGS)
    assert [name for name, where in rows.items() if "own" in where] == list(USER_SETTINGS)


def test_the_example_of_the_settings_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    (tmp_path / "workbench.toml").write_text(next(b[2] for b in FENCE.finditer(page) if b[1] == "toml"))
    try:
        actions.apply_overrides(read_settings_file(tmp_path / "workbench.toml")["keys"])
        assert actions.key("annotate") == "m"
    finally:
        actions.apply_overrides({})
