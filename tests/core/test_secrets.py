"""Secrets by their names: one rule for recorded HTTP, for what is saved and imported, and for `fmt --check`."""

from __future__ import annotations

import json

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, use
from workbench.cli import run
from workbench.transcripts import redaction
from workbench.transcripts.codec import encode
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.redaction import Redactor, describe_redaction, find_leaks, find_secrets, redact
from workbench.transcripts.secrets import HIDDEN, hide, is_secret_name

SECRET_NAMES = [
    "accessToken", "access_token", "ACCESS-TOKEN", "accesstoken", "refreshToken", "clientSecret", "client_secret",
    "sessionId", "SESSION_ID", "sessionid", "PHPSESSIONID", "otp", "smsOtp", "cookie", "cookies", "Set-Cookie",
    "apiKey", "api_key", "x-api-key", "APIKEY", "privateKey", "signing_key", "password", "userPassword", "passwd",
    "pwd", "token", "csrfToken", "jwt", "cvv", "authorization",
]  # fmt: skip
HARMLESS_NAMES = [
    "token_count", "tokens", "output_tokens", "maxTokens", "tokenizer", "key", "sort_key", "primaryKey",
    "keyboard", "public_key", "secretary", "session", "sessions", "id", "order_id",
    "password_changed_at", "has_password_hint",
    "cookie_policy", "author", "", "42",
]  # fmt: skip
VALUES = ["A1b2C3d4", "x", "hunter2", "p4ss w0rd", 'quo"ted', "naïve-123"]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_last_words_of_a_name_make_its_value_a_secret(name: str) -> None:
    assert is_secret_name(name)
    for value in [*VALUES, {"value": "A1", "list": ["A2"]}] if name != "authorization" else VALUES:
        out = Redactor().redact_value({"body": {name: value}})
        assert "A1" not in str(out)
        assert out != {"body": {name: value}}
        assert list(find_leaks(out)) == []
        assert Redactor().redact_value(out) == out
        assert list(find_leaks({"body": {name: value}}))
        assert hide({name: value}) != {name: value}


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_a_name_that_only_contains_the_word_is_no_secret(name: str) -> None:
    data = {name: "abc123", "n": {name: 128}}
    assert Redactor().redact_value(data) == data
    assert list(find_leaks(data)) == []
    assert hide(data) == data


def test_numbers_are_replaced_and_truth_values_and_nothing_stay() -> None:
    data = {"token": 7411, "otp": {"code": 123456.5, "sent": True, "to": None}, "cookies": []}
    out = Redactor().redact_value(data)
    assert {**out, "token": 0} == {"token": 0, "otp": {**out["otp"], "sent": True, "to": None}, "cookies": []}
    assert (type(out["token"]), type(out["otp"]["code"])) == (int, float)
    assert "7411" not in str(out)
    assert "123456" not in str(out)
    assert len({out["token"], out["otp"]["code"]}) == 2
    assert list(find_leaks(out)) == []


@pytest.mark.parametrize("number", [1, 4821, 481516, -481516, 0.5, 123456.5, 10**6, 10**30, 2**53 + 1])
def test_a_number_has_one_substitute_wherever_it_is(number: float) -> None:
    shown = len(str(number)) >= 6
    data = {"otp": number, "again": {"pin_otp": number}, "code": number, "said": f"it is {number}", "n": 7}
    redactor = Redactor()
    out = redactor.redact_value(data)
    made = out["otp"]
    assert out["again"]["pin_otp"] == made != number
    assert len(redactor.replaced) == 1
    assert out["code"] == (made if shown else number)
    assert out["said"] == f"it is {int(made) if shown else number}"
    assert out["n"] == 7
    assert list(find_leaks(out)) == []
    assert Redactor().redact_value(out) == out
    assert Redactor().redact_value(json.loads(json.dumps(out))) == out
    text = f"otp={int(made)} and {int(made)}"
    assert Redactor().redact_text(text) == text


def test_what_is_hidden_masked_or_replaced_already_stays() -> None:
    data = {
        "token": HIDDEN,
        "password": "********",
        "apiKey": "****1234",
        "otp": "",
        "secret": "redacted-0a1b2c3d",
    }
    assert Redactor().redact_value(data) == data
    assert list(find_leaks(data)) == []


def test_a_payment_authorization_is_data_and_the_header_is_a_secret() -> None:
    payment = {"authorization": {"amount": 12, "status": "approved"}}
    assert Redactor().redact_value(payment) == payment
    assert "Zm9v" not in str(Redactor().redact_value({"Authorization": "Custom Zm9vYmFy"}))


def test_a_named_secret_has_one_substitute_everywhere() -> None:
    out = Redactor().redact_value(
        {"said": "my code is 482913, thanks", "args": {"otp": "482913"}, "order": "OL-4829130"}
    )
    assert out["args"]["otp"] in out["said"]
    assert "482913," not in out["said"]
    assert out["order"] == "OL-4829130"
    assert out["args"] == Redactor().redact_value({"otp": "482913"})  # as in the world of a fixture


def test_a_secret_with_a_known_format_has_the_same_substitute_by_name_and_by_format() -> None:
    key = "sk-ant-" + "abcdefghijklmnop1234"
    by_format = Redactor().redact_text(f"key {key}").removeprefix("key ")
    assert Redactor().redact_value({"token": key})["token"] == by_format
    assert Redactor().redact_text(f'{{"token": "{key}"}}') == f'{{"token": "{by_format}"}}'


