"""`workbench import`: what it takes, what it sets, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.kit import write
from workbench.cli import run
from workbench.store.import_archive import ImportArchive
from workbench.transcripts.codec import read
from workbench.transcripts.transcript import Transcript

SHOP = {
    "shop/agent.py": """
        from workbench import Agent
        from .desk.journey import desk
        agent = Agent("shop", journeys=[desk]%s)
    """,
    "shop/persona.md": "# Who\nYou help.\n",
    "shop/desk/manual.md": "# Desk\nHelp.\n",
    "shop/desk/journey.py": """
        from dataclasses import dataclass, field
        from typing import Any
        from workbench import Journey, world

        desk = Journey("desk", goal="all")

        @world
        class Shop:
            people: dict[str, Any] = field(default_factory=dict)

        @desk.tool
        def who(id: str, shop: Shop) -> Any:
            '''Who is it.'''
            return shop.people[id]

        @desk.tool(writes=True)
        def rename(id: str, name: str, shop: Shop) -> Any:
            '''Change a name.'''
            shop.people[id]["name"] = name
            return shop.people[id]
    """,
}
IDA = {"world": {"Shop": {"people": {"u1": {"name": "Ida"}}}}, "customer": {"id": "u1"}}


def call(tool: str, result: Any, /, **args: Any) -> list[dict[str, Any]]:
    made = [{"id": "a", "function": {"name": tool, "arguments": json.dumps(args)}}]
    text = json.dumps(result)
    return [
        {"role": "assistant", "content": None, "tool_calls": made},
        {"role": "tool", "tool_call_id": "a", "content": text},
    ]


def log(*middle: dict[str, Any], said: str = "who is u1", system: str = "") -> list[dict[str, Any]]:
    begins = [{"role": "system", "content": system}] if system else []
    return [*begins, {"role": "user", "content": said}, *middle, {"role": "assistant", "content": "done"}]


WHO = log(*call("who", {"name": "Ida"}, id="u1"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose agent has a world, and no fixture yet."""
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(folder: Path, default: str = "", **fixtures: Any) -> None:
    files = {path: text % (f', fixture="{default}"' if default else "") if path.endswith("agent.py") else text
             for path, text in SHOP.items()}  # fmt: skip
    write(folder / "journeys", files)
    for name, data in fixtures.items():
        path = folder / f"journeys/shop/fixtures/{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data))


def put(*rows: Any, name: str = "log.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def made() -> list[Transcript]:
    return [read(path) for path in sorted(Path("transcripts/shop").glob("*.json"))]


# format and file


@pytest.mark.parametrize("words", [["openai"], ["anthropic"], ["tau-bench"], []])
def test_the_format_may_be_named_or_left_out(shop, words, capsys) -> None:
    assert run(["import", *words, put(WHO)]) == 0
    assert made()[0].source["format"] == "openai"
    printed = capsys.readouterr().err
    assert ("read as openai" in printed) is (words not in ([], ["openai"]))


def test_an_unknown_format_is_refused(shop, capsys) -> None:
    assert run(["import", "opnai", put(WHO)]) == 4
    assert "openai" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["journeys", "missing.jsonl"])
def test_a_file_that_cannot_be_read_is_refused(shop, name) -> None:
    assert run(["import", name]) == 4


def test_nothing_is_written_over(shop, capsys) -> None:
    assert run(["import", put(WHO)]) == 0
    assert run(["import", put(WHO)]) == 4
    assert "already exist" in capsys.readouterr().err
    assert len(made()) == 1


# bad conversations


def test_a_bad_conversation_is_skipped_and_the_exit_code_says_so(shop, capsys) -> None:
    file = put({"messages": WHO}, {"messages": "none"}, {"messages": WHO})
    assert run(["import", "openai", file]) == 1
    assert "log.jsonl:2" in capsys.readouterr().err
    assert [t.id for t in made()] == ["log-001", "log-003"]


def test_a_lost_message_is_never_a_golden_transcript(shop, capsys) -> None:
    bot = {"role": "bot", "content": "yo"}
    assert run(["import", put({"messages": [WHO[0], bot]}, {"messages": WHO})]) == 1
    assert "log.jsonl:1 message 2" in capsys.readouterr().err
    assert [t.id for t in made()] == ["log-002"]


