"""The index over conversations: what a query finds, and that it stays true whatever happens to the files."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from workbench.errors import TranscriptError, UsageError
from workbench.file_edits import CHANGED_SINCE
from workbench.store.annotations import AnnotationLog, AnnotationRecord
from workbench.store.import_archive import ImportArchive
from workbench.store.index.writer import Writer
from workbench.store.indexer import Indexer
from workbench.store.library import IndexedLibrary
from workbench.store.project import Project
from workbench.store.selection import read_searchables
from workbench.store.session_log import SessionLogs
from workbench.trace.events import (
    Answer,
    AnyEvent,
    Fault,
    HandedOff,
    JourneyEntered,
    PolicyDecision,
    Reply,
    ToolResult,
    TurnEnded,
    UserMessage,
)
from workbench.trace.setup import Setup
from workbench.transcripts.files import write
from workbench.transcripts.query import Query
from workbench.transcripts.transcript import SCHEMA, Annotation, Transcript, hash_recording
from workbench.workspace.library import IndexProgress
from workbench.workspace.ports import SessionStore

CALL = {"type": "tool_use", "id": "1", "name": "find_order", "input": {"order_number": "OL-1002"}}


def talk(words: str, *more: AnyEvent, journey: str = "returns", reply: str = "Done.") -> list[AnyEvent]:
    return [
        UserMessage(turn=1, text=words),
        JourneyEntered(turn=1, journey=journey),
        Answer(turn=1, answer=1, blocks=[CALL], model="claude-x"),
        *more,
        ToolResult(turn=1, answer=1, call=1, tool="find_order", value={"secret": "unsaid"}),
        Answer(turn=1, answer=2, blocks=[{"type": "text", "text": reply}], model="claude-x"),
        Reply(turn=1, answer=2, text=reply),
        TurnEnded(turn=1, answer=2, reason="replied"),
    ]


def transcript(title: str, events: list[AnyEvent], **more: Any) -> Transcript:
    setup = Setup(agent=more.pop("agent", "shop"))
    return Transcript(
        schema=SCHEMA, id=title.replace(" ", "-"), kind="golden", title=title, agent=setup.agent, setup=setup,
        events=events, recording_id=hash_recording(events, setup), **more,
    )  # fmt: skip


BLOCKED = PolicyDecision(
    turn=1, answer=1, call=1, policy="returns.window", hook="before_tool", effect="block", reason="too late"
)


class Place:
    """A project with its library, and an index that is brought up to date when asked."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        (root / "journeys").mkdir()
        self.history = SessionLogs(self.project.state, self.project.transcripts)
        self.archive = ImportArchive(self.project.state / "archive.db")
        self.told: list[IndexProgress] = []
        self.open()

    def open(self) -> None:
        self.shelf = IndexedLibrary(self.project, self.history)
        self.indexing = Indexer(self.project.state, self.project.transcripts, self.told.append)

    def close(self) -> None:
        self.shelf.close()
        self.indexing.close()
        self.archive.close()
        self.history.close()

    def again(self) -> None:
        """Leave and come back."""
        self.close()
        self.open()

    def save(self, title: str, events: list[AnyEvent], **more: Any) -> Path:
        path = self.project.transcripts / "shop" / f"{title.replace(' ', '-')}.json"
        write(path, transcript(title, events, **more))
        return path

    def begin(self, session: str, events: list[AnyEvent]) -> None:
        self.history.begin(session, {"session": session, "setup": Setup(agent="shop"), "code": "c0de"})
        for event in events:
            self.history.append(session, {"event": event})

    def titles(self, query: str = "") -> list[str]:
        """What a query finds, the index up to date."""
        self.indexing.refresh()
        found = self.shelf.search(Query.parse(query, self.shelf.queues))
        return [entry.title for entry in self.shelf.page(found.numbers)]

    def entry(self, query: str) -> Any:
        self.indexing.refresh()
        (number,) = self.shelf.search(Query.parse(query)).numbers
        return self.shelf.page([number])[0]


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture
def three(place):
    """A guard that went well, a past conversation in which something was blocked, an imported one."""
    place.save("a plain return", talk("I want to return my boots", reply="Here is the label."), tags=["boots"])
    place.begin("shop-1", talk("the gift card does not work", BLOCKED, journey="cards"))
    place.archive.add([transcript("where is it", talk("where is my parcel", journey="parcels"), agent="post")])
    return place


# finding


