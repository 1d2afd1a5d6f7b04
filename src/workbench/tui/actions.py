"""All that a person can do on the screens: one table.

Bindings, footer, palette, help and the documentation are made from it, so that
none of them can offer what another does not know. `where` names the screens an
action works on; a screen says with `why_not(id)` why it cannot be done just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from textual.binding import Binding

from ..errors import UsageError
from ..suggest import closest_names
from ..workspace.settings import KeyOverride
from .keys import conflicts, display, parse, types_text

DEVELOP, REVIEW, COMPARE = "develop", "review", "compare"
BOTH = (DEVELOP, REVIEW)
ALL = (*BOTH, COMPARE)


class Action(NamedTuple):
    """`id` is also the name of the method that does it, after "do_". `footer` orders it there, 0 leaves it out."""

    id: str
    keys: str
    title: str
    about: str
    group: str
    where: tuple[str, ...] = BOTH
    footer: int = 0
    priority: bool = False
    shown: str = ""

    @property
    def key_text(self) -> str:
        """Its keys as a person writes them."""
        return self.shown or display(self.keys)


KINDS = ":think :tool :reply :policy :blocked :failed :writes :marked :differs"  # as present/filter.py has them
_MOVE, _FIND, _SEE, _TALK, _JUDGE, _CODE, _PROGRAM = "Move", "Find", "See", "Talk", "Judge", "Code", "Program"

ACTIONS: tuple[Action, ...] = (
    Action("help", "question_mark,f1", "help", "All actions, searchable; enter runs one.", _PROGRAM, ALL, 1),
    Action("type", "i", "type", "Write to the agent.", _TALK, (DEVELOP,), 2),
    Action("mark", "a", "mark", "Mark the step: whose fault, how bad, what should be.", _JUDGE, footer=3),
    Action("save", "t", "save", "Save the conversation as a transcript: a mistake to fix, or a guard.", _JUDGE,
           footer=4),
    Action("undo", "u", "undo", "Take back the last mark or save.", _JUDGE, footer=6),
    Action("unmark", "A", "unmark", "Take the mark off the step (undo brings it back).", _JUDGE),
    Action("fork", "f", "fork", "Go on differently from before this turn; this conversation is kept.", _TALK,
           (DEVELOP,), 5),
    Action("again", "r", "run again",
           "From this step: today's code on the tape, or the model afresh, several times.", _TALK, (DEVELOP,), 5),
    Action("wheel", "W", "take the wheel",
           "Answer by hand as the model should have: a call or a reply; the agent goes on from it, in a fork.",
           _TALK, (DEVELOP,)),
    Action("off", "x", "switch off",
           "Do without a policy, a tool or a paragraph in this conversation, and see what changes.", _CODE,
           (DEVELOP,)),
    Action("keep", "greater_than_sign", "go on with the new run",
           "After a reload: the re-run becomes a conversation of its own, which goes on.", _CODE, (DEVELOP,)),
    Action("drop", "less_than_sign", "stay with the record",
           "After a reload: drop the re-run; the recorded conversation goes on.", _CODE, (DEVELOP,)),
    Action("replay_saved", "T", "replay what was saved",
           "The transcripts saved of this conversation, replayed on the code as it is now.", _JUDGE, (DEVELOP,)),
    Action("mend", "F", "make the change", "In the tour: show the change that is prepared, and make it.", _CODE,
           (DEVELOP,)),
    Action("base", "w", "base", "Take this conversation as the base to compare with; again takes it back.", _CODE),
    Action("compare", "d", "compare",
           "Compare with the base; without one, with its own run on today's code.", _CODE, BOTH, 6),
    Action("pending", "p", "recorded anew",
           "Transcripts that were recorded anew: each new run beside its record, to accept, reject or skip.",
           _JUDGE, (REVIEW,)),
    Action("accept", "a", "accept", "Recorded anew: the new run takes the place of the record.", _JUDGE,
           (COMPARE,), 6),
    Action("reject", "r", "reject", "Recorded anew: throw the new run away, the record stays.", _JUDGE,
           (COMPARE,), 7),
    Action("skip", "s", "skip", "Recorded anew: decide later; to the next that waits.", _JUDGE, (COMPARE,), 8),
    Action("swap", "x", "swap sides", "Left becomes right.", _CODE, (COMPARE,), 4),
    Action("go_there", "enter", "go to the move", "To this move where you came from.", _SEE, (COMPARE,), 3),
    Action("continue", "c", "continue", "Go on with this conversation in Develop.", _TALK, (REVIEW,), 2),
    Action("queue", "Q", "queues", "Open a query that is kept by name, or keep this one.", _SEE, (REVIEW,)),
    Action("sample", "s", "sample", "Draw some of them by chance; again draws others.", _SEE, (REVIEW,)),
    Action("next_unseen", "full_stop", "next unseen",
           "Check off what is on view and open the next that is not seen in this queue.", _MOVE, (REVIEW,), 7),
    Action("last_unseen", "comma", "unseen before", "The same, backwards.", _MOVE, (REVIEW,)),
    Action("seen", "x", "check off", "Seen in this queue, or not after all; kept between sittings.", _JUDGE,
           (REVIEW,)),
    Action("tag", "number_sign", "tag", "Tags for the chosen conversations, or for the one under the cursor.",
           _JUDGE, (REVIEW,), 5),
    Action("select", "space", "choose", "Choose the line, or not after all; tags go to all that are chosen.",
           _JUDGE, (REVIEW,)),
    Action("select_all", "asterisk", "choose all", "Choose all that the list holds, or none.", _JUDGE, (REVIEW,)),
    Action("setup", "s", "setup", "What a conversation starts from: fixture, customer, channel, clock.", _TALK,
           (DEVELOP,), 13),
    Action("new", "ctrl+n", "new", "A new conversation on the same setup; this one is kept.", _TALK,
           (DEVELOP,), 7),
    Action("talks", "b", "conversations", "The open conversations: take one in hand, put one away.", _TALK,
           (DEVELOP,), 9),
    Action("next_talk", "right_parenthesis", "next conversation", "To the next open conversation.", _TALK,
           (DEVELOP,)),
    Action("last_talk", "left_parenthesis", "conversation before", "To the open conversation before.", _TALK,
           (DEVELOP,)),
    Action("bring_back", "B", "bring back", "After a crash: the conversations that were open, as they lay.", _TALK,
           (DEVELOP,)),
    Action("interrupt", "ctrl+c", "interrupt", "Stop the agent's turn; with text selected, copy it.", _TALK, ALL,
           priority=True),
    Action("down", "j,down", "down", "To the next line.", _MOVE, ALL),
    Action("up", "k,up", "up", "To the line before.", _MOVE, ALL),
    Action("top", "g,home", "top", "To the first line.", _MOVE, ALL),
    Action("end", "G,end", "end", "To the last line; new steps are followed from there.", _MOVE, ALL),
    Action("half_down", "ctrl+d", "half a page down", "Half a page on.", _MOVE, ALL),
    Action("half_up", "ctrl+u", "half a page up", "Half a page back.", _MOVE, ALL),
    Action("page_down", "pagedown", "page down", "A page on.", _MOVE, ALL),
    Action("page_up", "pageup", "page up", "A page back.", _MOVE, ALL),
    Action("detail_down", "J", "detail down", "Scroll the detail from the list.", _MOVE, ALL),
    Action("detail_up", "K", "detail up", "Scroll the detail back from the list.", _MOVE, ALL),
    Action("last_step", "left_square_bracket", "step before", "To the move before.", _MOVE, ALL),
    Action("next_step", "right_square_bracket", "next step", "To the next move.", _MOVE, ALL),
    Action("last_turn", "left_curly_bracket", "turn before", "To the turn before.", _MOVE, ALL),
    Action("next_turn", "right_curly_bracket", "next turn", "To the next turn.", _MOVE, ALL),
    Action("failure", "exclamation_mark", "next failure",
           "To the next step that was held back, refused, stopped or broke, or differs.", _MOVE),
    Action("find", "slash", "find",
           "Find in the pane of the cursor, seen or not; in the list of Review: choose what it holds.", _FIND,
           footer=9),
    Action("find_next", "n", "find next", "To the next place that was found.", _FIND),
    Action("find_last", "N", "find before", "To the place before that was found.", _FIND),
    Action("filter", "ampersand", "filter", f"Only the steps that hold some words or are of some kinds: {KINDS}.",
           _FIND),
    Action("fold", "h", "fold", "Fold the turn to its header; in the detail, the tab before.", _FIND),
    Action("unfold", "l", "unfold", "Unfold the turn; in the detail, the next tab.", _FIND),
    Action("fold_all", "H", "fold all", "Fold all turns.", _FIND),
    Action("unfold_all", "L", "unfold all", "Unfold all turns.", _FIND),
    Action("next_difference", "exclamation_mark", "next difference",
           "To the next move where the runs differ; where none does, to the next drift.", _MOVE, (COMPARE,), 2),
    Action("next_pane", "tab", "next pane", "To the next pane.", _SEE, ALL),
    Action("last_pane", "shift+tab", "pane before", "To the pane before.", _SEE, ALL),
    Action("pane_1", "1", "chat", "To the chat (in Review: to the list with 0).", _SEE),
    Action("pane_2", "2", "steps", "To the steps.", _SEE),
    Action("pane_3", "3", "detail", "To the detail.", _SEE),
    Action("pane_moves", "1", "moves", "To the moves of both runs.", _SEE, (COMPARE,)),
    Action("pane_causes", "2", "causes", "To what may have caused the first difference.", _SEE, (COMPARE,)),
    Action("pane_difference", "3", "difference", "To the text of the pair, or of the cause.", _SEE, (COMPARE,)),
    Action("list", "0", "list",
           "To the list: ◆ guard, ○ open mistake, ✓ guarding mistake, · conversation, ! unreadable.", _SEE,
           (REVIEW,)),
    Action("open", "enter", "open", "Open what the cursor stands on; the detail opens full.", _SEE),
    Action("back", "escape", "back", "Close what is open; stop the agent's turn; leave the input.", _SEE, ALL),
    Action("next_tab", "right", "next tab", "The detail's next tab: step, prompt, options, world, raw.", _SEE),
    Action("last_tab", "left", "tab before", "The detail's tab before.", _SEE),
    Action("zoom", "plus", "zoom", "Give the whole screen to one pane, and back.", _SEE, ALL, footer=10),
    Action("copy", "y", "copy", "Copy the step, or all of the detail when that pane is chosen.", _SEE, ALL),
    Action("pager", "o", "pager", "All of the detail's tab in $PAGER, nothing cut.", _SEE),
    Action("edit", "e", "edit source", "Open the step's source line in $EDITOR.", _CODE, ALL, footer=11),
    Action("review", "R,f2", "review", "To the transcripts and past conversations.", _PROGRAM, (DEVELOP,)),
    Action("develop", "R,f2", "develop", "Back to the live conversation.", _PROGRAM, (REVIEW, COMPARE), 5),
    Action("tour", "", "tour", "A minute with the workbench, on an agent of its own; you come back here.",
           _PROGRAM, (DEVELOP,)),
    Action("theme", "", "change the theme", "Dark, light, then the terminal's own colours.", _PROGRAM, ALL),
    Action("mouse", "", "mouse on or off", "Off: the terminal itself selects text.", _PROGRAM, ALL),
    Action("palette", "colon,ctrl+p", "commands", "Find a command by name.", _PROGRAM, ALL, footer=12),
    Action("suspend", "ctrl+z", "suspend", "Give the shell the terminal; fg comes back here.", _PROGRAM, ALL),
    Action("quit", "ctrl+q", "quit", "Leave. Everything is written as it happens.", _PROGRAM, ALL, footer=8,
           priority=True),
)  # fmt: skip


_own: dict[str, str] = {}  # the keys that a person has chosen, by the id of the action


def apply_overrides(own: Mapping[str, KeyOverride]) -> None:
    """Take these keys instead of those of the table, from here on. Raises UsageError with file and line."""
    known = {action.id: action for action in ACTIONS}
    chosen: dict[str, str] = {}
    for id, (keys, where) in own.items():
        if id not in known:
            near = ", ".join(closest_names(id, known)) or ", ".join(known)
            raise UsageError(f"there is no action {id!r}", where=where, next=f"by their ids: {near}")
        try:
            chosen[id] = ",".join(parse(key) for key in keys)
        except ValueError as error:
            raise UsageError(f"{id}: {error}", where=where) from None
        typed = [key for key in chosen[id].split(",") if types_text(key)]
        if typed and known[id].priority:
            raise UsageError(
                f"{id} works while you type too, so {display(typed[0])} cannot be its key",
                where=where, next="take one such as ctrl+x or f5",
            )  # fmt: skip
    for screen in {where for action in ACTIONS for where in action.where}:
        there = [(a.id, chosen.get(a.id, a.keys)) for a in ACTIONS if screen in a.where]
        for key, ids in conflicts(there).items():
            mine = next(id for id in reversed(ids) if id in own)
            other = next(id for id in ids if id != mine)
            raise UsageError(
                f"{display(key)} is to do {mine}, and does {other} already on {screen}",
                where=own[mine].where, next=f"take another key, or give {other} another one",
            )  # fmt: skip
    _own.clear()
    _own.update(chosen)


def _now(action: Action) -> Action:
    return action._replace(keys=_own[action.id], shown="") if action.id in _own else action


def actions_on(where: str) -> list[Action]:
    """The actions of one screen, in the order of the table, with the keys that they have now."""
    return [_now(action) for action in ACTIONS if where in action.where]


def key(id: str, typing: bool = False) -> str:
    """The key of an action for a text, one that writes nothing if `typing`; without any, where to find it."""
    action = _now(next(action for action in ACTIONS if action.id == id))
    keys = [k for k in action.keys.split(",") if k and not (typing and types_text(k))]
    if keys:
        return display(keys[0])
    return f"{key('palette', typing)} {action.title}" if id != "palette" else "(no key)"


def typing_footer() -> list[tuple[str, str]]:
    """What the input line does by itself, and the keys that go past it, for the footer."""
    past = (("back", "to the steps"), ("palette", "commands"), ("help", "help"), ("quit", "quit"))
    return [("enter", "send"), ("ctrl+j", "new line"), *((key(id, typing=True), title) for id, title in past)]


def bindings(where: str) -> list[Binding]:
    """The bindings of one screen."""
    return [
        Binding(
            action.keys, f"do('{action.id}')", action.title, show=False, priority=action.priority, id=action.id
        )
        for action in actions_on(where)
        if action.keys
    ]


def footer(where: str) -> list[Action]:
    return sorted((a for a in actions_on(where) if a.footer), key=lambda a: a.footer)


def find(where: str, words: str) -> list[Action]:
    """The actions whose title, keys or description hold all of `words`; those with it in the title first."""
    asked = words.lower().split()
    found = [
        a
        for a in actions_on(where)
        if all(w in f"{a.title} {a.key_text} {a.about} {a.group}".lower() for w in asked)
    ]
    if not asked:
        return [a for group in groups(found).values() for a in group]
    return sorted(found, key=lambda a: not all(w in a.title.lower() for w in asked))


def groups(actions: Iterable[Action]) -> dict[str, list[Action]]:
    grouped: dict[str, list[Action]] = {}
    for action in actions:
        grouped.setdefault(action.group, []).append(action)
    return grouped


def markdown() -> str:
    """The table of keys for the documentation."""
    lines: list[str] = []
    for group, actions in groups(ACTIONS).items():
        lines += [f"### {group}", "", "| key | does | id | where | |", "| --- | --- | --- | --- | --- |"]
        for a in actions:
            keys = " ".join(f"`{display(k)}`" for k in a.keys.split(",") if k)
            lines.append(f"| {keys} | {a.title} | `{a.id}` | {', '.join(a.where)} | {a.about} |")
        lines.append("")
    return "\n".join(lines)
