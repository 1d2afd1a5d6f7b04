"""What redaction replaces in a transcript makes no difference when its tools run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.kit import ScriptedModel, converse, saved, shop_files, use, write
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.loader import LoadedAgent, load, make_world
from workbench.trace.events import ToolResult
from workbench.transcripts.codec import encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.transcript import Annotation, Transcript

SANDBOX = Options(tools="sandbox")
PEOPLE = {
    "ida@posteo.de": {"mail": "ida@posteo.de", "phone": "+49 30 1234567", "password": "hunter2x9"},
    "Bo.Lind@Posteo.de": {
        "mail": "Bo.Lind@Posteo.de",
        "phone": "+49 30 7654321",
        "iban": "DE89370400440532013000",
    },
}
JOURNEY = """
    from dataclasses import dataclass, field
    from typing import Any
    from workbench import Journey, ToolError, world

    returns = Journey("returns", goal="Everything")

    @world
    class Shop:
        people: dict[str, dict[str, str]] = field(default_factory=dict)
        sent: list[str] = field(default_factory=list)

    @returns.tool(writes=True)
    def who(mail: str, shop: Shop) -> Any:
        '''Who is it.'''
        person = shop.people[mail]
        {statement}
        return {result}
"""


def agent(folder: Path, result: str, statement: str = "pass") -> LoadedAgent:
    files = shop_files(journey=JOURNEY.format(result=result, statement=statement))
    files["shop/fixtures/base.json"] = json.dumps({"world": {"Shop": {"people": PEOPLE}}})
    return load(write(folder / "journeys", files), "shop")


def again(loaded: LoadedAgent, transcript: Transcript) -> Any:
    return replay(transcript, loaded.agent, SANDBOX, lambda setup: make_world(loaded, setup, recorded=True))


def recorded(loaded: LoadedAgent, mail: str = "ida@posteo.de", **more: Any) -> Transcript:
    """A conversation about a person, as it is saved."""
    conversation = converse(loaded, ScriptedModel([use("who", mail=mail)], "Done."), f"I am {mail}")
    return redact(saved(conversation, **more), Redactor())


RESULTS = [
    "person",
    "person['mail']",
    "person['mail'].upper()",
    "person['mail'].lower()",
    "person['mail'].title()",
    "person['mail'].capitalize()",
    "person['mail'].split('@')[0]",
    "person['mail'][:2] + '***'",
    "len(person['mail'])",
    "sum(map(ord, person['mail']))",
    "sorted(shop.people)",
    "sorted(p['phone'] for p in shop.people.values())",
    "person['phone']",
    "person['phone'].replace(' ', '')",
    "person['phone'][-4:]",
    "{'help': 'help@wool-shop.de', 'mail': person['mail']}",
    "'HELP@WOOL-SHOP.DE'",
    "'+49 30 9999999'",
    "'write to help@wool-shop.de or call +49 30 9999999'",
    "'DE89 3704 0044 0532 0130 00'",
    "{'card': '4242 4242 4242 4242'}",
    "{'password': person.get('password', 'none1234')}",
    "{'hint': person.get('password', 'none1234')}",
    "{'token': 'abcdef123456', 'again': 'abcdef123456'}",
    "shop.people",
    "{p['mail']: p['phone'] for p in shop.people.values()}",
]


@pytest.mark.parametrize("mail", list(PEOPLE))
@pytest.mark.parametrize("result", RESULTS)
def test_a_result_with_redacted_values_passes(tmp_path: Path, result: str, mail: str) -> None:
    loaded = agent(tmp_path, result)
    transcript = recorded(loaded, mail)
    assert mail not in encode(transcript).decode()
    outcome = again(loaded, transcript)
    assert outcome.verdict is Verdict.PASS, outcome.why


STATEMENTS = [
    "shop.sent.append(person['mail'])",
    "shop.sent.append('help@wool-shop.de')",
    "shop.people[mail.upper()] = dict(person)",
    "shop.people['new@posteo.de'] = {'mail': 'new@posteo.de', 'password': 'topsecret1'}",
    "del shop.people[mail]",
    "person['mail'] = 'other@posteo.de'",
    "person['password'] = 'changed99'",
    "raise ToolError('ask ' + person['mail'])",
    "print(person['mail'], 'help@wool-shop.de')",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_changes_errors_and_output_with_redacted_values_pass(tmp_path: Path, statement: str) -> None:
    loaded = agent(tmp_path, "1", statement)
    outcome = again(loaded, recorded(loaded))
    assert outcome.verdict is Verdict.PASS, outcome.why


def test_a_recording_that_was_not_redacted_passes(tmp_path: Path) -> None:
    loaded = agent(tmp_path, "{'all': shop.people, 'help': 'help@wool-shop.de'}")
    conversation = converse(loaded, ScriptedModel([use("who", mail="ida@posteo.de")], "Done."), "I am Ida")
    assert again(loaded, saved(conversation)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("'help@wool-shop.de'", "'info@wool-shop.de'"),
        ("person['mail']", "sorted(shop.people)[0]"),
        ("person['phone']", "'+49 30 7654321'"),
        ("person['mail']", "person['mail'].upper()"),
        ("person", "{**person, 'password': 'other4567'}"),
    ],
)
def test_another_value_in_the_place_of_a_redacted_one_is_stale(tmp_path: Path, then: str, now: str) -> None:
    transcript = recorded(agent(tmp_path / "then", then))
    outcome = again(agent(tmp_path / "now", now), transcript)
    assert outcome.verdict is Verdict.STALE
    shown = f"{outcome.first_difference.recorded} {outcome.first_difference.now}"
    assert "posteo" not in shown
    assert "wool-shop" not in shown


def test_the_final_world_is_compared_as_it_is_saved(tmp_path: Path) -> None:
    loaded = agent(tmp_path, "1", "shop.sent.append('help@wool-shop.de')")
    substitute = Redactor().redact_text("help@wool-shop.de")
    wrong = Expectation("final_world", "1.1.1", args={"Shop.sent.0": "nobody"})
    mistake = recorded(loaded, kind="mistake", expectations=[wrong], annotations=[Annotation("1.1.1")])
    assert again(loaded, mistake).verdict is Verdict.FAIL
    better = agent(tmp_path / "now", "1", "shop.sent.append('nobody')")
    assert again(better, mistake).verdict is Verdict.PASS
    assert substitute in encode(mistake).decode()


NUMBERS = """
    from typing import Any
    from dataclasses import dataclass, field
    from workbench import Journey, ToolError, world

    returns = Journey("returns", goal="Everything")

    @world
    class Shop:
        otp: int = 481516
        pins: dict[str, dict[str, float]] = field(default_factory=dict)
        log: list[Any] = field(default_factory=list)

    @returns.tool(writes=True)
    def enter(otp: float, shop: Shop) -> Any:
        '''Enter it.'''
        if otp != {wanted}:
            raise ToolError("wrong code")
        {statement}
        return {result}