def test_the_list_has_transcripts_then_sessions_then_imports(three):
    assert three.titles() == ["a plain return", "the gift card does not work", "where is it"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("parcel", ["where is it"]),
        ("PAR", ["where is it"]),
        ("label", ["a plain return"]),
        ("gift work", ["the gift card does not work"]),
        ('"gift card"', ["the gift card does not work"]),
        ('"card gift"', []),
        ("OL-10", ["a plain return", "the gift card does not work", "where is it"]),
        ("OL-11", []),
        ("find_ord", ["a plain return", "the gift card does not work", "where is it"]),
        ("too late", ["the gift card does not work"]),
        ("unsaid", []),
        ("-gift", ["a plain return", "where is it"]),
        ("tag:boots", ["a plain return"]),
        ("tag:boo", ["a plain return"]),
        ('tag:"boo"', []),
        ("journey:ca", ["the gift card does not work"]),
        ("outcome:blocked", ["the gift card does not work"]),
        ("-outcome:blocked outcome:replied", ["a plain return", "where is it"]),
        ("policy:window", ["the gift card does not work"]),
        ("policy:returns.w", ["the gift card does not work"]),
        ("agent:post", ["where is it"]),
        ("version:c0", ["the gift card does not work"]),
        ("model:claude", ["a plain return", "the gift card does not work", "where is it"]),
        ("in:imports", ["where is it"]),
        ("in:sess", ["the gift card does not work"]),
        ("is:golden", ["a plain return"]),
        ("is:suspicious", ["the gift card does not work"]),
        ("sort:suspicious", ["the gift card does not work", "where is it", "a plain return"]),
        ("? !", ["a plain return", "the gift card does not work", "where is it"]),
        ('x" OR "y', []),
    ],
)
def test_a_query_finds_conversations_that_match_all_its_terms(three, query, found):
    assert sorted(three.titles(query)) == sorted(found)


def test_suspicious_conversations_come_first_if_requested(three):
    assert three.titles("sort:suspicious")[0] == "the gift card does not work"


def test_a_query_without_results_reports_the_results_of_each_term(three):
    three.indexing.refresh()
    assert three.shelf.search(Query.parse("gift tag:boots")).per_term == (("gift", 1), ("tag:boots", 1))


def test_a_filter_lists_its_possible_values(three):
    three.indexing.refresh()
    assert three.shelf.complete_filter("journey", "") == [("cards", 1), ("parcels", 1), ("returns", 1)]
    assert three.shelf.complete_filter("journey", "pa") == [("parcels", 1)]


def test_the_list_shows_why_a_conversation_is_suspicious(place):
    broke = Fault(turn=1, answer=1, call=1, origin="tool", name="find_order", message="KeyError")
    given = HandedOff(turn=1, answer=2, reason="cannot help")
    place.begin("shop-1", talk("help", BLOCKED, broke, given))
    assert place.entry("").risk_signals == "fault, handed off, blocked"


# samples


def many(step_id: Place, count: int) -> None:
    step_id.archive.add([transcript(f"talk {n}", talk(f"number {n}")) for n in range(count)])


def test_a_random_sample_is_the_same_the_next_time(place):
    many(place, 60)
    drawn = place.titles("sample:10")
    assert len(set(drawn)) == 10
    place.again()
    assert place.titles("sample:10") == drawn
    assert place.titles("sample:10/2") != drawn


def test_a_sample_of_suspicious_conversations_has_some_random_ones(place):
    many(place, 30)
    place.archive.add([transcript(f"bad {n}", talk(f"bad {n}", BLOCKED)) for n in range(30)])
    drawn = place.titles("sample:10 sort:suspicious")
    assert len(drawn) == 10
    assert sum(title.startswith("bad") for title in drawn) >= 8


def test_a_sample_has_no_duplicate_conversations(place):
    events = talk("the same")
    place.save("saved", events)
    place.archive.add([transcript("imported", events)])
    assert len(place.titles()) == 2
    assert place.titles("sample:10") == ["saved"]


def test_a_sample_larger_than_the_list_is_the_whole_list(place):
    many(place, 5)
    assert len(place.titles("sample:50")) == 5


# imports


def test_an_import_is_found_by_the_ids_of_its_log(place):
    for number in (4710, 4711, 4712):
        source = {"format": "openai", "file": "calls.jsonl", "id": f"TICKET-{number}", "session_id": "S-1"}
        place.archive.add([transcript(f"talk {number}", talk(f"number {number - 4000}"), source=source)])
    for query in ("TICKET-4711", "source:TICKET-4711", 'source:"TICKET-4711"', "source:calls.jsonl ticket-4711"):
        assert place.titles(query) == ["talk 4711"]
    assert len(place.titles("source:S-1")) == len(place.titles("source:openai")) == 3
    assert place.titles("source:TICKET-5") == []
    assert place.titles("openai") == []


