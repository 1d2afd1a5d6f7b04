"""A queue is a query: what a person types."""

from __future__ import annotations

import pytest

from workbench.errors import UsageError
from workbench.transcripts.query import FILTERS, Query, Term


def terms(text):
    return list(Query.parse(text).terms)


def test_words_and_filters_are_distinguished():
    assert terms("gift tag:refund OL-1002") == [Term("", "gift"), Term("tag", "refund"), Term("", "OL-1002")]


def test_quoted_text_is_one_exact_term():
    assert terms('"gift card" tag:"very odd"') == [
        Term("", "gift card", exact=True),
        Term("tag", "very odd", exact=True),
    ]


def test_an_open_quote_is_an_incomplete_term():
    assert terms('"gift ca') == [Term("", "gift ca")]


def test_a_minus_negates_a_term():
    assert terms("-tag:refund -gift") == [Term("tag", "refund", negated=True), Term("", "gift", negated=True)]


@pytest.mark.parametrize("text", ["", "  ", "tag:", "-", '"', "sample:"])
def test_an_incomplete_filter_is_ignored(text):
    assert not Query.parse(text)


@pytest.mark.parametrize("text", ["12:30", "a=b", "#1", "OL-1002"])
def test_text_that_is_not_a_filter_is_searched(text):
    assert terms(text) == [Term("", text)]


def test_a_repeated_term_counts_once():
    assert len(terms("gift gift tag:a tag:a")) == 2


def test_an_unknown_filter_lists_the_existing_ones():
    with pytest.raises(UsageError, match="unknown filter") as error:
        Query.parse("color:red")
    assert all(name in error.value.message for name in FILTERS)
    assert '"color:red"' in error.value.hint


def test_an_order_may_be_abbreviated_and_must_exist():
    assert Query.parse("sort:susp").sort == "suspicious"
    with pytest.raises(UsageError, match="unknown order"):
        Query.parse("sort:colour")


def test_a_sample_has_a_size_and_a_seed():
    assert (Query.parse("sample:50").sample, Query.parse("sample:50").sample_seed) == (50, 1)
    assert Query.parse("sample:50/3").sample_seed == 3
    with pytest.raises(UsageError, match="not a number"):
        Query.parse("sample:many")


def test_sampling_a_sample_selects_another_one():
    once = Query.parse("tag:a").next_sample(50)
    assert str(once) == "tag:a sample:50"
    assert str(once.next_sample(50)) == "tag:a sample:50/2"


@pytest.mark.parametrize(
    "text", ['tag:refund -is:reviewed "gift card" card sort:suspicious sample:50/2', 'tag:"very odd"', "-gift", ""]
)
def test_a_printed_query_parses_to_the_same_query(text):
    assert str(Query.parse(text)) == text
    assert Query.parse(str(Query.parse(text))) == Query.parse(text)


def test_equal_selections_have_the_same_key():
    name = Query.parse("tag:a gift").key
    assert Query.parse("gift tag:a").key == name
    assert Query.parse("gift tag:a -is:reviewed sort:long").key == name
    assert Query.parse("gift").key != name
    assert Query.parse("gift tag:a sample:5").key != name


def test_a_saved_queue_is_opened_by_name_and_can_be_narrowed():
    kept = {"odd": "tag:refund -is:reviewed", "worse": "queue:odd sort:suspicious"}
    assert str(Query.parse("queue:odd gift", kept)) == "tag:refund -is:reviewed gift"
    assert str(Query.parse("queue:worse", kept)) == "tag:refund -is:reviewed sort:suspicious"


@pytest.mark.parametrize(("asked", "kept"), [("queue:x", {"y": "a"}), ("queue:x", {"x": "queue:x"})])
def test_a_missing_or_circular_queue_is_refused(asked, kept):
    with pytest.raises(UsageError, match="unknown queue"):
        Query.parse(asked, kept)


def test_several_values_after_a_filter_are_alternatives():
    (term,) = terms('-tag:refund,"very odd"')
    assert str(term) == '-tag:refund,"very odd"'
    assert Query.parse(str(term)).terms == (term,)
    assert [one.value for one in (term, *term.alternatives)] == ["refund", "very odd"]
    assert terms("Hello, you") == [Term("", "Hello,"), Term("", "you")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("is:suspicous", "suspicious"), ("kind:mistakes", "mistake"), ("in:transcript-files", "transcripts")],
)
def test_an_unknown_value_of_a_closed_filter_is_an_error_with_a_suggestion(text, meant):
    with pytest.raises(UsageError) as error:
        Query.parse(text)
    assert meant in error.value.hint
