"""Older formats are read in memory, step by step; lines are told of any JSON."""

from __future__ import annotations

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop
from workbench.errors import TranscriptError
from workbench.transcripts import migrations
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.json_position import line_of, parse_path
from workbench.transcripts.migrations import Migration, format_of, migrate


@pytest.fixture
def made(tmp_path):
    return saved(converse(shop(tmp_path), ScriptedModel("Hello."), "hi"))


@pytest.fixture
def an_older_form(monkeypatch):
    """A made-up format 0, in which the title was called `name`."""

    def climb(data):
        data["title"] = data.pop("name", "")
        return data

    monkeypatch.setitem(migrations.MIGRATIONS, 0, Migration("`title` was called `name`", climb))


def older(transcript) -> bytes:
    data = msgspec.json.decode(encode(msgspec.structs.replace(transcript, title="A kind word")))
    data["name"] = data.pop("title")
    return msgspec.json.encode({**data, "schema": "workbench.transcript/0"})


def test_an_older_file_is_read_in_the_current_format(made, an_older_form):
    assert decode(older(made)) == msgspec.structs.replace(made, title="A kind word")


def test_a_format_without_a_migration_is_refused_and_named(made):
    with pytest.raises(TranscriptError, match="format 0"):
        decode(older(made), "old.json")


def test_a_broken_file_of_an_older_format_is_an_error(made, monkeypatch):
    monkeypatch.setitem(migrations.MIGRATIONS, 0, Migration("", lambda data: {**data, "events": data["no such"]}))
    with pytest.raises(TranscriptError):
        decode(older(made), "old.json")


def test_every_older_format_has_a_migration():
    assert set(migrations.MIGRATIONS) == set(range(1, migrations.FORMAT))


@pytest.mark.parametrize("schema", ["workbench.transcript/", "workbench.transcript/x", "other/1", 7, None])
def test_data_without_a_format_is_not_migrated(schema):
    assert format_of({"schema": schema}) is None
    assert migrate({"schema": schema}) is None


JSON = b'{\n "a": [\n  1,\n  {"b": "x\\"y", "c":\n   [2,\n    3]}\n ],\n "d": 4\n}'


@pytest.mark.parametrize(
    ("path", "line"),
    [("$.a", 2), ("$.a[0]", 3), ("$.a[1].b", 4), ("$.a[1].c[1]", 6), ("$.d", 8), ("$.a[1].gone", 4), ("$", 1)],
)
def test_the_line_of_a_value_is_found(path, line):
    assert line_of(JSON, parse_path(path)) == line


@pytest.mark.parametrize("data", [b"", b"]]]", b'{"a"', b"\xff\xfe", b"[[[", b'{"a": , }'])
def test_the_line_is_found_in_invalid_json_too(data):
    assert line_of(data, ["a", 0]) == 1
