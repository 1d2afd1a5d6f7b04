"""Which transcripts are wanted: words and how they are joined, tags, kinds, agents; and shards."""

from __future__ import annotations

import pytest

from workbench.errors import UsageError
from workbench.transcripts.header import Head
from workbench.transcripts.selection import Shard, Wanted, parse

LATE = Head("late", "mistake", "shop", "A refund went through", ["money", "vip"])
GIFT = Head("gift", "guard", "shop", "A gift card", ["money"])
CALL = Head("call", "guard", "phone", "Somebody calls", [])
FILES = {"transcripts/a/late.json": LATE, "transcripts/b/gift.json": GIFT, "transcripts/b/call.json": CALL}


def chosen(**asked) -> str:
    wanted = Wanted(**asked).chooser(FILES.values())
    return " ".join(head.id for path, head in FILES.items() if wanted(path, head))


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("refund", "late"),
        ("REFUND", "late"),
        ("money and not vip", "gift"),
        ("late or call", "late call"),
        ("guard and (gift or call)", "gift call"),
        ("not (late or gift)", "call"),
        ("not not late", "late"),
        ("late or gift and call", "late"),
        ('"gift card"', "gift"),
        ("'and'", ""),
        ("b/", "gift call"),
        ("json", ""),
        ("phone", "call"),
        ("nothing", ""),
    ],
)
def test_words_choose(words, ids):
    assert chosen(words=words) == ids


def test_tags_kinds_and_agents_choose_and_all_must_fit():
    assert chosen(tags=("vip",)) == "late"
    assert chosen(tags=("vip", "money")) == "late gift"
    assert chosen(kinds=("guard",), agents=("shop",)) == "gift"
    assert chosen(words="late", kinds=("guard",)) == ""


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"tags": ("mony",)}, "money, vip"),
        ({"tags": ("money", "mony")}, "money, vip"),
        ({"kinds": ("mistakes",)}, "guard, mistake"),
        ({"agents": ("shpo",)}, "phone, shop"),
    ],
)
def test_a_name_that_nothing_has_is_an_error_that_says_what_there_is(asked, there):
    with pytest.raises(UsageError, match=f"there is: {there}"):
        chosen(**asked)


@pytest.mark.parametrize(
    ("words", "column", "what"),
    [
        ("late and", 9, "a word is missing"),
        ("or late", 1, "a word is missing before 'or'"),
        ("late gift", 6, "`and` or `or` is missing before 'gift'"),
        ("(late", 6, "`)` is missing"),
        ("late)", 5, "`and` or `or` is missing before"),
        ("()", 2, "a word is missing before"),
        ('late and "gift', 10, "not closed"),
        ("not", 4, "a word is missing"),
        ('late or ""', 9, "nothing in the quotes"),
    ],
)
def test_an_expression_that_is_none_is_an_error_with_its_place(words, column, what):
    with pytest.raises(UsageError) as error:
        parse(words)
    assert what in str(error.value)
    assert f"at column {column}:" in str(error.value)
    assert f"\n  {' ' * (column - 1)}^" in str(error.value)


def test_a_file_that_cannot_be_read_is_always_wanted():
    assert Wanted(words="late").chooser([])("transcripts/broken.json", None)


def test_each_transcript_is_in_one_shard_and_always_in_the_same():
    ids = [f"transcript-{number}" for number in range(200)]
    shards = [[id for id in ids if Shard(number, 8).holds(id)] for number in range(1, 9)]
    assert sorted(id for shard in shards for id in shard) == sorted(ids)
    assert all(shards)
    assert [number for number in range(1, 9) if Shard(number, 8).holds("a-fixed-id")] == [3]


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/0", "a/b", "-1/2", "1/8/2"])
def test_a_shard_that_is_none_is_an_error(text):
    with pytest.raises(UsageError, match="they count from 1"):
        Shard.parse(text)
