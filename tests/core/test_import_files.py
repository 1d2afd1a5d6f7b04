"""The files that logs come in: encodings, forms, broken and unfinished ones, large ones."""

from __future__ import annotations

import codecs
import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import TranscriptError
from workbench.trace.events import Answer, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers.importing import LogImport
from workbench.transcripts.importers.json_stream import Piece, split
from workbench.transcripts.importers.log_file import Log
from workbench.transcripts.transcript import Transcript

HELLO = [{"role": "user", "content": "Grüße 😀"}, {"role": "assistant", "content": "Hello"}]
ONE = json.dumps({"messages": HELLO}, ensure_ascii=False)


def work(data: bytes | str, name: str = "log.jsonl") -> tuple[LogImport, list[Transcript]]:
    given = data.encode() if isinstance(data, str) else data
    found = LogImport(Log.of_bytes(given, name), Setup("shop", imported=True))
    found.survey()
    return found, list(found.transcripts())


def said(transcripts: list[Transcript]) -> list[str]:
    return [str(event.text) for t in transcripts for event in t.events if isinstance(event, UserMessage)]


ENCODINGS = {
    "utf-8": ONE.encode(),
    "utf-8 with a mark": codecs.BOM_UTF8 + ONE.encode(),
    "utf-16 as PowerShell writes it": codecs.BOM_UTF16_LE + ONE.replace("\n", "\r\n").encode("utf-16-le"),
    "utf-16-le": ONE.encode("utf-16-le"),
    "utf-16-be with a mark": codecs.BOM_UTF16_BE + ONE.encode("utf-16-be"),
    "utf-16-be": ONE.encode("utf-16-be"),
    "utf-32-le with a mark": codecs.BOM_UTF32_LE + ONE.encode("utf-32-le"),
    "utf-32-be": ONE.encode("utf-32-be"),
    "gzip": gzip.compress(ONE.encode()),
    "gzip of utf-16": gzip.compress(codecs.BOM_UTF16_LE + ONE.encode("utf-16-le")),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_log_is_read_in_every_encoding(data: bytes, times: int) -> None:
    if times == 3 and data[:2] != b"\x1f\x8b":
        encoding = next(e for e, d in ENCODINGS.items() if d == data).split(" ")[0]
        encoding = {"utf-16": "utf-16-le"}.get(encoding, encoding)
        data = data + f"\r\n{ONE}\r\n{ONE}\r\n".encode(encoding)
    elif times == 3:
        data = gzip.compress(((ONE + "\n") * 3).encode())
    report, made = work(data)
    assert said(made) == ["Grüße 😀"] * times
    assert not report.report.skipped


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_damage_in_a_wide_encoding_costs_the_conversation_that_has_it(encoding: str, mark: str) -> None:
    bad = ONE.replace("Hello", "X").encode(encoding).replace("X".encode(encoding), b"\xff" * 4)
    lines = [f"{mark}{ONE}\n".encode(encoding), bad, f"\n{ONE}\n".encode(encoding)]
    found, made = work(b"".join(lines))
    assert len(made) == 2
    assert [skipped.where for skipped in found.report.skipped] == ["log.jsonl:2"]


def test_a_log_of_damage_has_no_conversation() -> None:
    for data in (codecs.BOM_UTF32_LE + b"\xff" * 12, codecs.BOM_UTF32_LE + b"\xff", codecs.BOM_UTF16_BE + b"\xd8"):
        assert work(data)[1] == []


def test_joined_files_have_byte_order_bytes_inside() -> None:
    _, made = work(f"\ufeff{ONE}\n\ufeff{ONE}\n")
    assert len(made) == 2


@pytest.mark.parametrize("begins", [b"PK\x03\x04", b"SQLite format 3\0", b"\x28\xb5\x2f\xfd", b"PAR1"])
def test_a_file_that_is_not_text_is_refused_by_what_it_is(begins: bytes) -> None:
    with pytest.raises(TranscriptError, match=r"it is|compressed"):
        work(begins + b"\0" * 50)


def test_a_compressed_file_that_is_cut_off_is_refused() -> None:
    with pytest.raises(TranscriptError, match="unpacked"):
        work(gzip.compress(ONE.encode())[:-12])


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(TranscriptError):
            LogImport(Log.of_file(path), Setup("shop")).survey()


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "[]", "{}"])
def test_a_log_without_a_conversation_has_none(text: str) -> None:
    found, made = work(text)
    assert made == []
    assert found.report.taken == 0