def test_importing_the_same_file_again_adds_nothing(place):
    one, two = transcript("one", talk("one")), transcript("two", talk("two"))
    assert place.archive.add([one]) == (1, 0)
    assert place.archive.add([one, two]) == (1, 1)
    assert sorted(place.titles()) == ["one", "two"]


def test_an_imported_conversation_opens_with_all_its_texts(place):
    shown = {"text": "You are a shop.\nBe kind."}
    place.archive.add([transcript("one", talk("one"), blobs={"abc": shown})])
    record = place.shelf.open(place.entry(""))
    assert record.trace.blobs == {"abc": shown}
    assert isinstance(record.trace[0], UserMessage)


def test_opening_a_deleted_import_is_an_error(place):
    place.archive.add([transcript("one", talk("one"))])
    entry = place.entry("")
    with sqlite3.connect(place.archive.path) as connection:
        connection.execute("DELETE FROM conversations")
    connection.close()
    with pytest.raises(TranscriptError, match="archive"):
        place.shelf.open(entry)
    assert place.titles() == []


# files change underneath


def test_new_changed_and_deleted_files_are_detected(place):
    path = place.save("a plain return", talk("boots"))
    other = place.save("another", talk("shoes"))
    assert place.titles() == ["another", "a plain return"] or place.titles() == ["a plain return", "another"]
    write(path, transcript("an odd return", talk("gloves")))
    other.unlink()
    assert place.titles() == ["an odd return"]
    assert place.titles("boots") == []
    assert place.titles("gloves") == ["an odd return"]


def test_a_change_of_the_same_size_at_the_same_time_is_detected(place):
    path = place.save("aaaa", talk("boots"))
    stamp = path.stat()
    assert place.titles() == ["aaaa"]
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"bbbb"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert place.titles() == ["bbbb"]


def test_a_file_rewritten_without_a_change_keeps_its_number(place):
    path = place.save("aaaa", talk("boots"))
    number = place.entry("").row_id
    os.utime(path, ns=(1, 1))
    assert place.entry("").row_id == number


def test_a_session_that_grows_is_read_again(place):
    place.begin("shop-1", talk("first"))
    assert place.entry("").turns == 1
    place.history.append("shop-1", {"event": UserMessage(turn=2, text="second")})
    assert place.entry("second").turns == 2


def test_an_unreadable_file_is_listed_with_the_reason(place):
    place.save("good", talk("boots"))
    (place.project.transcripts / "bad.json").write_text("{")
    entry = place.entry("is:unreadable")
    assert entry.state == "unreadable"
    assert "not a Workbench transcript" in entry.error
    assert len(place.titles()) == 2


def test_a_refresh_without_changes_writes_nothing(three):
    assert three.indexing.refresh()
    time.sleep(0.01)
    assert not three.indexing.refresh()


def test_a_refresh_reports_its_progress(three):
    three.indexing.refresh()
    assert (three.told[-1].done, three.told[-1].total) == (3, 3)


# what a person does


def test_a_tag_is_shown_immediately_and_found_after_the_next_refresh(three):
    entry = three.entry("gift")
    assert three.shelf.tag([entry.row_id], {"odd": True}).what == "#odd on 1 conversation"
    assert three.shelf.page([entry.row_id])[0].tags == ("odd",)
    assert three.titles("tag:odd") == ["the gift card does not work"]
    assert three.titles("is:tagged") == ["a plain return", "the gift card does not work"]
    (three.project.state / "index.db").unlink()
    three.again()
    assert three.titles("tag:odd") == ["the gift card does not work"]


def test_a_tag_of_the_file_can_be_removed_and_restored_with_undo(three):
    entry = three.entry("tag:boots")
    change = three.shelf.tag([entry.row_id], {"boots": False})
    assert three.titles("tag:boots") == []
    change.undo()
    assert three.titles("tag:boots") == ["a plain return"]
    change.redo()
    assert three.titles("tag:boots") == []


def test_tags_that_were_given_together_are_undone_together_and_only_where_they_were_given(three):
    one, two = three.entry("gift").row_id, three.entry("tag:boots").row_id
    change = three.shelf.tag([one, two], {"boots": True, "odd": True})
    change.undo()
    assert three.titles("tag:odd") == []
    assert three.titles("tag:boots") == ["a plain return"]  # it had this tag before


