"""The text of an empty conversation."""

from __future__ import annotations

from ...workspace.session import Session
from ..actions import key
from .text import one_line, value


def empty_chat(session: Session, newcomer: bool) -> list[str]:
    """Describe what can be done in an empty conversation."""
    agent_info = session.agent_info
    lines = [f"A new conversation with {one_line(session.agent)}. Type below, enter sends."]
    if newcomer:
        lines.append(f"New here? {key('palette', typing=True)}, then type tour: it takes one minute.")
    if agent_info is not None:
        goals = [f"• {one_line(j.goal, 120)}" for j in agent_info.journeys]
        lines += ["", "Journeys:", *goals] if goals else []
        about = next((f.description for f in agent_info.fixtures if f.name == session.setup.fixture), "")
        fixture = one_line(session.setup.fixture)
        lines += ["", f"Fixture {fixture}: {one_line(about, 200)}" if about else f"Fixture {fixture}"]
        if session.setup.customer:
            lines.append(f"Customer: {value(session.setup.customer)}")
        phrases = [f"“{one_line(t, 60)}”" for j in agent_info.journeys for t in j.example_phrases[:1]]
        if phrases and session.model == "rehearsal":
            lines += ["", f"Messages that the rehearsal answers, for example: {', '.join(phrases)}."]
        back, setup, help = (key(id) for id in ("back", "setup", "help"))
        lines += ["", f"{back}, then {setup} changes the setup; {help} shows all keys."]
    elif session.code.state == "not run":
        lines += [
            "",
            f"No code of this folder runs yet. {key('run_code')} runs it; then you can write to the agent.",
        ]
    elif session.code.state == "broken":
        lines += ["", "The code does not load; the error is shown above. Fix it and save: it is loaded again."]
    return lines
