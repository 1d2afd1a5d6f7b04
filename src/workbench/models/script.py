"""Plays the script of an intent up to the next move."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..authoring.rehearsal import NOT_YET, Ask, Confirm, HandOff, Intent, Move, Refused, Say, Scene, Use
from ..engine.faults import CODE_ERRORS, describe
from ..errors import ModelStopped
from ..source import fault_place, source_of


def play(intent: Intent, scene: Scene) -> Move | None:
    """Run a script up to the first move that is not made yet; None where it has no more."""
    done: Counter[str] = Counter()
    script = intent.script(scene)
    try:
        move = next(script)
        while True:
            became = _became(move, scene, done)
            if became is NOT_YET:
                return move
            move = script.throw(became) if isinstance(became, Refused) else script.send(became)
    except StopIteration:
        return None
    except Refused as no:
        return _sorry(no)
    except CODE_ERRORS as error:
        where, _ = fault_place(error, source_of(intent.script))
        raise ModelStopped("model_error", f"the rehearsal failed: {describe(error)}", where=where) from error


def _became(move: Move, scene: Scene, done: Counter[str]) -> Any:
    def nth(key: str) -> int:
        done[key] += 1
        return done[key] - 1

    match move:
        case Say():
            return scene.said(move)
        case Ask():
            value = scene.fact(move.fact)
            return NOT_YET if value is None else value
        case Confirm():
            return scene.confirmed(move, nth(move.text))
        case HandOff():
            return NOT_YET
        case Use():
            return scene.made(move, nth(f"{move.name} {move.args}"))
    values = [scene.made(use, nth(f"{use.name} {use.args}")) for use in move]
    if NOT_YET in values:
        return NOT_YET
    return next((v for v in values if isinstance(v, Refused)), values)


def _sorry(no: Refused) -> Say:
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