def test_undoing_a_tag_leaves_what_another_workbench_has_changed_since(three):
    other = IndexedLibrary(three.project, three.history)
    one, two = three.entry("gift").row_id, three.entry("tag:boots").row_id
    change = three.shelf.tag([one, two], {"odd": True})
    other.tag([one], {"odd": False})
    size = (three.project.state / "review.jsonl").stat().st_size
    change.undo()
    assert three.titles("tag:odd") == []
    assert (three.project.state / "review.jsonl").stat().st_size > size
    other.close()


def test_a_saved_query_that_was_replaced_is_restored_unless_it_was_replaced_again(three):
    three.shelf.save_queue("odd", "tag:a")
    change = three.shelf.save_queue("odd", "tag:b")
    change.undo()
    assert three.shelf.queues == {"odd": "tag:a"}
    change.redo()
    other = IndexedLibrary(three.project, three.history)
    other.save_queue("odd", "tag:c")
    with pytest.raises(UsageError) as error:
        change.undo()
    assert error.value.code == CHANGED_SINCE
    assert three.shelf.queues == {"odd": "tag:c"}
    other.close()


def test_adding_the_same_tag_again_changes_nothing(three):
    numbers = three.shelf.search(Query()).numbers or [three.entry("tag:boots").row_id]
    assert three.shelf.tag([three.entry("tag:boots").row_id], {"boots": True}) is None
    assert len(numbers) == 1
    assert not (three.project.state / "review.jsonl").exists()


def test_an_annotation_on_an_import_is_stored_and_found(three):
    entry = three.entry("parcel")
    keeper: SessionStore = three.shelf.annotation_store(entry, three.history)
    keeper.append("", {"annotation": Annotation("1.1.1", severity="minor", note="rude words")})
    assert three.titles("is:annotated") == ["where is it"]
    assert three.titles("annotation:minor rude") == ["where is it"]
    assert three.entry("parcel").annotations == 1
    three.again()
    assert three.shelf.open(three.entry("parcel")).annotations[0].note == "rude words"
    three.shelf.annotation_store(entry, three.history).append("", {"remove_annotation": "1.1.1"})
    assert three.titles("is:annotated") == []


def test_a_conversation_is_reviewed_only_in_its_own_queue(three):
    three.shelf.set_reviewed(Query.parse("gift"), three.entry("gift"))
    assert three.titles("gift -is:reviewed") == []
    assert len(three.titles("-is:reviewed")) == 3
    three.again()
    three.indexing.refresh()
    assert len(three.shelf.search(Query.parse("gift")).reviewed) == 1
    three.shelf.set_reviewed(Query.parse("gift"), three.entry("gift"), reviewed=False)
    assert len(three.titles("gift -is:reviewed")) == 1


def test_a_conversation_that_continues_is_no_longer_reviewed(three):
    three.shelf.set_reviewed(Query(), three.entry("gift"))
    assert len(three.titles("-is:reviewed")) == 2
    three.history.append("shop-1", {"event": UserMessage(turn=2, text="and now?")})
    assert len(three.titles("-is:reviewed")) == 3


def test_a_queue_is_saved_by_its_name(three):
    three.shelf.save_queue("odd", "outcome:blocked")
    three.again()
    assert three.titles("queue:odd") == ["the gift card does not work"]
    three.shelf.save_queue("odd", "")
    with pytest.raises(UsageError, match="queue"):
        three.titles("queue:odd")


def test_an_incomplete_line_does_not_affect_other_lines(tmp_path):
    path = tmp_path / "review.jsonl"
    AnnotationLog(path).write(AnnotationRecord(tag="one", refs=["session:a"]))
    with path.open("ab") as file:
        file.write(b'{"tag":"two","refs":["sess')
    AnnotationLog(path).write(AnnotationRecord(tag="three", refs=["session:a"]))
    log = AnnotationLog(path)
    log.read()
    assert log.tags_of("session:a") == ("one", "three")


def test_two_workbenches_see_each_others_changes(three):
    other = IndexedLibrary(three.project, three.history)
    entry = three.entry("gift")
    three.shelf.tag([entry.row_id], {"odd": True})
    other.tag([entry.row_id], {"even": True})
    assert three.shelf.log.read()
    assert three.shelf.page([entry.row_id])[0].tags == ("even", "odd")
    other.close()


def test_a_queue_that_cannot_be_saved_is_an_error(place):
    (place.project.state / "review.jsonl").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"review\.jsonl"):
        place.shelf.save_queue("odd", "tag:x")


# the index itself


def test_a_deleted_index_is_rebuilt_and_nothing_is_lost(three):
    before = three.titles()
    three.project.state.joinpath("index.db").unlink()
    assert three.titles() == before


OLDER = "ALTER TABLE conversations RENAME COLUMN risk_score TO suspicion; PRAGMA user_version = 2"


