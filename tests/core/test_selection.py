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


def test_tags_kinds_and_agents_narrow_the_selection():
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
def test_an_unknown_value_is_an_error_that_lists_the_existing_ones(asked, there):
    with pytest.raises(UsageError, match=there):
        selected("", **asked)


@pytest.mark.parametrize("filter", ["tag", "kind", "agent"])
def test_the_error_names_the_option_and_its_value(filter):
    with pytest.raises(UsageError) as error:
        selected("", **{filter: ["foo"]})
    assert error.value.where == f"--{filter} foo"
    assert "transcript" in error.value.message


def test_an_unknown_negated_value_is_not_an_error():
    assert selected("-tag:flaky") == "late gift call"


def test_an_unreadable_file_is_always_selected():
    assert matching(Query.parse("late"), {"broken": None}) == ["broken"]


def test_unmatched_words_are_named_with_suggestions():
    assert unmatched_words(Query.parse("refnud late -zebra"), FILES) == {"refnud": ["refund"]}


@pytest.mark.parametrize(
    "text", ["tag:", "-", '"gift', '""', "tag:a,", "sort:long", "queue:x", "is:reviewed", "-is:reviewed", "?!"]
)
def test_filters_of_review_are_refused_on_the_command_line(text):
    with pytest.raises(UsageError):
        Query.parse_whole(text)