"""


@pytest.mark.parametrize(
    ("otp", "wanted"), [(481516, "shop.otp"), (4821, "shop.pins['a']['pwd']"), (48.25, "shop.pins['b']['pwd']")]
)
@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ("pass", "1"),
        ("pass", "{'otp': otp}"),
        ("pass", "{'otp': shop.otp, 'code': shop.otp, 'text': f'it is {shop.otp}', 'all': shop.pins}"),
        ("pass", "otp * 2"),
        ("pass", "{'token': otp * 2}"),
        ("shop.otp = 999123", "{'otp': shop.otp}"),
        ("shop.pins['c'] = {'pwd': otp}", "1"),
        ("shop.log.append({'otp': otp, 'text': str(shop.otp)})", "shop.log"),
        ("raise ToolError(f'not {shop.otp}')", "1"),
        ("print(shop.otp)", "1"),
    ],
)
def test_a_redacted_number_is_compared_as_it_was(
    tmp_path: Path, otp: float, wanted: str, statement: str, result: str
) -> None:
    text = NUMBERS.replace("{wanted}", wanted).replace("{statement}", statement).replace("{result}", result)
    files = shop_files(journey=text)
    shop: dict[str, Any] = {"pins": {"a": {"pwd": 4821}, "b": {"pwd": 48.25}}}
    files["shop/fixtures/base.json"] = json.dumps({"world": {"Shop": shop}})
    loaded = load(write(tmp_path / "journeys", files), "shop")
    conversation = converse(loaded, ScriptedModel([use("enter", otp=otp)], "Done."), "my code is 481516")
    transcript = redact(saved(conversation), Redactor())
    assert "wrong code" not in encode(transcript).decode()
    if "* 2" not in result:
        assert str(otp) not in encode(transcript).decode().replace(loaded.code, "")
    outcome = again(loaded, transcript)
    assert outcome.verdict is Verdict.PASS, outcome.why


@pytest.mark.parametrize(
    ("declared", "value"), [("int", 481516), ("int", 77), ("float", 2.5), ("str", "hunter2x9"), ("str", "abc")]
)
@pytest.mark.parametrize("where", ["default", "class", "fixture"])
def test_a_secret_of_a_default_gets_its_value_back(tmp_path: Path, declared: str, value: Any, where: str) -> None:
    text = NUMBERS.replace("otp: float", f"otp: {declared}").replace(
        "otp: int = 481516", f"otp: {declared} = {value!r}"
    )
    text = text.replace("{wanted}", "shop.otp").replace("{statement}", "pass").replace("{result}", "{'otp': otp}")
    files = shop_files(journey=text)
    given = {"default": {}, "class": {"Shop": {"log": []}}, "fixture": {"Shop": {"otp": value}}}
    files["shop/fixtures/base.json"] = json.dumps({"world": given[where]})
    loaded = load(write(tmp_path / "journeys", files), "shop")
    conversation = converse(loaded, ScriptedModel([use("enter", otp=value)], "Done."), "here it is")
    transcript = redact(saved(conversation), Redactor())
    assert "wrong code" not in encode(transcript).decode()
    assert again(loaded, transcript).verdict is Verdict.PASS
    substituted = make_world(loaded, transcript.setup, substituted=True).state()["Shop"]["otp"]
    assert substituted == next(e for e in transcript.events if isinstance(e, ToolResult)).value["otp"] != value
