"""The open conversations: named, forked, closed, deleted, restored; and the model that answers in them."""

from __future__ import annotations

import msgspec
import pytest

from tui.host import Script, say, use
from workbench.engine.ablation import DisabledPart
from workbench.engine.model_params import ModelParams
from workbench.store.session_log import SessionLogs
from workbench.trace.step_id import StepId
from workbench.transcripts.transcript import Annotation
from workbench.workspace.model_catalog import ModelCatalog
from workbench.workspace.open_conversations import WorkspaceSnapshot, as_tree

LATE = [[use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], [say("Too late.")]]


def rows(bench):
    return [line.strip() for line in bench.pane("#conversations").split("\n")]


async def fork_with(bench, words):
    """Fork before the turn of the cursor and say something else."""
    await bench.press("f")
    bench.screen.entry.text = words
    await bench.press("enter")
    await bench.until(lambda: not bench.app.session.busy and len(bench.app.session.turns()) > 1)
    await bench.press("escape")


@pytest.mark.parametrize("size", [(160, 48), (100, 30), (80, 24)])
def test_a_fork_is_shown_below_its_parent_with_the_words_of_the_customer(play, size):
    async def flow(bench):
        await bench.say("hello")
        await bench.say("return OL-1")
        await bench.press("escape", "G")
        parent = bench.app.session
        await fork_with(bench, "something else")
        fork = bench.app.session
        assert (fork.origin.parent, fork.origin.step) == (parent.id, "2.0.0")
        assert "fork at turn 2" in bench.text()
        await bench.press("b")
        first, second = rows(bench)
        assert first.startswith("hello")
        assert "fork at turn 2: something e" in second
        assert "shop" in second
        bench.picture("conversations-tree")
        await bench.press("k")
        assert parent.id in bench.text().replace("\n", "")

    play(flow, Script([say("hi")], *LATE, [say("ok")]), size=size)


def test_a_conversation_is_named_and_the_name_is_stored_and_undone(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "E", *"boots", "enter")
        assert "named “boots”" in bench.text()
        assert "1 Chat boots" in bench.text()
        assert bench.store.records[bench.session.id][-1] == {"name": "boots"}
        await bench.press("b", "n", *" and more", "enter")
        assert rows(bench)[0].startswith("▶● boots and more") or "boots and more" in rows(bench)[0]
        await bench.press("u")
        assert "boots" in rows(bench)[0]
        assert "and more" not in rows(bench)[0]
        await bench.press("escape", "u")
        assert bench.session.name == ""
        await bench.press("U")
        assert bench.session.name == "boots"

    play(flow, Script([say("hi")]))


def test_a_closed_conversation_is_opened_again_with_u_at_its_place(play):
    async def flow(bench):
        await bench.say("hello")
        first = bench.app.session
        await bench.press("escape", "ctrl+n")
        await bench.say("and me")
        second = bench.app.session
        await bench.press("escape", "b", "k", "x")
        assert bench.app.conversations.open == [second]
        await bench.press("escape", "u")
        assert bench.app.conversations.open == [first, second]
        assert bench.app.session is second
        await bench.press("U")
        assert bench.app.conversations.open == [second]

    play(flow, Script([say("hi")], [say("yes")]))


def test_a_deleted_conversation_is_gone_from_the_store_until_it_is_undone(play):
    async def flow(bench):
        await bench.say("hello")
        first = bench.app.session
        stored = list(bench.store.records[first.id])
        await bench.press("escape", "b", "D")
        assert first.id not in bench.store.records
        assert first not in bench.app.conversations.open
        await bench.press("escape", "u")
        assert bench.store.records[first.id] == stored
        assert bench.app.session is first
        assert "hello" in bench.pane("#chat")

    play(flow, Script([say("hi")]))


