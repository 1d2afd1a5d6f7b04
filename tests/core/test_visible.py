"""A text that must be absent is found in every spelling in which a reader would read it."""

from __future__ import annotations

import time

import pytest

from oracle import green
from support.kit import ScriptedModel, converse, saved, shop
from workbench.plain import to_plain
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.predicates import _seems_equal
from workbench.transcripts.transcript import Annotation
from workbench.transcripts.visible import as_read, shows

SPELLINGS = [
    "the secret code",
    "The SECRET Code",
    "the **secret** code",
    "the _secret_ `code`",
    "the ~~secret~~ code",
    "the se\u200bcret co\u00adde",
    "the s\u0435cret c\u043ede",  # Cyrillic letters
    "the ｓｅｃｒｅｔ code",
    "the 𝐬𝐞𝐜𝐫𝐞𝐭 code",
    "the s\u0336e\u0336cret code",
    "the\u00a0secret\ncode",
    "the &#115;ecret&nbsp;code",
    "the <b>se</b>cret code",
    "the se<!-- -->cret code",
    "the [secret](https://shop.example) code",
    "# the secret code",
    "> the secret code",
]


@pytest.mark.parametrize("words", SPELLINGS)
def test_a_text_in_another_spelling_is_found(words):
    assert shows(f"I tell you {words}." if words[0] not in "#>" else words, "The secret code")


@pytest.mark.parametrize(
    ("words", "text"),
    [("a code", "secret"), ("", "secret"), ("the secret code", "**"), ("a 1 code", "a 2 code"), ("co de", "code")],
)
def test_another_text_is_not_found(words, text):
    assert not shows(words, text)


def test_markdown_asterisks_are_found_as_written():
    assert shows("it is **bold**", "**")


@pytest.mark.parametrize("unit", ["_", "a_", "[", "[](", "<", "<!--", "<a ", "*", "&#", "#", "> ", "\\", "&"])
def test_no_text_takes_long(unit):
    began = time.process_time()
    as_read(unit * (200_000 // len(unit)) + "x")
    assert time.process_time() - began < 2


SAY = """
    from workbench import Rewrite
    @returns.policy(before_reply=True)
    def polish(reply):
        '''Replies are polished.'''
        return Rewrite({value!r}, "polish it")
"""


def outcome_of(folder, expect, value, **fields):
    conversation = converse(shop(folder / "then"), ScriptedModel("I tell you the secret code."), "hi")
    expectation = Expectation(expect, "1.1.0", **fields)
    transcript = saved(conversation, "mistake", expectations=[expectation], annotations=[Annotation("1.1.0")])
    agent = shop(folder / "now", SAY.format(value=value)).agent
    outcome = replay(transcript, agent)
    if outcome.verdict is Verdict.PASS:
        assert green(agent, to_plain(transcript)) == ""
    return outcome.verdict


EXPECTED = [
    ("reply_excludes", {"text": "secret code"}),
    ("redacted", {"text": "secret code"}),
    ("rewritten", {}),
]


@pytest.mark.parametrize(("expect", "fields"), EXPECTED)
@pytest.mark.parametrize("words", [w for w in SPELLINGS if w[0] not in "#>"])
def test_a_text_that_only_has_another_spelling(tmp_path, expect, fields, words):
    assert outcome_of(tmp_path, expect, f"I tell you {words}.", **fields) is Verdict.FAIL


@pytest.mark.parametrize(("expect", "fields"), EXPECTED)
def test_a_text_that_is_gone_is_a_fix(tmp_path, expect, fields):
    assert outcome_of(tmp_path, expect, "I tell you nothing.", **fields) is Verdict.PASS


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"number": "OL-1"}, {"number": "OL-1\u200b"}, True),
        ({"number": "OL-1"}, {"number": " OL-1"}, True),
        ({"number": "OL-1"}, {"number": "ol-1"}, False),
        ({"note": "a_b"}, {"note": "*a_b*"}, False),
        ({"n": 1}, {"n": True}, False),
    ],
)
def test_arguments_are_rewritten_if_a_tool_sees_another_value(one, other, equal):
    assert _seems_equal(one, other, "before_tool") is equal