FORMS = {
    "pretty object": json.dumps({"messages": HELLO, "id": 7}, indent=2),
    "pretty list": json.dumps([{"messages": HELLO}] * 3, indent=2),
    "container": json.dumps({"object": "list", "data": [{"messages": HELLO}] * 3, "has_more": False}),
    "pretty container": json.dumps({"a": {"b": []}, "conversations": [HELLO] * 3, "z": 1}, indent=2),
    "lists in messages": json.dumps({"messages": [HELLO, HELLO]}),
    "objects after each other": "\n".join(json.dumps({"messages": HELLO}, indent=1) for _ in range(3)),
    "one element a line": "[\n" + ",\n".join([json.dumps({"messages": HELLO})] * 3) + "\n]\n",
    "windows lines": "\r\n".join([json.dumps({"messages": HELLO})] * 3) + "\r\n",
    "messages a line": "\n".join(map(json.dumps, HELLO)),
    "pretty messages": json.dumps(HELLO, indent=1),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_may_hold_conversations_in_many_forms(form: str) -> None:
    text = FORMS[form]
    found, made = work(text)
    assert said(made) == ["Grüße 😀"] * text.count('"Hello"')
    assert not found.report.skipped


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("form", FORMS)
def test_where_a_chunk_ends_does_not_matter(form: str, size: int) -> None:
    def pieces(size: int) -> list[Piece]:
        data = (FORMS[form].replace("Hello", 'a \\" [ { \\\\ ] }')).encode()
        return list(split(data[at : at + size] for at in range(0, len(data), size)))

    assert pieces(size) == pieces(1 << 20)


BROKEN = {
    "a line that breaks off": f'{ONE}\n{{"messages": [\n{ONE}\n',
    "a broken first line": f'{{"messages": [\n{ONE}\n{ONE}\n',
    "an invalid byte": f"{ONE}\n{ONE.replace('Hello', 'X')}\n{ONE}\n".encode().replace(b"X", b"\xff"),
    "deep nesting": f'{ONE}\n{{"messages": {"[" * 100_000}{"]" * 100_000}}}\n{ONE}\n',
    "deep nesting in a document": f'[\n{ONE},\n{{"x": {"[" * 5_000}{"]" * 5_000}}},\n{ONE}\n]',
    "an invalid value in a document": f"[\n{ONE},\n{{'messages': 1}},\n{ONE}\n]",
    "neither": f'{ONE}\n{{"event": "start"}}\n{ONE}\n',
    "a number": f"{ONE}\n3\n{ONE}\n",
    "no messages": f'{ONE}\n{{"messages": []}}\n{ONE}\n',
    "a message that is none": f'{ONE}\n{{"messages": ["x"]}}\n{ONE}\n',
}


@pytest.mark.parametrize("form", BROKEN)
def test_a_bad_conversation_is_skipped_and_named_and_the_rest_is_taken(form: str) -> None:
    text = BROKEN[form]
    found, made = work(text)
    assert len(made) == 2
    (skipped,) = found.report.skipped
    assert skipped.where.startswith("log.jsonl")
    assert skipped.where.split(":")[1:] or "conversation 2" in skipped.where
    assert skipped.reason
    assert found.report.taken == 2


def test_a_last_line_that_is_still_being_written_is_left_out_and_said() -> None:
    found, made = work(f"{ONE}\n{ONE[:-9]}")
    assert len(made) == 1
    assert found.report.unfinished == "log.jsonl:2"
    assert not found.report.skipped
    assert not found.report.cut_off


def test_a_document_that_is_cut_off_keeps_the_conversations_before() -> None:
    found, made = work("[" + ", ".join([ONE] * 3)[:-9])
    assert len(made) == 2
    assert found.report.unfinished
    assert found.report.cut_off


def test_a_broken_line_among_messages_makes_their_conversation_bad() -> None:
    found, made = work('{"role": "user", "content": "a"}\n{"role": \n{"role": "assistant", "content": "b"}\n')
    assert made == []
    assert found.report.skipped[0].where == "log.jsonl:2"


def test_half_a_character_is_written_out_and_counted() -> None:
    found, made = work(
        '{"messages": [{"role": "user", "content": "a\\ud83d"}, {"role": "assistant", "content": "b"}]}'
    )
    assert said(made) == ["a\\ud83d"]
    assert found.report.losses["surrogate"].times == 1


def test_numbers_beyond_64_bits_and_without_a_finite_value_are_kept() -> None:
    big = "123456789012345678901234567890"
    calls = [{"id": "a", "function": {"name": "f", "arguments": f'{{"n": {big}}}'}}]
    result = f'{{"n": {big}, "x": 1e400}}'
    messages = [
        HELLO[0],
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": result},
    ]
    _, (made,) = work(json.dumps(messages))
    assert decode(encode(made)).events == made.events
    answer, got = made.events[1], made.events[2]
    assert isinstance(answer, Answer)
    assert isinstance(got, ToolResult)
    assert answer.calls[0].args == {"n": int(big)}
    assert got.raw == result
    _, (made,) = work('[{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "tool_use",'
                      ' "id": "t", "name": "f", "input": {"n": 1e400}}]}]')  # fmt: skip
    answer = made.events[1]
    assert isinstance(answer, Answer)
    assert answer.calls[0].args == {"n": "1e400"}


def test_deep_arguments_and_results_are_kept_as_text() -> None:
    deep = '{"x": ' + "[" * 900 + "]" * 900 + "}"
    messages: list[dict[str, Any]] = [
        HELLO[0],
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": deep}}]},
        {"role": "tool", "tool_call_id": "a", "content": deep},
    ]
    _, (made,) = work(json.dumps(messages))
    got = made.events[2]
    assert isinstance(got, ToolResult)
    assert (got.value, got.outcome) == (deep, "ok")


@pytest.mark.parametrize("lines", [True, False])
def test_memory_does_not_grow_with_the_log(tmp_path: Path, lines: bool) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.json"
        text = json.dumps({"messages": [{"role": "user", "content": "x" * 20_000}, HELLO[1]]})
        path.write_text("\n".join([text] * count) if lines else "[\n" + ",\n".join([text] * count) + "]")
        found = LogImport(Log.of_file(path), Setup("shop", imported=True))
        tracemalloc.start()
        found.survey()
        assert sum(1 for _ in found.transcripts()) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small, large = peak(100), peak(800)  # 2 MB and 16 MB
    assert large < small + 4_000_000


def test_a_huge_line_is_one_conversation() -> None:
    _, made = work(
        json.dumps({"messages": [{"role": "user", "content": "x" * 20_000_000}, HELLO[1]]}) + "\n" + ONE
    )
    assert len(made) == 2


TITLES = ["# export\n# of today\n", "[2026-01-01] begin\n", "export\n\n{ not yet }\n", "\n// a\n/* b */\n"]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize(
    "body",
    [
        f"{ONE}\n{ONE}\n",
        json.dumps([{"messages": HELLO}] * 2, indent=1),
        f"[{ONE},{ONE}]",
        json.dumps({"messages": HELLO}, indent=1) + "\n" + ONE,
    ],
)
def test_lines_before_the_first_value_are_counted_and_the_rest_is_read(title: str, body: str) -> None:
    found, made = work(title + body)
    assert len(made) == 2
    assert [skipped.where for skipped in found.report.skipped] == [
        f"log.jsonl:{number}" for number, line in enumerate(title.splitlines(), 1) if line
    ]


def test_text_is_not_a_log_and_every_line_is_counted() -> None:
    found, made = work("this is\nonly text\n")
    assert made == []
    assert len(found.report.skipped) == 2