def test_strict_takes_all_or_nothing(shop, capsys) -> None:
    assert run(["import", put({"messages": WHO}, {"messages": "none"}), "--strict"]) == 4
    assert "log.jsonl:2" in capsys.readouterr().err
    assert made() == []
    assert run(["import", put({"messages": WHO}), "--strict"]) == 0


def test_a_log_without_a_conversation_is_refused(shop, capsys) -> None:
    Path("empty.jsonl").write_text("")
    assert run(["import", "empty.jsonl"]) == 4
    assert "no conversation" in capsys.readouterr().err


def test_a_last_line_still_being_written_is_reported_and_does_not_fail(shop, capsys) -> None:
    Path("log.jsonl").write_text(f"{json.dumps(WHO)}\n{json.dumps(WHO)[:-9]}")
    assert run(["import", "log.jsonl"]) == 0
    assert "log.jsonl:2" in capsys.readouterr().err
    assert run(["import", "log.jsonl", "--strict", "--output-dir", "other"]) == 4


def test_the_report_is_data_too(shop, capsys) -> None:
    strange = [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "odd"}]}, *WHO]
    assert run(["import", put({"messages": strange, "user": "u1"}, {"messages": "none"}), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["found"], found["taken"]) == (2, 1)
    assert found["skipped"][0]["where"] == "log.jsonl:2"
    assert found["losses"]["unknown-part"] == {"times": 1, "first": "log.jsonl:1 message 1"}
    assert list(found["fields"]) == ["user"]
    assert (found["messages"], found["calls"], found["results"]) == (2, 1, 1)


def test_what_was_kept_aside_is_shown(shop, capsys) -> None:
    assert run(["import", put([{"role": "system", "content": [{"type": "beep"}]}, *WHO])]) == 0
    assert run(["show", "transcripts/shop/log.json"]) == 0
    assert "beep" in capsys.readouterr().out


# what the log does not tell


@pytest.mark.parametrize(
    ("default", "fixtures", "options", "chosen"),
    [
        ("", {}, [], ""),
        ("", {"only": IDA}, [], "only"),
        ("", {"one": IDA, "two": IDA}, [], ""),
        ("two", {"one": IDA, "two": IDA}, [], "two"),
        ("two", {"one": IDA, "two": IDA}, ["--fixture", "one"], "one"),
    ],
)
def test_the_fixture_is_the_chosen_one_the_default_or_the_only_one(
    shop, default, fixtures, options, chosen, capsys
) -> None:
    make(shop, default, **fixtures)
    assert run(["import", put(WHO), *options]) == 0
    setup = made()[0].setup
    assert setup.fixture == chosen
    assert setup.imported
    assert setup.customer == ({"id": "u1"} if chosen else {})
    assert f"fixture: {chosen or 'none'}" in capsys.readouterr().err


def test_a_fixture_may_begin_with_a_bom(shop) -> None:
    make(shop, ida=IDA)
    path = shop / "journeys/shop/fixtures/ida.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert run(["import", put(WHO)]) == 0
    assert made()[0].setup.customer == {"id": "u1"}


@pytest.mark.parametrize("text", ["{", "[]", '{"clok": "x"}', '{"clock": 7}', '{"world": []}'])
def test_a_broken_fixture_is_refused_only_where_it_is_chosen(shop, text, capsys) -> None:
    make(shop, "broken", ida=IDA, broken={})
    (shop / "journeys/shop/fixtures/broken.json").write_text(text)
    assert run(["import", put(WHO), "--fixture", "ida"]) == 0
    capsys.readouterr()
    for options in ([], ["--fixture", "broken"]):
        assert run(["import", put(WHO), "--output-dir", "other", *options]) == 4
        assert "broken.json" in capsys.readouterr().err
    make(shop, "ida")
    assert run(["import", put(WHO), "--output-dir", "other"]) == 0


def test_an_unknown_fixture_is_refused_with_those_there_are(shop, capsys) -> None:
    make(shop, ida=IDA)
    assert run(["import", put(WHO), "--fixture", "idda"]) == 4
    assert "ida" in capsys.readouterr().err


def test_customer_and_clock_are_set(shop) -> None:
    clock = "2026-03-10T10:00:00+01:00"
    assert run(["import", put(WHO), "--customer", "C-1", "--clock", clock]) == 0
    assert (made()[0].setup.customer, made()[0].setup.clock) == ({"id": "C-1"}, clock)
    options = ["--customer", '{"id": "C-2", "name": "Tom"}', "--output-dir", "other"]
    assert run(["import", put(WHO), *options]) == 0
    assert read(Path("other/log.json")).setup.customer == {"id": "C-2", "name": "Tom"}


@pytest.mark.parametrize(
    "options", [["--clock", "yesterday"], ["--clock", "2026-01-01T10:00"], ["--customer", "{"]]
)
def test_a_clock_or_customer_that_cannot_be_read_is_refused(shop, options) -> None:
    assert run(["import", put(WHO), *options]) == 4
    assert made() == []


def test_the_clock_of_tau_bench_counts_unless_another_is_given(shop) -> None:
    run_ = {"task_id": 1, "trial": 0, "traj": WHO}
    assert run(["import", put(run_)]) == 0
    assert made()[0].setup.clock.startswith("2024-05-15")
    clock = "2026-03-10T10:00:00+01:00"
    assert run(["import", put(run_), "--clock", clock, "--output-dir", "other"]) == 0
    assert read(Path("other/shop-task-01-trial-0.json")).setup.clock == clock


# replay


@pytest.mark.parametrize("system", ["", "You help."])
@pytest.mark.parametrize("call_", [call("who", {"name": "Ida"}, id="u1"),
                                   call("rename", {"name": "Eva"}, id="u1", name="Eva")])  # fmt: skip
def test_tools_of_an_import_run_on_its_fixture_and_only_values_are_compared(shop, system, call_) -> None:
    make(shop, ida=IDA)
    assert run(["import", put(log(*call_, system=system))]) == 0
    assert run(["replay", "--tools=sandbox"]) == 0


def test_a_replay_without_a_fixture_says_why_tools_found_nothing(shop, capsys) -> None:
    assert run(["import", put(WHO)]) == 0
    assert run(["replay", "--tools=sandbox"]) != 0
    assert "fixture" in capsys.readouterr().err


def test_an_import_with_an_edited_setup_is_still_imported(shop) -> None:
    make(shop, ida=IDA)
    assert run(["import", put(log(*call("rename", {"name": "Eva"}, id="u1", name="Eva"), system="Help."))]) == 0
    path = Path("transcripts/shop/log.json")
    data = json.loads(path.read_text())
    data["setup"] = {"agent": "shop", "fixture": "ida"}
    path.write_text(json.dumps(data))
    assert run(["replay", "--tools=sandbox"]) == 0


# redaction


def test_secrets_are_replaced_and_said_as_on_save(shop, capsys) -> None:
    mail = {"world": {"Shop": {"people": {"u1": {"mail": "ida.b@posteo.de"}}}}}
    make(shop, ida=mail)
    said = "I am u1, my key is sk-ant-REDACTED0123456789"
    assert run(["import", put(log(*call("who", {"mail": "ida.b@posteo.de"}, id="u1"), said=said))]) == 0
    printed = capsys.readouterr().err
    assert "1 e-mail address" in printed
    assert "1 secret" in printed
    text = Path("transcripts/shop/log.json").read_text()
    assert "posteo" not in text
    assert "sk-ant-api03-AbC" not in text
    assert run(["fmt", "--check"]) == 0
    assert run(["replay", "--tools=sandbox"]) == 0


def test_an_import_without_secrets_says_what_was_looked_for(shop, capsys) -> None:
    assert run(["import", put(WHO), "--to-library"]) == 0
    assert "names are not looked for" in capsys.readouterr().err


# the library


def test_the_library_takes_each_conversation_once(shop, capsys) -> None:
    file = put({"messages": WHO, "id": "T-1"}, {"messages": "none"}, {"messages": log(), "id": "T-2"})
    assert run(["import", file, "--to-library"]) == 1
    assert "2 conversations" in capsys.readouterr().err
    assert run(["import", file, "--to-library"]) == 1
    assert "2 were already imported" in capsys.readouterr().err
    archive = ImportArchive(shop / ".workbench/archive.db")
    assert len(list(archive.list())) == 2
    archive.close()


def test_transcripts_of_a_log_are_found_by_the_ids_of_the_log(shop, capsys) -> None:
    file = put(*({"id": f"TICKET-{n}", "messages": log(said=f"case {n}")} for n in (4710, 4711, 4712)))
    assert run(["import", file]) == 0
    for query in ("source:TICKET-4711", "TICKET-4711", "source:log.jsonl case 4711"):
        capsys.readouterr()
        assert run(["fmt", "--check", "--query", query]) == 0
        assert "1 " in capsys.readouterr().err