def test_undo_takes_back_the_latest_of_both_the_conversation_and_the_list(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "E", *"boots", "enter")
        bench.session.annotate(Annotation("1.1.0"))
        await bench.press("u")
        assert bench.session.annotations == {}
        assert bench.session.name == "boots"
        await bench.press("u")
        assert bench.session.name == ""

    play(flow, Script([say("hi")]))


def test_u_does_not_remove_a_saved_file_that_was_changed_since(play):
    async def flow(bench):
        logs = SessionLogs(bench.journeys.parent / ".workbench", bench.journeys.parent / "transcripts")
        bench.store.save = logs.save
        await bench.say("hello")
        await bench.press("escape", "t", *"a title", "ctrl+s")
        await bench.until(lambda: bench.session.saving.saved)
        file = bench.journeys.parent / next(iter(bench.session.saving.saved))
        file.write_text(file.read_text() + "\n")
        await bench.press("enter", "u")
        assert file.exists()
        assert "has changed" in bench.text()
        assert bench.session.saving.saved

    play(flow, Script([say("hi")]))


def test_a_fork_without_a_new_message_is_restored_too(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.say("again")
        await bench.press("escape", "G", "f")
        fork = bench.app.session
        bench.screen.save_workspace()
        snapshot = msgspec.json.decode(bench.store.workspace, type=WorkspaceSnapshot)
        assert snapshot.open == [bench.session.id, fork.id]
        assert set(snapshot.open) == set(bench.store.records)

    play(flow, Script([say("hi")], [say("yes")]))


def test_what_was_open_can_be_restored_until_something_else_is_begun(play):
    async def flow(bench):
        conversations = bench.app.conversations
        conversations.previous = WorkspaceSnapshot(["a", "b"], "a", clean_exit=True)
        conversations.snapshot(clean_exit=True)
        assert msgspec.json.decode(bench.store.workspace, type=WorkspaceSnapshot).open == ["a", "b"]
        await bench.say("hello")
        conversations.snapshot()
        assert msgspec.json.decode(bench.store.workspace, type=WorkspaceSnapshot).open == [bench.session.id]

    play(flow, Script([say("hi")]))


def test_disabled_parts_name_and_origin_are_read_back_from_the_log(tmp_path, play):
    async def flow(bench):
        logs = SessionLogs(tmp_path / ".workbench", tmp_path / "transcripts")
        bench.session.store = logs
        await bench.say("return OL-1")
        fork = bench.session.fork(upto=StepId(1, 2), at=StepId(1, 2))
        fork.log.rename("without it")
        await fork.reruns.disable([DisabledPart("policy", "returns/return_window")])
        await fork.send("return OL-1")
        stored = logs.read(fork.id).stored
        assert (stored.name, stored.title, stored.origin) == ("without it", "without it", fork.origin)
        assert list(stored.disabled) == list(fork.disabled)
        await fork.reruns.disable([])
        assert logs.read(fork.id).stored.disabled == []
        logs.close()

    play(flow, Script(*LATE, *LATE))


def test_a_session_of_an_earlier_version_has_the_time_of_its_id(tmp_path):
    logs = SessionLogs(tmp_path / ".workbench", tmp_path / "transcripts")
    id = "shop-20260105-101500-1a2b"
    logs.begin(id, {"session": id, "setup": {"agent": "shop"}, "model": "rehearsal", "code": ""})
    origin = logs.read(id).stored.origin
    assert origin.at > 0
    assert origin.parent == ""
    logs.close()


def test_a_tree_has_each_conversation_once_also_if_its_parent_is_closed(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.say("more")
        root = bench.session
        child = root.fork(upto=StepId(2))
        grandchild = child.fork(upto=StepId(2))
        assert as_tree([grandchild, root, child]) == [(root, 0), (child, 1), (grandchild, 2)]
        assert as_tree([grandchild, root]) == [(grandchild, 0), (root, 0)]

    play(flow, Script([say("hi")], [say("hi")]))


# the model


async def choose(bench, **fields):
    """Fill the model dialog and save it."""
    await bench.press("M")
    for name, text in fields.items():
        bench.screen.query_one(f"#{name}").text = text
    await bench.press("ctrl+s")


def test_another_model_answers_from_the_next_message_on(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape")
        before = bench.session.code_service
        await choose(bench, model="claude-x", temperature="0.2", max_tokens="4000", thinking="off")
        assert "claude-x (temperature 0.2, max 4,000 tokens, thinking off) answers" in bench.text()
        service = bench.session.code_service
        assert service is not before
        assert service.params == ModelParams(0.2, 4000, "off")
        assert bench.store.records[bench.session.id][-1]["model"] == "claude-x"
        await bench.until(lambda: bench.session.agent_info is not None)
        await bench.say("and now?")
        assert bench.app.session is bench.session
        await bench.press("escape", "ctrl+n")
        assert bench.app.session.model == "claude-x"

    play(flow, Script([say("hi")], [say("yes")]))


def test_what_is_typed_into_the_model_dialog_is_the_model(play):
    async def flow(bench):
        await bench.press("escape", "M", *["backspace"] * len("rehearsal"), *"claude", "tab", *"0.5", "ctrl+s")
        assert (bench.session.model, bench.session.code_service.params.temperature) == ("claude", 0.5)

    play(flow)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": ""}, "model"),
        ({"model": "gpt"}, "no such model"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": "2"}, "temperature"),
        ({"max_tokens": "0"}, "max_tokens"),
        ({"thinking": "maybe"}, "thinking"),
        ({"thinking": "5000", "max_tokens": "4000"}, "max_tokens"),
        ({"thinking": "adaptive", "temperature": "0.5"}, "off"),
    ],
)
def test_an_invalid_model_or_parameter_is_reported_in_the_dialog(play, fields, says):
    async def flow(bench):
        bench.app.models = ModelCatalog(("rehearsal",), lambda name: "no such model" if name == "gpt" else "")
        await bench.press("escape")
        await choose(bench, **fields)
        assert f"✗ {next(reversed(fields)) if says == 'off' else ''}" in bench.text() or says in bench.text()
        assert bench.screen.query("#model")
        assert bench.session.model == "rehearsal"

    play(flow)


@pytest.mark.parametrize("word", ["model", "temperature", "thinking", "agent", "redo", "rename"])
def test_the_help_finds_it(play, word):
    async def flow(bench):
        await bench.press("escape", "question_mark", *word)
        assert "No action matches" not in bench.pane("#results")
        wanted = {"redo": "redo", "rename": "name the conversation"}.get(word, "model and agent")
        assert wanted in bench.pane("#results")

    play(flow)


def test_another_agent_begins_a_new_conversation_on_the_chosen_model(play):
    async def flow(bench):
        (bench.journeys / "desk").mkdir()
        text = (bench.journeys / "shop" / "agent.py").read_text().replace('"shop"', '"desk"')
        for path in (bench.journeys / "shop").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                target = bench.journeys / "desk" / path.relative_to(bench.journeys / "shop")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        (bench.journeys / "desk" / "agent.py").write_text(text)
        await bench.app.session.reload()
        await bench.say("hello")
        first = bench.app.session
        await bench.press("escape", "M")
        bench.screen.query_one("#agent").choose("desk")
        await bench.press("ctrl+s")
        assert "new conversation with desk" in bench.text()
        assert bench.app.session.agent == "desk"
        assert first in bench.app.conversations.open

    play(flow, Script([say("hi")]))


def test_a_conversation_of_another_workbench_cannot_be_deleted(play):
    async def flow(bench):
        await bench.say("hello")
        bench.session.log.locked_by = "another workbench has this conversation open"
        await bench.press("escape", "b", "D")
        assert "another workbench" in bench.text()
        assert bench.session.id in bench.store.records
        assert bench.app.conversations.open == [bench.session]

    play(flow, Script([say("hi")]))