@pytest.mark.parametrize("harm", ["words", "PRAGMA user_version = 99", OLDER])
def test_an_index_that_is_corrupt_or_of_another_version_is_rebuilt_with_a_note(three, harm):
    before = three.titles()
    three.close()
    path = three.project.state / "index.db"
    if harm == "words":
        path.write_bytes(b"this is no database, and never was" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.executescript(harm)
        connection.close()
    three.open()
    assert three.titles() == before
    assert "rebuilt" in three.indexing.note


def test_a_search_without_an_index_finds_nothing_and_does_not_fail(three):
    assert list(three.shelf.search(Query.parse("gift")).numbers) == []
    assert three.shelf.page([1, 2]) == []


def test_an_index_with_too_many_unused_entries_is_rebuilt(three, monkeypatch):
    monkeypatch.setattr("workbench.store.index.writer.MAX_UNUSED", 5)
    for turn in range(2, 20):
        three.history.append("shop-1", {"event": UserMessage(turn=turn, text=f"word{turn}")})
        three.indexing.refresh()
    assert three.titles("word19") == ["the gift card does not work"]
    writer = Writer(three.project.state / "index.db")
    assert not writer.needs_rebuild
    writer.close()


def test_other_users_of_the_machine_cannot_read_conversations(three):
    three.indexing.refresh()
    three.shelf.tag([three.entry("gift").row_id], {"odd": True})
    for name in ("index.db", "archive.db", "review.jsonl"):
        assert (three.project.state / name).stat().st_mode & 0o077 == 0, name


def test_a_separate_process_updates_the_index_and_ends_with_its_listener(three):
    async def listen() -> None:
        news = three.shelf.news()
        async for each in news:
            if each.changed and not each.total:
                break
        three.begin("shop-2", talk("an umbrella"))
        async for _ in news:
            if len(three.shelf.search(Query.parse("umbrella")).numbers):
                break
        await news.aclose()

    asyncio.run(asyncio.wait_for(listen(), 60))
    lock = sqlite3.connect(three.project.state / "index.lock", timeout=20)
    lock.execute("BEGIN EXCLUSIVE")  # held by the process while it lives
    lock.close()


def test_progress_messages_are_json(three):
    assert msgspec.json.decode(msgspec.json.encode(IndexProgress(1, 2)), type=IndexProgress) == IndexProgress(1, 2)


# the command line

SAME = [
    "return", "PLAIN", "gift work", '"gift card"', '"card gift"', "OL-10", "OL-11", "find_ord",
    "too late", "unsaid", "-gift", "tag:boots", "tag:boo", 'tag:"boo"', "tag:boots,cards", "-tag:boots",
    "TAG", "journey:ca", "journey:cards,ret", "outcome:blocked", "policy:window", "agent:sh",
    "model:claude", "kind:golden", "kind:mistake,golden -kind:mistake", "is:suspicious", "-is:suspicious",
    "is:tagged", "in:transcripts", "zurich", "Zürich straße", "a-plain-return", "don't", '"OL 1002"',
    "version:c0",
]  # fmt: skip


@pytest.mark.parametrize("query", SAME)
def test_a_query_has_the_same_results_in_the_index_and_on_the_command_line(place, query):
    place.save("a plain return", talk("I want to return my boots", reply="Here is the label."), tags=["boots"])
    place.save(
        "the gift card does not work", talk("I don't know", BLOCKED, journey="cards"), tags=["Cards", "x y"]
    )
    place.save(
        "ZÜRICH straße", talk("where is my parcel, Zu\u0308rich?", journey="parcels"), code={"a.py": "c0de"}
    )
    names = [str(path) for path in sorted((place.project.transcripts / "shop").glob("*.json"))]
    asked = Query.parse_whole(query)
    searchables = read_searchables(names, asked)
    found = {Path(name).stem for name, one in searchables.items() if one is not None and asked.matches(one)}
    assert found == {title.replace(" ", "-") for title in place.titles(query)}


def test_records_of_review_name_the_person_and_can_be_appended_to_those_of_another(tmp_path, monkeypatch) -> None:
    mine, theirs = tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"
    for path, name in ((mine, "Ada"), (theirs, "Bob")):
        monkeypatch.setattr("workbench.store.annotations.person", lambda name=name: name)
        AnnotationLog(path).write(AnnotationRecord(tag=name.lower(), refs=["transcript:a"]))
    mine.write_bytes(mine.read_bytes() + theirs.read_bytes())
    log = AnnotationLog(mine)
    assert [line.by for line in log.read()] == ["Ada", "Bob"]
    assert log.tags_of("transcript:a") == ("ada", "bob")
