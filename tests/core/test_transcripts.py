"""The transcript file: the same bytes for the same conversation, and clear words for a bad one."""

from __future__ import annotations

import json

import pytest

from support.kit import ScriptedModel, converse, saved, shop, use
from workbench.errors import TranscriptError
from workbench.testing import text
from workbench.testing import thinking as think
from workbench.text import slug
from workbench.trace.events import Usage
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import find, write
from workbench.transcripts.patterns import INVALID
from workbench.transcripts.redaction import Redactor, find_secrets, passes_luhn, redact
from workbench.transcripts.transcript import Annotation


@pytest.fixture
def transcript(tmp_path):
    model = ScriptedModel([think("a\nb"), use("find_order", order_number="OL-1")], [text("One\nTwo — ü")])
    return saved(converse(shop(tmp_path), model, "line one\nline two"), title="a return")


@pytest.mark.parametrize(
    ("data", "words", "then"),
    [
        (b"", "the file is empty", "restore it from git"),
        (b"\0" * 512, "its 512 bytes are all blank", "restore it from git"),
        ("{}".encode("utf-8-sig"), "it is UTF-8 with a byte order mark", "without one"),
        ("{}".encode("utf-16"), "it is UTF-16", "save it as UTF-8"),
        ("{}".encode("utf-16-le"), "it is UTF-16", "save it as UTF-8"),
        (b"\x1f\x8b\x08", "compressed with gzip", "unpack it"),
        (
            b'{"schema": "workbench.transcript/1",\n "id": "\xe4"}',
            "x.json:2: the file is not valid UTF-8",
            "UTF-8",
        ),
    ],
)
def test_a_file_that_is_not_json_is_described_with_a_hint(data, words, then):
    with pytest.raises(TranscriptError, match=words) as told:
        decode(data, "x.json")
    assert then in told.value.hint


def test_a_written_transcript_reads_back_equal(transcript):
    assert decode(encode(transcript)) == transcript


def test_writing_a_read_transcript_gives_the_same_bytes(transcript):
    data = encode(transcript)
    assert encode(decode(data)) == data


def test_a_text_of_several_lines_is_a_list_of_lines(transcript):
    steps = json.loads(encode(transcript))["events"]
    assert steps[0]["text"] == ["line one", "line two"]
    assert next(s for s in steps if s["event"] == "reply")["text"] == ["One", "Two — ü"]


def test_human_written_fields_precede_the_events(transcript):
    keys = list(json.loads(encode(transcript)))
    assert keys[:4] == ["schema", "id", "kind", "title"]
    assert keys[-2:] == ["events", "blobs"]


def test_of_the_usage_only_what_limits_count_is_written(transcript):
    import msgspec

    full = Usage(5, 6, 7, 8, cost=0.5, seconds=1.2999, request_id="req_1", server="other.example")
    steps = [msgspec.structs.replace(s, usage=full) if hasattr(s, "usage") else s for s in transcript.events]
    written = json.loads(encode(msgspec.structs.replace(transcript, events=steps)))["events"]
    kept = [step["usage"] for step in written if step["event"] == "answer"]
    assert kept
    assert all(usage == {"tokens_out": 6, "seconds": 1.2} for usage in kept)


def test_an_answer_without_usage_is_written_without_it(transcript):
    assert b"usage" not in encode(transcript)


def test_a_newer_format_is_refused_with_a_hint(transcript):
    data = encode(transcript).replace(b"workbench.transcript/1", b"workbench.transcript/2")
    with pytest.raises(TranscriptError) as error:
        decode(data, "x.json")
    assert error.value.code == "transcript.newer-format"
    assert error.value.hint == "upgrade workbench"


def test_a_broken_line_is_named(transcript):
    data = encode(transcript).replace(b'"kind": "golden",', b'"kind": "golden"')
    with pytest.raises(TranscriptError) as error:
        decode(data, "x.json")
    assert error.value.where.startswith("x.json:")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_reported_with_its_last_line(transcript, share):
    data = encode(transcript)
    kept = data[: int(len(data) * share)]
    with pytest.raises(TranscriptError) as error:
        decode(kept, "x.json")
    assert error.value.code == "transcript.truncated"
    assert error.value.where == f"x.json:{len(kept.rstrip().splitlines())}"
    assert error.value.hint == "restore it from git"


