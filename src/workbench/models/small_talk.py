"""Answer what no script handles: small talk, knowledge questions, unknown words."""

from __future__ import annotations

from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER, LOOK_UP
from ..authoring.phrases import stems, tokenize
from ..authoring.rehearsal import PENDING, Ask, Call, CallFailed, Confirm, HandOff, Say, Scene, ScriptAction
from ..engine.model import ModelRequest
from .intents import gives_up, is_question

_SORRY = "Sorry, I did not follow that."
_SMALL_TALK = {
    "You are welcome. Is there anything else?": "thanks thank thx ty cheers",
    "Goodbye, and thank you for coming by.": "bye goodbye ciao",
    "Hello!": "hello hi hey morning evening afternoon",
}


def aside(agent: Agent, request: ModelRequest, now: Scene, pending: ScriptAction | None) -> ScriptAction:
    """Answer the last message without a script, then repeat `pending` if it is an open question."""
    said = now.turns[-1].said
    back = f"\n\n{pending.text}" if isinstance(pending, Ask | Confirm) else ""
    if agent.knowledge and ("?" in said or is_question(said)):
        found = now.result_of(Call(LOOK_UP, question=said), 0)
        if found is PENDING:
            return Call(LOOK_UP, why="a question: look it up, do not guess", question=said)
        if section := _telling(found, said):
            return Say(
                f"{_quote(section['text'])}\n(from {section['source']}){back}", f"quote {section['source']}"
            )
        nothing = "I find nothing about that in what we have written down."
        return Say(f"{nothing}{back or ' ' + _can_do(agent, request)}", why="no source: say so, do not guess")
    if gives_up(said):
        return Say("All right, we leave it. Is there anything else?", why="the customer does not want it any more")
    small = next((t for t, ws in _SMALL_TALK.items() if set(tokenize(said)) & set(ws.split())), "")
    if small:
        more = "" if back or not small.startswith("Hello") else f" {_can_do(agent, request)}"
        return Say(f"{small}{more}{back}", why="small talk")
    if not back:
        return Say(f"{_SORRY} {_can_do(agent, request)}", why="not understood: say what I can do")
    if all(any(r.startswith(_SORRY) for r in t.replies) for t in now.all_turns[-3:-1]):
        return HandOff("I could not follow the customer", why="not understood three times: a person is better")
    return Say(f"{_SORRY}{back}", why="not understood: ask again")


def _can_do(agent: Agent, request: ModelRequest) -> str:
    """List the available goals."""
    enter = next((t for t in request.tools if t["name"] == ENTER), None)
    others = enter["input_schema"]["properties"]["journey"]["enum"] if enter else list(agent.journeys)
    goals = [j.goal for j in agent.journeys.values() if j.name in (*others, request.conversation.journey)]
    lines = ["I can help you with:", *(f"- {goal}" for goal in goals)]
    if agent.allow_handoff:
        lines.append("Or write “a human, please”.")
    return "\n".join(lines)


def _telling(found: Any, question: str) -> dict[str, Any] | None:
    """Return the best section that shares at least half of the significant words of the question."""
    asked = stems(question)
    if isinstance(found, CallFailed) or not asked:
        return None
    telling = (s for s in found if 2 * len(asked & stems(f"{s['title']} {s['text']}")) >= len(asked))
    return next(telling, None)


def _quote(text: str) -> str:
    """Return a section without its heading, as a quotation."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    return f"“{body.split(chr(10) * 2)[0]}”"
