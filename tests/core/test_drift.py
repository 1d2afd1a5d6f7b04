"""What drifted is named: a section, a tool, a policy. What an expectation asks for is no drift."""

from __future__ import annotations

from typing import Any

import msgspec

from support.kit import (
    JOURNEY,
    LATE,
    ScriptedModel,
    converse,
    late_mistake,
    late_talk,
    saved,
    shop,
    shop_files,
    write,
)
from workbench.authoring.agent import Agent
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, ReplayResult, Verdict
from workbench.runtime.loader import load
from workbench.trace.events import Prompt
from workbench.transcripts.transcript import Transcript

STRICT = Options(strict_drift=True)
ASKS = """
    @returns.policy(before=create_return)
    def asks(call):
        '''{rule}'''
        return Allow({reason!r})
"""


def today(folder: Any, *policies: str, manual: str = "", journey: str = JOURNEY) -> Agent:
    files = shop_files(*policies, journey=journey)
    if manual:
        files["shop/returns/manual.md"] = manual
    return load(write(folder / "today/journeys", files), "shop").agent


def strict(transcript: Transcript, agent: Agent) -> ReplayResult:
    return replay(transcript, agent, STRICT)


def test_a_changed_added_or_removed_section_is_named_with_its_line(tmp_path):
    guard = saved(late_talk(tmp_path))
    was = "# Returns\nLook the order up first.\n\n## Then\nOpen the return.\n"
    told = strict(guard, today(tmp_path / "1", manual=was.replace("first", "last")))
    assert told.why.endswith("1.1.1 prompt: returns manual: Returns (shop/returns/manual.md:1)")
    told = strict(guard, today(tmp_path / "2", manual=f"{was}\n## More\nBe kind.\n"))
    assert told.why.endswith("prompt: returns manual: More (new) (shop/returns/manual.md:7)")
    told = strict(guard, today(tmp_path / "3", manual=was.split("\n##")[0]))
    assert told.why.endswith("prompt: returns manual: Then (gone)")
    assert (told.verdict, told.source_line) == (Verdict.DRIFTED, "")


def test_a_tool_with_a_changed_description_is_named(tmp_path):
    journey = JOURNEY.replace("'''Open a return.'''", "'''Open a return, and say so.'''")
    told = strict(saved(late_talk(tmp_path)), today(tmp_path, journey=journey))
    assert told.why.endswith("1.1.1 prompt: tool create_return")
    assert "tool create_return" in told.changed


def test_a_policy_with_a_changed_reason_or_rule_is_named_with_the_change(tmp_path):
    allow = JOURNEY.replace("import Block", "import Allow, Block")

    def told(rule: str, reason: str) -> str:
        agent = today(tmp_path / f"{rule}-{reason}", ASKS.format(rule=rule, reason=reason), journey=allow)
        return strict(guard, agent).why

    first = shop(tmp_path / "then", ASKS.format(rule="A rule", reason="so"), journey=allow)
    guard = saved(converse(first, ScriptedModel(*LATE), "return OL-1"))
    assert told("A rule", "so") == ""
    assert told("A rule", "or so").endswith("1.2.1 decisions: returns.asks: changed reason")
    assert told("Another", "so").endswith("1.2.1 decisions: returns.asks: changed rule")
    assert strict(guard, today(tmp_path / "n", journey=allow)).why.endswith("returns.asks: is not called any more")


def test_without_recorded_prompts_drift_says_so(tmp_path):
    guard = saved(late_talk(tmp_path))
    bare = msgspec.structs.replace(guard, events=[s for s in guard.events if not isinstance(s, Prompt)])
    assert strict(bare, today(tmp_path)).why.endswith("1.1.1 prompt: none was recorded")


def test_a_prompt_change_that_the_mistake_requires_is_not_drift(tmp_path):
    mistake = late_mistake(tmp_path, "prompt_contains", text="Be kind.")
    agent = today(tmp_path, manual="# Returns\nBe kind.\n")
    outcome = strict(mistake, agent)
    assert (outcome.verdict, outcome.prompt_changed_from) == (Verdict.PASS, 1)