def test_an_expectation_at_a_missing_step_lists_the_existing_steps(transcript):
    import msgspec

    away = msgspec.structs.replace(transcript, expectations=[Expectation("reply_excludes", "9.9", text="no")])
    with pytest.raises(TranscriptError) as error:
        decode(encode(away), "x.json")
    assert error.value.code == "transcript.unknown-step"
    assert "its step ids: 1.0.0, 1.1.1" in error.value.hint


def test_a_misspelled_field_is_an_error(transcript):
    data = encode(transcript).replace(b'"title"', b'"titel"')
    with pytest.raises(TranscriptError, match="titel"):
        decode(data, "x.json")


def test_other_json_files_are_not_transcripts():
    with pytest.raises(TranscriptError) as error:
        decode(b'{"name": "package"}', "package.json")
    assert error.value.code == "transcript.no-schema"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"expectations": []}, "one expectation"),
        ({"expectations": [Expectation("not_executed", "9.9.9")]}, "not at a step"),
        ({"expectations": [Expectation("nonsense", "1.1.1")]}, "unknown expectation"),
        ({"expectations": [Expectation("reply_excludes", "1.1.1")]}, "needs 'text'"),
    ],
)
def test_an_invalid_expectation_is_refused(tmp_path, more, words):
    conversation = converse(shop(tmp_path), ScriptedModel([use("find_order", order_number="OL-1")], "Ok."), "hi")
    with pytest.raises(TranscriptError, match=words):
        decode(encode(saved(conversation, "mistake", annotations=[Annotation("1.1.1")], **more)), "x.json")


def test_personal_data_gets_one_substitute_everywhere():
    redactor = Redactor()
    out = redactor.redact_value(
        {"a": "ann@firm.com", "b": ["write to ann@firm.com", "key sk-ant-abcdefghijklmnop1234"]}
    )
    assert "ann@firm.com" not in str(out)
    assert out["a"] in out["b"][0]
    assert "abcdefghijklmnop" not in str(out)
    assert [kind for kind, _ in redactor.replaced] == ["e-mail address", "secret"]


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.SflKxwRJSMeKKF2QT4fw",
        "abcdef0123456789abcdef",
        "DE89 3704 0044 0532 0130 00",
    ],
)
def test_tokens_and_bank_accounts_are_replaced(secret):
    out = Redactor().redact_text(f"Authorization: Bearer {secret}")
    assert secret not in out
    assert out.startswith("Authorization: Bearer ")


def test_basic_credentials_are_replaced():
    out = Redactor().redact_text("Authorization: Basic dXNlcjpwYXNzd29yZA==")
    assert "dXNlcjpwYXNzd29yZA" not in out
    assert Redactor().redact_text("Basic shoes are cheap") == "Basic shoes are cheap"


# each credential is put together, so that this file contains none
WORD = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # 36 characters
HEX = "0123456789abcdef0123456789abcdef"
CREDENTIALS = {
    "stripe": ("", "sk_live_" + WORD[:24], ""),
    "stripe, restricted": ("", "rk_live_" + WORD[:24], ""),
    "google": ("", "AIza" + WORD[:35], ""),
    "github": ("", "ghp_" + WORD, ""),
    "github, fine-grained": ("", "github_pat_" + WORD[:22] + "_" + WORD, ""),
    "gitlab": ("", "glpat-" + WORD[:20], ""),
    "hugging face": ("", "hf_" + WORD[:34], ""),
    "aws": ("", "AKIA" + "ABCDEFGHIJKL2345", ""),
    "aws, temporary": ("", "ASIA" + "ABCDEFGHIJKL2345", ""),
    "slack, bot": ("", "xoxb-" + "123456789012-abcdefghijkl", ""),
    "slack, app": ("", "xapp-" + "1-A012345-123456-" + WORD, ""),
    "anthropic": ("", "sk-ant-" + "api03-" + WORD, ""),
    "send grid": ("", "SG." + WORD[:22] + "." + WORD + WORD[:7], ""),
    "twilio": ("", "SK" + HEX, ""),
    "square": ("", "sq0csp-" + WORD + WORD[:7], ""),
    "a private key": (
        "",
        "-----BEGIN RSA " + f"PRIVATE KEY-----\n{WORD}\n{WORD}\n-----END RSA PRIVATE KEY-----",
        "",
    ),
    "a key that is cut off": ("", "-----BEGIN OPENSSH " + f"PRIVATE KEY-----\n{WORD}", ""),
    "a password in a URL": ("postgres://app:", "hunter2", "@db.internal:5432/orders"),
    "a token in a URL": ("https://api.shop.io/orders?page=2&access_token=", "7f3a9c", "&sort=asc"),
    "a key in a URL": ("https://api.shop.io/orders?api_key=", "7f3a9c", ""),
}