TEXTS = {
    "an error of httpx": "Client error '401 Unauthorized' for url 'https://x/y?api_key=K-123456789'",
    "a short key in a URL": "https://x/y?page=2&token=K-12&z=1",
    "a parameter called key": "https://maps.example/geocode?key=K-123456789",
    "JSON": 'the body was {"user": 1, "accessToken": "K-12"}',
    "JSON in JSON": json.dumps(json.dumps({"sessionId": "K-12"})),
    "a repr": "KeyError in {'clientSecret': 'K-12', 'id': 7}",
    "a form": "name=ada&client_secret=K-123456",
    "a setting": "failed with API_TOKEN=K-123456 in the environment",
    "a header": "sent Cookie: sid=K-12; theme=dark",
    "another header": "X-Api-Key: K-12",
}


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_a_named_secret_in_a_text_is_replaced(words: str) -> None:
    out = Redactor().redact_text(words)
    assert "K-12" not in out
    assert find_secrets(words) == ["secret"]
    assert find_secrets(out) == []
    assert Redactor().redact_text(out) == out


@pytest.mark.parametrize(
    "words",
    [
        "Password: ask the customer for it", "the token: a text", "max_tokens=1024 and token_count=12345678",
        "def find(token=None, key='id')", '{"sort_key": "price", "key": "color"}', "?page=2&sort=key",
        "see key=color in the list",
        "Cookies: we sell twelve kinds", "the api key is kept by the shop",
    ],
)  # fmt: skip
def test_a_text_about_secrets_stays(words: str) -> None:
    assert Redactor().redact_text(words) == words
    assert find_secrets(words) == []


def test_the_signature_of_thinking_and_the_names_in_schemas_stay(tmp_path) -> None:
    transcript = saved(
        converse(
            shop(tmp_path),
            ScriptedModel(
                [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "Sure."}]
            ),
            "hi",
        )
    )
    schema = {"properties": {"token": {"type": "string", "description": "of the session"}}}
    transcript = msgspec.structs.replace(transcript, blobs={**transcript.blobs, "schema": schema})
    clean = redact(transcript, Redactor())
    assert schema in clean.blobs.values()
    assert next(e for e in clean.events if hasattr(e, "blocks")).blocks[0]["signature"]
    assert list(find_leaks(json.loads(encode(clean)))) == []


# where the rule applies


def test_named_secrets_of_calls_are_replaced_on_save_and_found_in_a_file(tmp_path, capsys) -> None:
    model = ScriptedModel([use("find_order", order_number="OL-1", accessToken="A-5512", otp=4711)], "Ok.")
    transcript = saved(converse(shop(tmp_path), model, "hi"))
    assert b"A-5512" not in encode(redact(transcript, Redactor()))
    path = tmp_path / "one.json"
    write_transcript(path, transcript)
    assert run(["fmt", "--check", str(path)]) == 1
    lines = path.read_text().splitlines()
    wrong = {int(line.split(":")[1]) for line in capsys.readouterr().out.splitlines() if ": secret:" in line}
    assert wrong == {n for n, line in enumerate(lines, 1) if "A-5512" in line or "4711" in line}
    write_transcript(path, redact(transcript, Redactor()))
    assert run(["fmt", "--check", str(path)]) == 0


LOG = [
    {"role": "user", "content": "my key is sk-ant-" + "abcdefghijklmnop1234"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c1", "type": "function",
                        "function": {"name": "login", "arguments": json.dumps({"sessionId": "S-99121"})}}],
    },
    {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"token": {"value": "T-88121"}})},
    {"role": "assistant", "content": "Done."},
]  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--to-library"]], ids=["transcripts", "library"])
def test_an_import_replaces_secrets(tmp_path, monkeypatch, capsys, options) -> None:
    (tmp_path / "journeys/desk").mkdir(parents=True)
    (tmp_path / "journeys/desk/agent.py").write_text("")
    (tmp_path / "log.jsonl").write_text(json.dumps({"messages": LOG}) + "\n")
    monkeypatch.chdir(tmp_path)
    assert run(["import", "openai", "log.jsonl", *options]) == 0
    assert "redacted: " in capsys.readouterr().err
    if options:
        from workbench.store.import_archive import ImportArchive

        archive = ImportArchive(tmp_path / ".workbench/archive.db")
        stored = b"".join(encode(archive.read(recording)) for recording, _ in archive.list())
        archive.close()
    else:
        stored = b"".join(path.read_bytes() for path in (tmp_path / "transcripts").rglob("*.json"))
    assert b"login" in stored
    for secret in (b"abcdefghijklmnop", b"S-99121", b"T-88121"):
        assert secret not in stored
    assert run(["import", "openai", "log.jsonl", "--to-library"]) == 0


def test_the_sentence_about_redaction_names_every_kind_that_is_looked_for() -> None:
    nothing = describe_redaction({})
    assert all(f"{kind}s" in nothing for kind, _, _ in redaction._RULES)
    assert "names are not looked for" in nothing
    assert describe_redaction({"secret": 2, "IBAN": 1}) == "redacted: 1 IBAN, 2 secrets; names are not looked for"
