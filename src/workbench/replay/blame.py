"""Find the line of journey code that a verdict is about, so that reports can link to it."""

from __future__ import annotations

from ..source import ROOT_PACKAGE
from ..trace.steps import Step
from ..transcripts.transcript import Transcript
from .agent_outline import AgentOutline
from .comparison import Rerun


def blame(transcript: Transcript, agent: AgentOutline, result: Rerun) -> str:
    """Return "journeys/shop/returns/journey.py:41", or "" if no journey code decided.

    A fault is at the line that raised it. Otherwise it is the policy that stopped or changed the
    first difference or the annotated step, the policy that the expectation names, or the policy
    that did so in the recording.
    """
    fault = next((f.where for f in result.faults if f.where), "")
    if fault:
        return project_path(fault)
    step_id = result.first.step_id if result.first else transcript.annotated_step
    expected = [e.policy for e in transcript.expectations if e.policy and e.step == str(step_id)]
    now, then = (steps.get(step_id) if step_id else None for steps in (result.current, result.recorded))
    for name in (*_deciders(now), *expected, *_deciders(then)):
        if agent.policies.get(name):
            return project_path(agent.policies[name])
    return ""


def project_path(where: str) -> str:
    """Return a location relative to journeys/, "shop/agent.py:2", relative to the project."""
    return f"{ROOT_PACKAGE}/{where}" if where else ""


def _deciders(step: Step | None) -> list[str]:
    return [d.policy for d in step.decisions if d.effect != "allow"] if step else []