@pytest.mark.parametrize(("before", "secret", "after"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_is_found_and_replaced_and_its_substitute_is_not(before, secret, after):
    text = f"see {before}{secret}{after} please"
    redactor = Redactor()
    out = redactor.redact_text(text)
    assert find_secrets(text) == ["secret"]
    assert find_secrets(json.dumps(text)) == ["secret"]  # as a line of a file
    assert secret not in out
    assert out.startswith(f"see {before}")
    assert out.endswith(f"{after} please") or not after
    assert [kind for kind, _ in redactor.replaced] == ["secret"]
    assert find_secrets(out) == []
    assert Redactor().redact_text(out) == out


@pytest.mark.parametrize(
    "text",
    [
        "order OL-1042 of 2026-03-10T10:00:00+01:00",
        "123e4567-e89b-12d3-a456-426614174000",
        "https://shop.example/orders/find_order_by_customer_number?page=2#top",
        "http://localhost:8080/a@b",
        "the tool find_orders_of_customer_Number2 and the hash 9f86d081884c7d659a2feaa0c55ad015",
        "the password is asked for; bearer of good news",
    ],
)
def test_text_that_is_not_a_credential_stays(text):
    assert find_secrets(text) == []
    assert Redactor().redact_text(text) == text


def test_addresses_at_example_domains_stay():
    assert Redactor().redact_text("mia@example.com") == "mia@example.com"


def test_a_card_number_keeps_its_shape_its_check_digit_and_its_last_four():
    out = Redactor().redact_text("card 4111 1111 1111 1111")
    assert out != "card 4111 1111 1111 1111"
    assert out.endswith(" 1111")
    assert passes_luhn(out[5:].replace(" ", ""))


def test_a_changed_block_loses_its_signature(tmp_path):
    model = ScriptedModel([think("mail ann@firm.com"), text("Sure.")])
    transcript = saved(converse(shop(tmp_path), model, "hi"))
    blocks = next(s for s in redact(transcript, Redactor()).events if hasattr(s, "blocks")).blocks
    assert "signature" not in blocks[0]


def test_a_title_becomes_a_file_name():
    assert slug("Chewed-up shoes: £20 ?!") == "chewed-up-shoes-20"
    assert slug("…") == "conversation"


def answer_of(data):
    return next(s for s in data["events"] if s["event"] == "answer")


def change(transcript, edit):
    """The bytes of its file after a careless hand was at its steps."""
    data = json.loads(encode(transcript))
    edit(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d["events"].pop(0), "without a customer message"),
        (lambda d: d["events"].insert(1, d["events"][0]), "duplicate message"),
        (lambda d: d["events"].insert(-1, answer_of(d)), "follows answer"),
        (lambda d: next(s for s in d["events"] if s["event"] == "result").update(call=7), "no such call"),
        (lambda d: d["setup"].update(clock="noon"), "'noon' is not a valid time"),
        (lambda d: d["events"][-2].update(text=["a", 5]), "text"),
        (
            lambda d: answer_of(d)["blocks"][0].update(thinking=5),
            "not a string",
        ),
        (
            lambda d: answer_of(d)["blocks"][0].update(thinking=["a", 5]),
            "not a string",
        ),
    ],
)
def test_events_that_a_replay_would_skip_are_refused(transcript, edit, words):
    with pytest.raises(TranscriptError, match=words):
        decode(change(transcript, edit), "x.json")


def test_an_invalid_pattern_is_an_error_of_the_file(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel([use("find_order", order_number="OL-1")], "Ok."), "hi")
    odd = Expectation("called_with", "1.1.1", args={"order_number": "OL-("}, match="regex")
    with pytest.raises(TranscriptError, match="called_with") as error:
        decode(
            encode(saved(conversation, "mistake", annotations=[Annotation("1.1.1")], expectations=[odd])), "x.json"
        )
    assert error.value.code == INVALID


def test_hidden_folders_are_skipped_unless_the_search_starts_below_one(tmp_path, transcript):
    project = tmp_path / ".projects" / "transcripts"
    for path in (project / "a.json", project / ".old" / "deep" / "down" / "b.json"):
        write(path, transcript)
    assert find([project]) == [project / "a.json"]
