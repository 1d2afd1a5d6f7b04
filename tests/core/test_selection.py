"""Which transcripts a query selects."""

from __future__ import annotations

import pytest

from workbench.errors import UsageError
from workbench.transcripts.query import Query
from workbench.transcripts.searchable import Searchable
from workbench.transcripts.selection import matching, unmatched_words


def transcript(id: str, kind: str, agent: str, title: str, *tags: str) -> Searchable:
    facets = {("kind", kind), ("agent", agent), *(("tag", tag) for tag in tags)}
    return Searchable(frozenset(facets), f"{id}\n{title}")


FILES = {
    "late": transcript("late", "mistake", "shop", "A refund went through", "money", "vip"),
    "gift": transcript("gift", "golden", "shop", "A gift card", "money"),
    "call": transcript("call", "golden", "phone", "Somebody calls: Zürich"),
}


def selected(text: str, **short: list[str]) -> str:
    query = Query.parse_whole(text)
    for filter, values in short.items():
        query = query.also(filter, values)
    return " ".join(matching(query, FILES))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("refund", "late"),
        ("REFUND", "late"),
        ("tag:money -tag:vip", "gift"),
        ("tag:vip,money", "late gift"),
        ("kind:golden gift", "gift"),
        ("-late -gift", "call"),
        ('"gift card"', "gift"),
        ('"card gift"', ""),
        ("kind:g", "gift call"),
        ("agent:phone", "call"),
        ("zurich", "call"),
        ("nothing", ""),
        ("", "late gift call"),
    ],
)
def test_a_query_selects(text, ids):
    assert selected(text) == ids


def test_tags_kinds_and_agents_narrow_and_all_must_hold():
    assert selected("", tag=["vip"]) == "late"
    assert selected("", tag=["vip", "money"]) == "late gift"
    assert selected("", kind=["golden"], agent=["shop"]) == "gift"
    assert selected("late", kind=["golden"]) == ""


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"tag": ["mony"]}, "money, vip"),
        ({"tag": ["money", "mony"]}, "money, vip"),
        ({"tag": ["mone"]}, "money, vip"),
        ({"kind": ["mistakes"]}, "golden, mistake"),
        ({"agent": ["shpo"]}, "phone, shop"),
    ],
)
def test_a_value_that_nothing_has_is_an_error_that_says_what_there_is(asked, there):
    with pytest.raises(UsageError, match=there):
        selected("", **asked)


def test_a_negated_value_that_nothing_has_is_no_error():
    assert selected("-tag:flaky") == "late gift call"


def test_a_file_that_cannot_be_read_is_always_selected():
    assert matching(Query.parse("late"), {"broken": None}) == ["broken"]


def test_words_that_nothing_has_are_named_with_what_they_may_have_meant():
    assert unmatched_words(Query.parse("refnud late -zebra"), FILES) == {"refnud": ["refund"]}


@pytest.mark.parametrize(
    "text", ["tag:", "-", '"gift', '""', "tag:a,", "sort:long", "queue:x", "is:reviewed", "-is:reviewed", "?!"]
)
def test_what_selects_no_files_is_refused_on_the_command_line(text):
    with pytest.raises(UsageError):
        Query.parse_whole(text)
