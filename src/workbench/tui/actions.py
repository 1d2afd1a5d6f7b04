"""All actions of the screens: one table.

Bindings, footer, palette, help and the documentation are generated from it, so
that they always agree. `where` names the screens of an action. The groups in
`groups/` perform the actions, and explain with `why_not(id)` what is unavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from textual.binding import Binding

from ..errors import UsageError
from ..suggest import did_you_mean
from ..workspace.settings import KeyOverride
from .action_words import other_words
from .key_names import conflicts, display, parse, types_text

DEVELOP, REVIEW, COMPARE = "develop", "review", "compare"
BOTH = (DEVELOP, REVIEW)
ALL = (*BOTH, COMPARE)


class Action(NamedTuple):
    """A row of the table. `footer` is its position in the footer, 0 leaves it out."""

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
        """Return its keys in the notation of the user."""
        return self.shown or display(self.keys)


KINDS = (
    ":think :tool :reply :policy :blocked :failed :writes :annotated :differs"  # as view/row_filter.py has them
)
_MOVE, _FIND, _SEE, _TALK, _JUDGE, _CODE, _PROGRAM = "Move", "Find", "See", "Talk", "Judge", "Code", "Program"

ACTIONS: tuple[Action, ...] = (
    Action("help", "question_mark,f1", "help", "List all actions; type to search, enter runs.", _PROGRAM, ALL, 1),
    Action("type", "i", "type", "Write to the agent.", _TALK, (DEVELOP,), 2),
    Action("annotate", "a", "annotate", "Annotate the step: its cause, its severity, what was expected.",
           _JUDGE, footer=3),
    Action("save", "t", "save", "Save the conversation as a transcript: a mistake to fix, or a golden transcript.",
           _JUDGE, footer=4),
    Action("undo", "u", "undo",
           "Undo the last annotation, save, tag, decision, or closing, naming, deletion of a conversation.",
           _JUDGE, footer=6),
    Action("redo", "U", "redo", "Redo what was undone last.", _JUDGE),
    Action("remove_annotation", "A", "remove annotation", "Remove the annotation of the step (undo restores it).",
           _JUDGE),
    Action("fork", "f", "fork", "Fork before this turn and continue differently; this conversation is kept.",
           _TALK, (DEVELOP,), 5),
    Action("rerun", "r", "rerun from here",
           "Rerun from this step: today's code on the recording, or new answers of the model, several times.",
           _TALK, (DEVELOP,), 5),
    Action("takeover", "W", "answer for the model",
           "Write the answer that the model should have given, a call or a reply; the agent continues in a fork.",
           _TALK, (DEVELOP,)),
    Action("disable", "x", "disable parts",
           "Disable policies, tools or paragraphs in this conversation, and see what changes.", _CODE, (DEVELOP,)),
    Action("adopt_rerun", "greater_than_sign", "continue with the rerun",
           "After a reload: continue with the rerun in a new conversation.", _CODE, (DEVELOP,)),
    Action("dismiss_rerun", "less_than_sign", "keep the original",
           "After a reload: dismiss the rerun; the recorded conversation continues.", _CODE, (DEVELOP,)),
    Action("replay_saved", "T", "replay what was saved",
           "Replay the transcripts saved from this conversation on the current code.", _JUDGE, (DEVELOP,)),
    Action("apply_fix", "F", "apply the fix", "In the tour: show the prepared change of the code, and apply it.",
           _CODE, (DEVELOP,)),
    Action("baseline", "w", "set as baseline",
           "Set this conversation as the baseline to compare with; press again to clear it.", _CODE),
    Action("compare", "d", "compare",
           "Compare with the baseline; without one, with a rerun on today's code.", _CODE, BOTH, 6),
    Action("pending", "p", "re-recorded",
           "Re-recorded transcripts: compare each with its recording, and decide.", _JUDGE,
           (REVIEW,)),
    Action("reload", "ctrl+r", "load the code now",
           "Load the code on disk now; a save does it by itself, where the system reports saves.", _CODE, ALL),
    Action("run_code", "X", "run the code",
           "Allow the code of this folder to run, and remember it: `workbench review` runs none until then.",
           _CODE, ALL),
    Action("accept", "a", "accept", "Re-recorded: the new run replaces the recording.", _JUDGE, (COMPARE,), 6),
    Action("reject", "r", "reject", "Re-recorded: delete the new run, keep the recording.", _JUDGE, (COMPARE,), 7),
    Action("skip", "s", "skip", "Re-recorded: decide later, and show the next one.", _JUDGE, (COMPARE,), 8),
    Action("swap", "x", "swap sides", "Swap the left and the right run.", _CODE, (COMPARE,), 4),
    Action("go_there", "enter", "go to the step", "Go to this step in the screen you came from.", _SEE, (COMPARE,),
           3),
    Action("continue", "c", "continue", "Continue this conversation in Develop.", _TALK, (REVIEW,), 2),
    Action("queue", "Q", "queues", "Open a saved query, or save this one.", _SEE, (REVIEW,)),
    Action("sample", "s", "sample", "Show a random sample; press again for another.", _SEE, (REVIEW,)),
    Action("next_unreviewed", "full_stop", "next unreviewed",
           "Mark as reviewed and open the next unreviewed one.", _MOVE, (REVIEW,), 7),
    Action("previous_unreviewed", "comma", "previous unreviewed",
           "Mark as reviewed and open the previous unreviewed one.", _MOVE, (REVIEW,)),
    Action("reviewed", "x", "mark reviewed", "Toggle reviewed; remembered between sessions.", _JUDGE, (REVIEW,)),
    Action("tag", "number_sign", "tag", "Tag the selected conversations, or the one at the cursor.", _JUDGE,
           (REVIEW,), 5),
    Action("select", "space", "select", "Select or deselect the line; tags apply to all selected lines.",
           _JUDGE, (REVIEW,)),
    Action("select_all", "asterisk", "select all", "Select all lines of the list, or none.", _JUDGE, (REVIEW,)),
    Action("setup", "s", "setup", "Choose the setup of a conversation: fixture, customer, channel, clock.",
           _TALK, (DEVELOP,), 13),
    Action("model", "M", "model and agent",
           "Choose the model and its parameters (temperature, max tokens, thinking), or another agent.",
           _TALK, (DEVELOP,), 13),
    Action("new", "ctrl+n", "new", "Begin a new conversation on the same setup; this one is kept.", _TALK,
           (DEVELOP,), 7),
    Action("conversations", "b", "conversations",
           "Show the open conversations as a tree: switch to one, name, close or delete it.",
           _TALK, (DEVELOP,), 9),
    Action("name", "E", "name the conversation", "Give this conversation a name, or rename it.", _TALK,
           (DEVELOP,)),
    Action("next_conversation", "right_parenthesis", "next conversation", "Show the next open conversation.",
           _TALK, (DEVELOP,)),
    Action("previous_conversation", "left_parenthesis", "previous conversation",
           "Show the previous open conversation.", _TALK, (DEVELOP,)),
    Action("restore", "B", "restore last session",
           "Restore the conversations that were open when the workbench ended, with their disabled parts.",
           _TALK, (DEVELOP,)),
    Action("interrupt", "ctrl+c", "interrupt", "Stop the agent's turn; with text selected, copy it.", _TALK, ALL,
           priority=True),
    Action("down", "j,down", "down", "Go to the next line.", _MOVE, ALL),
    Action("up", "k,up", "up", "Go to the previous line.", _MOVE, ALL),
    Action("top", "g,home", "top", "Go to the first line.", _MOVE, ALL),
    Action("end", "G,end", "end", "Go to the last line, and follow new steps from there.", _MOVE, ALL),
    Action("half_down", "ctrl+d", "half a page down", "Move half a page down.", _MOVE, ALL),
    Action("half_up", "ctrl+u", "half a page up", "Move half a page up.", _MOVE, ALL),
    Action("page_down", "pagedown", "page down", "Move a page down.", _MOVE, ALL),
    Action("page_up", "pageup", "page up", "Move a page up.", _MOVE, ALL),
    Action("detail_down", "J", "detail down", "Scroll the detail down from the list.", _MOVE, ALL),
    Action("detail_up", "K", "detail up", "Scroll the detail up from the list.", _MOVE, ALL),
    Action("previous_step", "left_square_bracket", "previous step", "Go to the previous step.", _MOVE, ALL),
    Action("next_step", "right_square_bracket", "next step", "Go to the next step.", _MOVE, ALL),
    Action("previous_turn", "left_curly_bracket", "previous turn", "Go to the previous turn.", _MOVE, ALL),
    Action("next_turn", "right_curly_bracket", "next turn", "Go to the next turn.", _MOVE, ALL),
    Action("failure", "exclamation_mark", "next failure",
           "Go to the next step that was blocked, rejected or stopped, that failed or that differs.", _MOVE),
    Action("find", "slash", "find",
           "Find in the pane of the cursor, visible or not; in the list of Review: edit the query.", _FIND,
           footer=9),
    Action("find_next", "n", "find next", "Go to the next match.", _FIND),
    Action("find_previous", "N", "find previous", "Go to the previous match.", _FIND),
    Action("filter", "ampersand", "filter", f"Show only steps that contain words or are of some kinds: {KINDS}.",
           _FIND),
    Action("fold", "h", "fold", "Fold the turn to its header; in the detail, the previous tab.", _FIND),
    Action("unfold", "l", "unfold", "Unfold the turn; in the detail, the next tab.", _FIND),
    Action("fold_all", "H", "fold all", "Fold all turns.", _FIND),
    Action("unfold_all", "L", "unfold all", "Unfold all turns.", _FIND),
    Action("next_difference", "exclamation_mark", "next difference",
           "Go to the next step where the runs differ; if none differs, to the next drift.", _MOVE, (COMPARE,), 2),
    Action("next_pane", "tab", "next pane", "Go to the next pane.", _SEE, ALL),
    Action("previous_pane", "shift+tab", "previous pane", "Go to the previous pane.", _SEE, ALL),
    Action("pane_1", "1", "chat", "Go to the chat (in Review, 0 goes to the list).", _SEE),
    Action("pane_2", "2", "steps", "Go to the steps.", _SEE),
    Action("pane_3", "3", "detail", "Go to the detail.", _SEE),
    Action("pane_steps", "1", "steps", "Go to the steps of both runs.", _SEE, (COMPARE,)),
    Action("pane_causes", "2", "causes", "Go to the likely causes of the first difference.", _SEE, (COMPARE,)),
    Action("pane_difference", "3", "difference", "Go to the difference of the pair or cause.", _SEE, (COMPARE,)),
    Action("list", "0", "list",
           "Go to the list: ◆ golden, ○ open mistake, ✓ fixed mistake, · conversation, ! unreadable.", _SEE,
           (REVIEW,)),
    Action("open", "enter", "open", "Open the line of the cursor; a step opens in the full-size detail.", _SEE),
    Action("back", "escape", "back", "Close what is open; stop the agent's turn; leave the input.", _SEE, ALL),
    Action("next_tab", "right", "next tab", "Show the detail's next tab: step, prompt, options, world, raw.",
           _SEE),
    Action("previous_tab", "left", "previous tab", "Show the detail's previous tab.", _SEE),
    Action("zoom", "plus", "zoom", "Give the whole screen to one pane, and back.", _SEE, ALL, footer=10),
    Action("grow", "equals_sign", "larger pane", "Make the pane larger; dragging its border does it too.", _SEE),
    Action("shrink", "minus", "smaller pane", "Make the pane smaller.", _SEE),
    Action("reset_sizes", "", "default pane sizes", "Give all panes their default sizes.", _SEE),
    Action("world", "D", "world", "Show the whole world after this step: search it, save it as a fixture.", _SEE),
    Action("follow", "v", "follow",
           "Go to the step that the detail names, such as the one that a policy looked at.", _MOVE),
    Action("follow_back", "V", "back from there", "Go back to the step that was left.", _MOVE),
    Action("copy", "y", "copy", "Copy the step; in the detail, the whole tab.", _SEE, ALL),
    Action("pager", "o", "pager", "Show the full text of the detail's tab in $PAGER.", _SEE),
    Action("edit", "e", "edit source", "Open the step's source line in $EDITOR.", _CODE, ALL, footer=11),
    Action("review", "R,f2", "review", "Go to the transcripts and past conversations.", _PROGRAM, (DEVELOP,)),
    Action("develop", "R,f2", "develop", "Go back to the live conversation.", _PROGRAM, (REVIEW, COMPARE), 5),
    Action("tour", "", "tour", "Take a tour of one minute, with another agent; you come back here.",
           _PROGRAM, (DEVELOP,)),
    Action("theme", "", "change the theme", "Switch between dark, light and the terminal's own colours.", _PROGRAM,
           ALL),
    Action("mouse", "", "mouse on or off", "Turn the mouse off, so that the terminal selects text, or on.",
           _PROGRAM, ALL),
    Action("palette", "colon,ctrl+p", "commands", "Find a command by name.", _PROGRAM, ALL, footer=12),
    Action("suspend", "ctrl+z", "suspend", "Return to the shell; fg comes back here.", _PROGRAM, ALL),
    Action("quit", "ctrl+q", "quit", "Quit. Everything is stored as it happens.", _PROGRAM, ALL, footer=8,
           priority=True),
)  # fmt: skip


_own: dict[str, str] = {}  # the configured keys, by the id of the action


def apply_overrides(own: Mapping[str, KeyOverride]) -> None:
    """Use these keys instead of those of the table. Raises UsageError with file and line."""
    chosen = check_overrides(own)
    _own.clear()
    _own.update(chosen)


def check_overrides(own: Mapping[str, KeyOverride]) -> dict[str, str]:
    """Return the keys of Textual by the id of the action. Raises UsageError with file and line."""
    known = {action.id: action for action in ACTIONS}
    chosen: dict[str, str] = {}
    for id, (keys, where) in own.items():
        if id not in known:
            near = did_you_mean(id, known)
            hint = "" if near else f"the actions are: {', '.join(known)}"
            raise UsageError(f"unknown action {id!r}{f'; {near}' if near else ''}", where=where, hint=hint)
        try:
            chosen[id] = ",".join(parse(key) for key in keys)
        except ValueError as error:
            raise UsageError(f"{id}: {error}", where=where) from None
        typed = [key for key in chosen[id].split(",") if types_text(key)]
        if typed and known[id].priority:
            raise UsageError(
                f"{id} also works while you type, so {display(typed[0])} cannot be its key",
                where=where, hint="use a key that types nothing, such as ctrl+x or f5",
            )  # fmt: skip
    for screen in dict.fromkeys(where for action in ACTIONS for where in action.where):
        there = [(a.id, chosen.get(a.id, a.keys)) for a in ACTIONS if screen in a.where]
        for key, ids in conflicts(there).items():
            mine = next(id for id in reversed(ids) if id in own)
            other = next(id for id in ids if id != mine)
            raise UsageError(
                f"{mine}: key {display(key)} is already bound to {other} (set both)",
                where=own[mine].where, hint=f"on {screen}, give {other} another key too, or {mine}",
            )  # fmt: skip
    return chosen


def _now(action: Action) -> Action:
    return action._replace(keys=_own[action.id], shown="") if action.id in _own else action


def actions_on(where: str) -> list[Action]:
    """Return the actions of one screen, in the order of the table, with their configured keys."""
    return [_now(action) for action in ACTIONS if where in action.where]


def key(id: str, typing: bool = False) -> str:
    """Return the key of an action, with `typing` one that types nothing; without a key, how to find it."""
    action = _now(next(action for action in ACTIONS if action.id == id))
    keys = [k for k in action.keys.split(",") if k and not (typing and types_text(k))]
    if keys:
        return display(keys[0])
    return f"{key('palette', typing)} {action.title}" if id != "palette" else "(no key)"


def typing_footer() -> list[tuple[str, str]]:
    """Return the footer of the input line: its own keys, and those that work while typing."""
    past = (("back", "to the steps"), ("palette", "commands"), ("help", "help"), ("quit", "quit"))
    return [("enter", "send"), ("ctrl+j", "new line"), *((key(id, typing=True), title) for id, title in past)]


def bindings(where: str) -> list[Binding]:
    """Return the bindings of one screen."""
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
    """Find the actions whose title, keys, description or other words contain all of `words`.

    Matching titles come first, then matching other words.
    """
    asked = words.lower().split()
    found = [
        a
        for a in actions_on(where)
        if all(w in f"{a.title} {a.key_text} {a.about} {a.group} {other_words(a.id)}".lower() for w in asked)
    ]
    if not asked:
        return [a for group in groups(found).values() for a in group]
    beginning = " ".join(asked)
    return sorted(
        found,
        key=lambda a: (
            not a.title.startswith(beginning),
            not all(w in a.title.lower() for w in asked),
            not all(w in other_words(a.id).split() for w in asked),
        ),
    )


def groups(actions: Iterable[Action]) -> dict[str, list[Action]]:
    grouped: dict[str, list[Action]] = {}
    for action in actions:
        grouped.setdefault(action.group, []).append(action)
    return grouped


def markdown() -> str:
    """Return the table of keys for the documentation."""
    lines: list[str] = []
    for group, actions in groups(ACTIONS).items():
        lines += [f"### {group}", "", "| key | does | id | where | |", "| --- | --- | --- | --- | --- |"]
        for a in actions:
            keys = " ".join(f"`{display(k)}`" for k in a.keys.split(",") if k)
            lines.append(f"| {keys} | {a.title} | `{a.id}` | {', '.join(a.where)} | {a.about} |")
        lines.append("")
    return "\n".join(lines)
