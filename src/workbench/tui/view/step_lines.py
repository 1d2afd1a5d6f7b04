"""Lines of one step in the steps pane: in lanes on wide screens, folded on narrow ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...replay.partial import BY_HAND
from ...trace.events import Decision, Fault, TurnEnd
from ...trace.steps import Move, TurnMoves
from .rows import CUT_OFF, QUIET_ENDS, Row, bad, unfinished
from .text import BLANK, Bit, Line, cut, fit, one_line, plain, value, width, wrap


def worst(turn: TurnMoves) -> Bit:
    """The sign of the worst outcome in a turn, and how often it came."""
    if turn.end is not None and turn.end.reason not in QUIET_ENDS:
        return Bit("■ ended", "bad")
    moves = turn.moves
    for glyph, role, found in (
        ("⚠", "bad", sum(bool(m.faults) for m in moves)),
        ("✗", "bad", sum(_held(m) for m in moves)),
        ("↑", "warn", sum(m.handoff is not None for m in moves)),
        ("↻", "warn", sum(any(d.verdict == "rewrite" for d in m.decisions) for m in moves)),
    ):
        if found:
            return Bit(f"{glyph} {found}", role)
    return Bit("✓", "good")


def _held(move: Move) -> bool:
    return bad(move) and not move.faults


def line(row: Row, turn: TurnMoves, cells: int, notes: Notes) -> Line:
    """The header of a turn that is folded."""
    words = one_line(row.move.message.text) if row.move and row.move.message else ""
    count = sum(1 for move in turn.moves if move.message is None)
    told = [Bit(f"  {count} move{'' if count == 1 else 's'} ", "dim"), worst(turn)]
    head = [Bit("▸ ", "accent"), Bit(f"turn {turn.turn} ", "head"), Bit(words, "user")]
    return (*fit(head, max(cells - 3 - width(told), 12)), *told, *notes.bits)


HEAD = 12  # cells of the number and the kind, where a step has a line
GLYPHS = {"allow": "✓", "block": "✗", "rewrite": "↻", "escalate": "↑"}
ROLES = {"allow": "good", "block": "bad", "rewrite": "warn", "escalate": "warn"}
VERDICTS = {"allow": "allowed", "block": "blocked", "rewrite": "rewrote", "escalate": "to a person"}
OUTCOMES = {
    "error": "said no",
    "rejected": "bad arguments",
    "absent": "not on offer",
    "blocked": "blocked",
    "fault": "broke",
    "missing": "no recorded result",
}
ENDS = {
    "message_blocked": "the message was blocked",
    "limit": "a limit was reached",
    "model_error": "the model gave no usable answer",
    "interrupted": "interrupted",
    "killed": "its process was stopped",
    "tape_ended": "the recording ends here",
    "replied": "replied",
    "handed_off": "a person has the conversation",
}


class Lanes(NamedTuple):
    """The widths of the three lanes, and where they begin."""

    number: int
    reasoning: int
    tool: int
    policy: int
    flag: int

    @classmethod
    def of(cls, width: int) -> Lanes:
        number, flag, gaps = 5, 3, 4
        left = max(width - number - flag - gaps, 30)
        reasoning = left * 27 // 100
        policy = left * 35 // 100
        return cls(number, reasoning, left - reasoning - policy, policy, flag)


class Notes(NamedTuple):
    """What stands beside a row: a mark at its place, a difference found by a re-run there."""

    mark: bool = False
    differs: bool = False

    @property
    def bits(self) -> list[Bit]:
        return [Bit(" "), Bit("≠" if self.differs else " ", "warn"), Bit("⚑" if self.mark else " ", "mark")]


def short(name: str) -> str:
    """A policy without its journey."""
    return one_line(name.rsplit(".", 1)[-1], 80)


def wide(row: Row, width: int, notes: Notes, tall: int = 1) -> list[Line]:
    """A move in three lanes, over `tall` lines at most; a turn's header runs over all lanes."""
    lanes = Lanes.of(width)
    if row.part == "turn":
        return [_turn(row, width, notes, lanes)]
    if row.part != "move" or row.move is None:
        return [_loose(row, width, notes)]
    move = row.move
    columns = [
        folded([thought(move)], lanes.reasoning, tall),
        folded(deed(move, lanes.tool * tall - 8 * (tall - 1), row.over), lanes.tool, tall),
        folded(decided(move), lanes.policy, tall),
    ]
    lines: list[Line] = []
    for index in range(max(len(column) for column in columns)):
        a, b, c = (column[index] if index < len(column) else BLANK for column in columns)
        lines.append(
            (
                *fit([Bit("" if index else f"{row.number:>4}", "dim")], lanes.number),
                *fit(a, lanes.reasoning),
                Bit("  "),
                *fit(b, lanes.tool),
                Bit("  "),
                *fit(c, lanes.policy),
                *(Notes() if index else notes).bits,
            )
        )
    return lines


