"""Play the script of an intent up to the next action."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..authoring.rehearsal import (
    PENDING,
    Ask,
    Call,
    CallFailed,
    Confirm,
    HandOff,
    Intent,
    Say,
    Scene,
    ScriptAction,
)
from ..engine.faults import JOURNEY_EXCEPTIONS, describe_exception
from ..errors import NoAnswer
from ..source import fault_location, source_location


def play(intent: Intent, scene: Scene) -> ScriptAction | None:
    """Run a script up to its first action that is not done; returns None at the end of the script."""
    done: Counter[str] = Counter()
    script = intent.script(scene)
    try:
        step = next(script)
        while True:
            became = _became(step, scene, done)
            if became is PENDING:
                return step
            step = script.throw(became) if isinstance(became, CallFailed) else script.send(became)
    except StopIteration:
        return None
    except CallFailed as no:
        return _sorry(no)
    except JOURNEY_EXCEPTIONS as error:
        where, _ = fault_location(error, source_location(intent.script))
        raise NoAnswer("model_error", f"the rehearsal failed: {describe_exception(error)}", where=where) from error


def _became(step: ScriptAction, scene: Scene, done: Counter[str]) -> Any:
    def nth(key: str) -> int:
        done[key] += 1
        return done[key] - 1

    match step:
        case Say():
            return scene.reply_status(step)
        case Ask():
            value = scene.slot(step.fact)
            return PENDING if value is None else value
        case Confirm():
            return scene.answer_to(step, nth(step.text))
        case HandOff():
            return PENDING
        case Call():
            return scene.result_of(step, nth(f"{step.name} {step.args}"))
    values = [scene.result_of(use, nth(f"{use.name} {use.args}")) for use in step]
    if PENDING in values:
        return PENDING
    return next((v for v in values if isinstance(v, CallFailed)), values)


def _sorry(no: CallFailed) -> Say:
    reason = no.reason.rstrip(".")
    if no.outcome == "blocked":
        return Say(
            f"I am sorry, I am not allowed to do that: {reason}.", why=f"a policy blocked {no.tool}: say so"
        )
    if no.outcome == "error" and reason:
        return Say(f"That did not work: {reason}.", why=f"{no.tool} said no: tell the customer")
    return Say(
        "Something went wrong on our side. Write “a human, please” and a colleague takes over.",
        why=f"{no.tool}: {no.outcome}",
    )
