"""Blame: the line of journey code that a verdict is about, so that a report can point to it."""

from __future__ import annotations

from ..authoring.agent import Agent
from ..source import ROOT_PACKAGE
from ..trace.steps import Move
from ..transcripts.transcript import Transcript
from .rerun import Rerun


def blame(transcript: Transcript, agent: Agent, result: Rerun) -> str:
    """ "journeys/shop/returns/journey.py:41", or "" where no line of journey code decided.

    A fault stands where it was raised. Else it is the policy that stopped or changed the first
    difference, or the marked move; the one that was expected to; or the one that did so in the record.
    """
    fault = next((f.where for f in result.faults if f.where), "")
    if fault:
        return below_journeys(fault)
    place = result.first.place if result.first else transcript.place
    expected = [e.policy for e in transcript.expectations if e.policy and e.at == str(place)]
    now, then = (moves.get(place) if place else None for moves in (result.now, result.then))
    sources = {policy.full_name: policy.source for policy in agent.all_policies()}
    for name in (*_deciders(now), *expected, *_deciders(then)):
        if sources.get(name):
            return below_journeys(sources[name])
    return ""


def below_journeys(where: str) -> str:
    """A place of journey code, "shop/agent.py:2", as seen from the project."""
    return f"{ROOT_PACKAGE}/{where}" if where else ""


def _deciders(move: Move | None) -> list[str]:
    return [d.policy for d in move.decisions if d.verdict != "allow"] if move else []