def folded(bits: Sequence[Bit], cells: int, tall: int) -> list[Line]:
    """Bits over at most `tall` lines; the last one ends in … where something is missing."""
    if tall == 1:
        return [fit(bits, cells)]
    enough = cells * (tall + 2)
    lines = wrap([Bit(bit.text[:enough], bit.role) for bit in bits], cells)
    if len(lines) <= tall:
        return lines
    last = lines[tall - 1]
    blank = [] if plain(last).endswith(" ") else [Bit(" ")]
    return [*lines[: tall - 1], fit([*last, *blank, *lines[tall]], cells)]


def thought(move: Move) -> Bit:
    """What led to a move; a later call of the same answer points to the first."""
    if move.reasoning.strip():
        return Bit(one_line(move.reasoning), "think")
    return Bit("┊" if move.place.call > 1 else "–", "rule")


def narrow(row: Row, width: int, notes: Notes) -> Line:
    """One step a line: what kind it is, then what it was."""
    if row.part == "turn":
        return _turn(row, width, notes, None)
    if row.part not in ("think", "act", "policy") or row.move is None:
        return _loose(row, width, notes)
    move = row.move
    kind: str
    bits: Sequence[Bit]
    if row.part == "think":
        kind, bits = "think", [Bit(one_line(move.reasoning), "think")]
    elif row.part == "act":
        bits = deed(move, width - 3 - HEAD, row.over)
        kind, bits = ("tool" if move.call else "reply"), [b for b in bits if b.text != "reply "]
    elif row.decision is not None:
        kind, bits = "policy", decision_bits(row.decision, reason=True)
    else:
        kind, bits = "policy", allowed(move)
    # the number stands on the first line of its move only
    number = f"{row.number:>4} " if row.part == "think" or (row.part == "act" and not move.reasoning) else "     "
    return (*fit([Bit(number, "dim"), Bit(kind.ljust(HEAD - 5), "label"), *bits], width - 3), *notes.bits)


def _turn(row: Row, width: int, notes: Notes, lanes: Lanes | None) -> Line:
    message = row.move.message if row.move else None
    words = one_line(message.text) if message else "(before the customer's first message)"
    head = [Bit("─ ", "rule"), Bit(f"turn {row.place.turn} ", "head")]
    policy = decided(row.move) if row.move and row.move.decisions else []
    if lanes is None or not policy:
        return (*_ruled([*head, Bit(words, "user")], width - 3), *notes.bits)
    left = width - lanes.policy - lanes.flag - 2
    return (
        *_ruled([*head, Bit(words, "user")], left),
        Bit("  "),
        *fit(policy, lanes.policy),
        *notes.bits,
    )


def _ruled(bits: list[Bit], cells: int) -> Line:
    """Bits, and a rule over what is left of the line."""
    line = fit([*bits, Bit(" ")], cells)
    if line and line[-1].role == "" and not line[-1].text.strip():
        return (*line[:-1], Bit(" " + "─" * (len(line[-1].text) - 1), "rule"))
    return line


def _loose(row: Row, width: int, notes: Notes) -> Line:
    """What stands in no lane: a fault, a hand-off, an end that was not a reply."""
    bits: list[Bit]
    if row.part == "fault" and row.fault is not None:
        f = row.fault
        bits = [
            Bit("     ⚠ ", "bad"),
            Bit(f"{broke(f)}: {one_line(f.message)}", "bad"),
            Bit(f"  {one_line(f.where, 120)}", "dim"),
        ]
    elif row.part == "handoff" and row.handoff is not None:
        by = "the model" if row.handoff.by == "model" else short(row.handoff.by)
        bits = [
            Bit("     ↑ ", "warn"),
            Bit("handed to a person ", "warn"),
            Bit(f"by {by}: {one_line(row.handoff.reason)}"),
        ]
    elif row.end is not None:
        bits = [
            Bit("     ■ ", "bad"),
            Bit("the turn ended: ", "dim"),
            Bit(one_line(ended(row.end)), "bad"),
        ]
    else:
        bits = []
    return (*fit(bits, width - 3), *notes.bits)


def ended(end: TurnEnd) -> str:
    """Why a turn ended. What stopped a process says so itself: a deadline, or the end of the workbench."""
    if not end.detail:
        return ENDS[end.reason]
    return end.detail if end.reason == "killed" else f"{ENDS[end.reason]}: {end.detail}"


def broke(fault: Fault) -> str:
    """What broke: "tool create_return", and not "worker worker"."""
    name = one_line(fault.name, 60)
    return fault.origin if name in ("", fault.origin) else f"{fault.origin} {name}"


