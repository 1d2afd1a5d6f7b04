"""Search the knowledge again in a replay, and compare the passages with those that the model was shown."""

from __future__ import annotations

from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import LOOK_UP
from ..authoring.knowledge import KnowledgeIndex
from ..trace.steps import Step


def knowledge_change(agent: Agent, recorded: Step, now: Step) -> str:
    """Return how today's passages for a search differ from the recorded ones, or "".

    Like a prompt section, a passage is its title and its text; its line is not compared.
    The transcript may have substitutes for personal data, also in the question; the
    knowledge is then compared with the same substitutes.
    """
    if now.call is None or now.call.tool != LOOK_UP or recorded.result is None or not _searched(agent, now):
        return ""
    then, question = _passages(recorded.result.value), str(now.args["question"])
    found = _passages(agent.search_knowledge(question))
    if then == found or then == _passages(_with_substitutes(agent).search(question)):
        return ""
    old, new = dict(then), dict(found)
    changed = [f"{title} (changed)" for title, text in new.items() if old.get(title, text) != text]
    changed += [f"{title} is no longer found" for title in old if title not in new]
    changed += [f"{title} is found now" for title in new if title not in old]
    return ", ".join(changed) or "the same passages in another order"


def _searched(agent: Agent, step: Step) -> bool:
    """Return whether the search ran at this step."""
    return bool(agent.knowledge) and step.result is not None and step.result.outcome == "ok"


def _passages(value: Any) -> list[tuple[str, str]]:
    """Return the title and text of passages, in order."""
    found = value if isinstance(value, list) else []
    return [(str(p.get("title")), str(p.get("text"))) for p in found if isinstance(p, dict)]


def _with_substitutes(agent: Agent) -> KnowledgeIndex:
    """Return the knowledge with substitutes for personal data, as a transcript has them; cached in the agent."""
    index: KnowledgeIndex | None = agent.cache.get("redacted knowledge")
    if index is None:
        from ..transcripts.redaction import Redactor  # its patterns take 3 ms

        redact = Redactor().redact_text
        sections = agent.knowledge_sections
        index = KnowledgeIndex(s._replace(title=redact(s.title), text=redact(s.text)) for s in sections)
        agent.cache["redacted knowledge"] = index
    return index