def act(move: Move, over: str = "") -> list[Bit]:
    """The call with what it came to, or the reply. `over`: how its turn ended, where it has."""
    if move.answer is not None and move.answer.model == BY_HAND:
        return [Bit("by hand ", "accent"), *_act(move, over)]
    return _act(move, over)


def _act(move: Move, over: str) -> list[Bit]:
    if move.call is not None:
        return _call(move, over)
    if move.reply is not None:
        glyph = [Bit("↻ ", "warn")] if move.effect == "rewritten" else []
        return [*glyph, Bit("reply ", "label"), Bit(f"“{words(move.reply.text)}”", "agent")]
    if move.answer is not None and move.answer.text:
        return [Bit("✗ held back ", "bad"), Bit(f"“{words(move.answer.text)}”", "dim")]
    return [Bit("nothing said", "dim")] if move.answer is not None else []


def deed(move: Move, cells: int, over: str = "") -> list[Bit]:
    """act() for so many cells: the arguments of a call are cut before what it came to."""
    bits = act(move, over)
    if move.call is None or width(bits) <= cells:
        return bits
    tool, args, *outcome = bits
    room = cells - width([tool]) - min(width(outcome), cells * 2 // 5)
    return [tool, Bit(cut(args.text, max(room, 2)), args.role), *outcome]


def words(text: object) -> str:
    """What was said, on one line, without the stars of Markdown."""
    return one_line(text).replace("**", "")


def _call(move: Move, over: str) -> list[Bit]:
    assert move.call is not None
    args = move.args if move.effect != "rejected" else move.call.args
    changed = move.rewritten("before") is not None
    bits = [
        Bit(one_line(move.call.tool, 80), "tool"),
        Bit(f"({', '.join(value(v, 60) for v in list(args.values())[:6])})"),
    ]
    if changed:
        bits.append(Bit(" ↻", "warn"))
    result = move.result
    if result is None:
        if unfinished(move) and over in CUT_OFF:
            return [*bits, Bit(" ✗ stopped", "bad")]
        return [*bits, Bit(" not run" if over else " …", "dim")]
    if result.outcome == "ok":
        writes = Bit(" ✎", "accent") if result.changed else Bit("")
        if move.after_effect in ("blocked", "escalated"):  # it ran, and the model was not told
            return [*bits, Bit(" ✗ withheld", "bad"), writes]
        after = Bit(" ↻", "warn") if move.rewritten("after") is not None else Bit("")
        return [*bits, Bit(" → ", "dim"), Bit(value(result.value, 200)), writes, after]
    if result.outcome == "blocked":
        return [*bits, Bit(" ✗ blocked", "bad")]
    why = move.faults[0].message if result.outcome == "fault" and move.faults else result.value
    return [*bits, Bit(f" ✗ {OUTCOMES[result.outcome]}: ", "bad"), Bit(one_line(why, 200), "dim")]


def decided(move: Move) -> list[Bit]:
    """The policies that were asked: those that changed something first, with their reason."""
    if not move.decisions:
        called = move.call is not None and move.effect not in ("rejected", "absent")
        return [Bit("no policy", "dim")] if called else []
    loud = [d for d in move.decisions if d.verdict != "allow"]
    loud.sort(key=lambda d: d.verdict == "rewrite")  # what stopped it says why
    quiet = [d for d in move.decisions if d.verdict == "allow"]
    bits: list[Bit] = []
    for decision in loud + quiet:
        if bits:
            bits.append(Bit("  "))
        bits += decision_bits(decision, reason=decision in loud[:1] or decision.verdict == "allow")
    return bits


def allowed(move: Move) -> list[Bit]:
    """The policies that let it pass."""
    bits: list[Bit] = []
    for decision in move.decisions:
        if decision.verdict == "allow":
            bits += [*([Bit("  ")] if bits else []), *decision_bits(decision, reason=False)]
    return bits


def decision_bits(decision: Decision, reason: bool) -> list[Bit]:
    role = ROLES[decision.verdict]
    bits = [Bit(short(decision.policy) + " "), Bit("⚠" if decision.fault else GLYPHS[decision.verdict], role)]
    if reason and decision.reason:
        bits.append(Bit(f" {one_line(decision.reason, 300)}", role if decision.verdict != "allow" else "dim"))
    return bits


def heading(width: int, name: str) -> str:
    """The name of the pane, and those of the lanes above them as far as it leaves room, joined by a rule."""
    lanes = Lanes.of(width)
    line = f"{name} ──"
    for label, start in (
        ("reasoning", lanes.number),
        ("tool or reply", lanes.number + lanes.reasoning + 2),
        ("policy", lanes.number + lanes.reasoning + lanes.tool + 4),
    ):
        if len(line) <= max(start, lanes.number + len("2 Steps ──")):
            line = line.ljust(start - 1, "─")
            line = f"{line[:-1]} {label} "
    return cut(line, width)
